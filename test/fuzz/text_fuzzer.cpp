// libFuzzer target for the text format: the parser against a slow, obvious one, and printing
// against parsing. Built by cmake/Fuzz.cmake; scripts/check runs it for a bounded number of inputs.
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

// The grammar in vector/text.hpp, one strtof an element. False on any error.
bool parse_slowly(const std::string& text, std::vector<float>& elements) {
  const char* p = skip_space(text.c_str());
  if (*p++ != '[') return false;
  for (;;) {
    p = skip_space(p);
    char* end;
    float value = std::strtof(p, &end);
    if (end == p || !std::isfinite(value)) return false;
    elements.push_back(value);
    p = skip_space(end);
    if (*p == ']') break;
    if (*p++ != ',') return false;
  }
  return *skip_space(p + 1) == '\0' && elements.size() <= vec::kMaxDimensions;
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

  static std::vector<float> elements(vec::kMaxDimensions);
  const vec::TextResult result = vec::parse_vector_text(text.c_str(), elements.data());
  if (result.offset > text.size() || result.length > text.size() - result.offset) {
    fail("error outside of the text", text);
  }
  if (result.count < 0 || result.count > vec::kMaxDimensions) fail("impossible count", text);

  std::vector<float> expected;
  const bool is_vector = parse_slowly(text, expected);
  if (is_vector != (result.error == vec::TextError::none)) fail("taken for what it is not", text);
  if (!is_vector) return 0;
  const auto count = static_cast<std::size_t>(result.count);
  if (count != expected.size() ||
      std::memcmp(elements.data(), expected.data(), count * sizeof(float)) != 0) {
    fail("wrong elements", text);
  }

  std::string printed(vec::max_vector_text(count), '\0');
  printed.resize(vec::print_vector_text(elements.data(), count,
                                        vec::shortest_decimals_named("baseline"), print_number,
                                        printed.data()));
  std::vector<float> again(vec::kMaxDimensions);
  const vec::TextResult reread = vec::parse_vector_text(printed.c_str(), again.data());
  if (reread.error != vec::TextError::none || reread.count != result.count ||
      std::memcmp(again.data(), elements.data(), count * sizeof(float)) != 0) {
    fail("does not read back", text);
  }
  return 0;
}
