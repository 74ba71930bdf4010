// Casts between vector and PostgreSQL's arrays, and from vector to vector(n).
#include <cstring>

#include "types/checks.hpp"
#include "types/vector.hpp"

namespace vec::pg {

// The cast that PostgreSQL calls to apply a typmod.
VECTOR_FUNCTION(vector) {
  const VectorView vector = vector_argument(fcinfo, 0);
  check_typmod(PG_GETARG_INT32(1), vector.dim);
  PG_RETURN_POINTER(vector.vector);
}

namespace {

// An array of fixed-size elements without NULLs has its elements one after the other.
template <class Element>
void copy_elements(ArrayType* array, int count, float* out) {
  const auto* elements = reinterpret_cast<const Element*>(ARR_DATA_PTR(array));
  // What does not fit becomes infinite, and check_elements refuses it.
  for (int i = 0; i < count; ++i) out[i] = static_cast<float>(elements[i]);
}

void copy_numerics(ArrayType* array, int count, float* out) {
  Datum* elements = nullptr;
  int found = 0;
  deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, nullptr, &found);
  Assert(found == count);
  for (int i = 0; i < count; ++i) {
    out[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[i]));
  }
  pfree(elements);
}

}  // namespace

// One C function for the arrays of all four element types.
VECTOR_FUNCTION(array_to_vector) {
  ArrayType* array = PG_GETARG_ARRAYTYPE_P(0);
  const int32 typmod = PG_GETARG_INT32(1);

  if (ARR_NDIM(array) > 1) {
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D")));
  }
  if (array_contains_nulls(array)) {
    ereport(ERROR,
            (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("array must not contain nulls")));
  }
  const int dim = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
  check_dimensions(kVectorName, dim);
  check_typmod(typmod, dim);

  Vector* vector = new_vector(dim);
  switch (ARR_ELEMTYPE(array)) {
    case INT4OID:
      copy_elements<int32>(array, dim, vector->x);
      break;
    case FLOAT4OID:
      copy_elements<float4>(array, dim, vector->x);
      break;
    case FLOAT8OID:
      copy_elements<float8>(array, dim, vector->x);
      break;
    case NUMERICOID:
      copy_numerics(array, dim, vector->x);
      break;
    default:
      ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("unsupported array type")));
  }
  check_elements(kVectorName, vector->x, dim);
  PG_RETURN_POINTER(vector);
}

VECTOR_FUNCTION(vector_to_float4) {
  const VectorView vector = vector_argument(fcinfo, 0);
  const Size header = ARR_OVERHEAD_NONULLS(1);
  const Size payload = sizeof(float4) * static_cast<Size>(vector.dim);

  auto* array = static_cast<ArrayType*>(palloc0(header + payload));
  SET_VARSIZE(array, header + payload);
  array->ndim = 1;
  array->dataoffset = 0;  // no NULL bitmap
  array->elemtype = FLOAT4OID;
  ARR_DIMS(array)[0] = vector.dim;
  ARR_LBOUND(array)[0] = 1;
  std::memcpy(ARR_DATA_PTR(array), vector.x, payload);
  PG_RETURN_ARRAYTYPE_P(array);
}

}  // namespace vec::pg
