// The sums of products of codes and a query, the instruction-set layer. A section defines
//   code_lanes          how many codes it takes at a time
//   Codes               so many of them, in the form in which they are multiplied
//   load_codes(from), load_codes_prefix(from, n)
//                       the codes there, or n of them, 0 < n < code_lanes, and nothing beyond; the
//                       lanes beyond add nothing to a sum
//   block               how many codes a Sums can take, a multiple of code_lanes
//   pack(query, n, to)  the kernel pack_query
// and two queries, PackedQuery and CodeQuery, each with
//   Lanes               code_lanes elements of the query
//   Sums                sums of products, of as many lanes as is convenient
//   load(at), load_prefix(at, n)
//   none()              the sums of no products
//   begin(n)            what the sums of all n products begin with
//   take(sums, query, codes), total(sums)
#pragma once

#include <cstddef>
#include <cstdint>

#include "code_batch.hpp"
#include "vector/code_kernels.hpp"

namespace vec {
namespace {

#if defined(__AVX512VNNI__)

// One instruction multiplies unsigned bytes, the codes as they are, with signed bytes of the query,
// and adds four products to each lane of 32 bits: at most 4 * 255 * 128 in magnitude. What the
// codes are too large by, 128 times the sum of the query, is subtracted beforehand.

constexpr std::size_t code_lanes = 64;
constexpr std::size_t block = 16384;  // more than a vector has: the lanes hold 16 times that

using Codes = __m512i;

VECTOR_INLINE __mmask64 first_lanes(std::size_t n) {
  return (std::uint64_t{1} << n) - 1;
}
VECTOR_INLINE Codes load_codes(const std::uint8_t* from) {
  return _mm512_loadu_si512(from);
}
VECTOR_INLINE Codes load_codes_prefix(const std::uint8_t* from, std::size_t n) {
  return _mm512_maskz_loadu_epi8(first_lanes(n), from);
}

// The high bytes of all elements, then the low ones; an element is 256 * high + low.
VECTOR_INLINE void pack(const std::int16_t* query, std::size_t n, std::byte* to) {
  constexpr std::size_t step = 32;
  for (std::size_t at = 0; at < n; at += step) {
    const std::size_t left = n - at < step ? n - at : step;
    const auto mask = static_cast<__mmask32>(first_lanes(left));
    const __m512i elements = _mm512_maskz_loadu_epi16(mask, query + at);
    const __m512i high = _mm512_srai_epi16(_mm512_add_epi16(elements, _mm512_set1_epi16(128)), 8);
    _mm512_mask_cvtepi16_storeu_epi8(to + at, mask, high);
    _mm512_mask_cvtepi16_storeu_epi8(to + n + at, mask, elements);
  }
}

// 128 times the bytes of the query less.
VECTOR_INLINE __m512i subtract_offset(__m512i sums, __m512i query) {
  const __m512i zero_codes = _mm512_set1_epi8(static_cast<char>(zero_code));
  return _mm512_sub_epi32(sums, _mm512_dpbusd_epi32(_mm512_setzero_si512(), zero_codes, query));
}
template <class Query>
VECTOR_INLINE typename Query::Sums subtract_offsets(const Query& query, std::size_t n) {
  typename Query::Sums sums = Query::none();
  std::size_t done = 0;
  for (; n - done >= code_lanes; done += code_lanes) {
    sums = Query::subtract_offset(sums, query.load(done));
  }
  return done == n ? sums : Query::subtract_offset(sums, query.load_prefix(done, n - done));
}

class PackedQuery {
 public:
  struct Lanes {
    __m512i high, low;
  };
  struct Sums {
    __m512i high, low;
  };

  VECTOR_INLINE PackedQuery(const std::byte* packed, std::size_t n)
      : high_(packed), low_(packed + n) {}

  VECTOR_INLINE Lanes load(std::size_t at) const {
    return {_mm512_loadu_si512(high_ + at), _mm512_loadu_si512(low_ + at)};
  }
  VECTOR_INLINE Lanes load_prefix(std::size_t at, std::size_t n) const {
    const __mmask64 mask = first_lanes(n);
    return {_mm512_maskz_loadu_epi8(mask, high_ + at), _mm512_maskz_loadu_epi8(mask, low_ + at)};
  }
  VECTOR_INLINE static Sums none() { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }
  VECTOR_INLINE static Sums subtract_offset(const Sums& sums, const Lanes& query) {
    return {vec::subtract_offset(sums.high, query.high), vec::subtract_offset(sums.low, query.low)};
  }
  VECTOR_INLINE Sums begin(std::size_t n) const { return subtract_offsets(*this, n); }
  VECTOR_INLINE static Sums take(const Sums& sums, const Lanes& query, Codes codes) {
    return {_mm512_dpbusd_epi32(sums.high, codes, query.high),
            _mm512_dpbusd_epi32(sums.low, codes, query.low)};
  }
  VECTOR_INLINE static std::int64_t total(const Sums& sums) {
    return std::int64_t{256} * _mm512_reduce_add_epi32(sums.high) +
           _mm512_reduce_add_epi32(sums.low);
  }

