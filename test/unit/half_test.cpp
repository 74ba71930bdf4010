// binary16: the scalar conversions against arithmetic in double, for all halves and all boundaries
// between them, and the conversions of arrays of every table against the scalar ones.
#include "vector/half.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernel_fixture.hpp"
#include "vector/distance.hpp"

namespace vec {
namespace {

constexpr std::uint16_t sign_bit = 0x8000;
constexpr std::uint16_t half_infinity = 0x7c00;
constexpr std::uint16_t all_halves_last = 0xffff;

bool is_nan(Half half) {
  return (half.bits & 0x7fff) > half_infinity;
}

// The definition of the format. Of an infinity: what the largest exponent would mean were it like
// the others, 65536.
double finite_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & sign_bit) != 0 ? -magnitude : magnitude;
}

// Rounds in units of the half's last place, which double does exactly.
std::uint16_t rounded(float x) {
  const std::uint16_t sign = std::signbit(x) ? sign_bit : 0;
  const double magnitude = std::abs(static_cast<double>(x));
  if (magnitude == 0) {
    return sign;
  }
  if (std::isinf(magnitude)) {
    return sign | half_infinity;
  }
  const int exponent = std::max(std::ilogb(magnitude), -14);
  const double units = std::nearbyint(std::ldexp(magnitude, 10 - exponent));  // ties to even
  // Consecutive halves have consecutive bits: 2048 units are the first of the next exponent.
  const int bits = (exponent + 14) * 1024 + static_cast<int>(units);
  return static_cast<std::uint16_t>(sign | std::min<int>(bits, half_infinity));
}

// NaNs with equal signs are the same.
bool same(Half a, Half b) {
  return is_nan(a) && is_nan(b) ? (a.bits & sign_bit) == (b.bits & sign_bit) : a.bits == b.bits;
}
bool same(float a, float b) {
  return std::isnan(a) && std::isnan(b) ? std::signbit(a) == std::signbit(b) : bits(a) == bits(b);
}

std::string print(Half half) {
  return "half " + std::to_string(half.bits);
}
std::string print(float value) {
  return "float " + std::to_string(bits(value));
}

template <class To>
void expect_same(const std::vector<To>& actual, const std::vector<To>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_TRUE(same(actual[i], expected[i]))
        << print(actual[i]) << " instead of " << print(expected[i]) << " at " << i;
  }
}

Halves all_halves() {
  Halves result;
  for (std::uint32_t bits = 0; bits <= all_halves_last; ++bits) {
    result.push_back({static_cast<std::uint16_t>(bits)});
  }
  return result;
}

struct Roundings {
  Floats from;
  Halves to;
  void add(float x, std::uint16_t half) {
    from.push_back(x);
    to.push_back({half});
    from.push_back(-x);
    to.push_back({static_cast<std::uint16_t>(half | sign_bit)});
  }
};

// Around every finite half and around the middle between it and the next one. The next of the
// largest is infinity, which takes the place of 65536.
const Roundings& boundaries() {
  static const Roundings all = [] {
    Roundings result;
    for (std::uint16_t half = 0; half < half_infinity; ++half) {
      const auto next = static_cast<std::uint16_t>(half + 1);
      const std::uint16_t even = half % 2 == 0 ? half : next;
      const auto exact = static_cast<float>(finite_value(half));
      const auto middle = static_cast<float>((finite_value(half) + finite_value(next)) / 2);
      if (half != 0) {
        result.add(std::nextafter(exact, 0.0F), half);
      }
      result.add(exact, half);
      result.add(std::nextafter(exact, infinity), half);
      result.add(std::nextafter(middle, 0.0F), half);
      result.add(middle, even);
      result.add(std::nextafter(middle, infinity), next);
    }
    return result;
  }();
  return all;
}

// Of any kind: every exponent is as likely as the others.
Floats random_bit_patterns(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  Floats result(n);
  for (float& x : result) {
    x = std::bit_cast<float>(static_cast<std::uint32_t>(generator()));
  }
  return result;
}

