// A set of nodes: one bit per node id.
#pragma once

#include <cstring>

#include "vector/hnsw/storage.hpp"

namespace vec::hnsw {

class NodeSet {
 public:
  // Ids below `limit` can be members; adding others does nothing.
  template <Allocator A>
  void reset(A& allocator, std::size_t limit) {
    std::size_t words = (limit + 63) / 64;
    words_ = static_cast<std::uint64_t*>(allocator.allocate(words * sizeof(std::uint64_t)));
    std::memset(words_, 0, words * sizeof(std::uint64_t));
    limit_ = limit;
    count_ = 0;
  }
  // True the first time.
  bool add(NodeId id) {
    if (id >= limit_ || contains(id)) return false;
    words_[id / 64] |= std::uint64_t{1} << id % 64;
    ++count_;
    return true;
  }
  void remove(NodeId id) {
    if (!contains(id)) return;
    words_[id / 64] &= ~(std::uint64_t{1} << id % 64);
    --count_;
  }
  bool contains(NodeId id) const { return id < limit_ && (words_[id / 64] >> id % 64 & 1) != 0; }
  bool contains_any(NodeId first, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (contains(static_cast<NodeId>(first + i))) return true;
    }
    return false;
  }
  std::size_t count() const { return count_; }
  std::size_t limit() const { return limit_; }

 private:
  std::uint64_t* words_ = nullptr;
  std::size_t limit_ = 0;
  std::size_t count_ = 0;
};

}  // namespace vec::hnsw
