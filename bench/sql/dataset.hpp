// The vectors a benchmark works on: rows for the table and queries, read from a file or drawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace vec::bench {

// Anything that ends the program with a message.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Metric { l2, inner_product, cosine };

Metric metric_of(const std::string& name);  // l2, ip, cosine
const char* name_of(Metric metric);

// What a server orders by, up to monotone functions: squared L2 distance, negative inner product,
// 1 - cosine. In double precision, to judge what servers computed in single precision.
double distance(Metric metric, std::span<const float> a, std::span<const float> b);

struct Matrix {
  std::size_t rows = 0, dimensions = 0;
  std::vector<float> values;

  Matrix() = default;
  Matrix(std::size_t row_count, std::size_t dimension_count)
      : rows(row_count), dimensions(dimension_count), values(row_count * dimension_count) {}
  std::span<const float> row(std::size_t i) const {
    return {values.data() + i * dimensions, dimensions};
  }
  std::span<float> row(std::size_t i) { return {values.data() + i * dimensions, dimensions}; }
};

// The k nearest rows of each query, nearest first.
struct Neighbors {
  std::size_t k = 0;
  std::vector<std::uint32_t> ids;  // k per query

  std::span<const std::uint32_t> of(std::size_t query) const { return {ids.data() + query * k, k}; }
};

struct Dataset {
  std::string name;
  Matrix base, queries;
  std::optional<Neighbors> neighbors;  // if the file has them, under `neighbors_metric`
  Metric neighbors_metric = Metric::l2;
};

// ann-benchmarks' format: datasets train, test and, if there, neighbors; attribute `distance`.
Dataset read_hdf5(const std::string& path);

// TEXMEX format: each vector is its size (int32, little endian) and that many floats.
Matrix read_fvecs(const std::string& path);

// Keeps the first `rows` rows and `queries` queries; 0 keeps all.
void limit(Dataset& dataset, std::size_t rows, std::size_t queries);

// Rounds every value to the nearest half, as a halfvec column does. Whether any value changed.
bool round_to_half(Dataset& dataset);

}  // namespace vec::bench
