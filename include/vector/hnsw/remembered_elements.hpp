// Copies of elements that an insert will look at again: those near enough to be expanded, selected
// or linked. It then needs no second access to their pages. What is remembered may be out of date
// when it is used, as anything that was read without a lock held since.
#pragma once

#include "vector/hnsw/page_format.hpp"
#include "vector/hnsw/scratch.hpp"

namespace vec::hnsw {

class RememberedElements {
 public:
  explicit RememberedElements(std::size_t element_bytes) : element_bytes_(element_bytes) {}

  void forget() { is_empty_ = true; }

  template <Allocator A>
  void add(A& allocator, NodeId id, const ElementSlot* element) {
    if (is_empty_) {
      places_.reset(allocator, kExpected);
      bytes_.clear();
      is_empty_ = false;
    }
    if (!places_.visit(allocator, id)) return;
    const std::size_t place = bytes_.size();
    places_.remember(id, static_cast<std::uint32_t>(place / element_bytes_));
    bytes_.resize(allocator, place + element_bytes_);
    std::memcpy(bytes_.data() + place, element, element_bytes_);
  }

  // Null when it is not remembered. Good until forget() and for as long as the allocator's memory.
  const ElementSlot* find(NodeId id) {
    const std::uint32_t* place = is_empty_ ? nullptr : places_.value(id);
    if (place == nullptr) return nullptr;
    return reinterpret_cast<const ElementSlot*>(bytes_.data() + *place * element_bytes_);
  }

 private:
  static constexpr std::size_t kExpected = 512;

  std::size_t element_bytes_;
  bool is_empty_ = true;
  NodeTable<std::uint32_t> places_;
  FlatArray<std::byte> bytes_;
};

}  // namespace vec::hnsw
