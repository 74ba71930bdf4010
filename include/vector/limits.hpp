// Limits of the types and of indexes, shared by core and shim.
#pragma once

namespace vec {

inline constexpr int kMaxDimensions = 16000;        // of vector and halfvec
inline constexpr int kMaxIndexedDimensions = 8000;  // at 8 bits, what a page holds

}  // namespace vec
