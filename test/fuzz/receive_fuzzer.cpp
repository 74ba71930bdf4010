// libFuzzer target for the binary format: the receive functions of both types, as they are in the
// module, on any message. It is refused with one of the errors for that, or becomes a sound value
// of finite numbers that is sent as the message it came from.
//
// Input: the type, the typmod, and the message.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "backend.hpp"
#include "types/checks.hpp"

extern "C" {
Datum vector_recv(FunctionCallInfo fcinfo);
Datum halfvec_recv(FunctionCallInfo fcinfo);
Datum vector_send(FunctionCallInfo fcinfo);
Datum halfvec_send(FunctionCallInfo fcinfo);
}

namespace {

using namespace vec::pg;

[[noreturn]] void fail(const char* what) {
  std::fputs(what, stderr);
  std::abort();
}

template <class Function>
Datum call(Function function, Datum first, Datum third) {
  LOCAL_FCINFO(fcinfo, 3);
  InitFunctionCallInfoData(*fcinfo, nullptr, 3, InvalidOid, nullptr, nullptr);
  fcinfo->args[0] = {first, false};
  fcinfo->args[1] = {Datum{0}, false};
  fcinfo->args[2] = {third, false};
  return function(fcinfo);
}

template <class Type, class Function>
void receive_and_send(Function receive, Function send, int typmod, StringInfo message) {
  Datum datum;
  try {
    datum = call(receive, PointerGetDatum(message), Int32GetDatum(typmod));
  } catch (const vec::fuzz::Error& error) {
    if (error.sqlstate != ERRCODE_DATA_EXCEPTION &&
        error.sqlstate != ERRCODE_PROGRAM_LIMIT_EXCEEDED &&
        error.sqlstate != ERRCODE_PROTOCOL_VIOLATION) {
      fail("refused with another error");
    }
    return;
  }
  const View<Type> value = view<Type>(datum);  // throws at what is not sound
  if (typmod != -1 && value.dim != typmod) fail("other dimensions than asked for");
  for (int i = 0; i < value.dim; ++i) {
    if (!std::isfinite(Type::load(value.x[i]))) fail("accepts what is not finite");
  }
  const auto* sent = reinterpret_cast<const bytea*>(DatumGetPointer(call(send, datum, Datum{0})));
  // The server refuses messages that are longer.
  if (static_cast<int>(VARSIZE(sent) - VARHDRSZ) != message->cursor ||
      std::memcmp(VARDATA(sent), message->data, static_cast<std::size_t>(message->cursor)) != 0) {
    fail("sends another message than it received");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const int typmod = data[1] % 5 == 0 ? -1 : data[1] % 5;
  // At its exact size, so that a sanitizer sees who reads beyond it.
  const std::size_t length = size - 2;
  const std::unique_ptr<char[]> bytes(new char[length]);
  std::memcpy(bytes.get(), data + 2, length);
  StringInfoData message{bytes.get(), static_cast<int>(length), static_cast<int>(length), 0};
  if (data[0] % 2 == 0) {
    receive_and_send<VectorType>(vector_recv, vector_send, typmod, &message);
  } else {
    receive_and_send<HalfvecType>(halfvec_recv, halfvec_send, typmod, &message);
  }
  vec::fuzz::free_everything();
  return 0;
}
