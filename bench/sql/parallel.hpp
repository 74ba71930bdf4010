// Work in pieces on several threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace vec::bench {

// Runs work(piece, thread) for pieces 0 .. pieces - 1, each once. Results must not depend on the
// thread a piece runs on. Throws the first exception of the work.
template <typename Work>
void parallel_for(std::size_t pieces, unsigned threads, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  auto loop = [&](unsigned thread) {
    try {
      for (std::size_t piece; (piece = next++) < pieces;) work(piece, thread);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = pieces;
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(loop, i);
  loop(0);
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace vec::bench
