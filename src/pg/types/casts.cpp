// Casts: to a type modifier, between vector and halfvec, and from and to PostgreSQL's arrays.
#include "types/checks.hpp"
#include "types/element.hpp"

namespace vec::pg {
namespace {

// The cast that PostgreSQL calls to apply a typmod.
template <class Type>
Datum apply_typmod(FunctionCallInfo fcinfo) {
  const View<Type> value = argument<Type>(fcinfo, 0);
  check_expected_dimensions(PG_GETARG_INT32(1), value.dim);
  PG_RETURN_POINTER(value.value);
}

// read(begin, count, buffer) returns the numbers of a block, written to the buffer or elsewhere.
template <class Type, class Read>
Value<typename Type::Element>* value_from(int dim, Read read) {
  auto* value = new_value<Type>(dim);
  for_each_block(dim, [&](int begin, int count) {
    float block[kBlock];
    store_checked<Type>(read(begin, count, block), count, value->x + begin);
  });
  return value;
}

template <class From, class To>
Datum convert(FunctionCallInfo fcinfo) {
  const View<From> from = argument<From>(fcinfo, 0);
  check_expected_dimensions(PG_GETARG_INT32(1), from.dim);
  PG_RETURN_POINTER(value_from<To>(from.dim, [&](int begin, int count, float* buffer) {
    return From::load(from.x + begin, static_cast<Size>(count), buffer);
  }));
}

// An array of fixed-size elements without NULLs has its elements one after the other.
template <class Type, class ArrayElement>
Datum from_numbers(ArrayType* array, int dim) {
  check_array_size(array, sizeof(ArrayElement), dim);
  const auto* elements = reinterpret_cast<const ArrayElement*>(ARR_DATA_PTR(array));
  PG_RETURN_POINTER(value_from<Type>(dim, [&](int begin, int count, float* buffer) {
    // What does not fit becomes infinite, and is then refused.
    for (int i = 0; i < count; ++i) buffer[i] = static_cast<float>(elements[begin + i]);
    return buffer;
  }));
}

template <class Type>
Datum from_numerics(ArrayType* array, int dim) {
  Datum* elements = nullptr;
  int found = 0;
  deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, nullptr, &found);
  Assert(found == dim);
  PG_RETURN_POINTER(value_from<Type>(dim, [&](int begin, int count, float* buffer) {
    for (int i = 0; i < count; ++i) {
      buffer[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[begin + i]));
    }
    return buffer;
  }));
}

// One C function for the arrays of all four element types.
template <class Type>
Datum from_array(FunctionCallInfo fcinfo) {
  ArrayType* array = array_argument(fcinfo, 0);
  if (ARR_NDIM(array) > 1) {
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D")));
  }
  if (array_contains_nulls(array)) {
    ereport(ERROR,
            (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("array must not contain nulls")));
  }
  const int dim = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
  check_dimensions(Type::name, dim);
  check_expected_dimensions(PG_GETARG_INT32(1), dim);

  switch (ARR_ELEMTYPE(array)) {
    case INT4OID:
      return from_numbers<Type, int32>(array, dim);
    case FLOAT4OID:
      return from_numbers<Type, float4>(array, dim);
    case FLOAT8OID:
      return from_numbers<Type, float8>(array, dim);
    case NUMERICOID:
      return from_numerics<Type>(array, dim);
    default:
      ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("unsupported array type")));
  }
}

template <class Type>
Datum to_array(FunctionCallInfo fcinfo) {
  const View<Type> value = argument<Type>(fcinfo, 0);
  const auto count = static_cast<Size>(value.dim);
  ArrayType* array = new_array(FLOAT4OID, sizeof(float4), value.dim);
  auto* elements = reinterpret_cast<float4*>(ARR_DATA_PTR(array));
  const float* numbers = Type::load(value.x, count, elements);
  if (numbers != elements) std::memcpy(elements, numbers, count * sizeof(float4));
  PG_RETURN_ARRAYTYPE_P(array);
}

}  // namespace

VECTOR_FUNCTIONS(apply_typmod, vector, halfvec);
VECTOR_FUNCTIONS(from_array, array_to_vector, array_to_halfvec);
VECTOR_FUNCTIONS(to_array, vector_to_float4, halfvec_to_float4);

VECTOR_FUNCTION(vector_to_halfvec) {
  return convert<VectorType, HalfvecType>(fcinfo);
}

VECTOR_FUNCTION(halfvec_to_vector) {
  return convert<HalfvecType, VectorType>(fcinfo);
}

}  // namespace vec::pg
