// Parser and printer of the text format; the grammar is in vector/text.hpp.
#include "vector/text.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "vector/limits.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace vec {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

const char* skip_space(const char* p) {
  while (is_space(*p)) ++p;
  return p;
}

// Every power of ten that a double holds exactly.
constexpr int kExactPowers = 22;
constexpr double kPowersOfTen[kExactPowers + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// More digits could overflow the 64-bit mantissa.
constexpr int kMantissaDigits = 19;

// Rounds to float a double that differs from the number meant by less than 3 units in its last
// place; false when the two might not round to the same float.
//
// They do unless a point halfway between two floats lies between them. For normal floats these are
// the doubles whose last 29 bits are 1 followed by zeros: stay more than 3 units away from those.
//
// REQUIRES: `scaled` is 0 or in the range of normal floats.
bool round_to_float(double scaled, float& value) {
  if (FLT_EVAL_METHOD != 0) return false;
  constexpr std::int64_t kHalfway = std::int64_t{1} << 28;
  const auto last_bits =
      static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(scaled) & (2 * kHalfway - 1));
  if (last_bits >= kHalfway - 3 && last_bits <= kHalfway + 3) return false;
  value = static_cast<float>(scaled);
  return true;
}

// mantissa * 10^exponent as the nearest float, when that is certain; false when it is not.
//
// REQUIRES: the number meant lies in [mantissa, mantissa + 1) * 10^exponent, and is exactly the
// lower end unless the mantissa has kMantissaDigits digits.
//
// `scaled` differs from the number meant by three things: the dropped digits (relative 10^-18), the
// rounding of the mantissa and that of one multiplication or division by an exact power (2^-53
// each). Together that is less than 3 units in its last place.
bool nearest_float(std::uint64_t mantissa, std::int64_t exponent, float& value) {
  if (mantissa == 0) {
    value = 0.0F;
    return true;
  }
  if (exponent < -kExactPowers || exponent > kExactPowers) return false;
  const double scaled = exponent < 0 ? static_cast<double>(mantissa) / kPowersOfTen[-exponent]
                                     : static_cast<double>(mantissa) * kPowersOfTen[exponent];
  // The other end needs no check: 10^-22 is far from the subnormals.
  return scaled <= FLT_MAX && round_to_float(scaled, value);
}

#if defined(__x86_64__)

// 10^-n and -10^-n: half as long on the way as a division and a change of sign.
struct SignedPowers {
  double of[2][kExactPowers + 1];
};
constexpr SignedPowers kSignedPowers = [] {
  SignedPowers powers{};
  for (int n = 0; n <= kExactPowers; ++n) {
    powers.of[0][n] = 1 / kPowersOfTen[n];
    powers.of[1][n] = -1 / kPowersOfTen[n];
  }
  return powers;
}();

std::int64_t power_of_ten(std::ptrdiff_t exponent) {
  return static_cast<std::int64_t>(kPowersOfTen[exponent]);
}

// Reads the `count` digits before `end`, at most 16; -1 if there is anything else among them. The
// 16 characters before `end` must be readable.
inline __attribute__((always_inline)) std::int64_t read_digits(const char* end,
                                                               std::ptrdiff_t count) {
  // The 16 bytes from byte `count` on keep the last `count` of 16 characters.
  static constexpr std::uint64_t kMasks[4] = {0, 0, ~UINT64_C(0), ~UINT64_C(0)};
  const auto load = [](const void* from) {
    return _mm_loadu_si128(static_cast<const __m128i*>(from));
  };
  const __m128i characters = _mm_xor_si128(load(end - 16), _mm_set1_epi8('0'));
  const __m128i digits =
      _mm_and_si128(characters, load(reinterpret_cast<const char*>(kMasks) + count));
  const __m128i at_most_9 = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  if (_mm_movemask_epi8(at_most_9) != 0xffff) return -1;

  // Neighbours are joined to groups of 2, of 4, of 8 digits.
  const __m128i pairs = _mm_add_epi16(
      _mm_mullo_epi16(_mm_and_si128(digits, _mm_set1_epi16(0xff)), _mm_set1_epi16(10)),
      _mm_srli_epi16(digits, 8));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
  const __m128i eights =
      _mm_madd_epi16(_mm_packs_epi32(fours, fours), _mm_set1_epi32(10000 | 1 << 16));
  const std::int64_t both = _mm_cvtsi128_si64(eights);
  return (both & 0xffffffff) * 100000000 + (both >> 32);
}

