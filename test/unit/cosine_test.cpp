// cosine_similarity: what <=> makes of lengths that single precision cannot square.
#include "vector/cosine.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "kernel_fixture.hpp"

namespace vec {
namespace {

double cosine(const DistanceKernels& kernels, const Floats& a, const Floats& b) {
  return cosine_similarity(kernels, a.data(), b.data(), a.size());
}

double cosine_of_halves(const DistanceKernels& kernels, const Floats& a, const Floats& b) {
  Halves x, y;
  for (float element : a) x.push_back(to_half(element));
  for (float element : b) y.push_back(to_half(element));
  return cosine_similarity(kernels, x.data(), y.data(), x.size());
}

TEST(Cosine, DoesNotDependOnLengths) {
  const double expected = 1 / std::sqrt(5.0);
  for (const DistanceKernels* kernels : supported_kernels()) {
    for (float scale : {1e-40F, 1e-30F, 1e-16F, 1e-14F, 1.0F, 1e15F, 1e18F, 1e19F, 1e30F, 1e38F}) {
      EXPECT_NEAR(cosine(*kernels, {1, 2}, {scale, 0}), expected, 1e-5) << scale;
      EXPECT_NEAR(cosine(*kernels, {-scale, 0}, {1, 2}), -expected, 1e-5) << scale;
    }
    for (float scale : {1e-45F, 1e-30F, 1e-16F, 1.0F, 1e18F}) {
      const Floats a = {3 * scale, -scale, scale};
      EXPECT_EQ(cosine(*kernels, a, a), 1) << scale;
      EXPECT_EQ(cosine(*kernels, a, {-3 * scale, scale, -scale}), -1) << scale;
    }
    EXPECT_EQ(cosine(*kernels, {1e-45F}, {-3e38F}), -1);
    EXPECT_NEAR(cosine_of_halves(*kernels, {1, 2}, {6e-8F, 0}), expected, 1e-5);
    EXPECT_NEAR(cosine_of_halves(*kernels, {1, 2}, {65504, 0}), expected, 1e-5);
  }
}

TEST(Cosine, IsNanWithoutADirectionOrWhenTheInnerProductOverflows) {
  for (const DistanceKernels* kernels : supported_kernels()) {
    for (float x : {0.0F, 1e-30F, 1.0F, 3e38F}) {
      EXPECT_TRUE(std::isnan(cosine(*kernels, {0, 0}, {x, 0}))) << x;
      EXPECT_TRUE(std::isnan(cosine(*kernels, {x, 0}, {0, 0}))) << x;
    }
    EXPECT_TRUE(std::isnan(cosine_of_halves(*kernels, {0, 0}, {1, 0})));
    EXPECT_TRUE(std::isnan(cosine(*kernels, {3e38F}, {3e38F})));
    EXPECT_TRUE(std::isnan(cosine(*kernels, {3e38F}, {-100})));
  }
}

}  // namespace
}  // namespace vec
