// The instruction-set layer of the kernels: what xsimd lacks, or spells differently between
// versions.
//
// Included by kernels.cpp only, which is compiled once per instruction set. Everything is in the
// unnamed namespace on purpose: two objects must not define a common symbol, or the linker would
// keep one copy, perhaps the AVX-512 one, for both. For the same reason no std header is included
// here.
#pragma once

#include <cstddef>

#if defined(__x86_64__) || defined(__aarch64__)
#define VECTOR_HAVE_XSIMD 1
#include <xsimd/xsimd.hpp>
#endif

#define VECTOR_INLINE inline __attribute__((always_inline))

#if defined(__GNUC__) && !defined(__clang__)
// GCC PR 105593: it warns of the undefined operands of its own AVX-512 intrinsics.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace vec {
namespace {

#if defined(VECTOR_HAVE_XSIMD)

using Batch = xsimd::batch<float, VECTOR_ARCH>;
using DoubleBatch = xsimd::batch<double, VECTOR_ARCH>;
constexpr std::size_t batch_size = Batch::size;

VECTOR_INLINE Batch load(const float* from) {
  return Batch::load_unaligned(from);
}

VECTOR_INLINE Batch absolute(Batch x) {
  return xsimd::abs(x);
}

// The horizontal sum was renamed in xsimd 9.
template <class AnyBatch>
VECTOR_INLINE auto reduce(AnyBatch batch) {
#if XSIMD_VERSION_MAJOR >= 9
  return xsimd::reduce_add(batch);
#else
  return xsimd::hadd(batch);
#endif
}

#else  // An architecture without a batch of ours: one lane, and the same kernels.

using Batch = float;
using DoubleBatch = double;
constexpr std::size_t batch_size = 1;

VECTOR_INLINE Batch load(const float* from) {
  float value;
  __builtin_memcpy(&value, from, sizeof value);  // may be misaligned
  return value;
}
VECTOR_INLINE Batch absolute(Batch x) {
  return __builtin_fabsf(x);
}
VECTOR_INLINE float reduce(float value) {
  return value;
}
VECTOR_INLINE double reduce(double value) {
  return value;
}

#endif

// Every section defines
//   multiply_add(x, y, z)  x * y + z; fused where the instruction set can, so that what is computed
//                          does not hang on the compiler's contraction of two operations
//   load_prefix(from, n)   the n floats there, 0 < n < batch_size, then zeros; reads nothing beyond
//   widen_low, widen_high  the halves of a batch in double

#if defined(__AVX512F__)

// xsimd 8.1 has no fma for AVX-512: its generic one is a multiplication and an addition.
VECTOR_INLINE Batch multiply_add(Batch x, Batch y, Batch z) {
  return _mm512_fmadd_ps(x, y, z);
}
VECTOR_INLINE DoubleBatch multiply_add(DoubleBatch x, DoubleBatch y, DoubleBatch z) {
  return _mm512_fmadd_pd(x, y, z);
}
VECTOR_INLINE Batch load_prefix(const float* from, std::size_t n) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << n) - 1), from);
}
VECTOR_INLINE DoubleBatch widen_low(Batch x) {
  return _mm512_cvtps_pd(_mm512_castps512_ps256(x));
}
VECTOR_INLINE DoubleBatch widen_high(Batch x) {
  return _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1));
}

#elif defined(__AVX2__)

VECTOR_INLINE Batch multiply_add(Batch x, Batch y, Batch z) {
  return xsimd::fma(x, y, z);
}
VECTOR_INLINE DoubleBatch multiply_add(DoubleBatch x, DoubleBatch y, DoubleBatch z) {
  return xsimd::fma(x, y, z);
}
VECTOR_INLINE Batch load_prefix(const float* from, std::size_t n) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane));
}
VECTOR_INLINE DoubleBatch widen_low(Batch x) {
  return _mm256_cvtps_pd(_mm256_castps256_ps128(x));
}
VECTOR_INLINE DoubleBatch widen_high(Batch x) {
  return _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
}

#elif defined(VECTOR_HAVE_XSIMD)

static_assert(batch_size == 4, "SSE2 or NEON");

VECTOR_INLINE Batch multiply_add(Batch x, Batch y, Batch z) {
  return xsimd::fma(x, y, z);
}
VECTOR_INLINE DoubleBatch multiply_add(DoubleBatch x, DoubleBatch y, DoubleBatch z) {
  return xsimd::fma(x, y, z);
}
// Assembled in registers: scalar stores into a buffer and a wide load from it would stall.
VECTOR_INLINE Batch load_prefix(const float* from, std::size_t n) {
  float lanes[3] = {0.0F, 0.0F, 0.0F};
  __builtin_memcpy(&lanes[0], from, sizeof(float));
  if (n > 1) {
    __builtin_memcpy(&lanes[1], from + 1, sizeof(float));
  }
  if (n > 2) {
    __builtin_memcpy(&lanes[2], from + 2, sizeof(float));
  }
  return {lanes[0], lanes[1], lanes[2], 0.0F};
}
#if defined(__x86_64__)
VECTOR_INLINE DoubleBatch widen_low(Batch x) {
  return _mm_cvtps_pd(x);
}
VECTOR_INLINE DoubleBatch widen_high(Batch x) {
  return _mm_cvtps_pd(_mm_movehl_ps(x, x));
}
#else
VECTOR_INLINE DoubleBatch widen_low(Batch x) {
  return vcvt_f64_f32(vget_low_f32(x));
}
VECTOR_INLINE DoubleBatch widen_high(Batch x) {
  return vcvt_high_f64_f32(x);
}
#endif

#else

VECTOR_INLINE Batch multiply_add(Batch x, Batch y, Batch z) {
  return x * y + z;
}
VECTOR_INLINE DoubleBatch multiply_add(DoubleBatch x, DoubleBatch y, DoubleBatch z) {
  return x * y + z;
}
VECTOR_INLINE Batch load_prefix(const float*, std::size_t) {
  return 0.0F;
}  // never called
VECTOR_INLINE DoubleBatch widen_low(Batch x) {
  return x;
}
VECTOR_INLINE DoubleBatch widen_high(Batch) {
  return 0.0;
}

#endif

}  // namespace
}  // namespace vec

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
