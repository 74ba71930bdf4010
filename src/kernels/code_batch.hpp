// The instruction-set layer of the kernels of codes: batches of integers, and a batch of codes
// times a batch of a query. The rules of batch.hpp hold here too.
//
// What the compiler's own vectors can say is said with them, for all widths at once. They have no
// rounding, no horizontal sums and no sums of products of small integers: those are intrinsics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "batch.hpp"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"  // as in batch.hpp
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

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
using Shorts [[gnu::vector_size(batch_size * sizeof(std::int16_t))]] = std::int16_t;
using Bytes [[gnu::vector_size(batch_size)]] = std::uint8_t;

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

// To the nearest integer, of two the even one. REQUIRES: it fits.
VECTOR_INLINE Integers round(Batch x) {
#if defined(__AVX512F__)
  return (Integers)_mm512_cvtps_epi32(x);
#elif defined(__AVX2__)
  return (Integers)_mm256_cvtps_epi32(x);
#elif defined(__x86_64__)
  return (Integers)_mm_cvtps_epi32(x);
#else
  return (Integers)vcvtnq_s32_f32(x);
#endif
}

// The integers, which fit; of a prefix the n first ones, n < batch_size, and nothing beyond.
VECTOR_INLINE void store(std::uint8_t* to, Integers x) {
  const Bytes bytes = __builtin_convertvector(x, Bytes);
  __builtin_memcpy(to, &bytes, sizeof bytes);
}
VECTOR_INLINE void store(std::int16_t* to, Integers x) {
  const Shorts shorts = __builtin_convertvector(x, Shorts);
  __builtin_memcpy(to, &shorts, sizeof shorts);
}
template <class Integer>
VECTOR_INLINE void store_prefix(Integer* to, Integers x, std::size_t n) {
  Integer lanes[batch_size];
  store(lanes, x);
  for (std::size_t i = 0; i < n; ++i) {
    __builtin_memcpy(to + i, lanes + i, sizeof(Integer));  // may be misaligned
  }
}

VECTOR_INLINE Batch float_batch(Bytes codes) {
  const Integers integers = __builtin_convertvector(codes, Integers) - zero_code;
  return Batch((Batch::register_type) __builtin_convertvector(integers, Floats));
}
// Codes as the floats of their integers; zeros beyond a prefix.
VECTOR_INLINE Batch load(const std::uint8_t* from) {
  Bytes codes;
  __builtin_memcpy(&codes, from, sizeof codes);
  return float_batch(codes);
}
VECTOR_INLINE Batch load_prefix(const std::uint8_t* from, std::size_t n) {
#if defined(__AVX512F__)
  const __m128i codes = _mm_mask_loadu_epi8(_mm_set1_epi8(static_cast<char>(zero_code)),
                                            static_cast<__mmask16>((1U << n) - 1), from);
  return float_batch((Bytes)codes);
#else
  const std::uint64_t codes = load_8_of(from, n, eight_zero_codes);
  static_assert(sizeof(Bytes) <= sizeof codes);
  Bytes bytes;
  __builtin_memcpy(&bytes, &codes, sizeof bytes);
  return float_batch(bytes);
#endif
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

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
