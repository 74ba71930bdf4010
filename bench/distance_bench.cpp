// Distance kernels, for every instruction set of this machine.
//
//   one/<table>/<kernel>/<n>      one pair of n floats, in L1, on cache line boundaries
//   one_off/<table>/<kernel>/<n>  the same 8 bytes further: wide loads straddle two cache lines
//   plain_loop/<kernel>/<n>       the obvious scalar loop, compiled like the extension
//   many_l1/<table>/<kernel>/<n>  *_many over 8 vectors, in L1 (1536: just about)
//   stream/<table>/<kernel>/<n>   *_many over a working set larger than the caches
//   stream/read/<n>               a plain read of the same memory, to compare the streams with
//
// Bytes per second count what the kernel reads, but for the query of *_many: it stays in L1.
// Streams use VECTOR_BENCH_MB megabytes (default 1024); set it well above the size of the
// last-level cache.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "vector/distance.hpp"

namespace vec {
namespace {

using PairKernel = float (*)(const float*, const float*, std::size_t);
using ManyKernel = void (*)(const float*, const float* const*, std::size_t, std::size_t, float*);

constexpr std::size_t dimensions[] = {3, 100, 128, 384, 768, 1536};
constexpr std::size_t vectors_per_call = 8;

std::vector<float> random_floats(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> result(n);
  for (float& value : result) {
    value = uniform(generator);
  }
  return result;
}

// n random floats, `offset` bytes behind a cache line boundary.
class Placed {
 public:
  Placed(std::size_t n, std::size_t offset, unsigned seed) : memory_(n * sizeof(float) + 128) {
    void* place = memory_.data();
    std::size_t space = memory_.size();
    std::align(64, n * sizeof(float) + 64, place, space);
    data_ = reinterpret_cast<float*>(static_cast<unsigned char*>(place) + offset);
    const std::vector<float> values = random_floats(n, seed);
    std::memcpy(data_, values.data(), n * sizeof(float));
  }
  const float* data() const { return data_; }

