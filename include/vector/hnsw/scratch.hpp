// The working memory of one operation on a graph: flat arrays that are reused from one operation to
// the next and only grow. Nothing is allocated per visited node.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include "vector/hnsw/parameters.hpp"
#include "vector/hnsw/storage.hpp"

namespace vec::hnsw {

// A growable array of trivial values. Outgrown memory stays with the allocator until it is reset.
template <class T>
class FlatArray {
 public:
  T* data() { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  std::span<T> view() { return {data_, size_}; }
  void clear() { size_ = 0; }
  void pop_back() { --size_; }
  void remove_first(std::size_t count) {
    size_ -= count;
    if (count > 0) std::memmove(data_, data_ + count, size_ * sizeof(T));
  }

  template <Allocator A>
  void reserve(A& allocator, std::size_t capacity) {
    if (capacity <= capacity_) return;
    capacity = std::max({capacity, 2 * capacity_, std::size_t{64}});
    T* grown = static_cast<T*>(allocator.allocate(capacity * sizeof(T)));
    if (size_ > 0) std::memcpy(grown, data_, size_ * sizeof(T));
    data_ = grown;
    capacity_ = capacity;
  }

  template <Allocator A>
  void push_back(A& allocator, const T& value) {
    if (size_ == capacity_) reserve(allocator, size_ + 1);
    data_[size_++] = value;
  }

  template <Allocator A>
  void resize(A& allocator, std::size_t size) {
    reserve(allocator, size);
    size_ = size;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

inline bool nearer(const Candidate& a, const Candidate& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.id < b.id);
}

inline bool farther(const Candidate& a, const Candidate& b) {
  return nearer(b, a);
}

// Nodes and a value of each: open addressing, power of two. Growing moves between two arrays, so
// that once both are large enough nothing is allocated any more.
template <class Value>
class NodeTable {
 public:
  template <Allocator A>
  void reset(A& allocator, std::size_t expected) {
    capacity_ = 256;
    while (capacity_ < 2 * expected) capacity_ *= 2;
    // What an earlier, larger search needed is not cleared each time.
    use_at_least(allocator, capacity_, current_);
    clear_slots();
  }

  // True the first time.
  template <Allocator A>
  bool visit(A& allocator, NodeId id) {
    Entry* slot = find(id);
    if (slot->id == id) return false;
    if (2 * (count_ + 1) > capacity_) {
      grow(allocator);
      slot = find(id);
    }
    *slot = {kNoValue, id};
    ++count_;
    return true;
  }

  // REQUIRES: visit(id) was called.
  void remember(NodeId id, Value value) { find(id)->value = value; }

  // Null when the node was not visited; NaN (of numbers that have one) when it was but nothing was
  // remembered.
  const Value* value(NodeId id) const {
    if (count_ == 0) return nullptr;
    const Entry* slot = find(id);
    return slot->id == id ? &slot->value : nullptr;
  }

 private:
  struct Entry {
    Value value;
    NodeId id;
  };
  struct Slots {
    Entry* data = nullptr;
    std::size_t allocated = 0;
  };

  Entry* find(NodeId id) const {
    // Fibonacci hashing: ids of one page differ in their low bits only.
    std::size_t i = (id * 0x9e3779b97f4a7c15ull) >> 32 & (capacity_ - 1);
    while (current_.data[i].id != id && current_.data[i].id != kNoNode)
      i = (i + 1) & (capacity_ - 1);
    return &current_.data[i];
  }

  void clear_slots() {
    std::fill_n(current_.data, capacity_, Entry{Value{}, kNoNode});
    count_ = 0;
  }

  template <Allocator A>
  static void use_at_least(A& allocator, std::size_t capacity, Slots& slots) {
    if (slots.allocated >= capacity) return;
    slots = {static_cast<Entry*>(allocator.allocate(capacity * sizeof(Entry))), capacity};
  }

  template <Allocator A>
  void grow(A& allocator) {
    const std::size_t old_capacity = capacity_;
    const std::size_t old_count = count_;
    use_at_least(allocator, 2 * old_capacity, other_);
    std::swap(current_, other_);
    capacity_ = 2 * old_capacity;
    clear_slots();
    for (std::size_t i = 0; i < old_capacity; ++i) {
      if (other_.data[i].id != kNoNode) *find(other_.data[i].id) = other_.data[i];
    }
    count_ = old_count;
  }

  static constexpr Value kNoValue = std::numeric_limits<Value>::quiet_NaN();

  Slots current_;
  Slots other_;
  std::size_t capacity_ = 0;
  std::size_t count_ = 0;
};

// Visited nodes of one layer's search and their distances to the query.
using VisitedTable = NodeTable<float>;

struct Scratch {
  VisitedTable visited;
  FlatArray<Candidate> frontier;  // the paper's C: a min-heap of nodes to expand
  FlatArray<Candidate> nearest;   // the paper's W: a max-heap of the ef best
  // Of a search that may be resumed: nodes left aside, because ef nearer ones were known.
  FlatArray<Candidate> unexpanded;
  FlatArray<Candidate> pending;  // live, and not among the results yet
  std::size_t measured = 0;      // distances computed, ever
  FlatArray<NodeId> entry_points;
  FlatArray<NodeId> ids;
  FlatArray<Measurement> measurements;
  // For writers.
  FlatArray<Candidate> selection;
  FlatArray<std::uint16_t> selection_counts;
  FlatArray<NodeId> victims;
  FlatArray<Candidate> pool;
  FlatArray<const std::byte*> codes;
  FlatArray<const std::byte*> selected_codes;
};

}  // namespace vec::hnsw
