// The kernels of codes: every supported table against plain loops, everywhere in memory.
#include "vector/code_kernels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernel_fixture.hpp"
#include "vector/distance.hpp"

namespace vec {
namespace {

using Code = std::vector<std::uint8_t>;
using Query = std::vector<std::int16_t>;
using Signs = std::vector<std::uint64_t>;
using Packed = std::vector<std::byte>;

// The widest step is 64; the sums of 32 bits are emptied after 2048, 4096 or 8192 codes.
std::vector<std::size_t> code_lengths() {
  std::vector<std::size_t> result;
  for (std::size_t n = 0; n <= 130; ++n) {
    result.push_back(n);
  }
  for (const std::size_t n : {384, 768, 1000, 2048, 2049, 4095, 4097, 8000, 8191, 8193, 16000}) {
    result.push_back(n);
  }
  return result;
}

std::vector<std::size_t> powers_of_two() {
  std::vector<std::size_t> result;
  for (std::size_t n = 1; n <= 16384; n *= 2) {
    result.push_back(n);
  }
  return result;
}

// Where the arrays of a call are. `kOff` is behind an aligned address, by another distance for each
// array.
enum class Place { kOff, kEnd, kStart };
constexpr Place all_places[] = {Place::kOff, Place::kEnd, Place::kStart};

template <class Element>
class Array {
 public:
  Array(const std::vector<Element>& values, Place place, std::size_t offset = 0)
      : size_(values.size()) {
    if (place == Place::kOff) {
      displaced_ = std::make_unique<Displaced<Element>>(values, offset);
      data_ = displaced_->data();
    } else {
      using Edge = typename Guarded<Element>::Edge;
      guarded_ = std::make_unique<Guarded<Element>>(
          values, place == Place::kEnd ? Edge::kEnd : Edge::kStart);
      data_ = guarded_->data();
    }
  }
  Element* data() const { return data_; }
  std::vector<Element> values() const {
    std::vector<Element> result(size_);
    if (size_ != 0) {
      std::memcpy(result.data(), data_, size_ * sizeof(Element));
    }
    return result;
  }

 private:
  std::size_t size_;
  std::unique_ptr<Displaced<Element>> displaced_;
  std::unique_ptr<Guarded<Element>> guarded_;
  Element* data_;
};

template <class Integer>
std::vector<Integer> random_integers(std::size_t n, int smallest, int largest, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> uniform(smallest, largest);
  std::vector<Integer> result(n);
  for (Integer& x : result) {
    x = static_cast<Integer>(uniform(generator));
  }
  return result;
}

Code random_code(std::size_t n, unsigned seed) {
  return random_integers<std::uint8_t>(n, 0, 255, seed);
}
Query random_query(std::size_t n, unsigned seed) {
  return random_integers<std::int16_t>(n, -kLargestCodeQuery, kLargestCodeQuery, seed);
}

// Of many magnitudes, so that another order of additions would give other bits.
Floats random_floats(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::uniform_int_distribution<int> exponent(-12, 12);
  Floats result(n);
  for (float& x : result) {
    x = std::ldexp(uniform(generator), exponent(generator));
  }
  return result;
}

void expect_same_bits(const Floats& actual, const Floats& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(bits(actual[i]), bits(expected[i])) << "at " << i;
  }
}

// The reference.

Floats plain_hadamard(Floats x) {
  for (std::size_t distance = 1; distance < x.size(); distance *= 2) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      if ((i & distance) == 0) {
        const float a = x[i];
        const float b = x[i + distance];
        x[i] = a + b;
        x[i + distance] = a - b;
      }
    }
  }
  return x;
}

template <class Integer>
std::vector<Integer> plain_quantized(const Floats& x, float factor, int zero) {
  std::vector<Integer> result;
  for (const float element : x) {
    const float product = element * factor;
    result.push_back(static_cast<Integer>(zero + static_cast<int>(std::nearbyint(product))));
  }
  return result;
}

int integer(std::uint8_t code) {
  return code - 128;
}

std::int64_t plain_dot(const Query& query, const Code& code) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    sum += std::int64_t{query[i]} * integer(code[i]);
  }
  return sum;
}

std::int64_t plain_dot(const Code& a, const Code& b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += integer(a[i]) * integer(b[i]);
  }
  return sum;
}

class CodeTable : public testing::TestWithParam<std::string> {
 protected:
  const CodeKernels& kernels() const { return kernels_named(GetParam().c_str())->code8; }

