// Limits of the types, shared by core and shim.
#pragma once

namespace vec {

inline constexpr int kMaxDimensions = 16000;  // of vector and halfvec

}  // namespace vec
