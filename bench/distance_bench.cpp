// Distance kernels, for every instruction set of this machine.
//
//   one/<table>/<element>/<kernel>/<n>      one pair of n elements, float or half, in L1, on cache
//                                           line boundaries
//   one_off/<table>/<element>/<kernel>/<n>  the same 8 bytes further: wide loads straddle two cache
//                                           lines
//   plain_loop/<kernel>/<n>                 the obvious scalar loop over floats, compiled like the
//                                           extension
//   many_l1/<table>/<element>/<kernel>/<n>  *_many over 8 vectors, in L1 (1536 floats: just about)
//   convert/<table>/to_<element>/<n>        an array, in L1
//   stream/<table>/<element>/<kernel>/<n>   *_many over a working set larger than the caches
//   codes_l1/<table>/<kernel>/<n>           the kernels of codes of 8 bits, in L1; the dots are of
//   8
//                                           codes
//   codes_stream/<table>/<kernel>/<n>       the dots over a working set larger than the caches
//   stream/read/<n>                         a plain read of the same memory, to compare the streams
//                                           with
//
// Bytes per second count what the kernel reads, but for the query of *_many: it stays in L1.
// Streams use VECTOR_BENCH_MB megabytes (default 1024); set it well above the size of the
// last-level cache.
#include <benchmark/benchmark.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "vector/distance.hpp"

namespace vec {
namespace {

template <class Element>
using ManyKernel = typename ElementKernels<Element>::Many;

constexpr std::size_t dimensions[] = {3, 100, 128, 384, 768, 1536};
constexpr std::size_t vectors_per_call = 8;

template <class Element>
std::vector<Element> random_elements(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<Element> result(n);
  for (Element& element : result) {
    const float value = uniform(generator);
    if constexpr (std::is_same_v<Element, float>) {
      element = value;
    } else {
      element = to_half(value);
    }
  }
  return result;
}

// n random elements, `offset` bytes behind a cache line boundary.
template <class Element>
class Placed {
 public:
  Placed(std::size_t n, std::size_t offset, unsigned seed) : memory_(n * sizeof(Element) + 128) {
    void* place = memory_.data();
    std::size_t space = memory_.size();
    std::align(64, n * sizeof(Element) + 64, place, space);
    data_ = reinterpret_cast<Element*>(static_cast<unsigned char*>(place) + offset);
    const std::vector<Element> values = random_elements<Element>(n, seed);
    std::memcpy(data_, values.data(), n * sizeof(Element));
  }
  const Element* data() const { return data_; }
  Element* data() { return data_; }

 private:
  std::vector<unsigned char> memory_;
  Element* data_;
};

// Written once and shared: its pages must be there, and different, or the stream would read one
// cached page of zeros. Not random numbers, which would take longer than the benchmark; read as
// floats or as halves, all are finite and below 1.
const std::vector<std::uint32_t>& working_set() {
  static const std::vector<std::uint32_t> words = [] {
    const char* megabytes = std::getenv("VECTOR_BENCH_MB");
    const std::size_t size = megabytes != nullptr ? std::strtoull(megabytes, nullptr, 10) : 1024;
    std::vector<std::uint32_t> result((size << 20U) / sizeof(std::uint32_t));
    std::uint32_t state = 1;
    for (std::uint32_t& word : result) {
      state = state * 1664525U + 1013904223U;
      word = 0x38003800U | (state >> 4U & 0x03ff03ffU);
    }
    return result;
  }();
  return words;
}

void set_bytes(benchmark::State& state, std::size_t bytes_per_iteration) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes_per_iteration));
}

float plain_l2_squared(const float* a, const float* b, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return sum;
}

