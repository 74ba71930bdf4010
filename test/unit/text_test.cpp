// The text format: every number as strtof reads it, every error with its place.
#include "vector/text.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernel_fixture.hpp"
#include "vector/decimals.hpp"
#include "vector/limits.hpp"

namespace vec {
namespace {

struct Parsed {
  TextResult result;
  std::vector<float> elements;
};

Parsed parse(const std::string& text, float too_large = infinity) {
  static float buffer[kMaxDimensions];
  const TextResult result = parse_vector_text(text.c_str(), too_large, buffer);
  return {result, {buffer, buffer + result.count}};
}

std::string repeated(const std::string& element, int count) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + element;
  return text + "]";
}

// `number` must be read as strtof reads it, to the bit, alone and between other elements.
void expect_like_strtof(const std::string& number) {
  const float expected = std::strtof(number.c_str(), nullptr);
  const Parsed parsed = parse("[1," + number + ",2]");
  if (std::isinf(expected)) {
    EXPECT_EQ(parsed.result.error, TextError::out_of_range) << number;
    EXPECT_EQ(parsed.result.offset, 3U) << number;
    EXPECT_EQ(parsed.result.length, number.size()) << number;
    return;
  }
  ASSERT_EQ(parsed.result.error, TextError::none) << number;
  ASSERT_EQ(parsed.elements.size(), 3U) << number;
  EXPECT_EQ(bits(parsed.elements[1]), bits(expected)) << number;
  EXPECT_EQ(parsed.elements[2], 2.0F) << number;

  // Far from both ends of the text, where usual numbers take another way.
  const std::string around = "-0.123456789,0.5,12,-0.0000123456789";
  const Parsed inside = parse("[" + around + "," + number + "," + around + "]");
  ASSERT_EQ(inside.result.error, TextError::none) << number;
  ASSERT_EQ(inside.elements.size(), 9U) << number;
  EXPECT_EQ(bits(inside.elements[4]), bits(expected)) << number;
  EXPECT_EQ(inside.elements[5], -0.123456789F) << number;
}

TEST(ParseText, ReadsElementsInOrder) {
  const Parsed parsed = parse("[1,-2,3.5]");
  EXPECT_EQ(parsed.result.error, TextError::none);
  EXPECT_EQ(parsed.result.offset, 10U);
  EXPECT_EQ(parsed.elements, (std::vector<float>{1.0F, -2.0F, 3.5F}));
}

TEST(ParseText, SkipsSpaceBetweenAllTokens) {
  const std::string space = " \t\n\r\v\f";
  const Parsed parsed =
      parse(space + "[" + space + "1" + space + "," + space + "2" + space + "]" + space);
  EXPECT_EQ(parsed.result.error, TextError::none);
  EXPECT_EQ(parsed.elements, (std::vector<float>{1.0F, 2.0F}));
}

TEST(ParseText, KnowsNoOtherSpace) {
  for (const char* other : {"\xa0", "\xc2\xa0", "\x1f", "\b", "\xe3\x80\x80"}) {
    EXPECT_EQ(parse(std::string("[1,") + other + "2]").result.error, TextError::syntax);
    EXPECT_EQ(parse(std::string("[1") + other + ",2]").result.error, TextError::syntax);
    EXPECT_EQ(parse(std::string(other) + "[1]").result.error, TextError::missing_bracket);
    EXPECT_EQ(parse(std::string("[1]") + other).result.error, TextError::trailing_junk);
  }
}

TEST(ParseText, ReadsNumbersAsStrtofDoes) {
  for (const char* number :
       {"0", "-0", "+0", "0.0", "-0.000", "0e5", "-0e-99999999999999999999", "1", "+1", "-1", ".5",
        "5.", "-.5", "+5.", "1e3", "1E3", "1e+3", "1e-3", "1.5e0003", "007", "0x10", "0X1.8p1",
        "-0x.8", "0x1p-149", "0x1.fffffep127",
        // Too small: zero with its sign, and the subnormals before it.
        "1e-46", "-1e-46", "1e-45", "7e-46", "7.1e-46", "1e-99999", "-1e-99999", "1.17549435e-38",
        "1.1754943e-38", "1.17549421e-38", "1.17549428e-38", "1e-40",
        // The largest float, and the point from which strtof overflows.
        "3.4028234e38", "3.4028235e38", "3.40282356e38", "3.4028235677973366e38",
        "340282346638528859811704183484516925440", "340282356779733661637539395458142568447",
        "340282356779733661637539395458142568448", "3.41e38", "-3.41e38", "4e38", "1e39", "1e400",
        "1e99999999999999999999",
        // Halfway between two floats (to even), and as close to it as a double or more digits get.
        "16777217", "16777219", "16777217.0000000000000001", "16777216.9999999999999999",
        "16777217.000000001", "16777216.999999999", "1.000000059604644775390625",
        "1.00000005960464477539062500000000000000001",
        "1.00000005960464477539062499999999999999999", "1.000000178813934326171875",
        "0.500000029802322387695312500000000001", "33554434.0", "33554435",
        // Double rounding through double would go wrong here.
        "1.00000017881393432617187499",
        "1.00000017881393421514957253748434595763683319091796875001",
        "1.00000017881393443719417746251565404236316680908203125",
        // More digits than a 64-bit integer holds, leading and trailing zeros.
        "18446744073709551615", "18446744073709551616", "99999999999999999999",
        "12345678901234567890123456789", "0.12345678901234567890123456789",
        "0.000000000000000000000000000000000000001234567890123456789",
        "1000000000000000000000000000000", "00000000000000000000000000000000000000000000000001.5",
        "0.1000000000000000055511151231257827",
        "3.14159265358979323846264338327950288419716939937510",
        // The edges of the exact powers of ten.
        "1e22", "1e23", "1e-22", "1e-23", "9999999999999999999e19", "5000000000000000000e20",
        "9999999999999999999e-41"}) {
    expect_like_strtof(number);
  }
}

// Decimals of many shapes; those near a halfway point are the ones that a wrong shortcut gets
// wrong.
TEST(ParseText, ReadsRandomDecimalsAsStrtofDoes) {
  std::mt19937_64 random(20240607);
  std::uniform_int_distribution<std::uint32_t> any_bits;
  char text[128];
  for (int i = 0; i < 200000; ++i) {
    const float value = std::bit_cast<float>(any_bits(random));
    if (!std::isfinite(value)) continue;
    const float next = std::nextafter(value, value < 0 ? -INFINITY : INFINITY);
    const double halfway = (static_cast<double>(value) + static_cast<double>(next)) / 2;
    const double near = std::isfinite(halfway) ? halfway : static_cast<double>(value);
    const int digits = static_cast<int>(any_bits(random) % 30);
    std::snprintf(text, sizeof text, "%.*e", digits, static_cast<double>(value));
    expect_like_strtof(text);
    std::snprintf(text, sizeof text, "%.*e", digits, near);
    expect_like_strtof(text);
    std::snprintf(text, sizeof text, "%.17e", std::nextafter(near, 0.0));
    expect_like_strtof(text);
    // The usual range of embeddings, in positional notation.
    const double small = std::ldexp(static_cast<double>(any_bits(random)), -32) * 2 - 1;
    std::snprintf(text, sizeof text, "%.*f", digits, small);
    expect_like_strtof(text);
    std::snprintf(text, sizeof text, "%.*f", 20 + digits, small);
    expect_like_strtof(text);
    if (HasFailure()) break;
  }
}

TEST(ParseText, ReadsRandomMantissaAndExponentAsStrtofDoes) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 300000; ++i) {
    const std::uint64_t mantissa = random() >> (random() % 64);
    const int exponent = static_cast<int>(random() % 65) - 40;
    expect_like_strtof(std::to_string(mantissa) + "e" + std::to_string(exponent));
    if (HasFailure()) break;
  }
}

