// Distances, norm and dimensions of the type vector. Sums come from the kernels, in single
// precision.
#include <cmath>

#include "module.hpp"
#include "types/checks.hpp"
#include "types/vector.hpp"

namespace vec::pg {
namespace {

double l2_squared(FunctionCallInfo fcinfo) {
  const auto [a, b] = vector_pair_arguments(fcinfo);
  return kernels().float32.l2_squared(a.x, b.x, static_cast<Size>(a.dim));
}

double inner_product_of(FunctionCallInfo fcinfo) {
  const auto [a, b] = vector_pair_arguments(fcinfo);
  return kernels().float32.inner_product(a.x, b.x, static_cast<Size>(a.dim));
}

double norm(const VectorView& vector) {
  return std::sqrt(kernels().float32.norm_squared(vector.x, static_cast<Size>(vector.dim)));
}

}  // namespace

VECTOR_FUNCTION(l2_distance) {
  PG_RETURN_FLOAT8(std::sqrt(l2_squared(fcinfo)));
}

// Orders like l2_distance and saves the square root: for indexes.
VECTOR_FUNCTION(vector_l2_squared_distance) {
  PG_RETURN_FLOAT8(l2_squared(fcinfo));
}

VECTOR_FUNCTION(inner_product) {
  PG_RETURN_FLOAT8(inner_product_of(fcinfo));
}

// The operator <#>: negative, because indexes deliver the smallest first.
VECTOR_FUNCTION(vector_negative_inner_product) {
  PG_RETURN_FLOAT8(-inner_product_of(fcinfo));
}

// 0 to 2; NaN when a vector is zero, because the angle to it is undefined.
VECTOR_FUNCTION(cosine_distance) {
  const auto [a, b] = vector_pair_arguments(fcinfo);
  const CosineSums sums = kernels().float32.cosine_sums(a.x, b.x, static_cast<Size>(a.dim));
  // One root of the product, not a product of two roots: equal vectors then give exactly 1.
  double similarity =
      static_cast<double>(sums.inner_product) / std::sqrt(static_cast<double>(sums.norm_squared_a) *
                                                          static_cast<double>(sums.norm_squared_b));
  // Rounding may leave the range; both comparisons are false for NaN.
  if (similarity > 1.0) similarity = 1.0;
  if (similarity < -1.0) similarity = -1.0;
  PG_RETURN_FLOAT8(1.0 - similarity);
}

VECTOR_FUNCTION(vector_dims) {
  PG_RETURN_INT32(vector_argument(fcinfo, 0).dim);
}

VECTOR_FUNCTION(vector_norm) {
  PG_RETURN_FLOAT8(norm(vector_argument(fcinfo, 0)));
}

// A zero vector stays zero. No element can overflow: none is larger than the norm.
VECTOR_FUNCTION(l2_normalize) {
  const VectorView vector = vector_argument(fcinfo, 0);
  const double length = norm(vector);
  Vector* unit = new_vector(vector.dim);
  for (int i = 0; i < vector.dim; ++i) {
    unit->x[i] = length > 0.0 ? static_cast<float>(vector.x[i] / length) : 0.0F;
  }
  PG_RETURN_POINTER(unit);
}

}  // namespace vec::pg
