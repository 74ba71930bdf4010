// libFuzzer target for the text format: the parser against a slow, obvious one, elements as well as
// errors and their places, and printing against that parser. Built by cmake/Fuzz.cmake;
// scripts/check runs it for a bounded number of inputs.
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "vector/limits.hpp"
#include "vector/text.hpp"

namespace {

[[noreturn]] void fail(const char* what, const std::string& text) {
  std::fprintf(stderr, "%s: \"%s\"\n", what, text.c_str());
  std::abort();
}

const char* skip_space(const char* p) {
  return p + std::strspn(p, " \t\n\v\f\r");
}

bool same_bits(const std::vector<float>& a, const float* b) {
  return a.empty() || std::memcmp(a.data(), b, a.size() * sizeof(float)) == 0;
}

// The grammar in vector/text.hpp, one strtof an element.
vec::TextResult parse_slowly(const std::string& text, float too_large,
                             std::vector<float>& elements) {
  using vec::TextError;
  const char* p = skip_space(text.c_str());
  const auto stop = [&](TextError error, std::size_t length = 0) {
    return vec::TextResult{error, static_cast<int>(elements.size()),
                           static_cast<std::size_t>(p - text.c_str()), length};
  };
  if (*p != '[') return stop(TextError::missing_bracket);
  p = skip_space(p + 1);
  if (*p == ']') return stop(TextError::no_dimensions);
  for (;;) {
    if (elements.size() == vec::kMaxDimensions) return stop(TextError::too_many_dimensions);
    p = skip_space(p);
    char* end;
    errno = 0;
    const float value = std::strtof(p, &end);
    const auto length = static_cast<std::size_t>(end - p);
    if (length == 0) return stop(TextError::syntax);
    if (std::isnan(value)) return stop(TextError::not_a_number, length);
    if (std::isinf(value) && errno == 0) return stop(TextError::infinite, length);
    if (std::fabs(value) >= too_large) return stop(TextError::out_of_range, length);
    elements.push_back(value);
    p = skip_space(end);
    if (*p == ']') break;
    if (*p != ',') return stop(TextError::syntax);
    ++p;
  }
  p = skip_space(p + 1);
  return stop(*p == '\0' ? TextError::none : TextError::trailing_junk);
}

void compare_parsers(const std::string& text, float too_large, std::vector<float>& elements) {
  static std::vector<float> buffer(vec::kMaxDimensions);
  const vec::TextResult result = vec::parse_vector_text(text.c_str(), too_large, buffer.data());
  elements.clear();
  const vec::TextResult expected = parse_slowly(text, too_large, elements);
  if (result.error != expected.error) fail("another error", text);
  if (result.offset != expected.offset || result.length != expected.length) {
    fail("error at another place", text);
  }
  if (result.count != expected.count || !same_bits(elements, buffer.data())) {
    fail("wrong elements", text);
  }
}

// Any number of digits that reads back as the same float will do here.
int print_number(float value, char* out) {
  char text[64];
  int length = std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
  std::memcpy(out, text, static_cast<std::size_t>(length));
  return length;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A C string: what follows a NUL does not exist.
  std::string text(reinterpret_cast<const char*>(data), size);
  text = text.c_str();

  std::vector<float> elements;
  compare_parsers(text, 65520, elements);  // as for halfvec
  compare_parsers(text, HUGE_VALF, elements);

  // Elements before an error will do for printing.
  const std::size_t count = elements.size();
  std::string printed(vec::max_vector_text(count), '\0');
  printed.resize(vec::print_vector_text(elements.data(), count,
                                        vec::shortest_decimals_named("baseline"), print_number,
                                        printed.data()));
  std::vector<float> again;
  const vec::TextResult reread = parse_slowly(printed, HUGE_VALF, again);
  if (count > 0 && reread.error != vec::TextError::none) fail("prints what is no vector", text);
  if (again.size() != count || !same_bits(again, elements.data())) {
    fail("does not read back", text);
  }
  return 0;
}
