// Access to the bytes of the type vector.
#include "types/vector.hpp"

#include "types/checks.hpp"

namespace vec::pg {

VectorView vector_view(Datum datum) {
  const auto* vector = reinterpret_cast<const Vector*>(PG_DETOAST_DATUM(datum));
  const Size size = VARSIZE(vector);
  const int dim = size >= sizeof(Vector) ? vector->dim : 0;
  if (dim < 1 || dim > kMaxDimensions || size != vector_size(dim)) {
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                    errmsg("corrupted vector: %zu bytes do not hold %d dimensions", size, dim)));
  }
  return {vector->x, dim, vector};
}

VectorPair vector_pair_arguments(FunctionCallInfo fcinfo) {
  const VectorPair pair{vector_argument(fcinfo, 0), vector_argument(fcinfo, 1)};
  check_same_dimensions(kVectorName, pair.a.dim, pair.b.dim);
  return pair;
}

Vector* new_vector(int dim) {
  auto* vector = static_cast<Vector*>(palloc(vector_size(dim)));
  SET_VARSIZE(vector, vector_size(dim));
  vector->dim = static_cast<int16>(dim);
  vector->unused = 0;
  return vector;
}

}  // namespace vec::pg
