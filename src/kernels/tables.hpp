// The tables of the kernel objects; which of them exist depends on the architecture, see
// cmake/Kernels.cmake. Only dispatch.cpp chooses between them.
#pragma once

#include "vector/distance.hpp"

namespace vec {

extern const DistanceKernels kernels_baseline;
#if defined(__x86_64__)
extern const DistanceKernels kernels_avx2;
extern const DistanceKernels kernels_avx512;
extern const DistanceKernels kernels_avx512vnni;
#endif

}  // namespace vec
