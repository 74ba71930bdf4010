// The exact nearest rows of each query, and recall judged by them.
#pragma once

#include <string>

#include "dataset.hpp"

namespace vec::bench {

// Compares every query with every row. In single precision to find candidates, then in double
// precision to order them; equal distances in the order of rows.
Neighbors nearest(const Dataset& dataset, Metric metric, std::size_t k, unsigned threads);

// The same through a file in the folder `cache`, named after a hash of the data; without one if
// `cache` is empty.
Neighbors cached_nearest(const Dataset& dataset, Metric metric, std::size_t k, unsigned threads,
                         const std::string& cache);

// Judges what a server returned for a query. A row counts when it is as near as the k-th nearest,
// so of rows at the same distance any is right. "As near" allows for single precision: 1e-6 of the
// terms.
class Judge {
 public:
  // REQUIRES: k <= exact.k. Keeps a reference to the dataset.
  Judge(const Dataset& dataset, Metric metric, const Neighbors& exact, std::size_t k);

  // The share of k; rows named twice or unknown count once or not.
  double recall(std::size_t query, std::vector<std::int64_t> ids) const;

 private:
  const Dataset& dataset_;
  Metric metric_;
  std::size_t k_;
  std::vector<double> limits_;  // per query
};

}  // namespace vec::bench