  // What the kernel gives for the query against all codes, each in its own array.
  std::vector<std::int64_t> query_dots(const Query& query, const std::vector<Code>& codes,
                                       Place place) const {
    const std::size_t n = query.size();
    const Array<std::int16_t> query_array(query, place, 1);
    const Array<std::byte> packed(Packed(2 * n), place, 3);
    kernels().pack_query(query_array.data(), n, packed.data());
    return dots<std::int64_t>(codes, place, [&](const auto* const* pointers, auto* out) {
      kernels().query_dot_many(packed.data(), pointers, codes.size(), n, out);
    });
  }
  std::vector<std::int64_t> code_dots(const Code& code, const std::vector<Code>& codes,
                                      Place place) const {
    const Array<std::uint8_t> code_array(code, place, 5);
    return dots<std::int32_t>(codes, place, [&](const auto* const* pointers, auto* out) {
      kernels().code_dot_many(code_array.data(), pointers, codes.size(), code.size(), out);
    });
  }

 private:
  template <class Result, class Kernel>
  static std::vector<std::int64_t> dots(const std::vector<Code>& codes, Place place,
                                        Kernel kernel) {
    std::vector<Array<std::uint8_t>> arrays;
    std::vector<const std::uint8_t*> pointers;
    for (const Code& code : codes) {
      arrays.emplace_back(code, place, 7 + 3 * arrays.size());
      pointers.push_back(arrays.back().data());
    }
    const Array<Result> out(std::vector<Result>(codes.size(), 12345), place, 2);
    kernel(pointers.data(), out.data());
    const std::vector<Result> results = out.values();
    return {results.begin(), results.end()};
  }
};

INSTANTIATE_TEST_SUITE_P(Kernels, CodeTable, testing::ValuesIn(supported_names()),
                         [](const auto& test) { return test.param; });

TEST_P(CodeTable, HadamardIsThePlainOneBitForBit) {
  for (const std::size_t n : powers_of_two()) {
    const Floats x = random_floats(n, 1);
    for (const Place place : all_places) {
      SCOPED_TRACE(n);
      const Array<float> array(x, place, 4);
      kernels().hadamard(array.data(), n);
      expect_same_bits(array.values(), plain_hadamard(x));
    }
  }
}

// The definition; whole numbers leave nothing to round.
TEST_P(CodeTable, HadamardAddsWithTheSignsOfItsMatrix) {
  for (const std::size_t n : powers_of_two()) {
    if (n > 2048) {
      break;
    }
    SCOPED_TRACE(n);
    const auto integers = random_integers<std::int16_t>(n, -100, 100, 2);
    Floats x(integers.begin(), integers.end());
    kernels().hadamard(x.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      int sum = 0;
      for (std::size_t j = 0; j < n; ++j) {
        sum += std::popcount(i & j) % 2 == 0 ? integers[j] : -integers[j];
      }
      ASSERT_EQ(x[i], static_cast<float>(sum)) << "at " << i;
    }
    kernels().hadamard(x.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(x[i], static_cast<float>(n) * integers[i]) << "at " << i;
    }
  }
}

TEST_P(CodeTable, FlipsTheChosenSigns) {
  for (const std::size_t n : code_lengths()) {
    const Floats x = random_floats(n, 3);
    std::mt19937_64 generator(4);
    Signs signs((n + 63) / 64);
    std::generate(signs.begin(), signs.end(), [&] { return generator(); });
    Floats expected = x;
    for (std::size_t i = 0; i < n; ++i) {
      if ((signs[i / 64] >> i % 64 & 1) != 0) {
        expected[i] = -expected[i];
      }
    }
    for (const Place place : all_places) {
      SCOPED_TRACE(n);
      const Array<float> array(x, place, 4);
      const Array<std::uint64_t> sign_array(signs, place, 1);
      kernels().flip_signs(array.data(), n, sign_array.data());
      expect_same_bits(array.values(), expected);
    }
  }
}

TEST_P(CodeTable, FlipsTheSignsOfZerosAndInfinities) {
  Floats x = {0.0F, -0.0F, infinity, -infinity, 0.0F};
  const std::uint64_t signs = 0b01111;
  kernels().flip_signs(x.data(), x.size(), &signs);
  expect_same_bits(x, {-0.0F, 0.0F, -infinity, infinity, 0.0F});
}

