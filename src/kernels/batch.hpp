// The instruction-set layer of the kernels: what xsimd lacks, or spells differently between
// versions.
//
// Included by kernels.cpp only, which is compiled once per instruction set. Everything is in the
// unnamed namespace on purpose: two objects must not define a common symbol, or the linker would
// keep one copy, perhaps the AVX-512 one, for both. For the same reason nothing of std is called
// here, and the inline functions of half.hpp only where there is one object.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vector/half.hpp"

#if defined(__x86_64__) || defined(__aarch64__)
#define VECTOR_HAVE_XSIMD 1
#include <xsimd/xsimd.hpp>
#endif

#define VECTOR_INLINE inline __attribute__((always_inline))

namespace vec {
namespace {

// Which of several vectors a kernel handles side by side.
template <std::size_t...>
struct Slots {};

#if defined(VECTOR_HAVE_XSIMD)

using Batch = xsimd::batch<float, VECTOR_ARCH>;
using DoubleBatch = xsimd::batch<double, VECTOR_ARCH>;
constexpr std::size_t batch_size = Batch::size;

VECTOR_INLINE Batch load(const float* from) {
  return Batch::load_unaligned(from);
}

VECTOR_INLINE void store(float* to, Batch x) {
  x.store_unaligned(to);
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
VECTOR_INLINE void store(float* to, Batch x) {
  __builtin_memcpy(to, &x, sizeof x);
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

// Integers of halves, for the sections that have no masked access to 16-bit lanes. The first half
// is in the lowest bits.

template <class Integer>
VECTOR_INLINE Integer load_integer(const Half* from) {
  Integer value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}

// The n halves there, 0 < n < 4, then zeros. One of three may be taken twice, which saves branches.
VECTOR_INLINE std::uint64_t load_up_to_3(const Half* from, std::size_t n) {
  const auto shifted = [from](std::size_t i) __attribute__((always_inline)) {
    return static_cast<std::uint64_t>(load_integer<std::uint16_t>(from + i)) << 16 * i;
  };
  return shifted(0) | shifted(n / 2) | shifted(n - 1);
}

// Its n lowest halves, n < 4.
VECTOR_INLINE void store_up_to_3(Half* to, std::uint64_t halves, std::size_t n) {
  if ((n & 2) != 0) {
    __builtin_memcpy(to, &halves, 2 * sizeof(Half));
    halves >>= 32;
    to += 2;
  }
  if ((n & 1) != 0) {
    __builtin_memcpy(to, &halves, sizeof(Half));
  }
}

// Every section defines
//   multiply_add(x, y, z)  x * y + z; fused where the instruction set can, so that what is computed
//                          does not hang on the compiler's contraction of two operations
//   widen_low, widen_high  the lower and the upper lanes of a batch in double
//   load, store            of as many Half as a batch has lanes, converted as in half.hpp; those of
//                          floats are above
//   load_prefix(from, n)   the n float or Half there, 0 < n < batch_size, then zeros; reads nothing
//                          beyond
//   store_prefix(to, x, n) the n first lanes as float or Half, 0 < n < batch_size; writes nothing
//                          beyond

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
VECTOR_INLINE void store_prefix(float* to, Batch x, std::size_t n) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1U << n) - 1), x);
}
VECTOR_INLINE Batch load(const Half* from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
VECTOR_INLINE Batch load_prefix(const Half* from, std::size_t n) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(static_cast<__mmask16>((1U << n) - 1), from));
}
VECTOR_INLINE __m256i narrow(Batch x) {
  return _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
VECTOR_INLINE void store(Half* to, Batch x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), narrow(x));
}
VECTOR_INLINE void store_prefix(Half* to, Batch x, std::size_t n) {
  _mm256_mask_storeu_epi16(to, static_cast<__mmask16>((1U << n) - 1), narrow(x));
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
VECTOR_INLINE __m256i prefix_mask(std::size_t n) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
}
VECTOR_INLINE Batch load_prefix(const float* from, std::size_t n) {
  return _mm256_maskload_ps(from, prefix_mask(n));
}
VECTOR_INLINE void store_prefix(float* to, Batch x, std::size_t n) {
  _mm256_maskstore_ps(to, prefix_mask(n), x);
}
VECTOR_INLINE Batch load(const Half* from) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
// AVX2 masks lanes of 32 bits at least.
VECTOR_INLINE Batch load_prefix(const Half* from, std::size_t n) {
  std::uint64_t low;
  std::uint64_t high = 0;
  if (n >= 4) {
    low = load_integer<std::uint64_t>(from);
    // The last four, less those that are in `low`; twice, as a shift by 64 is none.
    high = load_integer<std::uint64_t>(from + n - 4) >> 16 >> 16 * (7 - n);
  } else {
    low = load_up_to_3(from, n);
  }
  return _mm256_cvtph_ps(_mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low)));
}
VECTOR_INLINE __m128i narrow(Batch x) {
  return _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
VECTOR_INLINE void store(Half* to, Batch x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), narrow(x));
}
VECTOR_INLINE void store_prefix(Half* to, Batch x, std::size_t n) {
  __m128i halves = narrow(x);
  if (n >= 4) {
    _mm_storeu_si64(to, halves);
    halves = _mm_unpackhi_epi64(halves, halves);
    to += 4;
    n -= 4;
  }
  store_up_to_3(to, static_cast<std::uint64_t>(_mm_cvtsi128_si64(halves)), n);
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
VECTOR_INLINE void store_prefix(float* to, Batch x, std::size_t n) {
  float lanes[batch_size];
  x.store_unaligned(lanes);
  __builtin_memcpy(to, &lanes[0], sizeof(float));
  if (n > 1) {
    __builtin_memcpy(to + 1, &lanes[1], sizeof(float));
  }
  if (n > 2) {
    __builtin_memcpy(to + 2, &lanes[2], sizeof(float));
  }
}
#if defined(__x86_64__)
// Of the four low halves. Not the product with 2^112 of half.hpp: where subnormal halves are usual,
// its denormal operands would make it 20 times slower.
VECTOR_INLINE Batch widen(__m128i halves) {
  const __m128i high = _mm_unpacklo_epi16(_mm_setzero_si128(), halves);
  const __m128i sign = _mm_and_si128(high, _mm_set1_epi32(~0x7fffffff));
  // The bits where a float has them, and the exponent with a float's bias.
  const __m128i magnitude = _mm_srli_epi32(_mm_xor_si128(high, sign), 3);
  const __m128 shifted = _mm_castsi128_ps(_mm_add_epi32(magnitude, _mm_set1_epi32(112 << 23)));
  // Then the subnormal m 2^-24 has become (1 + m 2^-10) 2^-15: it is twice that less 2^-14.
  const __m128 smallest_normal = _mm_set1_ps(0x1p-14F);
  const __m128 subnormal = _mm_cmplt_ps(shifted, smallest_normal);
  const __m128 missing = _mm_and_ps(subnormal, _mm_sub_ps(shifted, smallest_normal));
  // Infinities and NaN have the largest exponent.
  const __m128 special = _mm_cmpge_ps(shifted, _mm_set1_ps(0x1p16F));
  const __m128 exponent = _mm_and_ps(special, _mm_castsi128_ps(_mm_set1_epi32(0x7f800000)));
  return _mm_or_ps(_mm_or_ps(_mm_add_ps(shifted, missing), exponent), _mm_castsi128_ps(sign));
}
VECTOR_INLINE Batch load(const Half* from) {
  return widen(_mm_loadu_si64(from));
}
VECTOR_INLINE Batch load_prefix(const Half* from, std::size_t n) {
  return widen(_mm_cvtsi64_si128(static_cast<long long>(load_up_to_3(from, n))));
}
VECTOR_INLINE __m128i select(__m128i condition, __m128i yes, __m128i no) {
  return _mm_or_si128(_mm_and_si128(condition, yes), _mm_andnot_si128(condition, no));
}
// As to_half() in half.hpp, all cases of it at once. The result is in the low 64 bits.
VECTOR_INLINE __m128i narrow(__m128 x) {
  const __m128i bits = _mm_castps_si128(x);
  const __m128i magnitude = _mm_and_si128(bits, _mm_set1_epi32(0x7fffffff));
  // Normal halves, and those that round up to infinity. The last bit to keep makes ties even; when
  // set, `odd` is -1.
  const __m128i odd = _mm_srai_epi32(_mm_slli_epi32(bits, 18), 31);
  const __m128i normal = _mm_srli_epi32(
      _mm_sub_epi32(_mm_add_epi32(magnitude, _mm_set1_epi32(0xfff - 0x38000000)), odd), 13);
  // The addition rounds to multiples of 2^-24.
  const __m128i subnormal =
      _mm_sub_epi32(_mm_castps_si128(_mm_add_ps(_mm_castsi128_ps(magnitude), _mm_set1_ps(0.5F))),
                    _mm_set1_epi32(0x3f000000));
  const __m128i nan = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7f800000));
  const __m128i special =
      _mm_or_si128(_mm_set1_epi32(0x7c00), _mm_and_si128(nan, _mm_set1_epi32(0x0200)));
  const __m128i finite =
      select(_mm_cmplt_epi32(magnitude, _mm_set1_epi32(0x38800000)), subnormal, normal);
  const __m128i half =
      select(_mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x477fffff)), special, finite);
  // Negative ones are negative integers, so that packing does not saturate them.
  const __m128i sign = _mm_and_si128(_mm_srai_epi32(bits, 16), _mm_set1_epi32(~0x7fff));
  return _mm_packs_epi32(_mm_or_si128(half, sign), _mm_setzero_si128());
}
VECTOR_INLINE void store(Half* to, Batch x) {
  _mm_storeu_si64(to, narrow(x));
}
VECTOR_INLINE void store_prefix(Half* to, Batch x, std::size_t n) {
  store_up_to_3(to, static_cast<std::uint64_t>(_mm_cvtsi128_si64(narrow(x))), n);
}
VECTOR_INLINE DoubleBatch widen_low(Batch x) {
  return _mm_cvtps_pd(x);
}
VECTOR_INLINE DoubleBatch widen_high(Batch x) {
  return _mm_cvtps_pd(_mm_movehl_ps(x, x));
}
#else
VECTOR_INLINE Batch widen(std::uint64_t halves) {
  return vcvt_f32_f16(vreinterpret_f16_u64(vcreate_u64(halves)));
}
VECTOR_INLINE std::uint64_t narrow(Batch x) {
  return vget_lane_u64(vreinterpret_u64_f16(vcvt_f16_f32(x)), 0);
}
VECTOR_INLINE Batch load(const Half* from) {
  return widen(load_integer<std::uint64_t>(from));
}
VECTOR_INLINE Batch load_prefix(const Half* from, std::size_t n) {
  return widen(load_up_to_3(from, n));
}
VECTOR_INLINE void store(Half* to, Batch x) {
  const std::uint64_t halves = narrow(x);
  __builtin_memcpy(to, &halves, sizeof halves);
}
VECTOR_INLINE void store_prefix(Half* to, Batch x, std::size_t n) {
  store_up_to_3(to, narrow(x), n);
}
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
VECTOR_INLINE Batch load(const Half* from) {
  return to_float({load_integer<std::uint16_t>(from)});
}
VECTOR_INLINE void store(Half* to, Batch x) {
  const Half half = to_half(x);
  __builtin_memcpy(to, &half, sizeof half);
}
// Never called: there is no n between 0 and 1.
template <class Element>
VECTOR_INLINE Batch load_prefix(const Element*, std::size_t) {
  return 0.0F;
}
template <class Element>
VECTOR_INLINE void store_prefix(Element*, Batch, std::size_t) {}
VECTOR_INLINE DoubleBatch widen_low(Batch x) {
  return x;
}
VECTOR_INLINE DoubleBatch widen_high(Batch) {
  return 0.0;
}

#endif

}  // namespace
}  // namespace vec
