// The order of vectors, for btree, ORDER BY, DISTINCT and =: element by element, then the shorter
// first, like arrays. Vectors of different dimensions are comparable; -0 equals 0; there are no
// NaNs.
#include <algorithm>

#include "types/vector.hpp"

namespace vec::pg {
namespace {

int compare(const VectorView& a, const VectorView& b) {
  const int common = std::min(a.dim, b.dim);
  for (int i = 0; i < common; ++i) {
    if (a.x[i] < b.x[i]) return -1;
    if (a.x[i] > b.x[i]) return 1;
  }
  return a.dim < b.dim ? -1 : (a.dim > b.dim ? 1 : 0);
}

int compare_arguments(FunctionCallInfo fcinfo) {
  const VectorView a = vector_argument(fcinfo, 0);
  const VectorView b = vector_argument(fcinfo, 1);
  const int order = compare(a, b);
  free_if_copy(fcinfo, 0, a);
  free_if_copy(fcinfo, 1, b);
  return order;
}

}  // namespace

VECTOR_FUNCTION(vector_lt) {
  PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}

VECTOR_FUNCTION(vector_le) {
  PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}

VECTOR_FUNCTION(vector_eq) {
  PG_RETURN_BOOL(compare_arguments(fcinfo) == 0);
}

VECTOR_FUNCTION(vector_ne) {
  PG_RETURN_BOOL(compare_arguments(fcinfo) != 0);
}

VECTOR_FUNCTION(vector_ge) {
  PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

VECTOR_FUNCTION(vector_gt) {
  PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}

VECTOR_FUNCTION(vector_cmp) {
  PG_RETURN_INT32(compare_arguments(fcinfo));
}

}  // namespace vec::pg