// Of the kinds that matter to halves: normal, subnormal, zero, infinite, NaN, at the edges.
Floats mixed_floats(std::size_t n, unsigned seed) {
  static const float some[] = {
      0.0F,      -0.0F,      1.0F,      -1.0F / 3,  65504.0F,    65519.99F, 65520.0F,
      -65536.0F, infinity,   -infinity, quiet_nan,  -quiet_nan,  0x1p-14F,  0x1p-24F,
      0x1p-25F,  0x1.8p-25F, 1e-30F,    -0x1p-149F, -0x1.fp-15F, 3e38F,     -0x1.5p-20F};
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  Floats result(n);
  for (float& x : result) {
    x = generator() % 2 == 0 ? some[generator() % std::size(some)] : uniform(generator);
  }
  return result;
}

TEST(Half, EveryOneHasItsValueAsFloat) {
  for (const Half half : all_halves()) {
    SCOPED_TRACE(half.bits);
    const float x = to_float(half);
    EXPECT_EQ(std::signbit(x), (half.bits & sign_bit) != 0);
    if (is_nan(half)) {
      EXPECT_TRUE(std::isnan(x));
    } else if ((half.bits & 0x7fff) == half_infinity) {
      EXPECT_TRUE(std::isinf(x));
    } else {
      EXPECT_EQ(x, finite_value(half.bits));
    }
  }
}

TEST(Half, EveryOneSurvivesTheRoundTrip) {
  for (const Half half : all_halves()) {
    EXPECT_TRUE(same(to_half(to_float(half)), half)) << print(half);
  }
}

TEST(Half, RoundsToNearestAndTiesToEven) {
  const Roundings& expected = boundaries();
  for (std::size_t i = 0; i < expected.from.size(); ++i) {
    ASSERT_EQ(to_half(expected.from[i]).bits, expected.to[i].bits) << expected.from[i];
    ASSERT_EQ(rounded(expected.from[i]), expected.to[i].bits) << expected.from[i];
  }
}

TEST(Half, RandomFloatsRoundAsInDouble) {
  for (const float x : random_bit_patterns(1000000, 1)) {
    if (!std::isnan(x)) {
      ASSERT_EQ(to_half(x).bits, rounded(x)) << print(x);
    }
  }
}

TEST(Half, OverflowsAt65520) {
  EXPECT_EQ(to_float(to_half(65504.0F)), kMaxHalf);
  EXPECT_EQ(to_float(to_half(std::nextafter(65520.0F, 0.0F))), kMaxHalf);
  EXPECT_EQ(to_float(to_half(65520.0F)), infinity);
  EXPECT_EQ(to_float(to_half(-65520.0F)), -infinity);
  EXPECT_EQ(to_float(to_half(std::numeric_limits<float>::max())), infinity);
  EXPECT_EQ(to_float(to_half(infinity)), infinity);
  EXPECT_EQ(to_float(to_half(-infinity)), -infinity);
}

TEST(Half, UnderflowsToZeroAtHalfOfTheSmallest) {
  EXPECT_EQ(to_half(0x1p-25F).bits, 0);
  EXPECT_EQ(to_half(std::nextafter(0x1p-25F, 1.0F)).bits, 1);
  EXPECT_EQ(to_half(-0x1p-25F).bits, sign_bit);
  EXPECT_EQ(to_half(-0x1p-149F).bits, sign_bit);
  EXPECT_EQ(to_half(std::nextafter(0x1p-14F, 0.0F)).bits, 0x400);  // up to the smallest normal one
}

TEST(Half, EveryNanStaysOneAndKeepsItsSign) {
  // Also those whose payload is in the bits that are dropped.
  for (const std::uint32_t payload : {0x1U, 0x1fffU, 0x2000U, 0x3fffffU, 0x400000U, 0x7fffffU}) {
    for (const std::uint32_t sign : {0U, 0x80000000U}) {
      const Half half = to_half(std::bit_cast<float>(sign | 0x7f800000U | payload));
      EXPECT_TRUE(is_nan(half)) << payload;
      EXPECT_EQ(half.bits & sign_bit, sign >> 16) << payload;
    }
  }
}

class HalfArrays : public testing::TestWithParam<std::string> {
 protected:
  const DistanceKernels& kernels() const { return *kernels_named(GetParam().c_str()); }