 private:
  const std::byte* high_;
  const std::byte* low_;
};

// A code less 128 is a signed byte.
class CodeQuery {
 public:
  using Lanes = __m512i;
  using Sums = __m512i;

  VECTOR_INLINE CodeQuery(const std::uint8_t* code, std::size_t) : code_(code) {}

  VECTOR_INLINE Lanes load(std::size_t at) const {
    return _mm512_xor_si512(_mm512_loadu_si512(code_ + at), zero_codes());
  }
  VECTOR_INLINE Lanes load_prefix(std::size_t at, std::size_t n) const {
    return _mm512_xor_si512(_mm512_mask_loadu_epi8(zero_codes(), first_lanes(n), code_ + at),
                            zero_codes());
  }
  VECTOR_INLINE static Sums none() { return _mm512_setzero_si512(); }
  VECTOR_INLINE static Sums subtract_offset(Sums sums, Lanes query) {
    return vec::subtract_offset(sums, query);
  }
  VECTOR_INLINE Sums begin(std::size_t n) const { return subtract_offsets(*this, n); }
  VECTOR_INLINE static Sums take(Sums sums, Lanes query, Codes codes) {
    return _mm512_dpbusd_epi32(sums, codes, query);
  }
  VECTOR_INLINE static std::int64_t total(Sums sums) { return _mm512_reduce_add_epi32(sums); }

 private:
  VECTOR_INLINE static __m512i zero_codes() {
    return _mm512_set1_epi8(static_cast<char>(zero_code));
  }

