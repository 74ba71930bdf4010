// Every supported kernel table and element against a scalar reference in double, and at the edges:
// tails, alignment, page ends, NaN, infinities, denormals, overflow.
#include "vector/distance.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernel_fixture.hpp"

namespace vec {
namespace {

// The relative error of one rounding.
constexpr double float_unit = 0x1p-24;
constexpr double double_unit = 0x1p-53;

struct Baseline {
  static constexpr const char* name = "baseline";
};
struct Avx2 {
  static constexpr const char* name = "avx2";
};
struct Avx512 {
  static constexpr const char* name = "avx512";
};
struct Avx512Vnni {
  static constexpr const char* name = "avx512vnni";
};

template <class TableName, class ElementType>
struct Kernels {
  using Element = ElementType;
  static const DistanceKernels* table() { return kernels_named(TableName::name); }
  static std::string name() {
    return std::string(TableName::name) + (std::is_same_v<Element, float> ? "_float" : "_half");
  }
};

using AllKernels =
    testing::Types<Kernels<Baseline, float>, Kernels<Baseline, Half>, Kernels<Avx2, float>,
                   Kernels<Avx2, Half>, Kernels<Avx512, float>, Kernels<Avx512, Half>,
                   Kernels<Avx512Vnni, float>, Kernels<Avx512Vnni, Half>>;

struct KernelsName {
  template <class Tested>
  static std::string GetName(int) {
    return Tested::name();
  }
};

template <class Tested>
class Distance : public testing::Test {
 protected:
  void SetUp() override {
    if (Tested::table() == nullptr) {
      GTEST_SKIP() << "not supported by this machine";
    }
  }
  static const auto& kernels() { return Tested::table()->template of<typename Tested::Element>(); }
  static auto random(std::size_t n, unsigned seed) {
    return random_elements<typename Tested::Element>(n, seed);
  }
  static auto constant(std::size_t n, float value) {
    using Element = typename Tested::Element;
    return std::vector<Element>(n, element<Element>(value));
  }
};

TYPED_TEST_SUITE(Distance, AllKernels, KernelsName);

// Tests of what one element has and the other has not, or of both at once.
class Table : public testing::TestWithParam<std::string> {
 protected:
  const DistanceKernels& kernels() const { return *kernels_named(GetParam().c_str()); }
};

INSTANTIATE_TEST_SUITE_P(Kernels, Table, testing::ValuesIn(supported_names()),
                         [](const auto& test) { return test.param; });

struct Reference {
  double l2_squared = 0;
  double inner_product = 0;
  double absolute_product = 0;  // sum |a_i b_i|, which bounds the rounding errors
  double l1 = 0;
  double norm_squared_a = 0;
  double norm_squared_b = 0;
};

template <class Element>
Reference reference(const std::vector<Element>& a, const std::vector<Element>& b) {
  Reference result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = value(a[i]);
    const double y = value(b[i]);
    result.l2_squared += (x - y) * (x - y);
    result.inner_product += x * y;
    result.absolute_product += std::abs(x * y);
    result.l1 += std::abs(x - y);
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

void expect_same_bits(const CosineSums& actual, const CosineSums& expected) {
  EXPECT_EQ(bits(actual.inner_product), bits(expected.inner_product));
  EXPECT_EQ(bits(actual.norm_squared_a), bits(expected.norm_squared_a));
  EXPECT_EQ(bits(actual.norm_squared_b), bits(expected.norm_squared_b));
}

// Whatever the elements of `actual` and `expected` are.
template <class Element, class ExpectedElement>
void expect_same_bits(const ElementKernels<Element>& actual, const Element* p, const Element* q,
                      const ElementKernels<ExpectedElement>& expected, const ExpectedElement* x,
                      const ExpectedElement* y, std::size_t n) {
  EXPECT_EQ(bits(actual.l2_squared(p, q, n)), bits(expected.l2_squared(x, y, n)));
  EXPECT_EQ(bits(actual.inner_product(p, q, n)), bits(expected.inner_product(x, y, n)));
  EXPECT_EQ(bits(actual.l1(p, q, n)), bits(expected.l1(x, y, n)));
  EXPECT_EQ(bits(actual.norm_squared(p, n)), bits(expected.norm_squared(x, n)));
  expect_same_bits(actual.cosine_sums(p, q, n), expected.cosine_sums(x, y, n));
}

// The kernels of one vector and of many, in pairs.
template <class Element>
struct ManyAndOne {
  const char* name;
  typename ElementKernels<Element>::Many many;
  float (*one)(const Element*, const Element*, std::size_t);
};

template <class Element>
std::vector<ManyAndOne<Element>> many_and_one(const ElementKernels<Element>& kernels) {
  return {{"l2_squared", kernels.l2_squared_many, kernels.l2_squared},
          {"inner_product", kernels.inner_product_many, kernels.inner_product},
          {"l1", kernels.l1_many, kernels.l1}};
}

TYPED_TEST(Distance, AgreesWithReference) {
  const auto& kernels = this->kernels();
  for (const std::size_t n : lengths()) {
    SCOPED_TRACE(n);
    const auto a = this->random(n, 1);
    const auto b = this->random(n, 2);
    const Reference expected = reference(a, b);
    const double product_tolerance = tolerance(n, float_unit, expected.absolute_product);
    EXPECT_NEAR(kernels.l2_squared(a.data(), b.data(), n), expected.l2_squared,
                tolerance(n, float_unit, expected.l2_squared));
    EXPECT_NEAR(kernels.inner_product(a.data(), b.data(), n), expected.inner_product,
                product_tolerance);
    EXPECT_NEAR(kernels.l1(a.data(), b.data(), n), expected.l1,
                tolerance(n, float_unit, expected.l1));
    const CosineSums sums = kernels.cosine_sums(a.data(), b.data(), n);
    EXPECT_NEAR(sums.inner_product, expected.inner_product, product_tolerance);
    EXPECT_NEAR(sums.norm_squared_a, expected.norm_squared_a,
                tolerance(n, float_unit, expected.norm_squared_a));
    EXPECT_NEAR(sums.norm_squared_b, expected.norm_squared_b,
                tolerance(n, float_unit, expected.norm_squared_b));
    // Twice, because the reference rounds as well.
    EXPECT_NEAR(kernels.norm_squared(a.data(), n), expected.norm_squared_a,
                2 * tolerance(n, double_unit, expected.norm_squared_a));
  }
}

// Whole numbers whose sums stay below 2^24 leave nothing to round, so every element must have been
// used exactly once.
TYPED_TEST(Distance, WholeNumbersAreExact) {
  using Element = typename TypeParam::Element;
  const auto& kernels = this->kernels();
  for (const std::size_t n : lengths()) {
    SCOPED_TRACE(n);
    std::vector<Element> a(n);
    std::vector<Element> b(n);
    for (std::size_t i = 0; i < n; ++i) {
      a[i] = element<Element>(static_cast<float>(i * 7 % 23) - 11);
      b[i] = element<Element>(static_cast<float>(i * 5 % 19) - 9);
    }
    const Reference expected = reference(a, b);
    ASSERT_LT(expected.l2_squared, 0x1p24);
    EXPECT_EQ(kernels.l2_squared(a.data(), b.data(), n), expected.l2_squared);
    EXPECT_EQ(kernels.inner_product(a.data(), b.data(), n), expected.inner_product);
    EXPECT_EQ(kernels.l1(a.data(), b.data(), n), expected.l1);
    const CosineSums sums = kernels.cosine_sums(a.data(), b.data(), n);
    EXPECT_EQ(sums.inner_product, expected.inner_product);
    EXPECT_EQ(sums.norm_squared_a, expected.norm_squared_a);
    EXPECT_EQ(sums.norm_squared_b, expected.norm_squared_b);
    EXPECT_EQ(kernels.norm_squared(a.data(), n), expected.norm_squared_a);
    EXPECT_EQ(kernels.l2_squared(a.data(), a.data(), n), 0.0F);
    EXPECT_EQ(kernels.l1(a.data(), a.data(), n), 0.0F);
  }
}

// Also the determinism: the same bytes give the same bits, wherever they are.
TYPED_TEST(Distance, AlignmentDoesNotMatter) {
  using Element = typename TypeParam::Element;
  const auto& kernels = this->kernels();
  for (const std::size_t n : lengths()) {
    const auto a = this->random(n, 3);
    const auto b = this->random(n, 4);
    const Displaced<Element> aligned_a(a, 0);
    const Displaced<Element> aligned_b(b, 0);
    for (const std::size_t offset : {0, 1, 2, 3, 4, 7, 20, 36, 61}) {
      SCOPED_TRACE(testing::Message() << n << " elements, offset " << offset);
      const Displaced<Element> displaced_a(a, offset);
      const Displaced<Element> displaced_b(b, offset / 2);
      expect_same_bits(kernels, displaced_a.data(), displaced_b.data(), kernels, aligned_a.data(),
                       aligned_b.data(), n);
    }
  }
}

TYPED_TEST(Distance, ReadsNothingOutsideTheArrays) {
  using Element = typename TypeParam::Element;
  using Edge = typename Guarded<Element>::Edge;
  const auto& kernels = this->kernels();
  for (const std::size_t n : lengths()) {
    SCOPED_TRACE(n);
    const auto a = this->random(n, 5);
    const auto b = this->random(n, 6);
    for (const Edge edge : {Edge::kEnd, Edge::kStart}) {
      const Guarded<Element> guarded_a(a, edge);
      const Guarded<Element> guarded_b(b, edge);
      const Element* p = guarded_a.data();
      const Element* q = guarded_b.data();
      expect_same_bits(kernels, p, q, kernels, a.data(), b.data(), n);
      const std::vector<const Element*> vectors(5, q);
      for (const auto& kernel : many_and_one(kernels)) {
        Floats out(5);
        kernel.many(p, vectors.data(), vectors.size(), n, out.data());
        EXPECT_EQ(out, Floats(5, kernel.one(a.data(), b.data(), n))) << kernel.name;
      }
    }
  }
}

TYPED_TEST(Distance, NanAnywhereMakesTheResultNan) {
  using Element = typename TypeParam::Element;
  const auto& kernels = this->kernels();
  for (const std::size_t n : {1, 3, 4, 7, 8, 15, 16, 31, 64, 65, 100, 127, 130}) {
    for (std::size_t at = 0; at < n; ++at) {
      SCOPED_TRACE(testing::Message() << at << " of " << n);
      auto a = this->random(n, 7);
      const auto b = this->random(n, 8);
      a[at] = element<Element>(quiet_nan);
      for (const auto& kernel : many_and_one(kernels)) {
        EXPECT_TRUE(std::isnan(kernel.one(a.data(), b.data(), n))) << kernel.name;
        EXPECT_TRUE(std::isnan(kernel.one(b.data(), a.data(), n))) << kernel.name;
        EXPECT_TRUE(std::isnan(kernel.one(a.data(), a.data(), n))) << kernel.name;
      }
      EXPECT_TRUE(std::isnan(kernels.norm_squared(a.data(), n)));
      const CosineSums first = kernels.cosine_sums(a.data(), b.data(), n);
      EXPECT_TRUE(std::isnan(first.inner_product));
      EXPECT_TRUE(std::isnan(first.norm_squared_a));
      EXPECT_FALSE(std::isnan(first.norm_squared_b));
      const CosineSums second = kernels.cosine_sums(b.data(), a.data(), n);
      EXPECT_TRUE(std::isnan(second.inner_product));
      EXPECT_FALSE(std::isnan(second.norm_squared_a));
      EXPECT_TRUE(std::isnan(second.norm_squared_b));
    }
  }
}

TYPED_TEST(Distance, InfinitiesFollowIeee) {
  using Element = typename TypeParam::Element;
  using Elements = std::vector<Element>;
  const auto& kernels = this->kernels();
  for (const std::size_t n : {1, 3, 8, 16, 31, 65, 100, 130}) {
    for (std::size_t at = 0; at < n; ++at) {
      SCOPED_TRACE(testing::Message() << at << " of " << n);
      const Elements ones = this->constant(n, 1.0F);
      Elements zero_there = ones;
      Elements plus = ones;
      Elements minus = ones;
      zero_there[at] = element<Element>(0.0F);
      plus[at] = element<Element>(infinity);
      minus[at] = element<Element>(-infinity);
      const auto inner_product = [&](const Elements& a, const Elements& b) {
        EXPECT_EQ(std::isnan(kernels.cosine_sums(a.data(), b.data(), n).inner_product),
                  std::isnan(kernels.inner_product(a.data(), b.data(), n)));
        return kernels.inner_product(a.data(), b.data(), n);
      };
      for (const auto distance : {kernels.l2_squared, kernels.l1}) {
        EXPECT_EQ(distance(plus.data(), ones.data(), n), infinity);
        EXPECT_EQ(distance(ones.data(), minus.data(), n), infinity);
        EXPECT_EQ(distance(plus.data(), minus.data(), n), infinity);
        EXPECT_TRUE(std::isnan(distance(plus.data(), plus.data(), n)));
        EXPECT_TRUE(std::isnan(distance(minus.data(), minus.data(), n)));
      }
      EXPECT_EQ(inner_product(plus, ones), infinity);
      EXPECT_EQ(inner_product(ones, minus), -infinity);
      EXPECT_EQ(inner_product(plus, minus), -infinity);
      EXPECT_EQ(inner_product(minus, minus), infinity);
      EXPECT_TRUE(std::isnan(inner_product(plus, zero_there)));
      EXPECT_EQ(kernels.norm_squared(minus.data(), n), infinity);
      EXPECT_EQ(kernels.cosine_sums(plus.data(), minus.data(), n).norm_squared_b, infinity);
      if (n > 1) {
        Elements both = plus;
        both[(at + n / 2) % n] = element<Element>(-infinity);
        EXPECT_TRUE(std::isnan(inner_product(both, ones)));
      }
    }
  }
}

TYPED_TEST(Distance, SmallestElementsAreNotFlushed) {
  using Element = typename TypeParam::Element;
  const auto& kernels = this->kernels();
  const float smallest = smallest_positive<Element>;
  for (const std::size_t n : lengths()) {
    SCOPED_TRACE(n);
    const float count = static_cast<float>(n);
    const auto ones = this->constant(n, 1.0F);
    const auto tiny = this->constant(n, smallest);
    const auto minus_tiny = this->constant(n, -smallest);
    const float square = smallest * smallest;  // 0 for float
    EXPECT_EQ(kernels.inner_product(tiny.data(), ones.data(), n), count * smallest);
    EXPECT_EQ(kernels.l1(tiny.data(), minus_tiny.data(), n), count * smallest * 2);
    EXPECT_EQ(kernels.l2_squared(tiny.data(), minus_tiny.data(), n), count * square * 4);
    const CosineSums sums = kernels.cosine_sums(tiny.data(), ones.data(), n);
    EXPECT_EQ(sums.inner_product, count * smallest);
    EXPECT_EQ(sums.norm_squared_a, count * square);
    EXPECT_EQ(kernels.norm_squared(tiny.data(), n),
              static_cast<double>(n) * smallest * static_cast<double>(smallest));
  }
}

TYPED_TEST(Distance, NormOfTheLargestElementsFits) {
  using Element = typename TypeParam::Element;
  const double largest = largest_finite<Element>;
  for (const std::size_t n : lengths()) {
    const auto all = this->constant(n, largest_finite<Element>);
    const double expected = static_cast<double>(n) * largest * largest;
    EXPECT_NEAR(this->kernels().norm_squared(all.data(), n), expected,
                2 * tolerance(n, double_unit, expected));
  }
}

TYPED_TEST(Distance, ManyIsBitForBitTheOnePairKernel) {
  using Element = typename TypeParam::Element;
  for (const std::size_t n : lengths()) {
    const auto query = this->random(n, 9);
    std::vector<std::vector<Element>> vectors;
    std::vector<const Element*> pointers;
    for (unsigned i = 0; i < 9; ++i) {
      vectors.push_back(this->random(n, 10 + i));
      pointers.push_back(vectors.back().data());
    }
    for (const auto& kernel : many_and_one(this->kernels())) {
      for (std::size_t count = 0; count <= pointers.size(); ++count) {
        SCOPED_TRACE(testing::Message()
                     << kernel.name << ", " << count << " vectors of " << n << " elements");
        constexpr float untouched = -12345.0F;
        Floats out(10, untouched);
        kernel.many(query.data(), pointers.data(), count, n, out.data());
        for (std::size_t i = 0; i < count; ++i) {
          EXPECT_EQ(bits(out[i]), bits(kernel.one(query.data(), pointers[i], n)));
        }
        for (std::size_t i = count; i < 10; ++i) {
          EXPECT_EQ(out[i], untouched);
        }
      }
    }
  }
}

TYPED_TEST(Distance, ManyKeepsVectorsApart) {
  using Element = typename TypeParam::Element;
  const std::size_t n = 100;
  const auto query = this->random(n, 20);
  const auto good = this->random(n, 21);
  auto bad = good;
  bad[97] = element<Element>(quiet_nan);
  for (const auto& kernel : many_and_one(this->kernels())) {
    for (std::size_t at = 0; at < 7; ++at) {
      SCOPED_TRACE(testing::Message() << kernel.name << ", " << at);
      std::vector<const Element*> pointers(7, good.data());
      pointers[at] = bad.data();
      Floats out(7);
      kernel.many(query.data(), pointers.data(), 7, n, out.data());
      for (std::size_t i = 0; i < 7; ++i) {
        EXPECT_EQ(std::isnan(out[i]), i == at);
      }
    }
  }
}

TEST_P(Table, DenormalsAreNotFlushed) {
  const ElementKernels<float>& float32 = kernels().float32;
  for (const std::size_t n : lengths()) {
    SCOPED_TRACE(n);
    const float count = static_cast<float>(n);
    const Floats zeros(n, 0.0F);
    const Floats tiny(n, smallest_positive<float>);
    const Floats large(n, 0x1p100F);
    const Floats small(n, 0x1p-70F);  // its square is denormal
    EXPECT_EQ(float32.inner_product(large.data(), tiny.data(), n), count * 0x1p-49F);
    EXPECT_EQ(float32.l2_squared(small.data(), zeros.data(), n), count * 0x1p-140F);
    EXPECT_EQ(float32.cosine_sums(small.data(), tiny.data(), n).norm_squared_a, count * 0x1p-140F);
  }
}

TEST_P(Table, OverflowsToInfinityInSinglePrecisionOnly) {
  const ElementKernels<float>& float32 = kernels().float32;
  const Floats huge = {3e37F, 4e37F};
  const Floats opposite = {-3e37F, -4e37F};
  const Floats largest = {3e38F, -3e38F};
  const Floats lowest = {-3e38F, 3e38F};
  EXPECT_EQ(float32.l2_squared(huge.data(), opposite.data(), 2), infinity);
  EXPECT_EQ(float32.inner_product(huge.data(), huge.data(), 2), infinity);
  EXPECT_EQ(float32.inner_product(huge.data(), opposite.data(), 2), -infinity);
  EXPECT_EQ(float32.l1(largest.data(), lowest.data(), 2), infinity);
  EXPECT_EQ(float32.cosine_sums(huge.data(), opposite.data(), 2).norm_squared_b, infinity);
  // Off by twice the rounding of 3e37 and 4e37 to float.
  EXPECT_NEAR(float32.norm_squared(huge.data(), 2), 25e74, 25e74 * 2.001 * float_unit);
}

// Of any bits, but for infinities and NaN.
Halves random_finite_halves(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  Halves result(n);
  for (Half& half : result) {
    do {
      half.bits = static_cast<std::uint16_t>(generator());
    } while ((half.bits & 0x7c00U) == 0x7c00U);
  }
  return result;
}

TEST_P(Table, HalvesGiveTheBitsOfTheWidenedFloats) {
  const auto widened = [](const Halves& halves) {
    Floats result;
    std::transform(halves.begin(), halves.end(), std::back_inserter(result),
                   [](Half half) { return to_float(half); });
    return result;
  };
  for (const std::size_t n : lengths()) {
    for (unsigned seed = 30; seed < 40; ++seed) {
      SCOPED_TRACE(testing::Message() << n << " halves, seed " << seed);
      const Halves a = random_finite_halves(n, seed);
      const Halves b = random_finite_halves(n, seed + 100);
      expect_same_bits(kernels().float16, a.data(), b.data(), kernels().float32, widened(a).data(),
                       widened(b).data(), n);
    }
  }
}

TEST(KernelSelection, EverySupportedTableIsTested) {
  for (const DistanceKernels* kernels : supported_kernels()) {
    const std::string name = kernels->name;
    EXPECT_TRUE(name == Baseline::name || name == Avx2::name || name == Avx512::name ||
                name == Avx512Vnni::name)
        << name;
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
