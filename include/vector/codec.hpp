// Codecs: how an index stores a vector, and how distances are computed on what is stored.
//
// A codec turns a vector into a *code* of fixed size, and knows two distances:
//
// query_distances: a prepared query against codes, in the order of the index's metric. For scans.
//
// code_distances: a code against codes, in the geometry the graph is built in. For building,
// inserting and repairing.
//
// Both are squared L2 for l2 and, on normalized vectors, for cosine (= 2 (1 - cos)); the negative
// inner product for inner_product; L1 for l1. docs/neighbor-selection.md has the measurement that
// decided against building inner product graphs in L2 geometry.
//
// A NaN distance (inf - inf) is reported as +infinity, so distances are always ordered.
//
// float32 and float16 keep the vector itself, normalized for cosine. sq8 keeps one byte a dimension
// (sq8.hpp in src): its distances are estimates, but the code also says how wrong it may be, so
// there is a lower bound of the true distance that can be relied on.
//
// A Codec is a plain value: it may be copied bytewise; it owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vector/distance.hpp"
#include "vector/metric.hpp"

namespace vec {

// Stored in the metapage of an index. DO NOT CHANGE THESE VALUES.
enum class CodecId : std::uint16_t {
  float32 = 1,  // the elements of vector
  float16 = 2,  // the elements of halfvec
  sq8 = 3,      // scalar quantization to 8 bits, centred and rotated; not for l1
};

struct CodecParameters {
  CodecId id;
  Metric metric;
  std::uint32_t dimensions;
  // Of sq8 only. The same for all codes of an index; any values are right, good ones are accurate.
  std::uint64_t rotation_seed = 0;
  const float* center = nullptr;  // `dimensions` floats that outlive the codec; null: the origin
};

class Codec {
 public:
  Codec(const CodecParameters& parameters, const DistanceKernels& kernels);

  std::size_t code_bytes() const { return code_bytes_; }
  std::size_t query_bytes() const { return query_bytes_; }

  // Encodes `x` (parameters.dimensions floats) into code_bytes() bytes, aligned for float. False
  // when the metric gives `x` no place in the index: a zero vector has no cosine distance.
  bool encode(const float* x, std::byte* code) const;

  // Prepares `x` for query_distances: query_bytes() bytes, aligned for double. A zero vector is a
  // valid query: for cosine it is equally far from everything.
  void prepare_query(const float* x, std::byte* query) const;

  // Whether encode() may have made these bytes. False of a damaged code as far as it shows: a
  // number that is none, a normalized vector of another length, factors that contradict the bytes.
  bool is_plausible(const std::byte* code) const;

  // out[i] = distance of the query to codes[i], in an order-preserving form of the metric.
  void query_distances(const std::byte* query, const std::byte* const* codes, std::size_t count,
                       float* out) const;

  // out[i] = distance of `code` to codes[i] in the graph's geometry.
  void code_distances(const std::byte* code, const std::byte* const* codes, std::size_t count,
                      float* out) const;

  // Not above what the distance operator of the metric (<->, <#>, <=>, <+>), computing in single
  // precision, returns for the query and any vector that has this code. `distance` is the one that
  // query_distances gives for them.
  double lower_bound(const std::byte* query, const std::byte* code, float distance) const;

  // Whether lower_bound *is* what the operator returns, and query_distances orders like it.
  bool is_exact() const;

 private:
  bool encode_elements(const float* x, std::byte* code) const;

  CodecParameters parameters_;
  const DistanceKernels* kernels_;
  std::uint32_t code_bytes_;
  std::uint32_t query_bytes_;
};

// The size of the codes that these parameters give.
std::size_t code_bytes(const CodecParameters& parameters);

// The mean of vectors as a codec sees them: where to put sq8's center.
class CenterEstimate {
 public:
  // `sums`: `dimensions` doubles that outlive the estimate.
  CenterEstimate(Metric metric, std::span<double> sums, const DistanceKernels& kernels);
  void add(const float* x);
  std::size_t count() const { return count_; }
  // Into `center`, of as many floats: the origin when nothing was added.
  void store(float* center) const;

 private:
  Metric metric_;
  std::span<double> sums_;
  const DistanceKernels* kernels_;
  std::size_t count_ = 0;
};

}  // namespace vec