float plain_inner_product(const float* a, const float* b, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

struct Shape {
  std::size_t n;
  std::size_t arrays = 2;  // how many of them the kernel reads
  std::size_t offset = 0;  // in bytes, from a cache line boundary
};

// For any callable (a, b, n).
template <class Element, class Kernel>
void run_one(benchmark::State& state, Kernel kernel, Shape shape) {
  const Placed<Element> a(shape.n, shape.offset, 1);
  const Placed<Element> b(shape.n, shape.offset, 2);
  const Element* p = a.data();
  const Element* q = b.data();
  for (auto _ : state) {
    benchmark::DoNotOptimize(p);
    benchmark::DoNotOptimize(q);
    auto result = kernel(p, q, shape.n);
    benchmark::DoNotOptimize(result);
  }
  set_bytes(state, shape.arrays * shape.n * sizeof(Element));
}

template <class Element>
void run_many_l1(benchmark::State& state, ManyKernel<Element> kernel, std::size_t n) {
  const Placed<Element> query(n, 0, 1);
  const Placed<Element> elements(n * vectors_per_call, 0, 2);
  const Element* vectors[vectors_per_call];
  for (std::size_t i = 0; i < vectors_per_call; ++i) {
    vectors[i] = elements.data() + i * n;
  }
  float out[vectors_per_call];
  for (auto _ : state) {
    kernel(query.data(), vectors, vectors_per_call, n, out);
    benchmark::DoNotOptimize(out);
    benchmark::ClobberMemory();
  }
  set_bytes(state, vectors_per_call * n * sizeof(Element));
}

template <class From, class To>
void run_convert(benchmark::State& state, void (*kernel)(const From*, std::size_t, To*),
                 std::size_t n) {
  const Placed<From> from(n, 0, 1);
  Placed<To> to(n, 0, 2);
  for (auto _ : state) {
    kernel(from.data(), n, to.data());
    benchmark::ClobberMemory();
  }
  set_bytes(state, n * sizeof(From));
}

// One iteration is one pass over the working set.
template <class Element>
void run_stream(benchmark::State& state, ManyKernel<Element> kernel, std::size_t n) {
  const std::vector<std::uint32_t>& words = working_set();
  const std::vector<Element> query = random_elements<Element>(n, 1);
  const std::size_t groups =
      words.size() * sizeof(std::uint32_t) / (n * vectors_per_call * sizeof(Element));
  float out[vectors_per_call];
  for (auto _ : state) {
    const auto* next = reinterpret_cast<const Element*>(words.data());
    for (std::size_t group = 0; group < groups; ++group) {
      const Element* vectors[vectors_per_call];
      for (const Element*& vector : vectors) {
        vector = next;
        next += n;
      }
      kernel(query.data(), vectors, vectors_per_call, n, out);
      benchmark::DoNotOptimize(out);
      benchmark::ClobberMemory();
    }
  }
  set_bytes(state, groups * vectors_per_call * n * sizeof(Element));
}

// What the kernels of codes read and write, for n elements. The floats are zeros, which stay zeros;
// the query has the largest elements.
struct CodeArrays {
  CodeArrays(const CodeKernels& kernels, std::size_t n)
      : floats(n), codes(n * vectors_per_call), packed(2 * n), integers(n) {
    std::mt19937 generator(1);
    for (std::uint8_t& code : codes) {
      code = static_cast<std::uint8_t>(generator() % 255 + 1);
    }
    const std::vector<std::int16_t> query(n, kLargestCodeQuery);
    kernels.pack_query(query.data(), n, packed.data());
    for (std::size_t i = 0; i < vectors_per_call; ++i) {
      pointers[i] = codes.data() + i * n;
    }
  }
  std::vector<float> floats;
  std::vector<std::uint8_t> codes;
  std::vector<std::byte> packed;
  std::vector<std::int16_t> integers;
  const std::uint8_t* pointers[vectors_per_call];
};

void query_dots(const CodeKernels& kernels, std::size_t n, CodeArrays& arrays) {
  std::int64_t out[vectors_per_call];
  kernels.query_dot_many(arrays.packed.data(), arrays.pointers, vectors_per_call, n, out);
  benchmark::DoNotOptimize(out);
}

void code_dots(const CodeKernels& kernels, std::size_t n, CodeArrays& arrays) {
  std::int32_t out[vectors_per_call];
  kernels.code_dot_many(arrays.codes.data(), arrays.pointers, vectors_per_call, n, out);
  benchmark::DoNotOptimize(out);
}

using CodeCall = void (*)(const CodeKernels& kernels, std::size_t n, CodeArrays& arrays);

void run_codes(benchmark::State& state, const CodeKernels* kernels, CodeCall call, std::size_t n,
               std::size_t bytes) {
  CodeArrays arrays(*kernels, n);
  for (auto _ : state) {
    call(*kernels, n, arrays);
    benchmark::ClobberMemory();
  }
  set_bytes(state, bytes);
}

// One iteration is one pass over the working set.
void run_code_stream(benchmark::State& state, const CodeKernels* kernels, CodeCall call,
                     std::size_t n) {
  const std::vector<std::uint32_t>& words = working_set();
  const std::size_t groups = words.size() * sizeof(std::uint32_t) / (n * vectors_per_call);
  CodeArrays arrays(*kernels, n);
  for (auto _ : state) {
    const auto* next = reinterpret_cast<const std::uint8_t*>(words.data());
    for (std::size_t group = 0; group < groups; ++group) {
      for (const std::uint8_t*& code : arrays.pointers) {
        code = next;
        next += n;
      }
      call(*kernels, n, arrays);
      benchmark::ClobberMemory();
    }
  }
  set_bytes(state, groups * vectors_per_call * n);
}

// One word of every cache line, which costs the processor next to nothing: the memory decides.
void run_read(benchmark::State& state) {
  constexpr std::size_t line = 64;
  const std::vector<std::uint32_t>& words = working_set();
  const std::size_t bytes = words.size() * sizeof(std::uint32_t);
  const auto* memory = reinterpret_cast<const unsigned char*>(words.data());
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at + line <= bytes; at += line) {
      std::uint64_t word = 0;
      std::memcpy(&word, memory + at, sizeof word);
      sum += word;
    }
    benchmark::DoNotOptimize(sum);
  }
  set_bytes(state, bytes);
}

