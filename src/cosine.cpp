#include "vector/cosine.hpp"

#include <cmath>

namespace vec {
namespace {

// Below this, what underflows in the sums of a float is not negligible.
constexpr float kSmallestNormSquared = 1e-30F;

bool is_safe(float norm_squared) {
  return norm_squared >= kSmallestNormSquared && std::isfinite(norm_squared);
}

double widened(float element) {
  return element;
}
double widened(Half element) {
  return to_float(element);
}

// One root of the product, not a product of two roots: equal vectors then give exactly 1.
double cosine_of(double product, double norm_squared_a, double norm_squared_b) {
  return clamp_cosine(product / std::sqrt(norm_squared_a * norm_squared_b));
}

// The square of any float, and the product of two sums of squares, is a normal double.
template <class Element>
double cosine_in_double(const Element* a, const Element* b, std::size_t n) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = widened(a[i]);
    const double y = widened(b[i]);
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return cosine_of(ab, aa, bb);
}

}  // namespace

template <class Element>
double cosine_similarity(const DistanceKernels& kernels, const Element* a, const Element* b,
                         std::size_t n) {
  const CosineSums sums = kernels.of<Element>().cosine_sums(a, b, n);
  if ((!is_safe(sums.norm_squared_a) || !is_safe(sums.norm_squared_b)) &&
      std::isfinite(sums.inner_product)) {
    return cosine_in_double(a, b, n);
  }
  return cosine_of(sums.inner_product, sums.norm_squared_a, sums.norm_squared_b);
}

template double cosine_similarity(const DistanceKernels&, const float*, const float*, std::size_t);
template double cosine_similarity(const DistanceKernels&, const Half*, const Half*, std::size_t);

}  // namespace vec
