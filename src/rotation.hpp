// A random rotation in O(n log n): sign flips and Walsh-Hadamard transforms.
//
// A transform needs a power of two. When n is none, two overlapping windows of the largest power of
// two below n take turns: [0, p) and [n - p, n). Each transform mixes its whole window and each is
// orthogonal, so the composition is. Between them every element's sign is flipped or not, at
// random from the seed: without that the second transform would undo the first.
//
// Three transforms of a full window, or four of partial ones, spread even a vector with one
// nonzero element over all n.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vector/distance.hpp"

namespace vec {

// Rotates x in place. The same bits for the same seed on every machine.
void rotate(float* x, std::size_t n, std::uint64_t seed, const DistanceKernels& kernels);

}  // namespace vec
