// Memory that several processes see, each perhaps at another address.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "vector/hnsw/storage.hpp"

namespace vec::hnsw {

// A place in shared memory. Places within one allocation differ by their distance in bytes.
using Handle = std::uint64_t;
inline constexpr Handle kNoHandle = 0;

// allocate() is for working memory of the process alone; check_interrupts() and corrupted() are
// GraphReader's.
template <class M>
concept SharedMemory = Allocator<M> && requires(M& m, std::size_t bytes, Handle handle) {
  // Aligned to a cache line, content undefined; kNoHandle when memory is used up.
  { m.allocate_shared(bytes) } -> std::same_as<Handle>;
  { m.address(handle) } -> std::same_as<std::byte*>;
  m.exclusively([] {});  // runs it while no other process is within exclusively()
  m.let_others_run();    // while waiting for one of them
  m.check_interrupts();
  m.corrupted("message");
};

}  // namespace vec::hnsw
