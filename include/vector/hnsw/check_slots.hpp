// What must be true of a page and of each of its slots by themselves, whoever writes elsewhere:
// pages change under one lock. The references between slots are checked by check.hpp.
#pragma once

#include "vector/hnsw/page_format.hpp"

namespace vec::hnsw {

inline constexpr std::uint32_t kNoSlot = 0xffffffffu;

// What is wrong, in words that follow "index is corrupted at block 7: ", and where.
struct Finding {
  const char* what = nullptr;  // null: nothing is
  std::uint32_t block = 0;
  std::uint32_t slot = kNoSlot;
  int level = -1;
  // Where a reference leads.
  std::uint32_t to_block = kNoBlock;
  std::uint32_t to_slot = 0;

  explicit operator bool() const { return what != nullptr; }
};

inline bool is_all_zero(const std::byte* bytes, std::size_t count) {
  return std::all_of(bytes, bytes + count, [](std::byte byte) { return byte == std::byte{0}; });
}

// is_possible_row(HeapTid): whether the table may have such a row.
template <class IsPossibleRow>
class SlotCheck {
 public:
  SlotCheck(const Geometry& geometry, const Codec& codec, const Parameters& parameters,
            IsPossibleRow is_possible_row)
      : geometry_(geometry),
        codec_(codec),
        parameters_(parameters),
        is_possible_row_(is_possible_row) {}

  // Elements or lists; the caller has looked at the trailer.
  Finding check(const std::byte* page, std::uint32_t block, PageKind kind) const {
    const std::byte* const end = page + kPageHeaderBytes + kPageDataBytes;
    if (std::any_of(page + kPageHeaderBytes + used_bytes(page), end,
                    [](std::byte value) { return value != std::byte{0}; })) {
      return {.what = "there is something behind the used part of the page", .block = block};
    }
    const std::uint32_t slots = used_slots(page, geometry_, kind);
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      const char* fault = kind == PageKind::elements ? element_fault(geometry_.element(page, slot))
                                                     : list_fault(geometry_.list(page, slot));
      if (fault != nullptr) return {.what = fault, .block = block, .slot = slot};
    }
    return {};
  }

  const char* element_fault(const ElementSlot* element) const {
    if (element->magic != kElementMagic) return "an element slot lacks its mark";
    if (element->state == NodeState::free) {
      const ElementSlot empty{};
      const bool is_empty = std::memcmp(element, &empty, sizeof empty) == 0;
      return is_empty ? nullptr : "a free element slot is not empty";
    }
    if (element->state > NodeState::deleted) return "an element is in an unknown state";
    if (element->level > geometry_.max_level()) return "an element is on a level that is too high";
    if (element->attributes != 0) return "an element has unknown attributes";
    const bool has_lists = geometry_.lists_of(element->level) > 0;
    if (has_lists != (element->lists != kNoList)) {
      return has_lists ? "an element lacks the neighbor lists of its levels"
                       : "an element has neighbor lists that its level does not need";
    }
    if (element->tid.is_valid()) {
      if (element->state == NodeState::deleted) return "a deleted element has a heap tid";
      if (!is_possible_row_(element->tid)) return "a heap tid is outside of the table";
    }
    if ((element->further_tids == kNoList) != (element->append_tids == kNoList)) {
      return "an element's references to its heap tid lists contradict each other";
    }
    if (!codec_.is_plausible(geometry_.code(element))) return "a vector's code is damaged";
    if (geometry_.first_list_level() > 0) {
      return edges_fault(geometry_.element_edges(element), element->degree, 0);
    }
    return element->degree == 0 ? nullptr : "an element has a number of edges that lie elsewhere";
  }

  const char* list_fault(const ListSlot* list) const {
    switch (list->kind) {
      case ListKind::free: {
        const bool is_empty = is_all_zero(reinterpret_cast<const std::byte*>(list), sizeof *list);
        return is_empty ? nullptr : "a free list slot is not empty";
      }
      case ListKind::neighbors:
        if (list->level < geometry_.first_list_level() || list->level > geometry_.max_level()) {
          return "a neighbor list is of an impossible level";
        }
        if (list->reserved != 0) return "a list slot is damaged";
        return edges_fault(geometry_.list_payload(list), list->count, list->level);
      case ListKind::heap_tids:
        if (list->level != 0 || list->reserved != 0) return "a list slot is damaged";
        return tids_fault(list);
    }
    return "a list is of an unknown kind";
  }

 private:
  const char* edges_fault(const std::byte* edges, std::size_t count, int level) const {
    if (count > static_cast<std::size_t>(parameters_.max_neighbors(level))) {
      return "a neighbor list is longer than its slot";
    }
    Candidate list[kMaxNeighbors];
    geometry_.read_edges(edges, count, list);
    for (std::size_t i = 0; i < count; ++i) {
      if (std::isnan(list[i].distance)) return "the length of an edge is not a number";
    }
    std::sort(list, list + count,
              [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
    for (std::size_t i = 1; i < count; ++i) {
      if (list[i].id == list[i - 1].id) return "an edge is in a neighbor list twice";
    }
    return nullptr;
  }

  const char* tids_fault(const ListSlot* list) const {
    if (list->count > geometry_.tids_per_list()) return "a heap tid list is longer than its slot";
    const std::byte* tids = geometry_.list_payload(list) + sizeof(ListId);
    for (std::uint32_t i = 0; i < list->count; ++i) {
      HeapTid tid;
      std::memcpy(&tid, tids + i * sizeof tid, sizeof tid);
      if (!tid.is_valid() || !is_possible_row_(tid)) return "a heap tid is outside of the table";
    }
    return nullptr;
  }

  Geometry geometry_;
  Codec codec_;
  Parameters parameters_;
  IsPossibleRow is_possible_row_;
};

}  // namespace vec::hnsw