struct ErrorCase {
  const char* text;
  TextError error;
  int count;
  std::size_t offset;
  std::size_t length;
};

TEST(ParseText, ReportsErrorsWithTheirPlace) {
  for (const ErrorCase& expected : {
           ErrorCase{"", TextError::missing_bracket, 0, 0, 0},
           {"  ", TextError::missing_bracket, 0, 2, 0},
           {"1,2", TextError::missing_bracket, 0, 0, 0},
           {" {1}", TextError::missing_bracket, 0, 1, 0},
           {"[]", TextError::no_dimensions, 0, 1, 0},
           {"[ \n]", TextError::no_dimensions, 0, 3, 0},
           {"[]x", TextError::no_dimensions, 0, 1, 0},
           {"[", TextError::syntax, 0, 1, 0},
           {"[ ", TextError::syntax, 0, 2, 0},
           {"[,]", TextError::syntax, 0, 1, 0},
           {"[1", TextError::syntax, 1, 2, 0},
           {"[1,", TextError::syntax, 1, 3, 0},
           {"[1,]", TextError::syntax, 1, 3, 0},
           {"[1,,2]", TextError::syntax, 1, 3, 0},
           {"[1, ,2]", TextError::syntax, 1, 4, 0},
           {"[1 2]", TextError::syntax, 1, 3, 0},
           {"[1;2]", TextError::syntax, 1, 2, 0},
           {"[hello]", TextError::syntax, 0, 1, 0},
           {"[1a]", TextError::syntax, 1, 2, 0},
           {"[1e]", TextError::syntax, 1, 2, 0},
           {"[1e+]", TextError::syntax, 1, 2, 0},
           {"[0x]", TextError::syntax, 1, 2, 0},
           {"[1.2.3]", TextError::syntax, 1, 4, 0},
           {"[--1]", TextError::syntax, 0, 1, 0},
           {"[+-1]", TextError::syntax, 0, 1, 0},
           {"[.]", TextError::syntax, 0, 1, 0},
           {"[-]", TextError::syntax, 0, 1, 0},
           {"[e5]", TextError::syntax, 0, 1, 0},
           {"[[1]]", TextError::syntax, 0, 1, 0},
           {"[1,2]3", TextError::trailing_junk, 2, 5, 0},
           {"[1] ]", TextError::trailing_junk, 1, 4, 0},
           {"[1][2]", TextError::trailing_junk, 1, 3, 0},
           {"[1,4e38,2]", TextError::out_of_range, 1, 3, 4},
           {"[ -4e38 ]", TextError::out_of_range, 0, 2, 5},
           {"[1e400", TextError::out_of_range, 0, 1, 5},
           {"[0x1p128]", TextError::out_of_range, 0, 1, 7},
           {"[1,NaN]", TextError::not_a_number, 1, 3, 3},
           {"[-nan]", TextError::not_a_number, 0, 1, 4},
           {"[nan(12)]", TextError::not_a_number, 0, 1, 7},
           {"[1,2,Infinity]", TextError::infinite, 2, 5, 8},
           {"[-inf]", TextError::infinite, 0, 1, 4},
           // The first error counts.
           {"[nan,x]", TextError::not_a_number, 0, 1, 3},
           {"[4e38]x", TextError::out_of_range, 0, 1, 4},
       }) {
    const TextResult result = parse(expected.text).result;
    EXPECT_EQ(result.error, expected.error) << expected.text;
    EXPECT_EQ(result.count, expected.count) << expected.text;
    EXPECT_EQ(result.offset, expected.offset) << expected.text;
    EXPECT_EQ(result.length, expected.length) << expected.text;

    // The same far from both ends of a text, where usual numbers take another way.
    if (expected.error == TextError::missing_bracket || expected.count + expected.length == 0 ||
        expected.offset == std::strlen(expected.text)) {
      continue;
    }
    const std::string before = "-0.12345678,0.5,12,-0.00012345678,";
    std::string text = expected.text;
    text.insert(text.find('[') + 1, before);
    const TextResult inside = parse(text + ",0.12345678,0.12345678,0.12345678,0.12345678]").result;
    EXPECT_EQ(inside.error, expected.error) << text;
    EXPECT_EQ(inside.count, expected.count + 4) << text;
    EXPECT_EQ(inside.offset, expected.offset + before.size()) << text;
    EXPECT_EQ(inside.length, expected.length) << text;
  }
}

