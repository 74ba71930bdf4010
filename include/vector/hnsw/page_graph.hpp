// Writing the page graph: a GraphWriter over pages. Inserting, vacuum's repair.
//
// Every change is one call of pages.update or update_group: atomic, logged, under exclusive locks,
// and re-reads what it changes, because it was read without a lock before.
#pragma once

#include <limits>
#include <numeric>

#include "vector/hnsw/page_reader.hpp"
#include "vector/hnsw/remembered_elements.hpp"

namespace vec::hnsw {

template <PageSource Pages>
class PageGraph : public PageReader<Pages> {
 public:
  PageGraph(Pages& pages, const Codec& codec, const Parameters& parameters)
      : PageReader<Pages>(pages, codec, parameters), remembered_(geometry_.element_bytes()) {}

  // The element to insert: its code (which must stay valid during insert) and its row.
  void open_insert(const std::byte* code, HeapTid tid) {
    open_code_ = code;
    open_tid_ = tid;
    query_ = nullptr;
    forget_codes();
    forget_elements();
  }

  // Measures from a stored node. False when it is not live (any more).
  bool open_node(NodeId id) {
    bool live = false;
    if (node_code_ == nullptr) node_code_ = static_cast<std::byte*>(allocate_code());
    this->read_element(id, [&](const ElementSlot* element) {
      live = element->state == NodeState::live;
      std::memcpy(node_code_, geometry_.code(element), codec_.code_bytes());
    });
    open_code_ = node_code_;
    query_ = nullptr;
    forget_elements();
    return live;
  }

  // ---- all nodes ----
  bool exists(std::uint32_t block) { return pages_->exists(block); }
  std::size_t id_limit() {
    std::uint32_t blocks = kMetaBlock + 1;
    while (pages_->exists(blocks)) ++blocks;
    return std::size_t{blocks} * geometry_.elements_per_page();
  }

  // Calls use(node, ids) with the neighbors at level 0 of each node whose edges lie on the page.
  template <class Use>
  void for_each_neighborhood(std::uint32_t block, Use use) {
    pages_->read(block, [&](const std::byte* page) {
      this->for_each_edge_list(
          page, block, [&](const EdgePlace& place, const std::byte* edges, std::size_t degree) {
            NodeId ids[kMaxNeighbors];
            if (place.level > 0) return;
            geometry_.read_ids(edges, degree, ids);
            use(place.node, std::span<const NodeId>(ids, degree));
          });
    });
  }

  // ---- GraphReader, with memory ----
  // From now on copies of elements nearer than this are kept, until the next open_* or change.
  void keep_nearer_than(float distance) {
    keep_nearer_than_ =
        geometry_.first_list_level() == 1 ? distance : -std::numeric_limits<float>::infinity();
  }

  void distances(std::span<const NodeId> ids, std::span<Measurement> out) {
    this->in_batches(
        ids.size(), [&](std::size_t i) { return ids[i]; },
        [&](std::size_t i, const ElementSlot* element) {
          out[i].state = element->state;
          if (element->state == NodeState::free) return;
          out[i].distance = this->distance_to(element);
          if (out[i].distance < keep_nearer_than_) remembered_.add(*pages_, ids[i], element);
        });
  }

  std::size_t neighbors(NodeId id, int level, std::span<NodeId> out) {
    const ElementSlot* element = level == 0 ? remembered_.find(id) : nullptr;
    if (element == nullptr) return PageReader<Pages>::neighbors(id, level, out);
    const std::size_t count = std::min(std::size_t{element->degree}, out.size());
    geometry_.read_ids(geometry_.element_edges(element), count, out.data());
    return count;
  }

