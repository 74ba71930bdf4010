// The types vector and halfvec: their bytes, safe access to them, and what distinguishes the two.
//
// Their code is written once: a function template takes `Type` = VectorType or HalfvecType, and
// VECTOR_FUNCTIONS makes SQL functions of both types of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <type_traits>

#include "compat.hpp"
#include "module.hpp"
#include "vector/half.hpp"
#include "vector/limits.hpp"

namespace vec::pg {

// On disk, do not change: heap tuples, dumps in directory format and pgvector have these bytes.
// (Short values are stored with a one-byte varlena header; detoasting brings them into this form.)
template <class Element>
struct Value {
  int32 vl_len_;  // only through VARSIZE and SET_VARSIZE
  int16 dim;
  int16 unused;  // 0
  Element x[];
};
using Vector = Value<float>;
using Halfvec = Value<Half>;

template <class AnyValue>
inline constexpr bool has_layout_of_pgvector =
    std::is_standard_layout_v<AnyValue>&& std::is_trivially_copyable_v<AnyValue>&& offsetof(
        AnyValue, dim) == 4 &&
    offsetof(AnyValue, unused) == 6 && offsetof(AnyValue, x) == 8 && sizeof(AnyValue) == 8 &&
    alignof(AnyValue) == 4;
static_assert(has_layout_of_pgvector<Vector> && has_layout_of_pgvector<Halfvec>);
static_assert(kMaxDimensions <= PG_INT16_MAX);

struct VectorType {
  using Element = float;
  static constexpr const char* name = "vector";  // in messages
  // From here on a number becomes infinite; to here, 0.
  static constexpr float too_large = std::numeric_limits<float>::infinity();
  static constexpr float too_small = 0;

  static float load(float element) { return element; }
  // The elements as floats: themselves, or what is written to `buffer`.
  [[nodiscard]] static const float* load(const float* from, Size, float*) { return from; }
  // No element changes, so there is nothing to round.
  static void store(const float* from, Size count, float* to) {
    std::memcpy(to, from, count * sizeof(float));
  }
  static bool is_finite(float element) { return __builtin_isfinite(element); }
  // -0 becomes 0, everything else stays.
  static float positive_zero(float element) { return element + 0.0F; }
};

struct HalfvecType {
  using Element = Half;
  static constexpr const char* name = "halfvec";
  static constexpr float too_large = 65520;     // halfway from 65504 to the next power of 2
  static constexpr float too_small = 0x1p-25F;  // half the smallest

  static float load(Half element) { return to_float(element); }
  [[nodiscard]] static const float* load(const Half* from, Size count, float* buffer) {
    kernels().to_float(from, count, buffer);
    return buffer;
  }
  // Rounds to nearest even; what is too large becomes infinite.
  static void store(const float* from, Size count, Half* to) { kernels().to_half(from, count, to); }
  static bool is_finite(Half element) { return (element.bits & 0x7c00) != 0x7c00; }
  static Half positive_zero(Half element) { return element.bits == 0x8000 ? Half{0} : element; }
};

template <class Type>
constexpr Size value_size(int dim) {
  return sizeof(Value<typename Type::Element>) +
         static_cast<Size>(dim) * sizeof(typename Type::Element);
}

// A checked value: `dim` is 1 to kMaxDimensions and that many elements are there.
template <class Type>
struct View {
  const typename Type::Element* x;
  int dim;
  // Detoasted: the datum itself or a copy in the current memory context.
  const Value<typename Type::Element>* value;
};
static_assert(std::is_trivially_destructible_v<View<VectorType>>);

// Detoasts, and reports a datum whose size does not fit its dimensions as corrupted.
template <class Type>
View<Type> view(Datum datum);

template <class Type>
View<Type> argument(FunctionCallInfo fcinfo, int n) {
  return view<Type>(PG_GETARG_DATUM(n));
}

// Two arguments of the same dimensions.
template <class Type>
struct Pair {
  View<Type> a;
  View<Type> b;
};
template <class Type>
Pair<Type> pair_arguments(FunctionCallInfo fcinfo);

// Whether detoasting argument `n` has made a copy of it.
template <class Type>
bool is_copy(FunctionCallInfo fcinfo, int n, const View<Type>& argument) {
  return PointerGetDatum(argument.value) != PG_GETARG_DATUM(n);
}

// Only where calls pile up in one memory context, as the comparisons of a sort or of a btree do.
template <class Type>
void free_if_copy(FunctionCallInfo fcinfo, int n, const View<Type>& argument) {
  if (is_copy(fcinfo, n, argument)) {
    pfree(const_cast<Value<typename Type::Element>*>(argument.value));
  }
}

// A new value in the current memory context; its elements are not set.
// REQUIRES: check_dimensions(dim).
template <class Type>
Value<typename Type::Element>* new_value(int dim);

// A new array of PostgreSQL's in the current memory context: one dimension, fixed-size elements, no
// NULLs. Its elements are not set.
ArrayType* new_array(Oid element_type, Size element_size, int count);

// Detoasts an array, and reports one that is shorter than its header as corrupted.
ArrayType* array_argument(FunctionCallInfo fcinfo, int n);

// The same for one whose elements, of fixed size and none of them NULL, are not all there.
void check_array_size(const ArrayType* array, Size element_size, int count);

// Calls step(begin, count) for consecutive parts of `dim` elements, each small enough for arrays
// float[kBlock] on the stack.
inline constexpr int kBlock = 512;
template <class Step>
void for_each_block(int dim, Step step) {
  for (int begin = 0; begin < dim; begin += kBlock) step(begin, std::min(kBlock, dim - begin));
}

}  // namespace vec::pg

// Defines the SQL functions `of_vector` and `of_halfvec` (their names in C) as instances of one
// function template.
#define VECTOR_FUNCTIONS(function_template, of_vector, of_halfvec) \
  VECTOR_FUNCTION(of_vector) {                                     \
    return function_template<::vec::pg::VectorType>(fcinfo);       \
  }                                                                \
  VECTOR_FUNCTION(of_halfvec) {                                    \
    return function_template<::vec::pg::HalfvecType>(fcinfo);      \
  }                                                                \
  static_assert(true, "a semicolon follows")
