// Distance kernels: one table of function pointers per instruction set.
//
// Shapes: `n` is the number of dimensions; every pointer may be unaligned; arrays may be of any
// length, also 0 (sums are then 0). Sums are accumulated in single precision with several
// accumulators, as usual for embeddings; the order of summation differs between tables, so results
// agree to rounding, not bit by bit. Within one table a kernel is a pure function: equal bytes give
// an equal result, and a
// `*_many` kernel gives exactly what the one-pair kernel gives. NaN and infinities propagate as in
// IEEE arithmetic. No errors.
#pragma once

#include <cstddef>
#include <span>

namespace vec {

struct CosineSums {
  float inner_product;
  float norm_squared_a;
  float norm_squared_b;
};

struct DistanceKernels {
  const char* name;  // "baseline", "avx2", "avx512"

  float (*l2_squared)(const float* a, const float* b, std::size_t n);
  float (*inner_product)(const float* a, const float* b, std::size_t n);
  CosineSums (*cosine_sums)(const float* a, const float* b, std::size_t n);  // one pass
  double (*norm_squared)(const float* a,
                         std::size_t n);  // in double: 3e38 squared does not overflow

  // One query against `count` vectors: out[i] = kernel(query, vectors[i], n).
  void (*l2_squared_many)(const float* query, const float* const* vectors, std::size_t count,
                          std::size_t n, float* out);
  void (*inner_product_many)(const float* query, const float* const* vectors, std::size_t count,
                             std::size_t n, float* out);
};

// Best first; only tables this machine can run (instruction set and operating system).
std::span<const DistanceKernels* const> supported_kernels();

// The first of supported_kernels(); there is always one.
const DistanceKernels* best_kernels();

// By name, or null when unknown or not supported here.
const DistanceKernels* kernels_named(const char* name);

}  // namespace vec