template <class Run, class... Arguments>
auto* add(const std::string& name, Run run, Arguments... arguments) {
  return benchmark::RegisterBenchmark(name.c_str(), run, arguments...);
}

template <class Element>
std::string table_and_element(const DistanceKernels& kernels) {
  return std::string("/") + kernels.name + (std::is_same_v<Element, float> ? "/float" : "/half");
}

template <class Element>
void add_kernels(const DistanceKernels& table, std::size_t n) {
  const ElementKernels<Element>& kernels = table.of<Element>();
  const std::string middle = table_and_element<Element>(table);
  const std::string size = "/" + std::to_string(n);
  const auto add_one = [&](const std::string& name, auto kernel, Shape shape) {
    add(name + size, run_one<Element, decltype(kernel)>, kernel, shape);
  };
  add_one("one" + middle + "/l2_squared", kernels.l2_squared, {n});
  add_one("one" + middle + "/inner_product", kernels.inner_product, {n});
  add_one("one" + middle + "/l1", kernels.l1, {n});
  add_one("one" + middle + "/cosine_sums", kernels.cosine_sums, {n});
  const auto norm = [norm_squared = kernels.norm_squared](const Element* a, const Element*,
                                                          std::size_t count) {
    return norm_squared(a, count);
  };
  add_one("one" + middle + "/norm_squared", norm, {.n = n, .arrays = 1});
  add_one("one_off" + middle + "/l2_squared", kernels.l2_squared, {.n = n, .offset = 8});
  const auto add_many = [&](const std::string& kernel, ManyKernel<Element> many) {
    add("many_l1" + middle + kernel + size, run_many_l1<Element>, many, n);
  };
  add_many("/l2_squared", kernels.l2_squared_many);
  add_many("/inner_product", kernels.inner_product_many);
  add_many("/l1", kernels.l1_many);
}

void add_conversions(const DistanceKernels& kernels, std::size_t n) {
  const std::string prefix = std::string("convert/") + kernels.name;
  const std::string size = "/" + std::to_string(n);
  add(prefix + "/to_half" + size, run_convert<float, Half>, kernels.to_half, n);
  add(prefix + "/to_float" + size, run_convert<Half, float>, kernels.to_float, n);
}

template <class Element>
void add_streams(const DistanceKernels& table, std::size_t n) {
  const ElementKernels<Element>& kernels = table.of<Element>();
  const std::string prefix = "stream" + table_and_element<Element>(table);
  const std::string size = "/" + std::to_string(n);
  add(prefix + "/l2_squared" + size, run_stream<Element>, kernels.l2_squared_many, n)
      ->Unit(benchmark::kMillisecond);
  add(prefix + "/inner_product" + size, run_stream<Element>, kernels.inner_product_many, n)
      ->Unit(benchmark::kMillisecond);
}

