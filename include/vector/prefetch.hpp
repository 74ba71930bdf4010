// Telling the processor what will be read soon.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vec {

// Starts loading the bytes into the second-level cache. Not the first: that can wait for a few
// dozen lines at a time, fewer than a batch of codes has, and then nothing else goes on
// (docs/internals.md, Remembered buffers, has the figures).
inline void prefetch(const void* first, std::size_t bytes) {
  constexpr std::uintptr_t kLine = 64;
  constexpr int kForReading = 0, kSecondLevel = 2;
  const auto begin = reinterpret_cast<std::uintptr_t>(first), end = begin + bytes;
  for (std::uintptr_t line = begin & ~(kLine - 1); line < end; line += kLine) {
    __builtin_prefetch(reinterpret_cast<const void*>(line), kForReading, kSecondLevel);
  }
}

}  // namespace vec
