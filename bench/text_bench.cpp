// The text format, on 64 vectors of 768 elements; the figure is the time for one number.
//
//   print/<table>/<data>     print_vector_text with the kernels of an instruction set
//   print/to_chars/<data>    std::to_chars for each number
//   parse/<data>             parse_vector_text
//   parse/from_chars/<data>  std::from_chars for each number
//   parse/strtof/<data>      strtof for each number
//
// Data: "unit", normally distributed and scaled to length 1, up to 9 digits; "short", hundredths
// such as -0.25; "integer", 0 to 255.
//
// PostgreSQL's own printer, also Ryu, is not at hand here; it is somewhat faster than to_chars.
#include <benchmark/benchmark.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "vector/decimals.hpp"
#include "vector/distance.hpp"
#include "vector/limits.hpp"
#include "vector/text.hpp"

namespace vec {
namespace {

constexpr std::size_t kDimensions = 768;
constexpr std::size_t kVectors = 64;

using Vectors = std::vector<std::vector<float>>;

Vectors unit_vectors() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  Vectors result(kVectors, std::vector<float>(kDimensions));
  for (auto& vector : result) {
    double norm_squared = 0;
    for (float& x : vector) {
      x = normal(random);
      norm_squared += static_cast<double>(x) * static_cast<double>(x);
    }
    for (float& x : vector) x /= static_cast<float>(std::sqrt(norm_squared));
  }
  return result;
}

Vectors fractions(int from, int to, float denominator) {
  std::mt19937 random(2);
  std::uniform_int_distribution<int> any(from, to);
  Vectors result(kVectors, std::vector<float>(kDimensions));
  for (auto& vector : result) {
    for (float& x : vector) x = static_cast<float>(any(random)) / denominator;
  }
  return result;
}

int print_number(float value, char* out) {
  return static_cast<int>(std::to_chars(out, out + kMaxNumberText, value).ptr - out);
}

// Calls step(i) for one vector after the other and reports the time of an element.
template <class Step>
void measure(benchmark::State& state, Step step) {
  std::size_t i = 0;
  for (auto _ : state) {
    step(i);
    i = (i + 1) % kVectors;
  }
  state.counters["per_number"] = benchmark::Counter(
      static_cast<double>(kDimensions),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void register_print(const std::string& name, const Vectors& vectors, ShortestDecimals decimals) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    std::vector<char> text(max_vector_text(kDimensions));
    measure(state, [&](std::size_t i) {
      benchmark::DoNotOptimize(
          print_vector_text(vectors[i].data(), kDimensions, decimals, print_number, text.data()));
    });
  });
}

void register_print_to_chars(const std::string& name, const Vectors& vectors) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    std::vector<char> text(max_vector_text(kDimensions));
    measure(state, [&](std::size_t i) {
      char* p = text.data();
      for (const float x : vectors[i]) {
        *p++ = ',';
        p += print_number(x, p);
      }
      benchmark::DoNotOptimize(p);
    });
  });
}

std::vector<std::string> texts_of(const Vectors& vectors) {
  std::vector<std::string> result;
  for (const auto& vector : vectors) {
    std::string text(max_vector_text(kDimensions), '\0');
    text.resize(print_vector_text(vector.data(), kDimensions, shortest_decimals_named("baseline"),
                                  print_number, text.data()));
    result.push_back(text);
  }
  return result;
}

template <class Parse>
void register_parse(const std::string& name, const Vectors& vectors, Parse parse) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    const std::vector<std::string> texts = texts_of(vectors);
    std::vector<float> elements(kMaxDimensions);
    measure(state, [&](std::size_t i) {
      parse(texts[i], elements.data());
      benchmark::DoNotOptimize(elements.data());
      benchmark::ClobberMemory();
    });
  });
}

void parse_by_from_chars(const std::string& text, float* out) {
  const char* p = text.data();
  const char* end = p + text.size();
  while (*p != ']') p = std::from_chars(p + 1, end, *out++).ptr;
}

void parse_by_strtof(const std::string& text, float* out) {
  const char* p = text.c_str();
  while (*p != ']') {
    char* end = nullptr;
    *out++ = std::strtof(p + 1, &end);
    p = end;
  }
}

const bool registered = [] {
  const struct {
    const char* name;
    Vectors vectors;
  } data[] = {{"unit", unit_vectors()},
              {"short", fractions(-99, 99, 100)},
              {"integer", fractions(0, 255, 1)}};
  for (const auto& [name, vectors] : data) {
    for (const DistanceKernels* kernels : supported_kernels()) {
      register_print(std::string("print/") + kernels->name + "/" + name, vectors,
                     shortest_decimals_named(kernels->name));
    }
    register_print_to_chars(std::string("print/to_chars/") + name, vectors);
    register_parse(std::string("parse/") + name, vectors, [](const std::string& text, float* out) {
      benchmark::DoNotOptimize(parse_vector_text(text.c_str(), HUGE_VALF, out));
    });
    register_parse(std::string("parse/from_chars/") + name, vectors, parse_by_from_chars);
    register_parse(std::string("parse/strtof/") + name, vectors, parse_by_strtof);
  }
  return true;
}();

}  // namespace
}  // namespace vec
