// The instruction-set layer of the kernels of codes: batches of integers, and a batch of codes
// times a batch of a query. The rules of batch.hpp hold here too.
//
// What the compiler's own vectors do well is said with them, for all widths at once. Conversions
// are intrinsics: GCC 12 makes those between 8 and 32 bits lane by lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "batch.hpp"

namespace vec {
namespace {

// The integer 0 as a code: what the lanes beyond a prefix hold.
constexpr std::uint8_t zero_code = 128;
constexpr std::uint64_t eight_zero_codes = 0x0101010101010101U * zero_code;

// The n bytes there, n < 8, the first in the lowest bits, then zeros. Some of them may be taken
// twice, which saves branches.
VECTOR_INLINE std::uint64_t load_up_to_7(const void* from, std::size_t n) {
  const auto* bytes = static_cast<const unsigned char*>(from);
  if (n >= 4) {
    std::uint32_t low;
    std::uint32_t high;
    __builtin_memcpy(&low, bytes, sizeof low);
    __builtin_memcpy(&high, bytes + n - 4, sizeof high);
    return low | static_cast<std::uint64_t>(high) << 8 * (n - 4);
  }
  if (n == 0) {
    return 0;
  }
  const auto shifted = [bytes](std::size_t i) __attribute__((always_inline)) {
    return static_cast<std::uint64_t>(bytes[i]) << 8 * i;
  };
  return shifted(0) | shifted(n / 2) | shifted(n - 1);
}

// Eight bytes of an array that has n from there on, and those of `beyond` where it has none.
VECTOR_INLINE std::uint64_t load_8_of(const void* from, std::size_t n, std::uint64_t beyond) {
  if (n >= 8) {
    std::uint64_t all;
    __builtin_memcpy(&all, from, sizeof all);
    return all;
  }
  return load_up_to_7(from, n) | beyond << 8 * n;
}

#if defined(VECTOR_HAVE_XSIMD)

// As many lanes as a Batch has.
using Floats [[gnu::vector_size(batch_size * sizeof(float))]] = float;
using Integers [[gnu::vector_size(batch_size * sizeof(float))]] = std::int32_t;

using Lanes = std::make_index_sequence<batch_size>;

VECTOR_INLINE Integers bits_of(Batch x) {
  return (Integers)(Batch::register_type)x;
}
VECTOR_INLINE Batch batch_of(Integers bits) {
  return (Batch::register_type)bits;
}

template <std::size_t Distance, std::size_t... Lane>
VECTOR_INLINE Batch pair_up(Batch x, std::index_sequence<Lane...>) {
  const auto lanes = (Floats)(Batch::register_type)x;
  const Floats partner =
      __builtin_shufflevector(lanes, lanes, static_cast<int>(Lane ^ Distance)...);
  const Floats sign = {((Lane & Distance) == 0 ? 1.0F : -1.0F)...};
  // The product is exact, so whether it is fused with the sum makes no difference.
  return multiply_add(x, Batch((Batch::register_type)sign), Batch((Batch::register_type)partner));
}
// Lanes i and i + Distance, of which the first has no bit of Distance, become their sum and their
// difference.
template <std::size_t Distance>
VECTOR_INLINE Batch pair_up(Batch x) {
  return pair_up<Distance>(x, Lanes{});
}

template <std::size_t... Lane>
VECTOR_INLINE Batch negate_where(Batch x, std::uint64_t signs, std::index_sequence<Lane...>) {
  const Integers bit = {(1 << Lane)...};
  const Integers chosen = (static_cast<std::int32_t>(signs) & bit) == bit;
  return batch_of(bits_of(x) ^ (chosen & ~0x7fffffff));
}
// Negates lane i if bit i is set.
VECTOR_INLINE Batch negate_where(Batch x, std::uint64_t signs) {
  return negate_where(x, signs, Lanes{});
}

// Magnitudes of floats are ordered as their bits are, those of NaNs last.
VECTOR_INLINE Integers no_magnitudes() {
  return Integers{};
}
VECTOR_INLINE Integers larger_magnitudes(Integers magnitudes, Batch x) {
  const Integers others = bits_of(x) & 0x7fffffff;
  return magnitudes > others ? magnitudes : others;
}
VECTOR_INLINE float largest(Integers magnitudes) {
  std::int32_t bits = 0;
  for (std::size_t i = 0; i < batch_size; ++i) {
    bits = magnitudes[i] > bits ? magnitudes[i] : bits;
  }
  float result;
  __builtin_memcpy(&result, &bits, sizeof result);
  return result;
}

// Every section defines
//   round(x)          to the nearest integers, of two the even one; REQUIRES: they fit
//   store(to, x)      the integers, which fit, in 8 or 16 bits
//   load(from), load_prefix(from, n)
//                     of as many codes as a batch has lanes, or of n of them and then zeros, as in
//                     batch.hpp: the integers they stand for

#if defined(__AVX512F__)

VECTOR_INLINE Integers round(Batch x) {
  return (Integers)_mm512_cvtps_epi32(x);
}
VECTOR_INLINE void store(std::uint8_t* to, Integers x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8((__m512i)x));
}
VECTOR_INLINE void store(std::int16_t* to, Integers x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16((__m512i)x));
}
VECTOR_INLINE Batch float_batch(__m128i codes) {
  return _mm512_cvtepi32_ps((__m512i)((Integers)_mm512_cvtepu8_epi32(codes) - zero_code));
}
VECTOR_INLINE Batch load(const std::uint8_t* from) {
  return float_batch(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
VECTOR_INLINE Batch load_prefix(const std::uint8_t* from, std::size_t n) {
  const __m128i zero_codes = _mm_set1_epi8(static_cast<char>(zero_code));
  const auto mask = static_cast<__mmask16>((1U << n) - 1);
  return float_batch(_mm_mask_loadu_epi8(zero_codes, mask, from));
}

#elif defined(__AVX2__)

VECTOR_INLINE Integers round(Batch x) {
  return (Integers)_mm256_cvtps_epi32(x);
}
VECTOR_INLINE __m128i narrow_integers(Integers x) {
  const auto integers = (__m256i)x;
  return _mm_packs_epi32(_mm256_castsi256_si128(integers), _mm256_extracti128_si256(integers, 1));
}
VECTOR_INLINE void store(std::uint8_t* to, Integers x) {
  const __m128i narrow = narrow_integers(x);
  _mm_storeu_si64(to, _mm_packus_epi16(narrow, narrow));
}
VECTOR_INLINE void store(std::int16_t* to, Integers x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), narrow_integers(x));
}
VECTOR_INLINE Batch float_batch(__m128i codes) {
  return _mm256_cvtepi32_ps((__m256i)((Integers)_mm256_cvtepu8_epi32(codes) - zero_code));
}
VECTOR_INLINE Batch load(const std::uint8_t* from) {
  return float_batch(_mm_loadu_si64(from));
}
VECTOR_INLINE Batch load_prefix(const std::uint8_t* from, std::size_t n) {
  const std::uint64_t codes = load_8_of(from, n, eight_zero_codes);
  return float_batch(_mm_cvtsi64_si128(static_cast<long long>(codes)));
}