// As halfvec asks for it. Long enough for all ways in which numbers are read.
TEST(ParseText, RefusesNumbersTooLargeForTheType) {
  const std::string before = repeated("0.125", 20);
  for (const char* number : {"65520", "-65520", "65520.0", "65519.9999", "6.552e4", "1e5", "1e38",
                             "4e38", "-1e400", "0xfff0"}) {
    for (const std::string& after : {std::string("]"), before.substr(0, 50) + "]"}) {
      const std::string text = before.substr(0, before.size() - 1) + "," + number +
                               (after == "]" ? after : "," + after.substr(1));
      const TextResult result = parse(text, 65520).result;
      EXPECT_EQ(result.error, TextError::out_of_range) << text;
      EXPECT_EQ(result.count, 20) << text;
      EXPECT_EQ(result.offset, before.size()) << text;
      EXPECT_EQ(result.length, std::strlen(number)) << text;
    }
  }
  EXPECT_EQ(parse("[65519.99,-65519.99]", 65520).result.error, TextError::none);
  EXPECT_EQ(parse("[1,inf]", 65520).result.error, TextError::infinite);
  EXPECT_EQ(parse("[1,nan]", 65520).result.error, TextError::not_a_number);
  EXPECT_EQ(parse("[1,65520,x]", 65520).result.error, TextError::out_of_range);
  EXPECT_EQ(parse("[1,x,65520]", 65520).result.error, TextError::syntax);
}

