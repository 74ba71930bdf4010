// Input and output of the type vector, as text and in binary, and its type modifier.
#include <cstring>

#include "types/checks.hpp"
#include "types/vector.hpp"

namespace vec::pg {

VECTOR_FUNCTION(vector_in) {
  const char* text = PG_GETARG_CSTRING(0);
  const int32 typmod = PG_GETARG_INT32(2);

  float elements[kMaxDimensions];
  const TextResult result = parse_vector_text(text, elements);
  if (!check_text(kVectorName, text, result, fcinfo->context) ||
      !check_typmod(typmod, result.count, fcinfo->context)) {
    PG_RETURN_NULL();
  }

  Vector* vector = new_vector(result.count);
  std::memcpy(vector->x, elements, sizeof(float) * static_cast<Size>(result.count));
  PG_RETURN_POINTER(vector);
}

// PostgreSQL's printer gives the shortest decimal that reads back as the same float.
static_assert(kMaxNumberText + 1 >= FLOAT_SHORTEST_DECIMAL_LEN);

VECTOR_FUNCTION(vector_out) {
  const VectorView vector = vector_argument(fcinfo, 0);
  const auto count = static_cast<Size>(vector.dim);
  char* text = static_cast<char*>(palloc(max_vector_text(count)));
  print_vector_text(vector.x, count, float_to_shortest_decimal_bufn, text);
  PG_RETURN_CSTRING(text);
}

VECTOR_FUNCTION(vector_typmod_in) {
  PG_RETURN_INT32(typmod_from_modifiers(kVectorName, PG_GETARG_ARRAYTYPE_P(0)));
}

// Binary format, network byte order: int16 dimensions, int16 0, a float4 for each dimension.
VECTOR_FUNCTION(vector_recv) {
  auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
  const int32 typmod = PG_GETARG_INT32(2);

  const int dim = static_cast<int>(pq_getmsgint(message, sizeof(int16)));
  const int unused = static_cast<int>(pq_getmsgint(message, sizeof(int16)));
  check_dimensions(kVectorName, dim);
  check_typmod(typmod, dim);
  if (unused != 0) {
    ereport(ERROR,
            (errcode(ERRCODE_DATA_EXCEPTION), errmsg("expected unused to be 0, not %d", unused)));
  }

  Vector* vector = new_vector(dim);
  for (int i = 0; i < dim; ++i) vector->x[i] = pq_getmsgfloat4(message);
  check_elements(kVectorName, vector->x, dim);
  PG_RETURN_POINTER(vector);
}

VECTOR_FUNCTION(vector_send) {
  const VectorView vector = vector_argument(fcinfo, 0);
  StringInfoData message;
  pq_begintypsend(&message);
  pq_sendint16(&message, static_cast<uint16>(vector.dim));
  pq_sendint16(&message, 0);
  for (int i = 0; i < vector.dim; ++i) pq_sendfloat4(&message, vector.x[i]);
  PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

}  // namespace vec::pg