TEST_P(CodeTable, LargestMagnitudeIsFoundAnywhere) {
  for (const std::size_t n : code_lengths()) {
    SCOPED_TRACE(n);
    const Floats x = random_floats(n, 7);
    float expected = 0;
    for (const float element : x) {
      expected = std::max(expected, std::abs(element));
    }
    for (const Place place : all_places) {
      const Array<float> array(x, place, 4);
      ASSERT_EQ(bits(kernels().largest_magnitude(array.data(), n)), bits(expected));
    }
    for (std::size_t at = 0; at < std::min<std::size_t>(n, 130); ++at) {
      Floats special = x;
      for (const float value : {1e6F, -1e6F, infinity, -infinity}) {
        special[at] = value;
        ASSERT_EQ(kernels().largest_magnitude(special.data(), n), std::abs(value)) << at;
      }
      special[(at + n / 2) % n] = infinity;
      special[at] = -quiet_nan;
      ASSERT_TRUE(std::isnan(kernels().largest_magnitude(special.data(), n))) << at;
    }
  }
  const Floats tiny = {-smallest_positive<float>};
  EXPECT_EQ(kernels().largest_magnitude(tiny.data(), 1), smallest_positive<float>);
}

TEST_P(CodeTable, QuantizesAsThePlainLoop) {
  const float factor8 = 127.49F / 4096;  // the largest of random_floats
  const float factor16 = 32767.49F / 4096;
  for (const std::size_t n : code_lengths()) {
    const Floats x = random_floats(n, 8);
    for (const Place place : all_places) {
      SCOPED_TRACE(n);
      const Array<float> array(x, place, 4);
      const Array<std::uint8_t> bytes(Code(n), place, 3);
      kernels().quantize8(array.data(), n, factor8, bytes.data());
      EXPECT_EQ(bytes.values(), plain_quantized<std::uint8_t>(x, factor8, 128));
      const Array<std::int16_t> words(Query(n), place, 3);
      kernels().quantize16(array.data(), n, factor16, words.data());
      EXPECT_EQ(words.values(), plain_quantized<std::int16_t>(x, factor16, 0));
    }
  }
}

// All multiples of a half and their neighbours.
TEST_P(CodeTable, QuantizesTiesToEven) {
  Floats ties;
  for (int half = -2 * 32767; half <= 2 * 32767; ++half) {
    const float x = static_cast<float>(half) / 2;
    ties.insert(ties.end(), {std::nextafter(x, -infinity), x, std::nextafter(x, infinity)});
  }
  Query words(ties.size());
  kernels().quantize16(ties.data(), ties.size(), 1.0F, words.data());
  EXPECT_EQ(words, plain_quantized<std::int16_t>(ties, 1.0F, 0));
  ties.erase(
      std::remove_if(ties.begin(), ties.end(), [](float x) { return std::abs(x) >= 127.5F; }),
      ties.end());
  Code bytes(ties.size());
  kernels().quantize8(ties.data(), ties.size(), 1.0F, bytes.data());
  EXPECT_EQ(bytes, plain_quantized<std::uint8_t>(ties, 1.0F, 128));
}

// The product is rounded before it is rounded to an integer: not one operation of two.
TEST_P(CodeTable, QuantizesTheRoundedProduct) {
  const float x = 2.5F + 0x1p-22F;
  const float factor = 1.0F - 0x1p-24F;
  ASSERT_EQ(x * factor, 2.5F);
  ASSERT_GT(static_cast<double>(x) * factor, 2.5);
  const Floats all(130, x);
  Query words(all.size());
  kernels().quantize16(all.data(), all.size(), factor, words.data());
  EXPECT_EQ(words, Query(all.size(), 2));
}

TEST_P(CodeTable, SumsInDoubleAgreeWithThePlainLoop) {
  constexpr double factor = 0.0123456789;
  for (const std::size_t n : code_lengths()) {
    SCOPED_TRACE(n);
    const Floats x = random_elements(n, 9);
    const Code code = random_code(n, 10);
    double dot = 0;
    double magnitudes = 0;
    double residual = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double product = static_cast<double>(x[i]) * integer(code[i]);
      const double difference = x[i] - factor * integer(code[i]);
      dot += product;
      magnitudes += std::abs(product);
      residual += difference * difference;
    }
    const double unit = 2 * static_cast<double>(n + 8) * 0x1p-53;
    for (const Place place : all_places) {
      const Array<float> array(x, place, 4);
      const Array<std::uint8_t> codes(code, place, 3);
      EXPECT_NEAR(kernels().dot(array.data(), codes.data(), n), dot, unit * magnitudes);
      // A difference is off by a rounding of its parts, at most 2.6 in magnitude.
      EXPECT_NEAR(kernels().residual_squared(array.data(), codes.data(), factor, n), residual,
                  unit * (residual + static_cast<double>(n)));
    }
  }
}

