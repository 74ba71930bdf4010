// Arithmetic element by element, and new values made of parts of others.
#include "types/checks.hpp"
#include "types/element.hpp"

namespace vec::pg {
namespace {

// c = operation(a, b). Returns whether an element may be out of range: too large or, if the
// operation underflows, too small. In steps of eight, which compilers turn into vector
// instructions.
template <class Type, bool operation_underflows, class Operation>
bool compute(const float* a, const float* b, Size count, Operation operation, float* c) {
  constexpr Size kLanes = 8;
  unsigned doubtful[kLanes] = {};
  const auto compute_one = [&](Size i, unsigned& doubt) {
    c[i] = operation(a[i], b[i]);
    const float size = __builtin_fabsf(c[i]);
    doubt |= size < Type::too_large ? 0U : 1U;
    if (operation_underflows) doubt |= size <= Type::too_small ? 1U : 0U;
  };
  Size i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (Size lane = 0; lane < kLanes; ++lane) compute_one(i + lane, doubtful[lane]);
  }
  for (; i < count; ++i) compute_one(i, doubtful[0]);
  return std::any_of(doubtful, doubtful + kLanes, [](unsigned doubt) { return doubt != 0; });
}

// Writes operation(a, b) to `result`, which may be `a`. What becomes infinite is an overflow; if
// the operation underflows, a zero from two other numbers is one, too.
template <class Type, bool operation_underflows, class Operation>
void for_each_element(const Pair<Type>& pair, Value<typename Type::Element>* result,
                      Operation operation) {
  for_each_block(pair.a.dim, [&](int begin, int dim) {
    const auto count = static_cast<Size>(dim);
    float a_buffer[kBlock];
    float b_buffer[kBlock];
    float c[kBlock];
    const float* a = Type::load(pair.a.x + begin, count, a_buffer);
    const float* b = Type::load(pair.b.x + begin, count, b_buffer);
    if (compute<Type, operation_underflows>(a, b, count, operation, c)) {
      for (Size i = 0; i < count; ++i) {
        const float size = __builtin_fabsf(c[i]);
        if (!(size < Type::too_large)) float_overflow_error();
        if (operation_underflows && size <= Type::too_small && a[i] != 0 && b[i] != 0) {
          float_underflow_error();
        }
      }
    }
    Type::store(c, count, result->x + begin);
  });
}

// For halves float is wide enough that rounding the result twice gives the same as once.

// Also the transition of sum(), where the state may be changed in place: the executor has made it
// for this aggregate alone. (At first it is the first row's value, perhaps still toasted.)
template <class Type>
Datum add(FunctionCallInfo fcinfo) {
  const Pair<Type> pair = pair_arguments<Type>(fcinfo);
  const bool is_state = AggCheckCallContext(fcinfo, nullptr) != 0 && !is_copy(fcinfo, 0, pair.a);
  auto* sum = is_state ? const_cast<Value<typename Type::Element>*>(pair.a.value)
                       : new_value<Type>(pair.a.dim);
  for_each_element<Type, false>(pair, sum, [](float a, float b) { return a + b; });
  PG_RETURN_POINTER(sum);
}

template <class Type>
Datum subtract(FunctionCallInfo fcinfo) {
  const Pair<Type> pair = pair_arguments<Type>(fcinfo);
  auto* difference = new_value<Type>(pair.a.dim);
  for_each_element<Type, false>(pair, difference, [](float a, float b) { return a - b; });
  PG_RETURN_POINTER(difference);
}

template <class Type>
Datum multiply(FunctionCallInfo fcinfo) {
  const Pair<Type> pair = pair_arguments<Type>(fcinfo);
  auto* product = new_value<Type>(pair.a.dim);
  for_each_element<Type, true>(pair, product, [](float a, float b) { return a * b; });
  PG_RETURN_POINTER(product);
}

template <class Type>
Datum concatenate(FunctionCallInfo fcinfo) {
  const View<Type> a = argument<Type>(fcinfo, 0);
  const View<Type> b = argument<Type>(fcinfo, 1);
  check_dimensions(Type::name, a.dim + b.dim);
  auto* both = new_value<Type>(a.dim + b.dim);
  std::copy_n(b.x, b.dim, std::copy_n(a.x, a.dim, both->x));
  PG_RETURN_POINTER(both);
}

// `count` elements from number `start` on, counted from 1; like substring(), of those that exist.
template <class Type>
Datum part(FunctionCallInfo fcinfo) {
  const View<Type> value = argument<Type>(fcinfo, 0);
  const int64 start = PG_GETARG_INT32(1);
  const int64 count = PG_GETARG_INT32(2);
  const int64 first = std::max<int64>(start, 1);
  const int64 end = std::min<int64>(start + count, value.dim + 1);
  const int dim = static_cast<int>(std::max<int64>(end - first, 0));
  check_dimensions(Type::name, dim);
  auto* result = new_value<Type>(dim);
  std::copy_n(value.x + first - 1, dim, result->x);
  PG_RETURN_POINTER(result);
}

// A bit for each element: whether it is positive.
template <class Type>
Datum quantize_to_bits(FunctionCallInfo fcinfo) {
  const View<Type> value = argument<Type>(fcinfo, 0);
  const Size size = VARBITTOTALLEN(value.dim);
  auto* bits = static_cast<VarBit*>(palloc0(size));
  SET_VARSIZE(bits, size);
  VARBITLEN(bits) = value.dim;
  for (int i = 0; i < value.dim; ++i) {
    if (Type::load(value.x[i]) > 0) VARBITS(bits)[i / 8] |= static_cast<bits8>(0x80 >> i % 8);
  }
  PG_RETURN_VARBIT_P(bits);
}

}  // namespace

VECTOR_FUNCTIONS(add, vector_add, halfvec_add);
VECTOR_FUNCTIONS(subtract, vector_sub, halfvec_sub);
VECTOR_FUNCTIONS(multiply, vector_mul, halfvec_mul);
VECTOR_FUNCTIONS(concatenate, vector_concat, halfvec_concat);
VECTOR_FUNCTIONS(part, subvector, halfvec_subvector);
VECTOR_FUNCTIONS(quantize_to_bits, binary_quantize, halfvec_binary_quantize);

}  // namespace vec::pg
