// Access to the bytes of vector and halfvec.
#include "types/element.hpp"

#include "types/checks.hpp"

namespace vec::pg {

template <class Type>
View<Type> view(Datum datum) {
  using AnyValue = Value<typename Type::Element>;
  const auto* value = reinterpret_cast<const AnyValue*>(PG_DETOAST_DATUM(datum));
  const Size size = VARSIZE(value);
  const int dim = size >= sizeof(AnyValue) ? value->dim : 0;
  if (dim < 1 || dim > kMaxDimensions || size != value_size<Type>(dim)) {
    ereport(ERROR,
            (errcode(ERRCODE_DATA_CORRUPTED), errmsg("corrupted %s: %zu bytes do not hold %d "
                                                     "dimensions",
                                                     Type::name, size, dim)));
  }
  return {value->x, dim, value};
}

template <class Type>
Pair<Type> pair_arguments(FunctionCallInfo fcinfo) {
  const Pair<Type> pair{argument<Type>(fcinfo, 0), argument<Type>(fcinfo, 1)};
  check_same_dimensions(Type::name, pair.a.dim, pair.b.dim);
  return pair;
}

template <class Type>
Value<typename Type::Element>* new_value(int dim) {
  auto* value = static_cast<Value<typename Type::Element>*>(palloc(value_size<Type>(dim)));
  SET_VARSIZE(value, value_size<Type>(dim));
  value->dim = static_cast<int16>(dim);
  value->unused = 0;
  return value;
}

ArrayType* new_array(Oid element_type, Size element_size, int count) {
  const Size header = ARR_OVERHEAD_NONULLS(1);
  const Size size = header + element_size * static_cast<Size>(count);
  auto* array = static_cast<ArrayType*>(palloc(size));
  std::memset(array, 0, header);
  SET_VARSIZE(array, size);
  array->ndim = 1;
  array->dataoffset = 0;  // no NULL bitmap
  array->elemtype = element_type;
  ARR_DIMS(array)[0] = count;
  ARR_LBOUND(array)[0] = 1;
  return array;
}

ArrayType* array_argument(FunctionCallInfo fcinfo, int n) {
  ArrayType* array = PG_GETARG_ARRAYTYPE_P(n);
  const Size size = VARSIZE(array);
  bool is_sound = size >= sizeof(ArrayType) && ARR_NDIM(array) >= 0 && ARR_NDIM(array) <= MAXDIM &&
                  size >= ARR_OVERHEAD_NONULLS(ARR_NDIM(array));
  if (is_sound && ARR_HASNULL(array)) {
    const int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    const Size header = ARR_OVERHEAD_WITHNULLS(ARR_NDIM(array), count);
    is_sound = array->dataoffset > 0 && static_cast<Size>(array->dataoffset) >= header &&
               static_cast<Size>(array->dataoffset) <= size;
  }
  if (!is_sound) {
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                    errmsg("corrupted array: its header does not fit into %zu bytes", size)));
  }
  return array;
}

void check_array_size(const ArrayType* array, Size element_size, int count) {
  const Size size = ARR_OVERHEAD_NONULLS(ARR_NDIM(array)) + element_size * static_cast<Size>(count);
  if (VARSIZE(array) < size) {
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                    errmsg("corrupted array: %zu bytes do not hold %d elements",
                           static_cast<Size>(VARSIZE(array)), count)));
  }
}

template View<VectorType> view<VectorType>(Datum);
template View<HalfvecType> view<HalfvecType>(Datum);
template Pair<VectorType> pair_arguments<VectorType>(FunctionCallInfo);
template Pair<HalfvecType> pair_arguments<HalfvecType>(FunctionCallInfo);
template Vector* new_value<VectorType>(int);
template Halfvec* new_value<HalfvecType>(int);

}  // namespace vec::pg