  Halves halves_of(const Floats& x) const {
    Halves result(x.size());
    kernels().to_half(x.data(), x.size(), result.data());
    return result;
  }
  Floats floats_of(const Halves& x) const {
    Floats result(x.size());
    kernels().to_float(x.data(), x.size(), result.data());
    return result;
  }
};

INSTANTIATE_TEST_SUITE_P(Kernels, HalfArrays, testing::ValuesIn(supported_names()),
                         [](const auto& test) { return test.param; });

Halves scalar_halves(const Floats& x) {
  Halves result;
  for (const float value : x) {
    result.push_back(to_half(value));
  }
  return result;
}

Floats scalar_floats(const Halves& x) {
  Floats result;
  for (const Half half : x) {
    result.push_back(to_float(half));
  }
  return result;
}

TEST_P(HalfArrays, EveryHalfHasItsValueAsFloat) {
  const Halves halves = all_halves();
  const Floats floats = floats_of(halves);
  expect_same(floats, scalar_floats(halves));
  expect_same(halves_of(floats), halves);
}

TEST_P(HalfArrays, RoundToNearestAndTiesToEven) {
  expect_same(halves_of(boundaries().from), boundaries().to);
}

TEST_P(HalfArrays, RandomFloatsRoundLikeTheScalarConversion) {
  const Floats floats = random_bit_patterns(1000000, 2);
  expect_same(halves_of(floats), scalar_halves(floats));
}

// Every length of tail, with special values at every place of it, in arrays of any alignment; and
// what is behind and before the result stays.
TEST_P(HalfArrays, AnyLengthAndAlignment) {
  constexpr float untouched_float = -12345.0F;
  constexpr Half untouched_half = {0x1234};
  for (std::size_t n = 0; n <= 70; ++n) {
    for (std::size_t offset = 0; offset < 8; ++offset) {
      SCOPED_TRACE(testing::Message() << n << " elements, offset " << offset);
      const Floats floats = mixed_floats(n, static_cast<unsigned>(70 * offset + n));
      const Halves halves = scalar_halves(floats);
      const std::size_t around = 20;

      const Displaced<float> from_floats(floats, offset);
      Displaced<Half> to_halves(Halves(n + 2 * around, untouched_half), (offset * 5) % 8);
      kernels().to_half(from_floats.data(), n, to_halves.data() + around);
      Halves expected_halves(n + 2 * around, untouched_half);
      std::copy(halves.begin(), halves.end(), expected_halves.begin() + around);
      expect_same(to_halves.values(), expected_halves);

      const Displaced<Half> from_halves(halves, offset);
      Displaced<float> to_floats(Floats(n + 2 * around, untouched_float), (offset * 3) % 8);
      kernels().to_float(from_halves.data(), n, to_floats.data() + around);
      Floats expected_floats(n + 2 * around, untouched_float);
      const Floats widened = scalar_floats(halves);
      std::copy(widened.begin(), widened.end(), expected_floats.begin() + around);
      expect_same(to_floats.values(), expected_floats);
    }
  }
}

TEST_P(HalfArrays, TouchNothingOutsideTheArrays) {
  for (const std::size_t n : lengths()) {
    SCOPED_TRACE(n);
    const Floats floats = random_elements<float>(n, 3);
    const Halves halves = scalar_halves(floats);
    for (const bool end : {true, false}) {
      const auto float_edge = end ? Guarded<float>::Edge::kEnd : Guarded<float>::Edge::kStart;
      const auto half_edge = end ? Guarded<Half>::Edge::kEnd : Guarded<Half>::Edge::kStart;
      Guarded<float> guarded_floats(floats, float_edge);
      Guarded<Half> guarded_halves(Halves(n), half_edge);
      kernels().to_half(guarded_floats.data(), n, guarded_halves.data());
      expect_same(Halves(guarded_halves.data(), guarded_halves.data() + n), halves);
      kernels().to_float(guarded_halves.data(), n, guarded_floats.data());
      expect_same(Floats(guarded_floats.data(), guarded_floats.data() + n), scalar_floats(halves));
    }
  }
}

}  // namespace
}  // namespace vec