  // ---- GraphWriter ----
  void copy_codes(std::span<const NodeId> ids, const std::byte** codes) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (const ElementSlot* element = remembered_.find(ids[i])) {
        codes[i] = geometry_.code(element);
        continue;
      }
      std::byte* copy = next_code_copy();
      codes[i] = nullptr;
      this->read_element(ids[i], [&](const ElementSlot* element) {
        if (element->state == NodeState::free) return;
        std::memcpy(copy, geometry_.code(element), codec_.code_bytes());
        codes[i] = copy;
      });
    }
  }

  void forget_codes() { code_copies_used_ = 0; }

  void code_distances(const std::byte* code, const std::byte* const* codes, std::size_t count,
                      float* out) const {
    codec_.code_distances(code, codes, count, out);
  }

  std::size_t edges(NodeId id, int level, std::span<Candidate> out) {
    std::size_t count = 0;
    if (const ElementSlot* element = level == 0 ? remembered_.find(id) : nullptr) {
      count = std::min(std::size_t{element->degree}, out.size());
      geometry_.read_edges(geometry_.element_edges(element), count, out.data());
      return count;
    }
    this->read_edge_bytes(id, level, [&](const std::byte* bytes, std::size_t degree) {
      count = std::min(degree, out.size());
      geometry_.read_edges(bytes, count, out.data());
    });
    return count;
  }

  // update_edges at level 0 of several nodes: change(i, list, count) for ids[i], in any order. As
  // many pages as possible change at once.
  template <class Change>
  void update_edges_of(std::span<const NodeId> ids, Change change) {
    remembered_.forget();
    if (geometry_.first_list_level() == 0) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        update_edges(ids[i], 0, [&](std::span<Candidate> list, std::size_t count) {
          return change(i, list, count);
        });
      }
      return;
    }
    std::uint16_t order[kMaxNeighbors];
    std::iota(order, order + ids.size(), std::uint16_t{0});
    std::sort(order, order + ids.size(), [&](auto a, auto b) { return ids[a] < ids[b]; });
    for (std::size_t next = 0, end; next < ids.size(); next = end) {
      this->check_interrupts();
      std::uint32_t blocks[kMaxGroup];
      std::size_t pages = 0;
      for (end = next; end < ids.size(); ++end) {
        const std::uint32_t block = this->checked_element_block(ids[order[end]]);
        if (pages > 0 && blocks[pages - 1] == block) continue;
        if (pages == kMaxGroup) break;
        blocks[pages++] = block;
      }
      change_group({blocks, pages}, ids,
                   std::span<const std::uint16_t>(order).subspan(next, end - next), change);
    }
  }

  template <class Change>
  void update_edges(NodeId id, int level, Change change) {
    remembered_.forget();
    EdgePlace place;
    if (!this->find_edges(id, level, &place)) return;
    update_edge_lists({&place, 1}, [&](std::size_t, std::span<Candidate> list, std::size_t count) {
      return change(list, count);
    });
  }

  // The same for several lists that lie on one page, in one change: change(i, list, count) for
  // places[i].
  template <class Change>
  void update_edge_lists(std::span<const EdgePlace> places, Change change) {
    const std::uint32_t block = this->block_of(places[0]);
    pages_->update(block, [&](std::byte* page) {
      bool changed = false;
      for (std::size_t i = 0; i < places.size(); ++i) {
        changed |= change_edges_at(
            page, block, places[i],
            [&](std::span<Candidate> list, std::size_t count) { return change(i, list, count); });
      }
      return changed;
    });
  }

  bool equals_open_element(const std::byte* code) const {
    return std::memcmp(code, open_code_, codec_.code_bytes()) == 0;
  }

  const std::byte* open_code() const { return open_code_; }

  float open_element_distance() const {
    float distance;
    codec_.code_distances(open_code_, &open_code_, 1, &distance);
    return distance;
  }

  bool join_duplicate(NodeId id);

  NodeId add_node(int level, const Selection& selection) {
    const int lists = geometry_.lists_of(level);
    for (;;) {
      this->check_interrupts();
      NodeId id =
          lists == 0 ? place_element(selection) : place_element_with_lists(level, selection);
      if (id != kNoNode) return id;
    }
  }

  void set_entry_point(EntryPoint entry_point) {
    change_entry_point([&](EntryPoint) { return entry_point; });
  }
  void raise_entry_point(EntryPoint entry_point) {
    change_entry_point([&](EntryPoint present) {
      return entry_point.level > present.level ? entry_point : present;
    });
  }

  // Under an exclusive lock of the metapage; choose(present) returns the entry point to store.
  template <class Choose>
  void change_entry_point(Choose choose) {
    pages_->update(kMetaBlock, [&](std::byte* page) {
      MetaPage meta = this->read_checked_meta(page);
      EntryPoint chosen = choose(EntryPoint{meta.entry_point, meta.entry_level});
      if (chosen.id == meta.entry_point && chosen.level == meta.entry_level) return false;
      meta.entry_point = chosen.id;
      meta.entry_level = chosen.level;
      write_meta(page, meta);
      return true;
    });
  }

  // The longest run of free slots on a page, and where it starts. None on a page of another kind:
  // the free space map is not logged and may be wrong after a crash.
  struct FreeRun {
    std::uint32_t start = 0;
    std::uint32_t length = 0;
  };
  FreeRun longest_free_run(const std::byte* page, PageKind kind) const {
    FreeRun longest, run;
    if (read_trailer(page).kind != kind) return longest;
    for (std::uint32_t slot = 0; slot < geometry_.slots_per_page(kind); ++slot) {
      if (!is_free(page, kind, slot)) {
        run = {slot + 1, 0};
      } else if (++run.length > longest.length) {
        longest = run;
      }
    }
    return longest;
  }

 private:
  using PageReader<Pages>::pages_;
  using PageReader<Pages>::codec_;
  using PageReader<Pages>::geometry_;
  using PageReader<Pages>::query_;
  using PageReader<Pages>::open_code_;

  template <class Change>
  bool change_edges_at(std::byte* page, std::uint32_t block, const EdgePlace& place,
                       Change change) {
    if (place.list == kNoList) {
      ElementSlot* element = this->checked_element(page, block, place.node);
      if (element->state == NodeState::free) return false;
      return change_edges(geometry_.element_edges(element), place.level, &element->degree, change);
    }
    this->check_page(page, block, PageKind::lists);
    ListSlot* slot = geometry_.list(page, geometry_.list_slot_of(place.list));
    if (!this->is_neighbor_list(slot, place.node, place.level)) return false;
    this->checked_degree(slot, block, place.level);
    return change_edges(geometry_.list_payload(slot), place.level, &slot->count, change);
  }

  // For update_edges_of: ids[which[..]] lie on `blocks`, both in order.
  template <class Change>
  void change_group(std::span<const std::uint32_t> blocks, std::span<const NodeId> ids,
                    std::span<const std::uint16_t> which, Change change) {
    pages_->update_group(blocks, [&](std::span<std::byte* const> pages) {
      bool changed = false;
      std::size_t page = 0;
      for (std::uint16_t i : which) {
        while (blocks[page] != geometry_.block_of(ids[i])) ++page;
        ElementSlot* element = this->checked_element(pages[page], blocks[page], ids[i]);
        if (element->state == NodeState::free) continue;
        changed |= change_edges(
            geometry_.element_edges(element), 0, &element->degree,
            [&](std::span<Candidate> list, std::size_t count) { return change(i, list, count); });
      }
      return changed;
    });
  }

  // Applies update_edges' function to the stored list. False when it left the list as it was.
  template <class Change>
  bool change_edges(std::byte* bytes, int level, std::uint8_t* degree, Change change) {
    Candidate room[kMaxNeighbors + 1];
    std::span<Candidate> list{room, this->max_neighbors(level) + 1};
    geometry_.read_edges(bytes, *degree, room);
    std::size_t count = change(list, std::size_t{*degree});
    if (count == kUnchanged) return false;
    geometry_.write_edges(bytes, list.first(count));
    *degree = static_cast<std::uint8_t>(count);
    return true;
  }

  void forget_elements() {
    remembered_.forget();
    keep_nearer_than_ = -std::numeric_limits<float>::infinity();
  }

  void* allocate_code() { return this->allocate(codec_.code_bytes()); }

  std::byte* next_code_copy() {
    if (code_copies_used_ == code_copies_.size()) {
      code_copies_.push_back(*pages_, static_cast<std::byte*>(allocate_code()));
    }
    return code_copies_[code_copies_used_++];
  }

  bool is_free(const std::byte* page, PageKind kind, std::uint32_t slot) const {
    if (kind == PageKind::elements) return geometry_.element(page, slot)->state == NodeState::free;
    return geometry_.list(page, slot)->kind == ListKind::free;
  }

  // A page that probably has a run of `slots` free slots.
  std::uint32_t page_with_space(PageKind kind, std::uint32_t slots) {
    std::uint32_t block = pages_->find_space(kind, slots);
    if (block != kNoBlock) return block;
    return pages_->append(kind, slots, geometry_);
  }

  // Writes the open element into a free slot of `page`. REQUIRES: the slot is free.
  void fill_element(std::byte* page, std::uint32_t slot, int level, ListId lists,
                    const Selection& selection) {
    use_slots(page, geometry_, PageKind::elements, slot + 1);
    ElementSlot* element = geometry_.element(page, slot);
    *element = {};
    element->state = NodeState::live;
    element->level = static_cast<std::uint8_t>(level);
    element->lists = lists;
    element->tid = open_tid_;
    element->further_tids = kNoList;
    element->append_tids = kNoList;
    std::memcpy(geometry_.code(element), open_code_, codec_.code_bytes());
    if (geometry_.first_list_level() == 1) {
      std::span<const Candidate> chosen = selection.at(0);
      geometry_.write_edges(geometry_.element_edges(element), chosen);
      element->degree = static_cast<std::uint8_t>(chosen.size());
    }
  }

  void fill_lists(std::byte* page, std::uint32_t slot, NodeId owner, int level,
                  const Selection& selection) {
    use_slots(page, geometry_, PageKind::lists, slot + geometry_.lists_of(level));
    for (int l = geometry_.first_list_level(); l <= level; ++l, ++slot) {
      std::span<const Candidate> chosen = selection.at(l);
      ListSlot* list = geometry_.list(page, slot);
      *list = {owner, ListKind::neighbors, static_cast<std::uint8_t>(l),
               static_cast<std::uint8_t>(chosen.size()), 0};
      geometry_.write_edges(geometry_.list_payload(list), chosen);
    }
  }

  // An element page and a list page in one atomic change.
  template <class Change>
  bool update_pair(std::uint32_t block, std::uint32_t list_block, Change change) {
    const std::uint32_t blocks[] = {block, list_block};
    return pages_->update_group(
        blocks, [&](std::span<std::byte* const> pages) { return change(pages[0], pages[1]); });
  }

  // Both return kNoNode when a page had less space than was known of it.
  NodeId place_element(const Selection& selection) {
    std::uint32_t block = page_with_space(PageKind::elements, 1);
    std::uint32_t left = 0;
    NodeId id = kNoNode;
    pages_->update(block, [&](std::byte* page) {
      FreeRun run = longest_free_run(page, PageKind::elements);
      if (run.length == 0) return false;
      this->check_page(page, block, PageKind::elements);
      fill_element(page, run.start, 0, kNoList, selection);
      id = geometry_.node_id(block, run.start);
      left = longest_free_run(page, PageKind::elements).length;
      return true;
    });
    if (left == 0) pages_->record_space(block, PageKind::elements, 0);
    return id;
  }

  NodeId place_element_with_lists(int level, const Selection& selection) {
    const auto lists = static_cast<std::uint32_t>(geometry_.lists_of(level));
    std::uint32_t block = page_with_space(PageKind::elements, 1);
    std::uint32_t list_block = page_with_space(PageKind::lists, lists);
    FreeRun left, lists_left;
    NodeId id = kNoNode;
    if (list_block == block) {  // the free space map takes one page for both kinds
      pages_->record_space(block, PageKind::lists, 0);
      return kNoNode;
    }
    update_pair(block, list_block, [&](std::byte* page, std::byte* list_page) {
      left = longest_free_run(page, PageKind::elements);
      lists_left = longest_free_run(list_page, PageKind::lists);
      if (left.length == 0 || lists_left.length < lists) return false;
      this->check_page(page, block, PageKind::elements);
      this->check_page(list_page, list_block, PageKind::lists);
      id = geometry_.node_id(block, left.start);
      ListId list_id = geometry_.list_id(list_block, lists_left.start);
      fill_element(page, left.start, level, list_id, selection);
      fill_lists(list_page, lists_left.start, id, level, selection);
      left = longest_free_run(page, PageKind::elements);
      lists_left = longest_free_run(list_page, PageKind::lists);
      return true;
    });
    if (left.length == 0) pages_->record_space(block, PageKind::elements, 0);
    pages_->record_space(list_block, PageKind::lists, lists_left.length);
    return id;
  }

  enum class Appended { yes, full, gone };
  Appended append_tid(NodeId id, std::uint32_t element_block, ListId list_id, ListId* next);
  bool append_tid_list(NodeId id, std::uint32_t element_block);

  // Whether the slot still holds the live element that equals the open one.
  bool still_equal(const ElementSlot* element) const {
    return element->state == NodeState::live && equals_open_element(geometry_.code(element));
  }

  HeapTid open_tid_ = kNoTid;
  RememberedElements remembered_;
  float keep_nearer_than_ = -std::numeric_limits<float>::infinity();
  std::byte* node_code_ = nullptr;
  FlatArray<std::byte*> code_copies_;
  std::size_t code_copies_used_ = 0;
};

}  // namespace vec::hnsw

#include "vector/hnsw/join_duplicate.hpp"
