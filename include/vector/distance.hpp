// Distance kernels: one table of function pointers per instruction set.
//
// Shapes: `n` is the number of dimensions; every pointer may be unaligned; arrays may be of any
// length, also 0 (sums are then 0). Sums are accumulated in single precision with several
// accumulators, as usual for embeddings; the order of summation differs between tables, so results
// agree to rounding, not bit by bit. Within one table a kernel is a pure function: equal bytes give
// an equal result, and a `*_many` kernel gives exactly what the one-pair kernel gives. NaN and
// infinities propagate as in IEEE arithmetic. No errors.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include "vector/code_kernels.hpp"
#include "vector/half.hpp"

namespace vec {

struct CosineSums {
  float inner_product;
  float norm_squared_a;
  float norm_squared_b;
};

// Element = float or Half. Halves are widened to float, so sums are those of the widened vectors.
template <class Element>
struct ElementKernels {
  float (*l2_squared)(const Element* a, const Element* b, std::size_t n);
  float (*inner_product)(const Element* a, const Element* b, std::size_t n);
  float (*l1)(const Element* a, const Element* b, std::size_t n);
  CosineSums (*cosine_sums)(const Element* a, const Element* b, std::size_t n);  // one pass
  double (*norm_squared)(const Element* a, std::size_t n);  // in double: 3e38 squared fits

  // One query against `count` vectors: out[i] = kernel(query, vectors[i], n).
  using Many = void (*)(const Element* query, const Element* const* vectors, std::size_t count,
                        std::size_t n, float* out);
  Many l2_squared_many;
  Many inner_product_many;
  Many l1_many;
};

struct DistanceKernels {
  const char* name;  // "baseline", "avx2", "avx512", "avx512vnni"

  ElementKernels<float> float32;
  ElementKernels<Half> float16;

  // out[i] = to_half(x[i]), out[i] = to_float(x[i]), bit for bit (half.hpp) but for the payload of
  // NaNs.
  void (*to_half)(const float* x, std::size_t n, Half* out);
  void (*to_float)(const Half* x, std::size_t n, float* out);

  CodeKernels code8;

  template <class Element>
  const ElementKernels<Element>& of() const {
    if constexpr (std::is_same_v<Element, float>) {
      return float32;
    } else {
      return float16;
    }
  }
};

// Best first; only tables this machine can run (instruction set and operating system).
std::span<const DistanceKernels* const> supported_kernels();

// The first of supported_kernels(); there is always one.
const DistanceKernels* best_kernels();

// By name, or null when unknown or not supported here.
const DistanceKernels* kernels_named(const char* name);

}  // namespace vec