#else

// The four codes there, in the lowest bits.
VECTOR_INLINE std::uint64_t load_4_codes(const std::uint8_t* from) {
  std::uint32_t codes;
  __builtin_memcpy(&codes, from, sizeof codes);
  return codes;
}

#if defined(__x86_64__)

VECTOR_INLINE Integers round(Batch x) {
  return (Integers)_mm_cvtps_epi32(x);
}
VECTOR_INLINE void store(std::uint8_t* to, Integers x) {
  const __m128i narrow = _mm_packs_epi32((__m128i)x, (__m128i)x);
  const int codes = _mm_cvtsi128_si32(_mm_packus_epi16(narrow, narrow));
  __builtin_memcpy(to, &codes, sizeof codes);
}
VECTOR_INLINE void store(std::int16_t* to, Integers x) {
  _mm_storeu_si64(to, _mm_packs_epi32((__m128i)x, (__m128i)x));
}
VECTOR_INLINE Batch float_batch(std::uint64_t four_codes) {
  const __m128i zero = _mm_setzero_si128();
  const __m128i bytes = _mm_cvtsi64_si128(static_cast<long long>(four_codes));
  const __m128i widened = _mm_unpacklo_epi16(_mm_unpacklo_epi8(bytes, zero), zero);
  return _mm_cvtepi32_ps((__m128i)((Integers)widened - zero_code));
}

