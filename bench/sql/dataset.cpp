#include "dataset.hpp"

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "hdf5.hpp"
#include "vector/half.hpp"

static_assert(std::endian::native == std::endian::little, "fvecs files are little endian");

namespace vec::bench {

Metric metric_of(const std::string& name) {
  if (name == "l2") return Metric::l2;
  if (name == "ip") return Metric::inner_product;
  if (name == "cosine") return Metric::cosine;
  throw Error("no metric named " + name + "; there are l2, ip and cosine");
}

const char* name_of(Metric metric) {
  switch (metric) {
    case Metric::l2:
      return "l2";
    case Metric::inner_product:
      return "ip";
    case Metric::cosine:
      return "cosine";
  }
  return "";
}

double distance(Metric metric, std::span<const float> a, std::span<const float> b) {
  double squares = 0, product = 0, a_squares = 0, b_squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    switch (metric) {
      case Metric::l2:
        squares += (x - y) * (x - y);
        break;
      case Metric::cosine:
        a_squares += x * x;
        b_squares += y * y;
        [[fallthrough]];
      case Metric::inner_product:
        product += x * y;
    }
  }
  if (metric == Metric::l2) return squares;
  if (metric == Metric::inner_product) return -product;
  return 1 - product / std::sqrt(a_squares * b_squares);
}

Dataset read_hdf5(const std::string& path) {
  const Hdf5File file(path);
  Dataset dataset;
  dataset.name = std::filesystem::path(path).stem().string();
  dataset.base = file.floats("train");
  dataset.queries = file.floats("test");
  if (dataset.base.dimensions != dataset.queries.dimensions) {
    throw Error(path + ": train and test differ in dimensions");
  }
  if (!file.has("neighbors")) return dataset;

  const std::string metric = file.attribute("distance");
  if (metric == "angular") {
    dataset.neighbors_metric = Metric::cosine;
  } else if (metric == "ip" || metric == "dot") {
    dataset.neighbors_metric = Metric::inner_product;
  } else if (metric != "euclidean") {
    return dataset;  // of a metric we do not know: computed anew
  }
  Neighbors neighbors;
  neighbors.ids = file.ids("neighbors", neighbors.k);
  if (neighbors.ids.size() != dataset.queries.rows * neighbors.k) {
    throw Error(path + ": test and neighbors differ in rows");
  }
  for (std::uint32_t id : neighbors.ids) {
    if (id >= dataset.base.rows) throw Error(path + ": a neighbor is no row of train");
  }
  dataset.neighbors = std::move(neighbors);
  return dataset;
}

Matrix read_fvecs(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path + ": cannot be opened");
  const std::uintmax_t bytes = std::filesystem::file_size(path);
  Matrix matrix;
  for (std::int32_t size; file.read(reinterpret_cast<char*>(&size), sizeof size);) {
    if (matrix.rows == 0) {
      if (size <= 0 || size > 65536) throw Error(path + ": is no fvecs file");
      const std::uintmax_t row_bytes = sizeof size + sizeof(float) * static_cast<unsigned>(size);
      if (bytes % row_bytes != 0) throw Error(path + ": is no fvecs file, or cut off");
      matrix = Matrix(bytes / row_bytes, static_cast<std::size_t>(size));
      matrix.rows = 0;
    }
    if (static_cast<std::size_t>(size) != matrix.dimensions) {
      throw Error(path + ": vectors differ in dimensions");
    }
    file.read(reinterpret_cast<char*>(matrix.row(matrix.rows).data()),
              static_cast<std::streamsize>(matrix.dimensions * sizeof(float)));
    if (!file) throw Error(path + ": cannot be read");
    ++matrix.rows;
  }
  if (matrix.rows == 0) throw Error(path + ": has no vectors");
  return matrix;
}

void limit(Dataset& dataset, std::size_t rows, std::size_t queries) {
  auto cut = [](Matrix& matrix, std::size_t count) {
    if (count == 0 || count >= matrix.rows) return false;
    matrix.rows = count;
    matrix.values.resize(count * matrix.dimensions);
    matrix.values.shrink_to_fit();
    return true;
  };
  if (cut(dataset.base, rows)) dataset.neighbors.reset();
  if (cut(dataset.queries, queries) && dataset.neighbors) {
    dataset.neighbors->ids.resize(dataset.queries.rows * dataset.neighbors->k);
  }
}

bool round_to_half(Dataset& dataset) {
  bool changed = false;
  for (Matrix* matrix : {&dataset.base, &dataset.queries}) {
    for (float& value : matrix->values) {
      const float rounded = to_float(to_half(value));
      if (!std::isfinite(rounded)) throw Error("the data have values that no halfvec can hold");
      changed |= rounded != value;
      value = rounded;
    }
  }
  return changed;
}

}  // namespace vec::bench
