// Shortest decimals of many floats at a time: the arithmetic behind print_vector_text.
//
// Compiled once per instruction set like kernels.cpp, with the same definitions, and exporting one
// symbol, shortest_decimals_<name>. Written with the vector types of GCC and Clang, a 64-bit lane
// for each number; where they do not pay (SSE2 has no arithmetic on such lanes) a "vector" is one
// number, and the code the same.
//
// A float x = m * ulp stands for the decimals between x - ulp/2 and x + ulp/2. Let 10^-places be
// the largest power of ten that is not above ulp. Then at least one multiple of it, and at most one
// multiple of 10^(1-places), lies in that interval. The shortest decimal is the latter if there is
// one (with its zeros removed), else the multiple of 10^-places nearest to x, of two the even one.
// These are Ryu's choices as well, and thus PostgreSQL's, which takes the ends of the interval for
// outside.
//
// Why doubles will do: x * 10^places and (x +- ulp/2) * 10^places are whole multiples of a power of
// two, of up to 25 + 28 bits as long as places <= 12 (5^12 has 28), so they are exact, as is the
// difference of x * 10^places to an integer near it. Only the product by 0.1 is rounded. That could
// mislead in the middle between two multiples of ten, and there both are too far from x to matter:
// ulp/2 * 10^places is below 4.9 in our range. Contracted into fused operations all of this is as
// exact as before.
#include <cstddef>
#include <cstdint>

#include "tables.hpp"

namespace vec {
namespace {

#define VECTOR_INLINE inline __attribute__((always_inline))

#if defined(__AVX2__)

#if defined(__AVX512DQ__)
constexpr std::size_t kBytes = 64;
#else
constexpr std::size_t kBytes = 32;
#endif
using Float [[gnu::vector_size(kBytes / 2)]] = float;
using Double [[gnu::vector_size(kBytes)]] = double;
using Integer [[gnu::vector_size(kBytes)]] = std::int64_t;
using Word [[gnu::vector_size(kBytes)]] = std::uint32_t;

VECTOR_INLINE Double widen(Float x) {
  return __builtin_convertvector(x, Double);
}
VECTOR_INLINE Integer bits(Double x) {
  return reinterpret_cast<Integer>(x);
}
VECTOR_INLINE Double from_bits(Integer x) {
  return reinterpret_cast<Double>(x);
}
// Multiplies both halves of each lane. The products fit but for numbers out of our range.
VECTOR_INLINE Integer multiply_halves(Integer x, std::uint32_t factor) {
  return reinterpret_cast<Integer>(reinterpret_cast<Word>(x) * factor);
}
// 10^n for n of four bits.
VECTOR_INLINE Double power_of_ten(Integer n) {
  const auto factor = [&](int bit, double power) {
    return (n & bit) != 0 ? Double{} + power : Double{} + 1.0;
  };
  return (factor(1, 1e1) * factor(2, 1e2)) * (factor(4, 1e4) * factor(8, 1e8));
}

#else

using Float = float;
using Double = double;
using Integer = std::int64_t;

VECTOR_INLINE Double widen(Float x) {
  return x;
}
VECTOR_INLINE Integer bits(Double x) {
  return __builtin_bit_cast(Integer, x);
}
VECTOR_INLINE Double from_bits(Integer x) {
  return __builtin_bit_cast(Double, x);
}
VECTOR_INLINE Integer multiply_halves(Integer x, std::uint32_t factor) {
  return static_cast<Integer>(static_cast<std::uint64_t>(x) * factor);
}
VECTOR_INLINE Double power_of_ten(Integer n) {
  constexpr double kPowers[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  return kPowers[n & 15];
}

#endif

constexpr std::int64_t kSign = INT64_MIN;
constexpr std::int64_t kExponent = INT64_C(0x7ff) << 52;

// All ones where x < y, for differences that are not NaN.
VECTOR_INLINE Integer less(Double x, Double y) {
  return bits(x - y) >> 63;
}
VECTOR_INLINE Integer less(Integer x, Integer y) {
  return (x - y) >> 63;
}
VECTOR_INLINE Double select(Integer mask, Double x, Double y) {
  return from_bits((bits(x) & mask) | (bits(y) & ~mask));
}

// Adding this leaves no bits for a fraction: it rounds, ties to even, and the integer (below 2^31
// here) can then be read from the lowest bits.
constexpr double kRounding = 0x1.8p52;
VECTOR_INLINE Double nearest(Double x) {
  return (x + kRounding) - kRounding;
}
VECTOR_INLINE Integer integer(Double x) {
  return bits(x + kRounding) & INT64_C(0x7fffffff);
}

// Splits x < 10^4 in both halves of a lane into bytes of one digit, the first digit in the lowest.
// Each step splits every group of digits: the quotient stays, the remainder goes to the upper half
// of the group's bits.
VECTOR_INLINE Integer split_digits(Integer x) {
  const Integer hundreds = (multiply_halves(x, 10486) >> 20) & INT64_C(0x0000007f0000007f);
  x = hundreds | (x - multiply_halves(hundreds, 100)) << 16;
  const Integer tens = (multiply_halves(x, 103) >> 10) & INT64_C(0x000f000f000f000f);
  return tens | (x - multiply_halves(tens, 10)) << 8;
}

template <class Lanes>
VECTOR_INLINE Lanes load(const void* from) {
  Lanes lanes;
  __builtin_memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

template <class Lanes>
VECTOR_INLINE void store(void* to, Lanes lanes) {
  __builtin_memcpy(to, &lanes, sizeof lanes);
}

}  // namespace

#define VECTOR_CONCAT_EXPANDED(a, b) a##b
#define VECTOR_CONCAT(a, b) VECTOR_CONCAT_EXPANDED(a, b)

void VECTOR_CONCAT(shortest_decimals_, VECTOR_ARCH_NAME)(const float* numbers,
                                                         DecimalBlock& block) {
  constexpr std::size_t kLanes = sizeof(Double) / sizeof(double);
  // Two loops: of two short chains of operations the processor overlaps more than of a long one.
  for (std::size_t i = 0; i < kDecimalBlock; i += kLanes) {
    const Integer x_bits = bits(widen(load<Float>(numbers + i))) & ~kSign;
    const Double x = from_bits(x_bits);
    const Double power_of_two = from_bits(x_bits & kExponent);  // not above x

    // ulp is 2^-n for this n, and 1233 / 2^12 is log10(2).
    const Integer n = 1023 + 23 - (x_bits >> 52);
    const Integer places = (n * 1233 + 4095) >> 12;
    const Double power = power_of_ten(places);

    const Double scaled = x * power;
    const Double half_ulp = power_of_two * power * 0x1p-24;
    const Double tens = nearest(scaled * 0.1) * 10.0;
    const Double distance = from_bits(bits(scaled - tens) & ~kSign);
    const Double decimal = select(less(distance, half_ulp), tens, nearest(scaled));
    // To the nearest is down, 0.49995 lower: integers / 10^4 are 0.0001 apart.
    const Double upper = nearest(decimal * 1e-4 - 0.49995);
    store(block.places + i, places);
    store(block.digits + i, integer(upper) | integer(decimal - upper * 1e4) << 32);
  }
  for (std::size_t i = 0; i < kDecimalBlock; i += kLanes) {
    const Integer groups = load<Integer>(block.digits + i);
    const Integer has_nine = less(Integer{} + 9999, groups & INT64_C(0xffffffff));
    store(block.first + i, has_nine & 1);
    store(block.digits + i, split_digits(groups - (has_nine & 10000)));
  }
}

}  // namespace vec
