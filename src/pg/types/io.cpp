// Input and output, as text and in binary, and the type modifier.
#include "types/checks.hpp"
#include "types/element.hpp"

namespace vec::pg {
namespace {

template <class Type>
Datum in(FunctionCallInfo fcinfo) {
  const char* text = PG_GETARG_CSTRING(0);
  const int32 typmod = PG_GETARG_INT32(2);
  Node* context = fcinfo->context;

  float numbers[kMaxDimensions];
  const TextResult result = parse_vector_text(text, Type::too_large, numbers);

  auto* value = new_value<Type>(result.count);
  Type::store(numbers, static_cast<Size>(result.count), value->x);
  if (!check_text(Type::name, text, result, context) ||
      !check_expected_dimensions(typmod, result.count, context)) {
    PG_RETURN_NULL();
  }
  PG_RETURN_POINTER(value);
}

// PostgreSQL's printer gives the shortest decimal that reads back as the same float.
static_assert(kMaxNumberText + 1 >= FLOAT_SHORTEST_DECIMAL_LEN);

template <class Type>
Datum out(FunctionCallInfo fcinfo) {
  const View<Type> value = argument<Type>(fcinfo, 0);
  const auto count = static_cast<Size>(value.dim);
  float buffer[kMaxDimensions];
  const float* numbers = Type::load(value.x, count, buffer);
  char* text = static_cast<char*>(palloc(max_vector_text(count)));
  print_vector_text(numbers, count, shortest_decimals(), float_to_shortest_decimal_bufn, text);
  PG_RETURN_CSTRING(text);
}

template <class Type>
Datum typmod_in(FunctionCallInfo fcinfo) {
  PG_RETURN_INT32(typmod_from_modifiers(Type::name, PG_GETARG_ARRAYTYPE_P(0)));
}

// The binary format is in network byte order: int16 dimensions, int16 0, an element for each.

uint32 swap_network_order(uint32 bits) {
  return pg_ntoh32(bits);
}

uint16 swap_network_order(uint16 bits) {
  return pg_ntoh16(bits);
}

// From or to network byte order: the conversion is its own inverse.
template <class Type>
void swap_network_order(const void* from, int count, void* to) {
  using Bits = std::conditional_t<sizeof(typename Type::Element) == 4, uint32, uint16>;
  for (Size i = 0; i < static_cast<Size>(count); ++i) {
    Bits bits;
    std::memcpy(&bits, static_cast<const char*>(from) + sizeof bits * i, sizeof bits);
    bits = swap_network_order(bits);
    std::memcpy(static_cast<char*>(to) + sizeof bits * i, &bits, sizeof bits);
  }
}

template <class Type>
Datum receive(FunctionCallInfo fcinfo) {
  auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
  const int32 typmod = PG_GETARG_INT32(2);

  const int dim = static_cast<int>(pq_getmsgint(message, sizeof(int16)));
  const int unused = static_cast<int>(pq_getmsgint(message, sizeof(int16)));
  check_dimensions(Type::name, dim);
  check_expected_dimensions(typmod, dim);
  if (unused != 0) {
    ereport(ERROR,
            (errcode(ERRCODE_DATA_EXCEPTION), errmsg("expected unused to be 0, not %d", unused)));
  }

  const char* elements =
      pq_getmsgbytes(message, dim * static_cast<int>(sizeof(typename Type::Element)));
  auto* value = new_value<Type>(dim);
  swap_network_order<Type>(elements, dim, value->x);
  check_elements<Type>(value->x, dim);
  PG_RETURN_POINTER(value);
}

template <class Type>
Datum send(FunctionCallInfo fcinfo) {
  const View<Type> value = argument<Type>(fcinfo, 0);
  const int elements = value.dim * static_cast<int>(sizeof(typename Type::Element));
  StringInfoData message;
  pq_begintypsend(&message);
  pq_sendint16(&message, static_cast<uint16>(value.dim));
  pq_sendint16(&message, 0);
  enlargeStringInfo(&message, elements);
  swap_network_order<Type>(value.x, value.dim, message.data + message.len);
  message.len += elements;
  PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

}  // namespace

VECTOR_FUNCTIONS(in, vector_in, halfvec_in);
VECTOR_FUNCTIONS(out, vector_out, halfvec_out);
VECTOR_FUNCTIONS(typmod_in, vector_typmod_in, halfvec_typmod_in);
VECTOR_FUNCTIONS(receive, vector_recv, halfvec_recv);
VECTOR_FUNCTIONS(send, vector_send, halfvec_send);

}  // namespace vec::pg
