// What the tests of the kernels share: the tables, lengths, elements, and arrays placed where a
// mistake shows.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "vector/distance.hpp"

namespace vec {

using Floats = std::vector<float>;
using Halves = std::vector<Half>;

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();

inline std::vector<std::string> supported_names() {
  std::vector<std::string> names;
  for (const DistanceKernels* kernels : supported_kernels()) {
    names.emplace_back(kernels->name);
  }
  return names;
}

// All tails of all batch widths, with and without full rounds of four batches before them (the
// widest round is 64), then the sizes of usual embeddings and the largest vector, with their
// neighbours.
inline std::vector<std::size_t> lengths() {
  std::vector<std::size_t> result;
  const auto add = [&](std::size_t first, std::size_t last) {
    for (std::size_t n = first; n <= last; ++n) {
      result.push_back(n);
    }
  };
  add(0, 130);
  add(255, 260);
  add(383, 385);
  add(767, 769);
  add(1535, 1537);
  add(4095, 4097);
  add(16000, 16000);
  return result;
}

// Element = float or Half.

template <class Element>
inline constexpr float smallest_positive = std::is_same_v<Element, float>
                                               ? std::numeric_limits<float>::denorm_min()
                                               : 0x1p-24F;
template <class Element>
inline constexpr float largest_finite = std::is_same_v<Element, float>
                                            ? std::numeric_limits<float>::max()
                                            : kMaxHalf;

inline float value(float element) {
  return element;
}
inline float value(Half element) {
  return to_float(element);
}

template <class Element>
Element element(float value) {
  if constexpr (std::is_same_v<Element, float>) {
    return value;
  } else {
    return to_half(value);
  }
}

template <class Element = float>
std::vector<Element> random_elements(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<Element> result(n);
  for (Element& x : result) {
    x = element<Element>(uniform(generator));
  }
  return result;
}

// Bit patterns: NaN equals itself and -0 differs from 0.
inline std::uint32_t bits(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

inline std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

// An array that ends, or begins, at a page the process may not touch: reading or writing beyond it
// dies.
template <class Element>
class Guarded {
 public:
  enum class Edge { kEnd, kStart };

  Guarded(const std::vector<Element>& values, Edge edge) {
    const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t bytes = values.size() * sizeof(Element);
    const std::size_t accessible = bytes / page * page + page;
    mapped_ = accessible + 2 * page;
    void* mapping =
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
      throw std::runtime_error("mmap failed");
    }
    start_ = static_cast<unsigned char*>(mapping);
    unsigned char* place = start_ + page + (edge == Edge::kEnd ? accessible - bytes : 0);
    if (bytes != 0) {
      std::memcpy(place, values.data(), bytes);
    }
    data_ = reinterpret_cast<Element*>(place);
    if (mprotect(start_, page, PROT_NONE) != 0 ||
        mprotect(start_ + page + accessible, page, PROT_NONE) != 0) {
      throw std::runtime_error("mprotect failed");
    }
  }
  ~Guarded() { munmap(start_, mapped_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  Element* data() { return data_; }
  const Element* data() const { return data_; }

 private:
  unsigned char* start_;
  std::size_t mapped_;
  Element* data_;
};

// A copy `offset` bytes behind an aligned address.
template <class Element>
class Displaced {
 public:
  Displaced(const std::vector<Element>& values, std::size_t offset)
      : size_(values.size()), bytes_(values.size() * sizeof(Element) + offset + 64) {
    const auto address = reinterpret_cast<std::uintptr_t>(bytes_.data());
    place_ = bytes_.data() + (64 - address % 64) % 64 + offset;
    // The buffer has 64 bytes to align with, so the copy fits.
    if (!values.empty()) {
      std::memcpy(place_, values.data(), values.size() * sizeof(Element));
    }
  }
  Displaced(const Displaced&) = delete;
  Displaced& operator=(const Displaced&) = delete;

  // May be misaligned for an Element: only for the kernels.
  Element* data() { return reinterpret_cast<Element*>(place_); }
  const Element* data() const { return reinterpret_cast<const Element*>(place_); }

  std::vector<Element> values() const {
    std::vector<Element> result(size_);
    if (size_ != 0) {
      std::memcpy(result.data(), place_, size_ * sizeof(Element));
    }
    return result;
  }

 private:
  std::size_t size_;
  std::vector<unsigned char> bytes_;
  unsigned char* place_;
};

}  // namespace vec
