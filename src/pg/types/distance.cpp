// Distances, norm and dimensions. Sums come from the kernels, in single precision; of cosines also
// in double.
#include <cmath>

#include "types/element.hpp"
#include "vector/cosine.hpp"

namespace vec::pg {
namespace {

template <class Type>
const ElementKernels<typename Type::Element>& kernels_of() {
  return kernels().of<typename Type::Element>();
}

template <class Type>
double l2_squared(FunctionCallInfo fcinfo) {
  const auto [a, b] = pair_arguments<Type>(fcinfo);
  return kernels_of<Type>().l2_squared(a.x, b.x, static_cast<Size>(a.dim));
}

template <class Type>
double inner_product_of_pair(FunctionCallInfo fcinfo) {
  const auto [a, b] = pair_arguments<Type>(fcinfo);
  return kernels_of<Type>().inner_product(a.x, b.x, static_cast<Size>(a.dim));
}

template <class Type>
double norm(const View<Type>& value) {
  return std::sqrt(kernels_of<Type>().norm_squared(value.x, static_cast<Size>(value.dim)));
}

template <class Type>
Datum euclidean(FunctionCallInfo fcinfo) {
  PG_RETURN_FLOAT8(std::sqrt(l2_squared<Type>(fcinfo)));
}

// Orders like the Euclidean distance and saves the square root: for indexes.
template <class Type>
Datum squared_euclidean(FunctionCallInfo fcinfo) {
  PG_RETURN_FLOAT8(l2_squared<Type>(fcinfo));
}

template <class Type>
Datum product(FunctionCallInfo fcinfo) {
  PG_RETURN_FLOAT8(inner_product_of_pair<Type>(fcinfo));
}

// The operator <#>: negative, because indexes deliver the smallest first.
template <class Type>
Datum negative_product(FunctionCallInfo fcinfo) {
  PG_RETURN_FLOAT8(-inner_product_of_pair<Type>(fcinfo));
}

// 0 to 2; NaN when an argument is zero, because the angle to it is undefined.
template <class Type>
Datum cosine(FunctionCallInfo fcinfo) {
  const auto [a, b] = pair_arguments<Type>(fcinfo);
  PG_RETURN_FLOAT8(1.0 - cosine_similarity(kernels(), a.x, b.x, static_cast<Size>(a.dim)));
}

template <class Type>
Datum taxicab(FunctionCallInfo fcinfo) {
  const auto [a, b] = pair_arguments<Type>(fcinfo);
  PG_RETURN_FLOAT8(kernels_of<Type>().l1(a.x, b.x, static_cast<Size>(a.dim)));
}

// The angle between unit vectors, from 0 to 1 for half a turn.
template <class Type>
Datum spherical(FunctionCallInfo fcinfo) {
  PG_RETURN_FLOAT8(std::acos(clamp_cosine(inner_product_of_pair<Type>(fcinfo))) / M_PI);
}

template <class Type>
Datum dimensions(FunctionCallInfo fcinfo) {
  PG_RETURN_INT32(argument<Type>(fcinfo, 0).dim);
}

template <class Type>
Datum euclidean_norm(FunctionCallInfo fcinfo) {
  PG_RETURN_FLOAT8(norm(argument<Type>(fcinfo, 0)));
}

// A zero vector stays zero. No element can overflow: none is larger than the norm.
template <class Type>
Datum normalize(FunctionCallInfo fcinfo) {
  const View<Type> value = argument<Type>(fcinfo, 0);
  const double length = norm(value);
  auto* unit = new_value<Type>(value.dim);
  for_each_block(value.dim, [&](int begin, int count) {
    float block[kBlock];
    const float* x = Type::load(value.x + begin, static_cast<Size>(count), block);
    for (int i = 0; i < count; ++i) {
      block[i] = length > 0.0 ? static_cast<float>(x[i] / length) : 0.0F;
    }
    Type::store(block, static_cast<Size>(count), unit->x + begin);
  });
  PG_RETURN_POINTER(unit);
}

}  // namespace

VECTOR_FUNCTIONS(euclidean, l2_distance, halfvec_l2_distance);
VECTOR_FUNCTIONS(squared_euclidean, vector_l2_squared_distance, halfvec_l2_squared_distance);
VECTOR_FUNCTIONS(product, inner_product, halfvec_inner_product);
VECTOR_FUNCTIONS(negative_product, vector_negative_inner_product, halfvec_negative_inner_product);
VECTOR_FUNCTIONS(cosine, cosine_distance, halfvec_cosine_distance);
VECTOR_FUNCTIONS(taxicab, l1_distance, halfvec_l1_distance);
VECTOR_FUNCTIONS(spherical, vector_spherical_distance, halfvec_spherical_distance);
VECTOR_FUNCTIONS(dimensions, vector_dims, halfvec_vector_dims);
VECTOR_FUNCTIONS(euclidean_norm, vector_norm, halfvec_l2_norm);
VECTOR_FUNCTIONS(normalize, l2_normalize, halfvec_l2_normalize);

}  // namespace vec::pg