  const std::uint8_t* code_;
};

#else  // Without VNNI.

// Codes are widened to signed integers of 16 bits, the elements of a packed query. Of two products
// an instruction makes one lane of 32 bits, at most 2 * 128 * kLargestCodeQuery in magnitude.

#if defined(VECTOR_HAVE_XSIMD)

constexpr std::size_t code_lanes = 2 * batch_size;

using Codes [[gnu::vector_size(code_lanes * sizeof(std::int16_t))]] = std::int16_t;
using PackedCodes [[gnu::vector_size(code_lanes)]] = std::uint8_t;

VECTOR_INLINE Codes widen_codes(PackedCodes codes) {
#if defined(__AVX512F__)
  return (Codes)_mm512_cvtepu8_epi16((__m256i)codes) - zero_code;
#elif defined(__AVX2__)
  return (Codes)_mm256_cvtepu8_epi16((__m128i)codes) - zero_code;
#elif defined(__x86_64__)
  const __m128i bytes = _mm_cvtsi64_si128((long long)codes);
  return (Codes)_mm_unpacklo_epi8(bytes, _mm_setzero_si128()) - zero_code;
#else
  return (Codes)vmovl_u8((uint8x8_t)codes) - zero_code;
#endif
}
VECTOR_INLINE Codes load_codes(const std::uint8_t* from) {
  PackedCodes codes;
  __builtin_memcpy(&codes, from, sizeof codes);
  return widen_codes(codes);
}
VECTOR_INLINE Codes load_elements(const std::byte* from) {
  Codes elements;
  __builtin_memcpy(&elements, from, sizeof elements);
  return elements;
}

#if defined(__AVX512F__)

VECTOR_INLINE Codes load_codes_prefix(const std::uint8_t* from, std::size_t n) {
  const __m256i zero_codes = _mm256_set1_epi8(static_cast<char>(zero_code));
  return widen_codes((PackedCodes)_mm256_mask_loadu_epi8(zero_codes, (1U << n) - 1, from));
}
VECTOR_INLINE Codes load_elements_prefix(const std::byte* from, std::size_t n) {
  return (Codes)_mm512_maskz_loadu_epi16((1U << n) - 1, from);
}

#else

template <class Integers64, std::size_t... Eight>
VECTOR_INLINE Integers64 load_bytes(const void* from, std::size_t n, std::uint64_t beyond,
                                    std::index_sequence<Eight...>) {
  const auto* bytes = static_cast<const std::byte*>(from);
  const auto part = [=](std::size_t at) __attribute__((always_inline)) {
    return n > at ? load_8_of(bytes + at, n - at, beyond) : beyond;
  };
  return Integers64{part(8 * Eight)...};
}
VECTOR_INLINE Codes load_codes_prefix(const std::uint8_t* from, std::size_t n) {
  using Integers64 [[gnu::vector_size(sizeof(PackedCodes))]] = std::uint64_t;
  return widen_codes((PackedCodes)load_bytes<Integers64>(
      from, n, eight_zero_codes, std::make_index_sequence<sizeof(PackedCodes) / 8>{}));
}
VECTOR_INLINE Codes load_elements_prefix(const std::byte* from, std::size_t n) {
  using Integers64 [[gnu::vector_size(sizeof(Codes))]] = std::uint64_t;
  return (Codes)load_bytes<Integers64>(from, n * sizeof(std::int16_t), 0,
                                       std::make_index_sequence<sizeof(Codes) / 8>{});
}

#endif

#if defined(__AVX512F__)

using Products = __m512i;
VECTOR_INLINE Products add_products(Products sums, Codes a, Codes b) {
  return _mm512_add_epi32(sums, _mm512_madd_epi16((__m512i)a, (__m512i)b));
}
VECTOR_INLINE std::int64_t total_of(Products sums) {
  return _mm512_reduce_add_epi64(
      _mm512_add_epi64(_mm512_cvtepi32_epi64(_mm512_castsi512_si256(sums)),
                       _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(sums, 1))));
}

#elif defined(__AVX2__)

using Products = __m256i;
VECTOR_INLINE Products add_products(Products sums, Codes a, Codes b) {
  return _mm256_add_epi32(sums, _mm256_madd_epi16((__m256i)a, (__m256i)b));
}
VECTOR_INLINE std::int64_t total_of(Products sums) {
  const __m256i four = _mm256_add_epi64(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(sums)),
                                        _mm256_cvtepi32_epi64(_mm256_extracti128_si256(sums, 1)));
  const __m128i two =
      _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
  return _mm_cvtsi128_si64(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
}

#elif defined(__x86_64__)

using Products = __m128i;
VECTOR_INLINE Products add_products(Products sums, Codes a, Codes b) {
  return _mm_add_epi32(sums, _mm_madd_epi16((__m128i)a, (__m128i)b));
}
VECTOR_INLINE std::int64_t total_of(Products sums) {
  const __m128i sign = _mm_srai_epi32(sums, 31);
  const __m128i two = _mm_add_epi64(_mm_unpacklo_epi32(sums, sign), _mm_unpackhi_epi32(sums, sign));
  return _mm_cvtsi128_si64(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
}

#else

using Products = int32x4_t;
VECTOR_INLINE Products add_products(Products sums, Codes a, Codes b) {
  const auto x = (int16x8_t)a;
  const auto y = (int16x8_t)b;
  return vmlal_high_s16(vmlal_s16(sums, vget_low_s16(x), vget_low_s16(y)), x, y);
}
VECTOR_INLINE std::int64_t total_of(Products sums) {
  return vaddlvq_s32(sums);
}

#endif

#else  // One lane.

constexpr std::size_t code_lanes = 1;

using Codes = std::int16_t;
using Products = std::int64_t;

VECTOR_INLINE Codes load_codes(const std::uint8_t* from) {
  return static_cast<Codes>(*from - zero_code);
}
VECTOR_INLINE Codes load_elements(const std::byte* from) {
  Codes element;
  __builtin_memcpy(&element, from, sizeof element);
  return element;
}
VECTOR_INLINE Codes load_codes_prefix(const std::uint8_t*, std::size_t) {  // never called
  return 0;
}
VECTOR_INLINE Codes load_elements_prefix(const std::byte*, std::size_t) {  // never called
  return 0;
}
VECTOR_INLINE Products add_products(Products sums, Codes a, Codes b) {
  return sums + a * b;
}
VECTOR_INLINE std::int64_t total_of(Products sums) {
  return sums;
}

#endif

constexpr std::size_t block = 256 * code_lanes;
static_assert(256LL * 2 * 128 * kLargestCodeQuery < 0x7fffffff);

VECTOR_INLINE void pack(const std::int16_t* query, std::size_t n, std::byte* to) {
  if (n != 0) {
    __builtin_memcpy(to, query, n * sizeof(std::int16_t));
  }
}

struct ProductSums {
  using Lanes = Codes;
  using Sums = Products;
  VECTOR_INLINE static Sums none() { return Sums{}; }
  VECTOR_INLINE static Sums begin(std::size_t) { return none(); }
  VECTOR_INLINE static Sums take(Sums sums, Lanes query, Codes codes) {
    return add_products(sums, query, codes);
  }
  VECTOR_INLINE static std::int64_t total(Sums sums) { return total_of(sums); }
};

struct PackedQuery : ProductSums {
  VECTOR_INLINE PackedQuery(const std::byte* packed, std::size_t) : elements(packed) {}
  VECTOR_INLINE Lanes load(std::size_t at) const {
    return load_elements(elements + at * sizeof(std::int16_t));
  }
  VECTOR_INLINE Lanes load_prefix(std::size_t at, std::size_t n) const {
    return load_elements_prefix(elements + at * sizeof(std::int16_t), n);
  }
  const std::byte* elements;
};

struct CodeQuery : ProductSums {
  VECTOR_INLINE CodeQuery(const std::uint8_t* query, std::size_t) : code(query) {}
  VECTOR_INLINE Lanes load(std::size_t at) const { return load_codes(code + at); }
  VECTOR_INLINE Lanes load_prefix(std::size_t at, std::size_t n) const {
    return load_codes_prefix(code + at, n);
  }
  const std::uint8_t* code;
};

#endif

}  // namespace
}  // namespace vec
