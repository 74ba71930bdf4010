// A further row with the code of a stored element: its heap tid joins the element's.
//
// The first tid lies in the element slot, further ones in a chain of list slots, newest list first.
// Lists are freed only with their element, so a scan may walk the chain without a lock. append_tids
// names the list where a free place is looked for: vacuum sets it to where it removed tids, and it
// moves on along the chain; at the end of the chain a new list becomes the first.
#pragma once

#include "vector/hnsw/page_graph.hpp"

namespace vec::hnsw {

// Into list `list_id`, under the locks of both pages. When it is full, sets *next to the list after
// it.
template <PageSource Pages>
auto PageGraph<Pages>::append_tid(NodeId id, std::uint32_t element_block, ListId list_id,
                                  ListId* next) -> Appended {
  Appended outcome = Appended::gone;
  this->check_list_of(id, list_id);
  std::uint32_t list_block = this->checked_list_block(list_id);
  update_pair(element_block, list_block, [&](std::byte* page, std::byte* list_page) {
    ElementSlot* element = this->checked_element(page, element_block, id);
    this->check_page(list_page, list_block, PageKind::lists);
    ListSlot* list = geometry_.list(list_page, geometry_.list_slot_of(list_id));
    if (!still_equal(element) || list->kind != ListKind::heap_tids || list->owner != id)
      return false;
    std::byte* payload = geometry_.list_payload(list);
    if (list->count >= geometry_.tids_per_list()) {
      std::memcpy(next, payload, sizeof *next);
      outcome = Appended::full;
      return false;
    }
    std::memcpy(payload + sizeof(ListId) + list->count * sizeof(HeapTid), &open_tid_,
                sizeof open_tid_);
    ++list->count;
    element->append_tids = list_id;
    outcome = Appended::yes;
    return true;
  });
  return outcome;
}

// Into a new list at the head of the chain. False when the element is gone.
template <PageSource Pages>
bool PageGraph<Pages>::append_tid_list(NodeId id, std::uint32_t element_block) {
  for (;;) {
    this->check_interrupts();
    std::uint32_t list_block = page_with_space(PageKind::lists, 1);
    if (list_block == element_block) {  // the free space map takes an element page for a list page
      pages_->record_space(list_block, PageKind::lists, 0);
      continue;
    }
    bool gone = false, written = false;
    FreeRun left;
    update_pair(element_block, list_block, [&](std::byte* page, std::byte* list_page) {
      ElementSlot* element = this->checked_element(page, element_block, id);
      gone = !still_equal(element);
      left = longest_free_run(list_page, PageKind::lists);
      if (gone || left.length == 0) return false;
      this->check_page(list_page, list_block, PageKind::lists);
      use_slots(list_page, geometry_, PageKind::lists, left.start + 1);
      ListSlot* list = geometry_.list(list_page, left.start);
      *list = {id, ListKind::heap_tids, 0, 1, 0};
      std::byte* payload = geometry_.list_payload(list);
      std::memcpy(payload, &element->further_tids, sizeof(ListId));
      std::memcpy(payload + sizeof(ListId), &open_tid_, sizeof open_tid_);
      element->further_tids = element->append_tids = geometry_.list_id(list_block, left.start);
      left = longest_free_run(list_page, PageKind::lists);
      return written = true;
    });
    if (gone) return false;
    pages_->record_space(list_block, PageKind::lists, left.length);
    if (written) return true;
  }
}

template <PageSource Pages>
bool PageGraph<Pages>::join_duplicate(NodeId id) {
  std::uint32_t block = this->checked_element_block(id);
  bool joined = false, gone = false;
  ListId first = kNoList, list = kNoList;
  pages_->update(block, [&](std::byte* page) {
    ElementSlot* element = this->checked_element(page, block, id);
    gone = !still_equal(element);
    first = element->further_tids;
    list = element->append_tids;
    if (gone || element->tid.is_valid()) return false;
    element->tid = open_tid_;
    return joined = true;
  });
  if (joined || gone) return joined;

  CycleGuard guard;
  while (list != kNoList) {
    this->check_interrupts();
    if (guard.revisits(list)) pages_->corrupted(block, "cycle in a heap tid list");
    ListId next = kNoList;
    switch (append_tid(id, block, list, &next)) {
      case Appended::yes:
        return true;
      case Appended::gone:
        return false;
      case Appended::full:
        // Behind a full first list are only full ones, unless vacuum has said otherwise.
        list = list == first ? kNoList : next;
    }
  }
  return append_tid_list(id, block);
}

}  // namespace vec::hnsw
