// The center of a codec, for programs that search without a server: of all rows of a set.
#pragma once

#include <vector>

#include "dataset.hpp"
#include "vector/codec.hpp"
#include "vector/distance.hpp"

namespace vec::bench {

inline std::vector<float> center_of(const Matrix& rows, vec::Metric metric = vec::Metric::l2) {
  std::vector<double> sums(rows.dimensions);
  CenterEstimate estimate(metric, sums, *best_kernels());
  for (std::size_t i = 0; i < rows.rows; ++i) estimate.add(rows.row(i).data());
  std::vector<float> center(rows.dimensions);
  estimate.store(center.data());
  return center;
}

}  // namespace vec::bench