// Reads a number as most are, such as -0.0123456789: digits, perhaps a point and digits, a comma.
// Returns its end, or null when it is of another kind or too long.
//
// No branch depends on the sign or on the digits of an embedding's numbers, which nobody could
// predict. And the comma is looked for first: the processor can then begin with the next number
// before it is through with this one.
//
// REQUIRES: kUsualNumber characters on either side of `p`.
constexpr std::ptrdiff_t kUsualNumber = 32;

const char* read_usual_decimal(const char* p, float& value) {
  const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16));
  const auto positions = [](__m128i characters, char wanted) {
    return static_cast<unsigned>(
        _mm_movemask_epi8(_mm_cmpeq_epi8(characters, _mm_set1_epi8(wanted))));
  };
  const unsigned commas = positions(first, ',') | positions(second, ',') << 16;
  if (commas == 0) return nullptr;
  const int length = std::countr_zero(commas);
  const char* end = p + length;
  // Of the point, or of the comma if that comes first.
  const int whole = std::countr_zero(positions(first, '.') | commas);

  const std::uint32_t negative = *p == '-' ? 1 : 0;
  const std::ptrdiff_t whole_digits = whole - static_cast<int>(negative);
  if (whole_digits < 1) return nullptr;
  std::int64_t mantissa = static_cast<unsigned char>(p[negative]) ^ '0';
  if (whole_digits > 1 || mantissa > 9) {
    if (whole_digits > 16) return nullptr;
    mantissa = read_digits(p + whole, whole_digits);
    if (mantissa < 0) return nullptr;
  }

  std::ptrdiff_t places = 0;
  if (whole != length) {
    places = length - whole - 1;
    if (places > 16) {
      // The 17 digits of a double, after zeros.
      if (places > kExactPowers || mantissa != 0) return nullptr;
      mantissa = read_digits(end - 16, places - 16);
      if (mantissa < 0 || mantissa >= 100) return nullptr;
      mantissa *= power_of_ten(16);
    } else {
      if (mantissa != 0 && whole_digits + places > 18) return nullptr;
      mantissa *= power_of_ten(places);
    }
    const std::int64_t fraction = read_digits(end, places < 16 ? places : 16);
    if (fraction < 0) return nullptr;
    mantissa += fraction;
  }

  // Mantissa (of at most 18 digits), power and product are rounded, by up to 2^-53 each.
  const double scaled = static_cast<double>(mantissa) * kSignedPowers.of[negative][places];
  return round_to_float(scaled, value) ? end : nullptr;
}

#else

constexpr std::ptrdiff_t kUsualNumber = 0;
const char* read_usual_decimal(const char*, float&) {
  return nullptr;
}

#endif

// Reads a plain decimal number. Returns its end, or null when strtof has to decide: hexadecimal,
// "nan", junk, and the few decimals that nearest_float is not certain of.
const char* read_decimal(const char* p, float& value) {
  const bool negative = *p == '-';
  if (*p == '-' || *p == '+') ++p;

  std::uint64_t mantissa = 0;
  int mantissa_digits = 0;  // without leading zeros
  std::int64_t exponent = 0;
  bool any_digit = false;
  for (; is_digit(*p); ++p) {
    any_digit = true;
    if (mantissa_digits < kMantissaDigits) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
      if (mantissa != 0) ++mantissa_digits;
    } else {
      ++exponent;
    }
  }
  if (*p == '.') {
    for (++p; is_digit(*p); ++p) {
      any_digit = true;
      if (mantissa_digits < kMantissaDigits) {
        mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
        if (mantissa != 0) ++mantissa_digits;
        --exponent;
      }
    }
  }
  if (!any_digit) return nullptr;

  if (*p == 'e' || *p == 'E') {
    ++p;
    const bool negative_exponent = *p == '-';
    if (*p == '-' || *p == '+') ++p;
    if (!is_digit(*p)) return nullptr;
    int written = 0;
    for (; is_digit(*p); ++p) {
      written = written * 10 + (*p - '0');
      if (written > 9999) return nullptr;
    }
    exponent += negative_exponent ? -written : written;
  }

  // Followed by anything but a delimiter, strtof may read on ("0x10") or stop earlier.
  if (*p != ',' && *p != ']' && !is_space(*p)) return nullptr;
  if (!nearest_float(mantissa, exponent, value)) return nullptr;
  if (negative) value = -value;
  return p;
}