TEST(ParseText, TakesAsManyElementsAsTheLimit) {
  const Parsed parsed = parse(repeated("2", kMaxDimensions));
  EXPECT_EQ(parsed.result.error, TextError::none);
  EXPECT_EQ(parsed.elements, std::vector<float>(kMaxDimensions, 2.0F));
}

TEST(ParseText, RefusesOneElementMoreWhateverItIs) {
  const std::string full = repeated("2", kMaxDimensions);
  for (const char* last : {"2", "x", "nan", ""}) {
    std::string text = full;
    text.back() = ',';
    const TextResult result = parse(text + last + "]").result;
    EXPECT_EQ(result.error, TextError::too_many_dimensions);
    EXPECT_EQ(result.count, kMaxDimensions);
    EXPECT_EQ(result.offset, text.size());
  }
  // A comma that is missing is noticed first.
  EXPECT_EQ(parse(full.substr(0, full.size() - 1)).result.error, TextError::syntax);
}

TEST(ParseText, LeavesElementsAfterTheLastAlone) {
  std::vector<float> buffer(kMaxDimensions, -99.0F);
  parse_vector_text("[1,2]", infinity, buffer.data());
  EXPECT_EQ(buffer[1], 2.0F);
  EXPECT_EQ(buffer[2], -99.0F);
}

// The shim gives PostgreSQL's own printer; to_chars is as short.
int print_shortest(float value, char* out) {
  return static_cast<int>(std::to_chars(out, out + kMaxNumberText, value).ptr - out);
}

std::string print(const std::vector<float>& elements, const char* kernels = "baseline") {
  // Nothing beyond the room that was asked for may be written.
  std::vector<char> room(max_vector_text(elements.size()), '#');
  Guarded<char> text(room, Guarded<char>::Edge::kEnd);
  const std::size_t length =
      print_vector_text(elements.data(), elements.size(), shortest_decimals_named(kernels),
                        print_shortest, text.data());
  EXPECT_EQ(text.data()[length], '\0');
  return {text.data(), length};
}

TEST(PrintText, PutsCommasBetweenElements) {
  EXPECT_EQ(print({1.0F}), "[1]");
  EXPECT_EQ(print({1.0F, -2.5F, 0.0F}), "[1,-2.5,0]");
}

TEST(PrintText, FitsIntoTheRoomItAsksFor) {
  for (const float longest : {-1.23456789e-38F, -123456.79F, -12345.679F, -0.00012345679F}) {
    for (const std::size_t count : {1, 64, 1000}) {
      const std::vector<float> elements(count, longest);
      EXPECT_LT(print(elements).size(), max_vector_text(count));
    }
  }
}

// The shortest decimal, found by trying: the nearest of 1, 2, ... digits that lies between the
// halfway points to the neighbours (which doubles hold exactly), in positional notation.
std::string shortest_by_trial(float value) {
  const double exact = value;
  const double low = (exact + static_cast<double>(std::nextafter(value, -INFINITY))) / 2;
  const double high = (exact + static_cast<double>(std::nextafter(value, INFINITY))) / 2;
  char text[64];
  for (int digits = 1;; ++digits) {
    std::snprintf(text, sizeof text, "%.*e", digits - 1, exact);
    const double read = std::strtod(text, nullptr);
    if (low < read && read < high) break;
  }
  const int exponent = std::atoi(std::strchr(text, 'e') + 1);
  const auto digits = static_cast<int>(std::strchr(text, 'e') - text) - (text[0] == '-' ? 1 : 0);
  const int places = std::max(0, (digits > 1 ? digits - 2 : 0) - exponent);
  std::snprintf(text, sizeof text, "%.*f", places, std::strtod(text, nullptr));
  return text;
}

