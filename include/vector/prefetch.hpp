// Telling the processor what will be read soon.
#pragma once

#include <cstddef>

namespace vec {

// Starts loading the bytes into the second-level cache. Not the first: that can wait for a few
// dozen lines at a time, fewer than a batch of codes has, and then nothing else goes on
// (docs/internals.md, Remembered buffers, has the figures).
inline void prefetch(const void* first, std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  constexpr int kForReading = 0, kSecondLevel = 2;
  const char* end = static_cast<const char*>(first) + bytes;
  for (const char* line = static_cast<const char*>(first); line < end; line += kLine) {
    __builtin_prefetch(line, kForReading, kSecondLevel);
  }
  // Another line if the first byte is not at the start of one.
  __builtin_prefetch(end - 1, kForReading, kSecondLevel);
}

}  // namespace vec