 private:
  std::vector<unsigned char> memory_;
  float* data_;
};

// Written once and shared: its pages must be there, and different, or the stream would read one
// cached page of zeros. Not random numbers, which would take longer than the benchmark.
const std::vector<float>& working_set() {
  static const std::vector<float> floats = [] {
    const char* megabytes = std::getenv("VECTOR_BENCH_MB");
    const std::size_t size = megabytes != nullptr ? std::strtoull(megabytes, nullptr, 10) : 1024;
    std::vector<float> result((size << 20U) / sizeof(float));
    std::uint32_t state = 1;
    for (float& value : result) {
      state = state * 1664525U + 1013904223U;
      value = static_cast<float>(state >> 8U) * 0x1p-24F;
    }
    return result;
  }();
  return floats;
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
template <class Kernel>
void run_one(benchmark::State& state, Kernel kernel, Shape shape) {
  const Placed a(shape.n, shape.offset, 1);
  const Placed b(shape.n, shape.offset, 2);
  const float* p = a.data();
  const float* q = b.data();
  for (auto _ : state) {
    benchmark::DoNotOptimize(p);
    benchmark::DoNotOptimize(q);
    auto result = kernel(p, q, shape.n);
    benchmark::DoNotOptimize(result);
  }
  set_bytes(state, shape.arrays * shape.n * sizeof(float));
}

void run_many_l1(benchmark::State& state, ManyKernel kernel, std::size_t n) {
  const Placed query(n, 0, 1);
  const Placed floats(n * vectors_per_call, 0, 2);
  const float* vectors[vectors_per_call];
  for (std::size_t i = 0; i < vectors_per_call; ++i) {
    vectors[i] = floats.data() + i * n;
  }
  float out[vectors_per_call];
  for (auto _ : state) {
    kernel(query.data(), vectors, vectors_per_call, n, out);
    benchmark::DoNotOptimize(out);
    benchmark::ClobberMemory();
  }
  set_bytes(state, vectors_per_call * n * sizeof(float));
}

// One iteration is one pass over the working set.
void run_stream(benchmark::State& state, ManyKernel kernel, std::size_t n) {
  const std::vector<float>& floats = working_set();
  const std::vector<float> query = random_floats(n, 1);
  const std::size_t groups = floats.size() / (n * vectors_per_call);
  float out[vectors_per_call];
  for (auto _ : state) {
    const float* next = floats.data();
    for (std::size_t group = 0; group < groups; ++group) {
      const float* vectors[vectors_per_call];
      for (const float*& vector : vectors) {
        vector = next;
        next += n;
      }
      kernel(query.data(), vectors, vectors_per_call, n, out);
      benchmark::DoNotOptimize(out);
      benchmark::ClobberMemory();
    }
  }
  set_bytes(state, groups * vectors_per_call * n * sizeof(float));
}

// One word of every cache line, which costs the processor next to nothing: the memory decides.
void run_read(benchmark::State& state) {
  constexpr std::size_t line = 64;
  const std::vector<float>& floats = working_set();
  const std::size_t bytes = floats.size() * sizeof(float);
  const auto* memory = reinterpret_cast<const unsigned char*>(floats.data());
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

void add_table(const DistanceKernels& kernels, std::size_t n) {
  const std::string table = kernels.name;
  const std::string size = "/" + std::to_string(n);
  const auto norm_squared = kernels.float32.norm_squared;
  const auto cosine_sums = kernels.float32.cosine_sums;
  add("one/" + table + "/l2_squared" + size, run_one<PairKernel>, kernels.float32.l2_squared,
      Shape{n});
  add("one/" + table + "/inner_product" + size, run_one<PairKernel>, kernels.float32.inner_product,
      Shape{n});
  add("one/" + table + "/cosine_sums" + size, run_one<decltype(cosine_sums)>, cosine_sums,
      Shape{n});
  const Shape off = {.n = n, .offset = 8};
  add("one_off/" + table + "/l2_squared" + size, run_one<PairKernel>, kernels.float32.l2_squared,
      off);
  const auto norm = [norm_squared](const float* a, const float*, std::size_t count) {
    return norm_squared(a, count);
  };
  add("one/" + table + "/norm_squared" + size, run_one<decltype(norm)>, norm,
      Shape{.n = n, .arrays = 1});
  add("many_l1/" + table + "/l2_squared" + size, run_many_l1, kernels.float32.l2_squared_many, n);
  add("many_l1/" + table + "/inner_product" + size, run_many_l1, kernels.float32.inner_product_many,
      n);
}

void add_streams(const DistanceKernels& kernels, std::size_t n) {
  const std::string prefix = std::string("stream/") + kernels.name;
  const std::string size = "/" + std::to_string(n);
  add(prefix + "/l2_squared" + size, run_stream, kernels.float32.l2_squared_many, n)
      ->Unit(benchmark::kMillisecond);
  add(prefix + "/inner_product" + size, run_stream, kernels.float32.inner_product_many, n)
      ->Unit(benchmark::kMillisecond);
}

const bool registered = [] {
  for (const std::size_t n : dimensions) {
    const std::string size = "/" + std::to_string(n);
    add("plain_loop/l2_squared" + size, run_one<PairKernel>, plain_l2_squared, Shape{n});
    add("plain_loop/inner_product" + size, run_one<PairKernel>, plain_inner_product, Shape{n});
    for (const DistanceKernels* kernels : supported_kernels()) {
      add_table(*kernels, n);
    }
  }
  for (const std::size_t n : dimensions) {
    // The read is repeated next to each size: machines drift.
    add("stream/read/" + std::to_string(n), run_read)->Unit(benchmark::kMillisecond);
    for (const DistanceKernels* kernels : supported_kernels()) {
      add_streams(*kernels, n);
    }
  }
  return true;
}();

}  // namespace
}  // namespace vec
