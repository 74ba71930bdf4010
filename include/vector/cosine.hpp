// The cosine of the angle between two vectors, as the operator <=> computes it.
#pragma once

#include <cstddef>

#include "vector/distance.hpp"

namespace vec {

// Rounding may leave the range of a cosine; NaN stays.
inline double clamp_cosine(double cosine) {
  if (cosine > 1) return 1;
  if (cosine < -1) return -1;
  return cosine;
}

// -1 to 1, and exactly 1 for equal vectors. From the single precision sums of `kernels`; in double
// where those say nothing, because the square of a length is nearly 0 or infinite as a float. NaN
// when a vector is zero, and when the single precision inner product overflows.
//
// Element = float or Half.
template <class Element>
double cosine_similarity(const DistanceKernels& kernels, const Element* a, const Element* b,
                         std::size_t n);

}  // namespace vec
