// Vectors that resemble embeddings, of any size and any intrinsic dimension.
//
// Embedding models map texts or images, which vary in a few ways, to points near a curved surface
// of few dimensions in a space of many. So:
//
//   1. A latent point of `intrinsic` dimensions comes from a mixture of `clusters` Gaussians.
//      Centres are normal with deviation 1 per axis. The deviation of a cluster on each axis is
//      `spread` * exp(N(0, 0.35^2)): clusters are of unequal shape. Cluster c has a share of
//      rows proportional to (c + 1)^-0.5: clusters are of unequal size.
//   2. It goes through a random map that is not linear: h = tanh(A z + b) with 8 * intrinsic
//      hidden units (at least 64), then x = B h. A, b and B are normal; A is scaled so that units
//      are neither linear nor saturated.
//   3. Noise is added: normal on every axis, of `noise` times the mean length of x.
//   4. The vector is scaled to length 1, unless normalize=0.
//
// The higher `intrinsic`, `spread` and `noise` are, the harder is the search; small ones give
// clusters far apart, within which everything is found. With the defaults an index of m = 16 finds
// about 0.97 of the 10 nearest of 300,000 rows of 192 dimensions at ef_search 40, and 0.8 at 10:
//
//   sql_bench --server ... --synthetic rows=300000,dim=192,queries=500 --ef 10,40,160
//
// Queries are drawn as rows are, and are none of them. The same parameters give the same vectors
// whatever the number of threads: each block of rows has its own random sequence.
#pragma once

#include "dataset.hpp"

namespace vec::bench {

struct SyntheticParameters {
  std::size_t rows = 100000, dimensions = 768, queries = 1000;
  std::size_t intrinsic = 18, clusters = 200;
  double spread = 1.2, noise = 0.2;
  bool normalize = true;
  std::uint64_t seed = 1;
};

// "rows=500000,dim=768,intrinsic=18,queries=1000,seed=1,clusters=200,spread=1.2,noise=0.2,normalize=1"
SyntheticParameters parse_synthetic(const std::string& text);

Dataset draw_synthetic(const SyntheticParameters& parameters, unsigned threads);

}  // namespace vec::bench
