// avg(): its state is a float8[] with the number of rows, then the sum of each dimension; of no
// rows yet, {0}. (The state of sum() is a value, its transition is +.)
#include "types/checks.hpp"
#include "types/element.hpp"

namespace vec::pg {
namespace {

struct State {
  ArrayType* array;
  float8* values;  // rows, sums
  int dim;         // 0 as long as there are no rows
};

State state_of(ArrayType* array) {
  return {array, reinterpret_cast<float8*>(ARR_DATA_PTR(array)), ARR_DIMS(array)[0] - 1};
}

State state_argument(FunctionCallInfo fcinfo, int n, const char* type, const char* function) {
  ArrayType* array = array_argument(fcinfo, n);
  if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] < 1 || ARR_HASNULL(array) ||
      ARR_ELEMTYPE(array) != FLOAT8OID) {
    elog(ERROR, "%s_%s: expected state array", type, function);
  }
  check_array_size(array, sizeof(float8), ARR_DIMS(array)[0]);
  return state_of(array);
}

// Sums of 0.
State new_state(float8 rows, int dim) {
  State state = state_of(new_array(FLOAT8OID, sizeof(float8), dim + 1));
  state.values[0] = rows;
  // The neutral element: -0.0 + x is x for every x, also for -0.
  std::fill_n(state.values + 1, dim, -0.0);
  return state;
}

// A state that may be changed: inside an aggregate the argument itself, which the executor has made
// for this aggregate alone, so that no array is built for each row.
State own_state(FunctionCallInfo fcinfo, int n, const State& state) {
  if (AggCheckCallContext(fcinfo, nullptr) != 0 &&
      PointerGetDatum(state.array) == PG_GETARG_DATUM(n)) {
    return state;
  }
  State copy = new_state(state.values[0], state.dim);
  std::copy_n(state.values, state.dim + 1, copy.values);
  return copy;
}

void add_to(float8& sum, float8 value) {
  sum += value;
  if (__builtin_isinf(sum)) float_overflow_error();
}

template <class Type>
Datum accumulate(FunctionCallInfo fcinfo) {
  State state = state_argument(fcinfo, 0, Type::name, "accum");
  const View<Type> value = argument<Type>(fcinfo, 1);
  if (state.dim == 0) {
    state = new_state(state.values[0], value.dim);
  } else {
    check_expected_dimensions(state.dim, value.dim);
    state = own_state(fcinfo, 0, state);
  }

  state.values[0] += 1;
  float8* sums = state.values + 1;
  for_each_block(value.dim, [&](int begin, int count) {
    float block[kBlock];
    const float* x = Type::load(value.x + begin, static_cast<Size>(count), block);
    for (int i = 0; i < count; ++i) add_to(sums[begin + i], x[i]);
  });
  PG_RETURN_ARRAYTYPE_P(state.array);
}

template <class Type>
Datum average(FunctionCallInfo fcinfo) {
  const State state = state_argument(fcinfo, 0, Type::name, "avg");
  const float8 rows = state.values[0];
  if (rows == 0) PG_RETURN_NULL();

  check_dimensions(Type::name, state.dim);
  auto* mean = new_value<Type>(state.dim);
  for_each_block(state.dim, [&](int begin, int count) {
    float block[kBlock];
    for (int i = 0; i < count; ++i) {
      block[i] = static_cast<float>(state.values[1 + begin + i] / rows);
    }
    store_checked<Type>(block, count, mean->x + begin);
  });
  PG_RETURN_POINTER(mean);
}

}  // namespace

// Of both types, whose states are alike.
VECTOR_FUNCTION(vector_combine) {
  State a = state_argument(fcinfo, 0, "vector", "combine");
  const State b = state_argument(fcinfo, 1, "vector", "combine");
  if (a.dim != 0) check_dimensions("vector", a.dim);
  if (b.dim != 0) check_dimensions("vector", b.dim);
  if (a.dim != 0 && b.dim != 0) check_expected_dimensions(a.dim, b.dim);

  if (a.dim == 0 && b.dim != 0) {
    a = new_state(a.values[0], b.dim);
  } else {
    a = own_state(fcinfo, 0, a);
  }
  for (int i = 0; i < b.dim + 1; ++i) add_to(a.values[i], b.values[i]);
  PG_RETURN_ARRAYTYPE_P(a.array);
}

VECTOR_FUNCTIONS(accumulate, vector_accum, halfvec_accum);
VECTOR_FUNCTIONS(average, vector_avg, halfvec_avg);

}  // namespace vec::pg
