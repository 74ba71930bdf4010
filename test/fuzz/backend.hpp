// A stand-in for the server: see backend.cpp.
#pragma once

namespace vec::fuzz {

// An error that PostgreSQL would have raised.
struct Error {
  int sqlstate;
};

// All that palloc gave.
void free_everything();

}  // namespace vec::fuzz
