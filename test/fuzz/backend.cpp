// What the code under src/pg/types needs of PostgreSQL, for fuzz targets that run without a server:
// memory that a sanitizer watches, messages by the rules of pqformat.c, and errors as exceptions,
// which sanitizers understand and longjmp's readers need not.
#include "backend.hpp"

#include <cstdlib>
#include <cstring>
#include <vector>

#include "module.hpp"

namespace vec::fuzz {
namespace {

std::vector<void*> allocated;

}  // namespace

void free_everything() {
  for (void* memory : allocated) std::free(memory);
  allocated.clear();
}

}  // namespace vec::fuzz

namespace vec::pg {

const DistanceKernels& kernels() {
  static const DistanceKernels* const best = best_kernels();
  return *best;
}

ShortestDecimals shortest_decimals() {
  return shortest_decimals_named(kernels().name);
}

}  // namespace vec::pg

extern "C" {

// ---- errors ----

static int sqlstate;

bool errstart(int, const char*) {
  return true;
}
bool errstart_cold(int, const char*) {
  return true;
}
int errcode(int code) {
  sqlstate = code;
  return 0;
}
int errmsg(const char*, ...) {
  return 0;
}
int errdetail(const char*, ...) {
  return 0;
}
void errfinish(const char*, int, const char*) {
  throw vec::fuzz::Error{sqlstate};
}
#if PG_VERSION_NUM >= 160000
bool errsave_start(struct Node*, const char*) {
  return true;
}
void errsave_finish(struct Node*, const char*, int, const char*) {
  throw vec::fuzz::Error{sqlstate};
}
#endif

// ---- memory ----

void* palloc(Size size) {
  void* memory = std::malloc(size);
  vec::fuzz::allocated.push_back(memory);
  return memory;
}
char* pnstrdup(const char* text, Size length) {
  char* copy = static_cast<char*>(palloc(length + 1));
  std::memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}
struct varlena* pg_detoast_datum(struct varlena* datum) {
  return datum;
}

// ---- messages ----

const char* pq_getmsgbytes(StringInfo message, int length) {
  if (length < 0 || length > message->len - message->cursor) {
    throw vec::fuzz::Error{ERRCODE_PROTOCOL_VIOLATION};
  }
  const char* bytes = message->data + message->cursor;
  message->cursor += length;
  return bytes;
}
unsigned int pq_getmsgint(StringInfo message, int bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(pq_getmsgbytes(message, bytes));
  unsigned int number = 0;
  for (int i = 0; i < bytes; ++i) number = number << 8 | at[i];
  return number;
}
void enlargeStringInfo(StringInfo message, int needed) {
  char* larger = static_cast<char*>(palloc(static_cast<Size>(message->len + needed + 1)));
  std::memcpy(larger, message->data, static_cast<Size>(message->len));
  message->data = larger;
  message->maxlen = message->len + needed + 1;
}
void pq_begintypsend(StringInfo message) {
  constexpr int kEnough = 64;
  *message = {static_cast<char*>(palloc(kEnough)), VARHDRSZ, kEnough, 0};
}
bytea* pq_endtypsend(StringInfo message) {
  auto* result = reinterpret_cast<bytea*>(message->data);
  SET_VARSIZE(result, message->len);
  return result;
}

// ---- not reached ----

int32* ArrayGetIntegerTypmods(ArrayType*, int*) {
  std::abort();
}
int ArrayGetNItems(int, const int*) {
  std::abort();
}
char* float_to_shortest_decimal(float) {
  std::abort();
}
int float_to_shortest_decimal_bufn(float, char*) {
  std::abort();
}

}  // extern "C"