// Whole numbers: every pair is taken once, and nothing beyond the end.
TEST_P(CodeTable, SumsInDoubleOfWholeNumbersAreExact) {
  for (const std::size_t n : code_lengths()) {
    SCOPED_TRACE(n);
    const auto integers = random_integers<std::int16_t>(n, -1000, 1000, 11);
    const Floats x(integers.begin(), integers.end());
    const Code code = random_code(n, 12);
    double dot = 0;
    double residual = 0;
    for (std::size_t i = 0; i < n; ++i) {
      dot += static_cast<double>(x[i]) * integer(code[i]);
      residual += std::pow(x[i] - 3.0 * integer(code[i]), 2);
    }
    EXPECT_EQ(kernels().dot(x.data(), code.data(), n), dot);
    EXPECT_EQ(kernels().residual_squared(x.data(), code.data(), 3.0, n), residual);
  }
}

TEST_P(CodeTable, IntegerDotsAreExact) {
  for (const std::size_t n : code_lengths()) {
    const Query query = random_query(n, 13);
    const Code code = random_code(n, 14);
    std::vector<Code> codes;
    std::vector<std::int64_t> query_dots_expected;
    std::vector<std::int64_t> code_dots_expected;
    for (unsigned count = 0; count <= 9; ++count) {
      for (const Place place : all_places) {
        SCOPED_TRACE(testing::Message() << count << " codes of " << n);
        ASSERT_EQ(query_dots(query, codes, place), query_dots_expected);
        ASSERT_EQ(code_dots(code, codes, place), code_dots_expected);
      }
      codes.push_back(random_code(n, 20 + count));
      query_dots_expected.push_back(plain_dot(query, codes.back()));
      code_dots_expected.push_back(plain_dot(code, codes.back()));
    }
  }
}

TEST_P(CodeTable, LargestIntegersDoNotOverflow) {
  const auto check = [this](const Query& query, const Code& code) {
    const std::vector<Code> codes(5, code);
    ASSERT_EQ(query_dots(query, codes, Place::kOff),
              std::vector<std::int64_t>(5, plain_dot(query, code)));
    ASSERT_EQ(code_dots(code, codes, Place::kOff),
              std::vector<std::int64_t>(5, plain_dot(code, code)));
  };
  for (const std::size_t n : {1, 64, 768, 2048, 4096, 8192, 15999, 16000}) {
    for (const std::uint8_t byte : {0, 1, 127, 128, 129, 255}) {
      for (const int element :
           {kLargestCodeQuery, -kLargestCodeQuery, 0x7eff, -0x7f01, 128, -129}) {
        SCOPED_TRACE(testing::Message() << n << " times " << int{byte} << " and " << element);
        Query query(n, static_cast<std::int16_t>(element));
        Code code(n, byte);
        check(query, code);
        for (std::size_t i = 0; i < n; i += 2) {  // the same products, of both signs of factors
          query[i] = static_cast<std::int16_t>(-query[i]);
          code[i] = static_cast<std::uint8_t>(byte == 0 ? 255 : 256 - byte);
        }
        check(query, code);
      }
    }
  }
}

TEST_P(CodeTable, EveryElementOfAQueryIsPacked) {
  constexpr int step = 8000;
  for (int first = -kLargestCodeQuery; first <= kLargestCodeQuery; first += step) {
    Query query;
    for (int element = first; element < first + step && element <= kLargestCodeQuery; ++element) {
      query.push_back(static_cast<std::int16_t>(element));
    }
    const std::vector<Code> codes = {random_code(query.size(), 40)};
    EXPECT_EQ(query_dots(query, codes, Place::kOff).front(), plain_dot(query, codes.front()));
    // One at a time: no other element makes up for a wrong one.
    for (std::size_t i = 0; i < query.size(); i += 37) {
      const std::vector<Code> one = {{255}};
      EXPECT_EQ(query_dots({query[i]}, one, Place::kOff).front(), 127 * query[i]);
    }
  }
}

TEST_P(CodeTable, OutputsBeyondTheCountAreUntouched) {
  const std::size_t n = 100;
  const Query query = random_query(n, 41);
  const Code code = random_code(n, 42);
  Packed packed(2 * n);
  kernels().pack_query(query.data(), n, packed.data());
  const std::vector<const std::uint8_t*> pointers(9, code.data());
  for (std::size_t count = 0; count <= 9; ++count) {
    std::vector<std::int64_t> wide(10, -1234567);
    std::vector<std::int32_t> narrow(10, -1234567);
    kernels().query_dot_many(packed.data(), pointers.data(), count, n, wide.data());
    kernels().code_dot_many(code.data(), pointers.data(), count, n, narrow.data());
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_EQ(wide[i], i < count ? plain_dot(query, code) : -1234567);
      EXPECT_EQ(narrow[i], i < count ? plain_dot(code, code) : -1234567);
    }
  }
}

}  // namespace
}  // namespace vec
