// The type vector: its bytes, and safe access to them.
#pragma once

#include <cstddef>
#include <type_traits>

#include "compat.hpp"
#include "vector/limits.hpp"

namespace vec::pg {

inline constexpr const char* kVectorName = "vector";  // in messages

// On disk, do not change: heap tuples, dumps in directory format and pgvector have these bytes.
// (Short values are stored with a one-byte varlena header; detoasting brings them into this form.)
struct Vector {
  int32 vl_len_;  // only through VARSIZE and SET_VARSIZE
  int16 dim;
  int16 unused;  // 0
  float x[];
};
static_assert(std::is_standard_layout_v<Vector> && std::is_trivially_copyable_v<Vector>);
static_assert(offsetof(Vector, dim) == 4 && offsetof(Vector, unused) == 6);
static_assert(offsetof(Vector, x) == 8 && sizeof(Vector) == 8 && alignof(Vector) == 4);
static_assert(kMaxDimensions <= PG_INT16_MAX);

constexpr Size vector_size(int dim) {
  return sizeof(Vector) + static_cast<Size>(dim) * sizeof(float);
}

// A checked vector: `dim` is 1 to kMaxDimensions and that many floats are there.
struct VectorView {
  const float* x;
  int dim;
  const Vector* vector;  // detoasted: the datum itself or a copy in the current memory context
};
static_assert(std::is_trivially_destructible_v<VectorView>);

// Detoasts, and reports a datum whose size does not fit its dimensions as corrupted.
VectorView vector_view(Datum datum);

inline VectorView vector_argument(FunctionCallInfo fcinfo, int n) {
  return vector_view(PG_GETARG_DATUM(n));
}

// Two arguments that a distance is defined for: of the same dimensions.
struct VectorPair {
  VectorView a;
  VectorView b;
};
VectorPair vector_pair_arguments(FunctionCallInfo fcinfo);

// Frees the copy that detoasting may have made. Only where calls pile up in one memory context, as
// the comparisons of a sort or of a btree do.
inline void free_if_copy(FunctionCallInfo fcinfo, int n, const VectorView& view) {
  if (PointerGetDatum(view.vector) != PG_GETARG_DATUM(n)) pfree(const_cast<Vector*>(view.vector));
}

// A new vector in the current memory context; its elements are not set.
// REQUIRES: check_dimensions(dim).
Vector* new_vector(int dim);

}  // namespace vec::pg
