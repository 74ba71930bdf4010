// The tables and functions of the kernel objects; which of them exist depends on the architecture,
// see cmake/Kernels.cmake. Only dispatch.cpp chooses between them.
#pragma once

#include "vector/decimals.hpp"
#include "vector/distance.hpp"

namespace vec {

extern const DistanceKernels kernels_baseline;
void shortest_decimals_baseline(const float* numbers, DecimalBlock& block);
#if defined(__x86_64__)
extern const DistanceKernels kernels_avx2;
void shortest_decimals_avx2(const float* numbers, DecimalBlock& block);
extern const DistanceKernels kernels_avx512;
void shortest_decimals_avx512(const float* numbers, DecimalBlock& block);
extern const DistanceKernels kernels_avx512vnni;
void shortest_decimals_avx512vnni(const float* numbers, DecimalBlock& block);
#endif

}  // namespace vec
