#include "rotation.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace vec {
namespace {

// splitmix64, Steele, Lea and Flood 2014: well mixed bits from a counter.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ull;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

void flip_signs(float* x, std::size_t n, std::uint64_t& state, const CodeKernels& kernels) {
  constexpr std::size_t kPart = 1024;
  std::uint64_t signs[kPart / 64];
  for (std::size_t start = 0; start < n; start += kPart) {
    const std::size_t count = std::min(kPart, n - start);
    for (std::size_t word = 0; 64 * word < count; ++word) signs[word] = next_random(state);
    kernels.flip_signs(x + start, count, signs);
  }
}

void transform(float* x, std::size_t n, const CodeKernels& kernels) {
  kernels.hadamard(x, n);
  const float factor = 1 / std::sqrt(static_cast<float>(n));
  for (std::size_t i = 0; i < n; ++i) x[i] *= factor;
}

}  // namespace

void rotate(float* x, std::size_t n, std::uint64_t seed, const DistanceKernels& kernels) {
  const std::size_t window = std::bit_floor(n);
  const int transforms = window == n ? 3 : 4;
  for (int i = 0; i < transforms; ++i) {
    flip_signs(x, n, seed, kernels.code8);
    transform(i % 2 == 0 ? x : x + (n - window), window, kernels.code8);
  }
}

}  // namespace vec
