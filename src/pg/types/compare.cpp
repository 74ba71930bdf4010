// The order of values, for btree, ORDER BY, DISTINCT and =: element by element, then the shorter
// first, like arrays. Values of different dimensions are comparable; -0 equals 0; there are no
// NaNs. And a hash that agrees with =.
#include "types/element.hpp"

namespace vec::pg {
namespace {

template <class Type>
int compare(const View<Type>& a, const View<Type>& b) {
  const int common = std::min(a.dim, b.dim);
  for (int i = 0; i < common; ++i) {
    const float x = Type::load(a.x[i]);
    const float y = Type::load(b.x[i]);
    if (x < y) return -1;
    if (x > y) return 1;
  }
  return a.dim < b.dim ? -1 : (a.dim > b.dim ? 1 : 0);
}

template <class Type>
int compare_arguments(FunctionCallInfo fcinfo) {
  const View<Type> a = argument<Type>(fcinfo, 0);
  const View<Type> b = argument<Type>(fcinfo, 1);
  const int order = compare(a, b);
  free_if_copy(fcinfo, 0, a);
  free_if_copy(fcinfo, 1, b);
  return order;
}

template <class Type>
Datum less(FunctionCallInfo fcinfo) {
  PG_RETURN_BOOL(compare_arguments<Type>(fcinfo) < 0);
}

template <class Type>
Datum less_or_equal(FunctionCallInfo fcinfo) {
  PG_RETURN_BOOL(compare_arguments<Type>(fcinfo) <= 0);
}

template <class Type>
Datum equal(FunctionCallInfo fcinfo) {
  PG_RETURN_BOOL(compare_arguments<Type>(fcinfo) == 0);
}

template <class Type>
Datum not_equal(FunctionCallInfo fcinfo) {
  PG_RETURN_BOOL(compare_arguments<Type>(fcinfo) != 0);
}

template <class Type>
Datum greater_or_equal(FunctionCallInfo fcinfo) {
  PG_RETURN_BOOL(compare_arguments<Type>(fcinfo) >= 0);
}

template <class Type>
Datum greater(FunctionCallInfo fcinfo) {
  PG_RETURN_BOOL(compare_arguments<Type>(fcinfo) > 0);
}

template <class Type>
Datum order(FunctionCallInfo fcinfo) {
  PG_RETURN_INT32(compare_arguments<Type>(fcinfo));
}

// Of the elements' bytes as they are in memory: as with PostgreSQL's own types a machine of the
// other byte order has other hash values, so a dump of hash partitions may not load there.
template <class Type>
uint64 hash_argument(FunctionCallInfo fcinfo, uint64 seed) {
  const View<Type> value = argument<Type>(fcinfo, 0);
  uint64 hash = seed;
  for_each_block(value.dim, [&](int begin, int count) {
    typename Type::Element block[kBlock];
    for (int i = 0; i < count; ++i) block[i] = Type::positive_zero(value.x[begin + i]);
    hash = hash_bytes_extended(reinterpret_cast<const unsigned char*>(block),
                               count * static_cast<int>(sizeof block[0]), hash);
  });
  free_if_copy(fcinfo, 0, value);
  return hash;
}

// As PostgreSQL asks, the low half of the extended hash with seed 0.
template <class Type>
Datum hash(FunctionCallInfo fcinfo) {
  PG_RETURN_UINT32(static_cast<uint32>(hash_argument<Type>(fcinfo, 0)));
}

template <class Type>
Datum extended_hash(FunctionCallInfo fcinfo) {
  PG_RETURN_UINT64(hash_argument<Type>(fcinfo, static_cast<uint64>(PG_GETARG_INT64(1))));
}

}  // namespace

VECTOR_FUNCTIONS(less, vector_lt, halfvec_lt);
VECTOR_FUNCTIONS(less_or_equal, vector_le, halfvec_le);
VECTOR_FUNCTIONS(equal, vector_eq, halfvec_eq);
VECTOR_FUNCTIONS(not_equal, vector_ne, halfvec_ne);
VECTOR_FUNCTIONS(greater_or_equal, vector_ge, halfvec_ge);
VECTOR_FUNCTIONS(greater, vector_gt, halfvec_gt);
VECTOR_FUNCTIONS(order, vector_cmp, halfvec_cmp);
VECTOR_FUNCTIONS(hash, vector_hash, halfvec_hash);
VECTOR_FUNCTIONS(extended_hash, vector_hash_extended, halfvec_hash_extended);

}  // namespace vec::pg