// Reads one number at `p` (not a space). `end` is set to the end of the number, to `p` when there
// is none.
TextError read_number(const char* p, float too_large, float& value, const char*& end) {
  end = read_decimal(p, value);
  if (end == nullptr) {
    char* stop = nullptr;
    errno = 0;
    value = std::strtof(p, &stop);
    end = stop;
    if (stop == p) return TextError::syntax;
    if (std::isnan(value)) return TextError::not_a_number;
    // A number too small also sets ERANGE, and is taken as 0 or a subnormal.
    if (std::isinf(value) && errno != ERANGE) return TextError::infinite;
  }
  return std::fabs(value) < too_large ? TextError::none : TextError::out_of_range;
}

constexpr std::uint64_t kEightZeros = 0x3030303030303030;  // "00000000"

// Writes eight characters, the first from the lowest byte.
void store_eight(char* to, std::uint64_t characters) {
  if constexpr (std::endian::native == std::endian::big) {
    characters = __builtin_bswap64(characters);
  }
  std::memcpy(to, &characters, sizeof characters);
}

// Prints number `i` of a block and returns the end. Writes whole words where fewer characters
// count: up to kMaxNumberText + 1 bytes.
char* print_decimal(float number, const DecimalBlock& block, std::size_t i, char* out) {
  const int places = static_cast<int>(block.places[i]);
  const std::uint64_t digits = block.digits[i];
  const std::uint64_t characters = digits + kEightZeros;
  const int zeros = std::countl_zero(digits) / 8;  // at the end

  *out = '-';
  out += std::signbit(number) ? 1 : 0;
  if (places >= 8) {
    // Below 1: the last digit belongs at out[1 + places].
    store_eight(out, kEightZeros);
    out[places - 7] = static_cast<char>('0' + block.first[i]);
    store_eight(out + places - 6, characters);
    out[1] = '.';
    return out + 2 + places - zeros;
  }
  // From 1 on: the first of the eight digits is not 0 unless there is one before it.
  const int whole = 8 - places;
  *out = '1';
  out += block.first[i];
  store_eight(out, characters);
  out[whole] = '.';
  store_eight(out + whole + 1, characters >> (8 * whole));
  return zeros >= places ? out + whole : out + 9 - zeros;
}

}  // namespace

TextResult parse_vector_text(const char* text, float too_large, float* elements) {
  int count = 0;
  auto stop = [&](TextError error, const char* at, std::size_t length = 0) {
    return TextResult{error, count, static_cast<std::size_t>(at - text), length};
  };

  const char* text_end = text + std::strlen(text);
  const char* p = skip_space(text);
  if (*p != '[') return stop(TextError::missing_bracket, p);
  p = skip_space(p + 1);
  if (*p == ']') return stop(TextError::no_dimensions, p);

  for (;;) {
    float value = 0.0F;
    const char* end = nullptr;
    // Usual numbers, until there is another one or an error: those are for the code below.
    while (count < kMaxDimensions) {
      const char* number = skip_space(p);
      if (number - text < kUsualNumber || text_end - number < kUsualNumber) break;
      end = read_usual_decimal(number, value);
      if (end == nullptr || !(std::fabs(value) < too_large)) break;
      elements[count++] = value;
      p = end + 1;
    }

    if (count == kMaxDimensions) return stop(TextError::too_many_dimensions, p);
    p = skip_space(p);
    const TextError error = read_number(p, too_large, value, end);
    if (error != TextError::none) return stop(error, p, static_cast<std::size_t>(end - p));
    elements[count++] = value;

    p = skip_space(end);
    if (*p == ']') break;
    if (*p != ',') return stop(TextError::syntax, p);
    ++p;
  }

  p = skip_space(p + 1);
  if (*p != '\0') return stop(TextError::trailing_junk, p);
  return stop(TextError::none, p);
}

std::size_t print_vector_text(const float* elements, std::size_t count, ShortestDecimals decimals,
                              PrintNumber print_number, char* out) {
  char* p = out;
  *p++ = '[';
  DecimalBlock block;
  float rest[kDecimalBlock] = {};
  for (std::size_t begin = 0; begin < count; begin += kDecimalBlock) {
    const std::size_t size = std::min(count - begin, kDecimalBlock);
    const float* numbers = elements + begin;
    if (size < kDecimalBlock) {
      std::copy_n(numbers, size, rest);
      numbers = rest;
    }
    decimals(numbers, block);
    for (std::size_t i = 0; i < size; ++i) {
      p = has_shortest_decimal(numbers[i]) ? print_decimal(numbers[i], block, i, p)
                                           : p + print_number(numbers[i], p);
      *p++ = ',';
    }
  }
  if (count > 0) --p;  // the last comma
  *p++ = ']';
  *p = '\0';
  return static_cast<std::size_t>(p - out);
}

}  // namespace vec