#else

VECTOR_INLINE Integers round(Batch x) {
  return (Integers)vcvtnq_s32_f32(x);
}
VECTOR_INLINE void store(std::uint8_t* to, Integers x) {
  const int16x4_t narrow = vmovn_s32((int32x4_t)x);
  const uint8x8_t codes = vqmovun_s16(vcombine_s16(narrow, narrow));
  __builtin_memcpy(to, &codes, 4);
}
VECTOR_INLINE void store(std::int16_t* to, Integers x) {
  const int16x4_t narrow = vmovn_s32((int32x4_t)x);
  __builtin_memcpy(to, &narrow, sizeof narrow);
}
VECTOR_INLINE Batch float_batch(std::uint64_t four_codes) {
  const uint16x8_t widened = vmovl_u8(vcreate_u8(four_codes));
  return vcvtq_f32_s32((int32x4_t)((Integers)vmovl_u16(vget_low_u16(widened)) - zero_code));
}

#endif

VECTOR_INLINE Batch load(const std::uint8_t* from) {
  return float_batch(load_4_codes(from));
}
VECTOR_INLINE Batch load_prefix(const std::uint8_t* from, std::size_t n) {
  return float_batch(load_8_of(from, n, eight_zero_codes));
}

#endif

template <class Integer>
VECTOR_INLINE void store_prefix(Integer* to, Integers x, std::size_t n) {
  Integer lanes[batch_size];
  store(lanes, x);
  for (std::size_t i = 0; i < n; ++i) {
    __builtin_memcpy(to + i, lanes + i, sizeof(Integer));  // may be misaligned
  }
}

#else  // One lane.

using Integers = std::int32_t;

template <std::size_t Distance>
VECTOR_INLINE Batch pair_up(Batch x) {  // never called
  return x;
}
VECTOR_INLINE Batch negate_where(Batch x, std::uint64_t signs) {
  return (signs & 1) != 0 ? -x : x;
}
VECTOR_INLINE Integers no_magnitudes() {
  return 0;
}
VECTOR_INLINE Integers larger_magnitudes(Integers magnitudes, Batch x) {
  Integers bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  bits &= 0x7fffffff;
  return magnitudes > bits ? magnitudes : bits;
}
VECTOR_INLINE float largest(Integers magnitudes) {
  float result;
  __builtin_memcpy(&result, &magnitudes, sizeof result);
  return result;
}
// The addition rounds to whole numbers.
VECTOR_INLINE Integers round(Batch x) {
  return static_cast<Integers>(static_cast<double>(x) + 0x1.8p52 - 0x1.8p52);
}
VECTOR_INLINE void store(std::uint8_t* to, Integers x) {
  *to = static_cast<std::uint8_t>(x);
}
VECTOR_INLINE void store(std::int16_t* to, Integers x) {
  const auto value = static_cast<std::int16_t>(x);
  __builtin_memcpy(to, &value, sizeof value);
}
template <class Integer>
VECTOR_INLINE void store_prefix(Integer*, Integers, std::size_t) {}  // never called
VECTOR_INLINE Batch load(const std::uint8_t* from) {
  return static_cast<Batch>(*from - zero_code);
}

#endif

}  // namespace
}  // namespace vec