// Floats that PostgreSQL prints without an exponent, with what has made other printers go wrong.
std::vector<float> positional_numbers() {
  std::vector<float> numbers = {1e-4F, std::nextafter(1e6F, 0.0F)};
  const auto add_with_neighbours = [&](float value) {
    for (const float number :
         {std::nextafter(value, 0.0F), value, std::nextafter(value, INFINITY)}) {
      if (has_shortest_decimal(number)) numbers.push_back(number);
    }
  };
  for (int exponent = -14; exponent < 20; ++exponent)
    add_with_neighbours(std::ldexp(1.0F, exponent));
  // Short decimals, integers, and points halfway between decimals.
  for (float power = 1.0F; power < 1e9F; power *= 10.0F) {
    for (int i = 1; i < 1000; ++i) add_with_neighbours(static_cast<float>(i) / power);
  }
  for (int i = 1; i < 1000000; i += 37) numbers.push_back(static_cast<float>(i));
  for (int i = 1; i < 1024; ++i) numbers.push_back(1.0F + std::ldexp(static_cast<float>(i), -10));
  std::mt19937 random(11);
  std::uniform_int_distribution<std::uint32_t> any(bits(1e-4F), bits(1e6F) - 1);
  for (int i = 0; i < 100000; ++i) numbers.push_back(std::bit_cast<float>(any(random)));
  for (std::size_t i = 0; i < numbers.size(); i += 3) numbers[i] = -numbers[i];
  return numbers;
}

TEST(PrintText, PrintsShortestDecimals) {
  const std::vector<float> numbers = positional_numbers();
  std::string expected = "[";
  for (const float number : numbers) expected += shortest_by_trial(number) + ",";
  expected.back() = ']';
  const std::string printed = print(numbers);
  const auto differ =
      std::mismatch(printed.begin(), printed.end(), expected.begin(), expected.end());
  EXPECT_TRUE(printed == expected)
      << std::string(differ.first, printed.end()).substr(0, 20) << " instead of "
      << std::string(differ.second, expected.end()).substr(0, 20);
}

TEST(PrintText, LeavesOtherNumbersToTheCaller) {
  for (const float number :
       {0.0F, -0.0F, std::nextafter(1e-4F, 0.0F), 1e6F, 1e-5F, 1e7F, 3e38F, 1e-45F, -1e-30F}) {
    char text[kMaxNumberText];
    const std::string expected(text, static_cast<std::size_t>(print_shortest(number, text)));
    EXPECT_EQ(print({number}), "[" + expected + "]");
    EXPECT_EQ(print({1.5F, number, -2.5F}), "[1.5," + expected + ",-2.5]");
  }
}

TEST(PrintText, PrintsTheSameWithAllKernels) {
  std::vector<float> numbers = positional_numbers();
  numbers.push_back(0.0F);
  numbers.push_back(1e-30F);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937(5));
  const std::string expected = print(numbers);
  for (const std::string& kernels : supported_names()) {
    EXPECT_TRUE(print(numbers, kernels.c_str()) == expected) << kernels;
    // Blocks that are not full, and none at all.
    for (std::size_t count = 0; count < 200; ++count) {
      const std::vector<float> some(numbers.begin(), numbers.begin() + static_cast<int>(count));
      EXPECT_EQ(print(some, kernels.c_str()), print(some)) << kernels;
    }
  }
  EXPECT_EQ(shortest_decimals_named("no such kernels"), nullptr);
}

TEST(PrintText, ReadsBackTheSameBits) {
  std::mt19937 random(3);
  std::vector<float> elements;
  while (elements.size() < static_cast<std::size_t>(kMaxDimensions)) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value)) elements.push_back(value);
  }
  elements[0] = -0.0F;
  elements[1] = std::numeric_limits<float>::denorm_min();
  elements[2] = std::numeric_limits<float>::max();
  const Parsed parsed = parse(print(elements));
  ASSERT_EQ(parsed.result.error, TextError::none);
  ASSERT_EQ(parsed.elements.size(), elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    EXPECT_EQ(bits(parsed.elements[i]), bits(elements[i])) << elements[i];
  }
}

}  // namespace
}  // namespace vec
