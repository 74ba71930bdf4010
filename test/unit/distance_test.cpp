// Every supported kernel table against a scalar reference in double, and at the edges: tails,
// alignment, page ends, NaN, infinities, denormals, overflow.
#include "vector/distance.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace vec {
namespace {

using Floats = std::vector<float>;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();
constexpr float smallest_denormal = std::numeric_limits<float>::denorm_min();
// The relative error of one rounding.
constexpr double float_unit = 0x1p-24;
constexpr double double_unit = 0x1p-53;

// By name, so that GoogleTest prints the name and not an address.
class Distance : public testing::TestWithParam<std::string> {
 protected:
  const DistanceKernels& kernels() const { return *kernels_named(GetParam().c_str()); }
};

std::vector<std::string> supported_names() {
  std::vector<std::string> names;
  for (const DistanceKernels* kernels : supported_kernels()) {
    names.emplace_back(kernels->name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Kernels, Distance, testing::ValuesIn(supported_names()),
                         [](const auto& test) { return test.param; });

// All tails of all batch widths, with and without full rounds of four batches before them (the
// widest round is 64), then the sizes of usual embeddings and the largest vector, with their
// neighbours.
std::vector<std::size_t> lengths() {
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

Floats random_floats(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  Floats result(n);
  for (float& value : result) {
    value = uniform(generator);
  }
  return result;
}

struct Reference {
  double l2_squared = 0;
  double inner_product = 0;
  double absolute_product = 0;  // sum |a_i b_i|, which bounds the rounding errors
  double norm_squared_a = 0;
  double norm_squared_b = 0;
};

Reference reference(const Floats& a, const Floats& b) {
  Reference result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i];
    const double y = b[i];
    result.l2_squared += (x - y) * (x - y);
    result.inner_product += x * y;
    result.absolute_product += std::abs(x * y);
    result.norm_squared_a += x * x;
    result.norm_squared_b += y * y;
  }
  return result;
}

// A sum of n terms, added in any order, each with up to three roundings of its own, is off by at
// most (n + 3) u sum|terms|, to first order in u; the second order (n u)^2 is below 1e-6 of it
// here, hence the factor. (Higham, Accuracy and Stability of Numerical Algorithms, 3.1 and 4.2.)
double tolerance(std::size_t n, double unit, double sum_of_absolute_terms) {
  return 1.001 * (static_cast<double>(n) + 3) * unit * sum_of_absolute_terms;
}

// Bit patterns: NaN equals itself and -0 differs from 0.
std::uint32_t bits(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

void expect_same_bits(const CosineSums& actual, const CosineSums& expected) {
  EXPECT_EQ(bits(actual.inner_product), bits(expected.inner_product));
  EXPECT_EQ(bits(actual.norm_squared_a), bits(expected.norm_squared_a));
  EXPECT_EQ(bits(actual.norm_squared_b), bits(expected.norm_squared_b));
}

// A float array that ends, or begins, at a page the process may not touch: reading beyond it dies.
class GuardedFloats {
 public:
  enum class Edge { kEnd, kStart };

  GuardedFloats(const Floats& values, Edge edge) {
    const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t bytes = values.size() * sizeof(float);
    const std::size_t readable = bytes / page * page + page;
    mapped_ = readable + 2 * page;
    void* mapping =
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
      throw std::runtime_error("mmap failed");
    }
    start_ = static_cast<unsigned char*>(mapping);
    unsigned char* place = start_ + page + (edge == Edge::kEnd ? readable - bytes : 0);
    if (bytes != 0) {
      std::memcpy(place, values.data(), bytes);
    }
    data_ = reinterpret_cast<const float*>(place);
    if (mprotect(start_, page, PROT_NONE) != 0 ||
        mprotect(start_ + page + readable, page, PROT_NONE) != 0) {
      throw std::runtime_error("mprotect failed");
    }
  }
  ~GuardedFloats() { munmap(start_, mapped_); }
  GuardedFloats(const GuardedFloats&) = delete;
  GuardedFloats& operator=(const GuardedFloats&) = delete;

  const float* data() const { return data_; }

 private:
  unsigned char* start_;
  std::size_t mapped_;
  const float* data_;
};

// A copy `offset` bytes behind an aligned address.
class DisplacedFloats {
 public:
  DisplacedFloats(const Floats& values, std::size_t offset)
      : bytes_(values.size() * sizeof(float) + offset + 64) {
    const auto address = reinterpret_cast<std::uintptr_t>(bytes_.data());
    unsigned char* place = bytes_.data() + (64 - address % 64) % 64 + offset;
    // The buffer has 64 bytes to align with, so the copy fits.
    if (!values.empty()) {
      std::memcpy(place, values.data(), values.size() * sizeof(float));
    }
    data_ = reinterpret_cast<const float*>(place);
  }
  const float* data() const { return data_; }

 private:
  std::vector<unsigned char> bytes_;
  const float* data_;
};

TEST_P(Distance, AgreesWithReference) {
  for (const std::size_t n : lengths()) {
    SCOPED_TRACE(n);
    const Floats a = random_floats(n, 1);
    const Floats b = random_floats(n, 2);
    const Reference expected = reference(a, b);
    const double product_tolerance = tolerance(n, float_unit, expected.absolute_product);
    EXPECT_NEAR(kernels().float32.l2_squared(a.data(), b.data(), n), expected.l2_squared,
                tolerance(n, float_unit, expected.l2_squared));
    EXPECT_NEAR(kernels().float32.inner_product(a.data(), b.data(), n), expected.inner_product,
                product_tolerance);
    const CosineSums sums = kernels().float32.cosine_sums(a.data(), b.data(), n);
    EXPECT_NEAR(sums.inner_product, expected.inner_product, product_tolerance);
    EXPECT_NEAR(sums.norm_squared_a, expected.norm_squared_a,
                tolerance(n, float_unit, expected.norm_squared_a));
    EXPECT_NEAR(sums.norm_squared_b, expected.norm_squared_b,
                tolerance(n, float_unit, expected.norm_squared_b));
    // Twice, because the reference rounds as well.
    EXPECT_NEAR(kernels().float32.norm_squared(a.data(), n), expected.norm_squared_a,
                2 * tolerance(n, double_unit, expected.norm_squared_a));
  }
}

// Whole numbers whose sums stay below 2^24 leave nothing to round, so every element must have been
// used exactly once.
TEST_P(Distance, WholeNumbersAreExact) {
  for (const std::size_t n : lengths()) {
    SCOPED_TRACE(n);
    Floats a(n);
    Floats b(n);
    for (std::size_t i = 0; i < n; ++i) {
      a[i] = static_cast<float>(i * 7 % 23) - 11;
      b[i] = static_cast<float>(i * 5 % 19) - 9;
    }
    const Reference expected = reference(a, b);
    ASSERT_LT(expected.l2_squared, 0x1p24);
    EXPECT_EQ(kernels().float32.l2_squared(a.data(), b.data(), n), expected.l2_squared);
    EXPECT_EQ(kernels().float32.inner_product(a.data(), b.data(), n), expected.inner_product);
    const CosineSums sums = kernels().float32.cosine_sums(a.data(), b.data(), n);
    EXPECT_EQ(sums.inner_product, expected.inner_product);
    EXPECT_EQ(sums.norm_squared_a, expected.norm_squared_a);
    EXPECT_EQ(sums.norm_squared_b, expected.norm_squared_b);
    EXPECT_EQ(kernels().float32.norm_squared(a.data(), n), expected.norm_squared_a);
    EXPECT_EQ(kernels().float32.l2_squared(a.data(), a.data(), n), 0.0F);
  }
}

// Also the determinism: the same bytes give the same bits, wherever they are.
TEST_P(Distance, AlignmentDoesNotMatter) {
  for (const std::size_t n : lengths()) {
    const Floats a = random_floats(n, 3);
    const Floats b = random_floats(n, 4);
    const DisplacedFloats aligned_a(a, 0);
    const DisplacedFloats aligned_b(b, 0);
    const float* x = aligned_a.data();
    const float* y = aligned_b.data();
    for (const std::size_t offset : {0, 1, 2, 3, 4, 7, 20, 36, 61}) {
      SCOPED_TRACE(testing::Message() << n << " floats, offset " << offset);
      const DisplacedFloats displaced_a(a, offset);
      const DisplacedFloats displaced_b(b, offset / 2);
      const float* p = displaced_a.data();
      const float* q = displaced_b.data();
      EXPECT_EQ(bits(kernels().float32.l2_squared(p, q, n)),
                bits(kernels().float32.l2_squared(x, y, n)));
      EXPECT_EQ(bits(kernels().float32.inner_product(p, q, n)),
                bits(kernels().float32.inner_product(x, y, n)));
      EXPECT_EQ(bits(kernels().float32.norm_squared(p, n)),
                bits(kernels().float32.norm_squared(x, n)));
      expect_same_bits(kernels().float32.cosine_sums(p, q, n),
                       kernels().float32.cosine_sums(x, y, n));
    }
  }
}

TEST_P(Distance, ReadsNothingOutsideTheArrays) {
  using Edge = GuardedFloats::Edge;
  for (const std::size_t n : lengths()) {
    const Floats a = random_floats(n, 5);
    const Floats b = random_floats(n, 6);
    for (const Edge edge : {Edge::kEnd, Edge::kStart}) {
      const GuardedFloats guarded_a(a, edge);
      const GuardedFloats guarded_b(b, edge);
      const float* p = guarded_a.data();
      const float* q = guarded_b.data();
      const std::vector<const float*> vectors(5, q);
      Floats out(5);
      EXPECT_EQ(kernels().float32.l2_squared(p, q, n),
                kernels().float32.l2_squared(a.data(), b.data(), n));
      EXPECT_EQ(kernels().float32.inner_product(p, q, n),
                kernels().float32.inner_product(a.data(), b.data(), n));
      EXPECT_EQ(kernels().float32.norm_squared(p, n), kernels().float32.norm_squared(a.data(), n));
      expect_same_bits(kernels().float32.cosine_sums(p, q, n),
                       kernels().float32.cosine_sums(a.data(), b.data(), n));
      kernels().float32.l2_squared_many(p, vectors.data(), vectors.size(), n, out.data());
      kernels().float32.inner_product_many(p, vectors.data(), vectors.size(), n, out.data());
    }
  }
}

TEST_P(Distance, NanAnywhereMakesTheResultNan) {
  for (const std::size_t n : {1, 3, 4, 7, 8, 15, 16, 31, 64, 65, 100, 127, 130}) {
    for (std::size_t at = 0; at < n; ++at) {
      SCOPED_TRACE(testing::Message() << at << " of " << n);
      Floats a = random_floats(n, 7);
      const Floats b = random_floats(n, 8);
      a[at] = quiet_nan;
      EXPECT_TRUE(std::isnan(kernels().float32.l2_squared(a.data(), b.data(), n)));
      EXPECT_TRUE(std::isnan(kernels().float32.l2_squared(b.data(), a.data(), n)));
      EXPECT_TRUE(std::isnan(kernels().float32.l2_squared(a.data(), a.data(), n)));
      EXPECT_TRUE(std::isnan(kernels().float32.inner_product(a.data(), b.data(), n)));
      EXPECT_TRUE(std::isnan(kernels().float32.inner_product(b.data(), a.data(), n)));
      EXPECT_TRUE(std::isnan(kernels().float32.norm_squared(a.data(), n)));
      const CosineSums first = kernels().float32.cosine_sums(a.data(), b.data(), n);
      EXPECT_TRUE(std::isnan(first.inner_product));
      EXPECT_TRUE(std::isnan(first.norm_squared_a));
      EXPECT_FALSE(std::isnan(first.norm_squared_b));
      const CosineSums second = kernels().float32.cosine_sums(b.data(), a.data(), n);
      EXPECT_TRUE(std::isnan(second.inner_product));
      EXPECT_FALSE(std::isnan(second.norm_squared_a));
      EXPECT_TRUE(std::isnan(second.norm_squared_b));
    }
  }
}

TEST_P(Distance, InfinitiesFollowIeee) {
  for (const std::size_t n : {1, 3, 8, 16, 31, 65, 100, 130}) {
    for (std::size_t at = 0; at < n; ++at) {
      SCOPED_TRACE(testing::Message() << at << " of " << n);
      const Floats ones(n, 1.0F);
      Floats zero_there = ones;
      Floats plus = ones;
      Floats minus = ones;
      zero_there[at] = 0.0F;
      plus[at] = infinity;
      minus[at] = -infinity;
      const auto l2_squared = [&](const Floats& a, const Floats& b) {
        return kernels().float32.l2_squared(a.data(), b.data(), n);
      };
      const auto inner_product = [&](const Floats& a, const Floats& b) {
        EXPECT_EQ(std::isnan(kernels().float32.cosine_sums(a.data(), b.data(), n).inner_product),
                  std::isnan(kernels().float32.inner_product(a.data(), b.data(), n)));
        return kernels().float32.inner_product(a.data(), b.data(), n);
      };
      EXPECT_EQ(l2_squared(plus, ones), infinity);
      EXPECT_EQ(l2_squared(ones, minus), infinity);
      EXPECT_EQ(l2_squared(plus, minus), infinity);
      EXPECT_TRUE(std::isnan(l2_squared(plus, plus)));
      EXPECT_TRUE(std::isnan(l2_squared(minus, minus)));
      EXPECT_EQ(inner_product(plus, ones), infinity);
      EXPECT_EQ(inner_product(ones, minus), -infinity);
      EXPECT_EQ(inner_product(plus, minus), -infinity);
      EXPECT_EQ(inner_product(minus, minus), infinity);
      EXPECT_TRUE(std::isnan(inner_product(plus, zero_there)));
      EXPECT_EQ(kernels().float32.norm_squared(minus.data(), n), infinity);
      EXPECT_EQ(kernels().float32.cosine_sums(plus.data(), minus.data(), n).norm_squared_b,
                infinity);
      if (n > 1) {
        Floats both = plus;
        both[(at + n / 2) % n] = -infinity;
        EXPECT_TRUE(std::isnan(inner_product(both, ones)));
      }
    }
  }
}

TEST_P(Distance, DenormalsAreNotFlushed) {
  for (const std::size_t n : lengths()) {
    SCOPED_TRACE(n);
    const float count = static_cast<float>(n);
    const Floats ones(n, 1.0F);
    const Floats zeros(n, 0.0F);
    const Floats tiny(n, smallest_denormal);
    const Floats large(n, 0x1p100F);
    const Floats small(n, 0x1p-70F);  // its square is denormal
    EXPECT_EQ(kernels().float32.inner_product(tiny.data(), ones.data(), n),
              count * smallest_denormal);
    EXPECT_EQ(kernels().float32.inner_product(large.data(), tiny.data(), n), count * 0x1p-49F);
    EXPECT_EQ(kernels().float32.l2_squared(small.data(), zeros.data(), n), count * 0x1p-140F);
    const CosineSums sums = kernels().float32.cosine_sums(small.data(), tiny.data(), n);
    EXPECT_EQ(sums.norm_squared_a, count * 0x1p-140F);
    EXPECT_EQ(sums.norm_squared_b, 0.0F);
    EXPECT_EQ(kernels().float32.norm_squared(tiny.data(), n), static_cast<double>(n) * 0x1p-298);
  }
}

TEST_P(Distance, OverflowsToInfinityInSinglePrecisionOnly) {
  const Floats huge = {3e37F, 4e37F};
  const Floats opposite = {-3e37F, -4e37F};
  EXPECT_EQ(kernels().float32.l2_squared(huge.data(), opposite.data(), 2), infinity);
  EXPECT_EQ(kernels().float32.inner_product(huge.data(), huge.data(), 2), infinity);
  EXPECT_EQ(kernels().float32.inner_product(huge.data(), opposite.data(), 2), -infinity);
  EXPECT_EQ(kernels().float32.cosine_sums(huge.data(), opposite.data(), 2).norm_squared_b,
            infinity);
  // Off by twice the rounding of 3e37 and 4e37 to float.
  EXPECT_NEAR(kernels().float32.norm_squared(huge.data(), 2), 25e74, 25e74 * 2.001 * float_unit);

  const float largest = std::numeric_limits<float>::max();
  for (const std::size_t n : lengths()) {
    const Floats all(n, largest);
    const double expected = static_cast<double>(n) * largest * largest;
    EXPECT_NEAR(kernels().float32.norm_squared(all.data(), n), expected,
                2 * tolerance(n, double_unit, expected));
  }
}

TEST_P(Distance, ManyIsBitForBitTheOnePairKernel) {
  for (const std::size_t n : lengths()) {
    const Floats query = random_floats(n, 9);
    std::vector<Floats> vectors;
    std::vector<const float*> pointers;
    for (unsigned i = 0; i < 9; ++i) {
      vectors.push_back(random_floats(n, 10 + i));
      pointers.push_back(vectors.back().data());
    }
    for (std::size_t count = 0; count <= pointers.size(); ++count) {
      SCOPED_TRACE(testing::Message() << count << " vectors of " << n << " floats");
      constexpr float untouched = -12345.0F;
      Floats l2_squared(10, untouched);
      Floats inner_product(10, untouched);
      kernels().float32.l2_squared_many(query.data(), pointers.data(), count, n, l2_squared.data());
      kernels().float32.inner_product_many(query.data(), pointers.data(), count, n,
                                           inner_product.data());
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(bits(l2_squared[i]),
                  bits(kernels().float32.l2_squared(query.data(), pointers[i], n)));
        EXPECT_EQ(bits(inner_product[i]),
                  bits(kernels().float32.inner_product(query.data(), pointers[i], n)));
      }
      for (std::size_t i = count; i < 10; ++i) {
        EXPECT_EQ(l2_squared[i], untouched);
        EXPECT_EQ(inner_product[i], untouched);
      }
    }
  }
}

TEST_P(Distance, ManyKeepsVectorsApart) {
  const std::size_t n = 100;
  const Floats query = random_floats(n, 20);
  const Floats good = random_floats(n, 21);
  Floats bad = good;
  bad[97] = quiet_nan;
  for (std::size_t at = 0; at < 7; ++at) {
    SCOPED_TRACE(at);
    std::vector<const float*> pointers(7, good.data());
    pointers[at] = bad.data();
    Floats out(7);
    kernels().float32.l2_squared_many(query.data(), pointers.data(), 7, n, out.data());
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(std::isnan(out[i]), i == at);
    }
    kernels().float32.inner_product_many(query.data(), pointers.data(), 7, n, out.data());
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(std::isnan(out[i]), i == at);
    }
  }
}

TEST(KernelSelection, BaselineIsAlwaysThereAndLast) {
  ASSERT_FALSE(supported_kernels().empty());
  EXPECT_STREQ(supported_kernels().back()->name, "baseline");
}

TEST(KernelSelection, BestIsFirst) {
  EXPECT_EQ(best_kernels(), supported_kernels().front());
}

TEST(KernelSelection, EverySupportedTableIsFoundByItsName) {
  for (const DistanceKernels* kernels : supported_kernels()) {
    EXPECT_EQ(kernels_named(kernels->name), kernels);
  }
}

TEST(KernelSelection, UnknownNamesAreNotFound) {
  EXPECT_EQ(kernels_named("nonsense"), nullptr);
  EXPECT_EQ(kernels_named(""), nullptr);
  EXPECT_EQ(kernels_named("base"), nullptr);
  EXPECT_EQ(kernels_named("baseline2"), nullptr);
}

}  // namespace
}  // namespace vec