void add_codes(const DistanceKernels& table, std::size_t n) {
  const auto add_one = [&](const std::string& kernel, std::size_t bytes, CodeCall call) {
    add(std::string("codes_l1/") + table.name + "/" + kernel + "/" + std::to_string(n), run_codes,
        &table.code8, call, n, bytes);
  };
  add_one("query_dot_many", n * vectors_per_call, query_dots);
  add_one("code_dot_many", n * vectors_per_call, code_dots);
  add_one("dot", n * 5, [](const CodeKernels& kernels, std::size_t size, CodeArrays& arrays) {
    benchmark::DoNotOptimize(kernels.dot(arrays.floats.data(), arrays.codes.data(), size));
  });
  add_one("residual_squared", n * 5,
          [](const CodeKernels& kernels, std::size_t size, CodeArrays& arrays) {
            const float* x = arrays.floats.data();
            benchmark::DoNotOptimize(kernels.residual_squared(x, arrays.codes.data(), 0.5, size));
          });
  add_one("largest_magnitude", n * sizeof(float),
          [](const CodeKernels& kernels, std::size_t size, CodeArrays& arrays) {
            benchmark::DoNotOptimize(kernels.largest_magnitude(arrays.floats.data(), size));
          });
  add_one("quantize8", n * sizeof(float),
          [](const CodeKernels& kernels, std::size_t size, CodeArrays& arrays) {
            kernels.quantize8(arrays.floats.data(), size, 1.0F, arrays.codes.data());
          });
  add_one("quantize16", n * sizeof(float),
          [](const CodeKernels& kernels, std::size_t size, CodeArrays& arrays) {
            kernels.quantize16(arrays.floats.data(), size, 1.0F, arrays.integers.data());
          });
  add_one("pack_query", n * sizeof(std::int16_t),
          [](const CodeKernels& kernels, std::size_t size, CodeArrays& arrays) {
            kernels.pack_query(arrays.integers.data(), size, arrays.packed.data());
          });
  // Of the largest power of two that is there.
  add_one("hadamard", std::bit_floor(n) * sizeof(float),
          [](const CodeKernels& kernels, std::size_t size, CodeArrays& arrays) {
            kernels.hadamard(arrays.floats.data(), std::bit_floor(size));
          });
}

void add_code_streams(const DistanceKernels& table, std::size_t n) {
  const std::string prefix = std::string("codes_stream/") + table.name;
  const std::string size = "/" + std::to_string(n);
  add(prefix + "/query_dot_many" + size, run_code_stream, &table.code8, query_dots, n)
      ->Unit(benchmark::kMillisecond);
  add(prefix + "/code_dot_many" + size, run_code_stream, &table.code8, code_dots, n)
      ->Unit(benchmark::kMillisecond);
}

const bool registered = [] {
  const auto add_plain_loop = [](const std::string& name, auto kernel, std::size_t n) {
    add("plain_loop/" + name + "/" + std::to_string(n), run_one<float, decltype(kernel)>, kernel,
        Shape{n});
  };
  for (const std::size_t n : dimensions) {
    add_plain_loop("l2_squared", plain_l2_squared, n);
    add_plain_loop("inner_product", plain_inner_product, n);
    for (const DistanceKernels* kernels : supported_kernels()) {
      add_kernels<float>(*kernels, n);
      add_kernels<Half>(*kernels, n);
      add_conversions(*kernels, n);
      add_codes(*kernels, n);
    }
  }
  for (const std::size_t n : dimensions) {
    // The read is repeated next to each size: machines drift.
    add("stream/read/" + std::to_string(n), run_read)->Unit(benchmark::kMillisecond);
    for (const DistanceKernels* kernels : supported_kernels()) {
      add_streams<float>(*kernels, n);
      add_streams<Half>(*kernels, n);
      add_code_streams(*kernels, n);
    }
  }
  return true;
}();

}  // namespace
}  // namespace vec
