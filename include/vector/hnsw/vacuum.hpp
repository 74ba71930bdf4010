// Vacuum of the page graph, in steps; the caller puts barriers between them.
//
// 1. sweep: every page once. Dead heap tids are removed; elements left without any become deleted.
//
// 2. A barrier: inserts that began before have ended. Those that begin now see the deleted state
// and link to no deleted element. Then look_for_entry_point and, in a barrier, replace_entry_point.
//
// 3. repair: edges to deleted elements are replaced (dead_edges.hpp), and lists that have lost many
// of theirs are chosen anew (repair.hpp). Live elements that only deleted ones led to are made
// reachable (reachability.hpp).
//
// 4. look_for_entry_point and, in a barrier, replace_entry_point.
//
// 5. free_deleted: slots and lists of deleted elements become free.
//
// A crash between the steps leaves deleted elements behind; the next sweep picks them up. Scans go
// on at any time: storage.hpp and PageReader::read_results say why a reused slot does not hurt
// them.
#pragma once

#include "vector/hnsw/dead_edges.hpp"
#include "vector/hnsw/node_set.hpp"
#include "vector/hnsw/page_graph.hpp"
#include "vector/hnsw/reachability.hpp"
#include "vector/hnsw/repair.hpp"

namespace vec::hnsw {

struct VacuumCounts {
  std::uint64_t tids_left = 0;
  std::uint64_t tids_removed = 0;
};

template <PageSource Pages>
class Vacuum {
 public:
  // `memory`: bytes to use, more or less, besides some bits for each slot of the index.
  Vacuum(PageGraph<Pages>& graph, Scratch& scratch, std::size_t memory)
      : graph_(&graph), scratch_(&scratch), geometry_(graph.geometry()), memory_(memory) {}

  // Blocks 1 .. blocks - 1. is_dead(HeapTid) -> bool.
  template <class IsDead>
  VacuumCounts sweep(std::uint32_t blocks, IsDead is_dead) {
    blocks_ = blocks;
    dead_.reset(*graph_, std::size_t{blocks} * geometry_.elements_per_page());
    candidate_ = {};
    VacuumCounts counts;
    for (std::uint32_t block = kMetaBlock + 1; block < blocks; ++block) {
      graph_->check_interrupts();
      sweep_page(block, is_dead, counts);
    }
    return counts;
  }

  bool has_dead() const { return dead_.count() > 0; }

  // If the entry point is deleted: looks for the live element to replace it. Call before
  // replace_entry_point, outside of the barrier: it may read the whole index.
  void look_for_entry_point() {
    if (dead_.contains(graph_->entry_point().id) && !is_live(candidate_)) candidate_ = find_live();
  }

  // REQUIRES: no insert is running. If no live element was found there is none: an insert that
  // reaches no live element makes its own the entry point.
  void replace_entry_point() {
    EntryPoint chosen = is_live(candidate_) ? candidate_ : EntryPoint{};
    graph_->change_entry_point(
        [&](EntryPoint present) { return dead_.contains(present.id) ? chosen : present; });
  }

  // `blocks`: the size after the first barrier; inserts before it may still have linked to the
  // dead.
  void repair(std::uint32_t blocks) {
    auto is_dead = [this](NodeId id) { return dead_.contains(id); };
    // Replacing edges and the walk have half of the memory each.
    DeadEdges<Pages, decltype(is_dead)> edges(*graph_, is_dead, memory_ / 2);
    for (std::uint32_t block = kMetaBlock + 1; block < blocks; ++block) {
      graph_->check_interrupts();
      collect_damaged(block, edges);
      for (const EdgePlace& damaged : damaged_.view()) {
        if (!graph_->open_node(damaged.node)) continue;
        repair_node(*graph_, *scratch_, damaged.node, damaged.level, is_dead, graph_->parameters());
      }
      if (edges.is_full()) edges.replace();
    }
    edges.replace();
    ReachabilityRepair(*graph_, *scratch_, graph_->parameters().ef_construction, is_dead,
                       memory_ / 2)
        .run();
  }

  void free_deleted() {
    for (std::uint32_t block = kMetaBlock + 1; block < blocks_; ++block) {
      if (!dead_.contains_any(geometry_.node_id(block, 0), geometry_.elements_per_page())) continue;
      graph_->check_interrupts();
      free_elements(block);
    }
  }

 private:
  struct Occupied {
    NodeId node;
    HeapTid tid;
    ListId further_tids;
    std::uint8_t level;
    bool first_is_dead = false;
    bool further_left = false;
  };

  template <class Use>
  void for_each_element(const std::byte* page, std::uint32_t block, Use use) {
    const std::uint32_t slots = used_slots(page, geometry_, PageKind::elements);
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      NodeId id = geometry_.node_id(block, slot);
      use(id, graph_->checked_element(page, block, id));
    }
  }

  template <class IsDead>
  void sweep_page(std::uint32_t block, IsDead is_dead, VacuumCounts& counts) {
    occupied_.clear();
    PageKind kind{};
    std::uint32_t free_run = 0;
    graph_->pages().read(block, [&](const std::byte* page) {
      kind = graph_->checked_kind(page, block);
      if (kind == PageKind::elements || kind == PageKind::lists)
        free_run = graph_->longest_free_run(page, kind).length;
      if (kind != PageKind::elements) return;
      for_each_element(page, block, [&](NodeId id, const ElementSlot* element) {
        if (element->state == NodeState::deleted) dead_.add(id);
        if (element->state != NodeState::live) return;
        occupied_.push_back(*graph_, {id, element->tid, element->further_tids, element->level});
      });
    });
    // The map is not logged: what it has lost in a crash is told it again.
    if (free_run > 0) graph_->pages().record_space(block, kind, free_run);
    bool any_change = false;
    for (Occupied& element : occupied_.view()) {
      if (element.tid.is_valid()) {
        element.first_is_dead = is_dead(element.tid);
        ++(element.first_is_dead ? counts.tids_removed : counts.tids_left);
      }
      if (element.further_tids != kNoList)
        element.further_left = sweep_lists(element, is_dead, counts);
      bool first_left = element.tid.is_valid() && !element.first_is_dead;
      any_change |= element.first_is_dead || (!first_left && !element.further_left);
      if ((first_left || element.further_left) && element.level > candidate_.level) {
        candidate_ = {element.node, element.level};
      }
    }
    if (any_change) remove_first_tids(block);
  }

  // Removes dead tids from the element's lists; true if any tid is left in them.
  template <class IsDead>
  bool sweep_lists(const Occupied& element, IsDead is_dead, VacuumCounts& counts) {
    std::uint64_t left = 0;
    ListId with_room = kNoList;
    FlatArray<HeapTid>& dead_tids = dead_tids_;
    graph_->read_tid_lists(element.node, element.further_tids,
                           [&](ListId list, std::span<const HeapTid> tids) {
                             graph_->check_interrupts();
                             dead_tids.clear();
                             for (HeapTid tid : tids) {
                               if (is_dead(tid)) dead_tids.push_back(*graph_, tid);
                             }
                             if (!dead_tids.empty()) remove_from_list(element.node, list);
                             std::size_t remain = tids.size() - dead_tids.size();
                             counts.tids_removed += dead_tids.size();
                             counts.tids_left += remain;
                             left += remain;
                             if (remain < geometry_.tids_per_list()) {
                               // Prefer one that is not the first: new lists come before it.
                               if (with_room == kNoList || with_room == element.further_tids)
                                 with_room = list;
                             }
                           });
    if (left > 0 && with_room != kNoList) offer_room(element, with_room);
    return left > 0;
  }

  // Removes dead_tids_ from one list.
  void remove_from_list(NodeId owner, ListId id) {
    std::uint32_t block = graph_->checked_list_block(id);
    graph_->pages().update(block, [&](std::byte* page) {
      graph_->check_page(page, block, PageKind::lists);
      ListSlot* list = geometry_.list(page, geometry_.list_slot_of(id));
      if (list->kind != ListKind::heap_tids || list->owner != owner) return false;
      auto* tids = reinterpret_cast<HeapTid*>(geometry_.list_payload(list) + sizeof(ListId));
      HeapTid* end = std::remove_if(tids, tids + list->count, [&](HeapTid tid) {
        return std::find(dead_tids_.begin(), dead_tids_.end(), tid) != dead_tids_.end();
      });
      list->count = static_cast<std::uint8_t>(end - tids);
      return true;
    });
  }

  void offer_room(const Occupied& element, ListId list) {
    std::uint32_t block = geometry_.block_of(element.node);
    graph_->pages().update(block, [&](std::byte* page) {
      ElementSlot* slot = graph_->checked_element(page, block, element.node);
      if (slot->state != NodeState::live || slot->append_tids == list) return false;
      slot->append_tids = list;
      return true;
    });
  }

  // Removes the dead first tids of the page's elements, and marks those deleted that have no tid
  // left. An insert may have added one since we looked; it does so under this page's lock.
  void remove_first_tids(std::uint32_t block) {
    graph_->pages().update(block, [&](std::byte* page) {
      bool changed = false;
      for (const Occupied& seen : occupied_.view()) {
        ElementSlot* element = graph_->checked_element(page, block, seen.node);
        if (element->state != NodeState::live) continue;
        if (seen.first_is_dead && element->tid == seen.tid) {
          element->tid = kNoTid;
          changed = true;
        }
        if (element->tid.is_valid() || seen.further_left || has_further_tids(seen.node, element))
          continue;
        element->state = NodeState::deleted;
        dead_.add(seen.node);
        changed = true;
      }
      return changed;
    });
  }

  bool has_further_tids(NodeId node, const ElementSlot* element) {
    bool found = false;
    graph_->read_tid_lists(node, element->further_tids,
                           [&](ListId, std::span<const HeapTid> tids) { found |= !tids.empty(); });
    return found;
  }

  bool is_live(EntryPoint candidate) {
    if (candidate.id == kNoNode || dead_.contains(candidate.id)) return false;
    bool live = false;
    graph_->read_element(candidate.id, [&](const ElementSlot* element) {
      live = element->state == NodeState::live && element->level == candidate.level;
    });
    return live;
  }

  EntryPoint find_live() {
    EntryPoint found;
    for (std::uint32_t block = kMetaBlock + 1; graph_->pages().exists(block); ++block) {
      graph_->check_interrupts();
      graph_->pages().read(block, [&](const std::byte* page) {
        if (graph_->checked_kind(page, block) != PageKind::elements) return;
        for_each_element(page, block, [&](NodeId id, const ElementSlot* element) {
          if (element->state == NodeState::live && element->level > found.level) {
            found = {id, element->level};
          }
        });
      });
    }
    return found;
  }

  // The edges on this page that lead to deleted elements. Lists of which more than a quarter does
  // go into damaged_ instead.
  template <class Edges>
  void collect_damaged(std::uint32_t block, Edges& edges) {
    damaged_.clear();
    graph_->pages().read(block, [&](const std::byte* page) {
      graph_->for_each_edge_list(
          page, block, [&](const EdgePlace& place, const std::byte* bytes, std::size_t degree) {
            if (dead_.contains(place.node)) return;
            Candidate list[kMaxNeighbors];
            geometry_.read_edges(bytes, degree, list);
            std::size_t lost = 0;
            for (std::size_t i = 0; i < degree; ++i) {
              if (dead_.contains(list[i].id)) list[lost++] = list[i];
            }
            if (4 * lost > degree) {
              damaged_.push_back(*graph_, place);
              return;
            }
            for (std::size_t i = 0; i < lost; ++i) edges.add(place, list[i].id, list[i].distance);
          });
    });
  }

  void free_elements(std::uint32_t block) {
    occupied_.clear();
    FlatArray<ListId>& lists = lists_;
    for (std::uint32_t slot = 0; slot < geometry_.elements_per_page(); ++slot) {
      NodeId id = geometry_.node_id(block, slot);
      if (!dead_.contains(id)) continue;
      lists.clear();
      gather_lists(id);
      // Lists first, and a chain from its end: after a crash in between, the element and the rest
      // of the chain are still there to find them again.
      for (std::size_t i = lists.size(); i > 0; --i) free_list(id, lists[i - 1]);
      occupied_.push_back(*graph_, {id, kNoTid, kNoList, 0});
    }
    if (occupied_.empty()) return;
    std::uint32_t free_run = 0;
    graph_->pages().update(block, [&](std::byte* page) {
      for (const Occupied& gone : occupied_.view()) {
        ElementSlot* element = graph_->checked_element(page, block, gone.node);
        if (element->state != NodeState::deleted) continue;
        std::memset(static_cast<void*>(element), 0, geometry_.element_bytes());
        *element = {};
      }
      free_run = graph_->longest_free_run(page, PageKind::elements).length;
      return true;
    });
    graph_->pages().record_space(block, PageKind::elements, free_run);
  }

  void gather_lists(NodeId id) {
    ListId further = kNoList;
    graph_->read_element(id, [&](const ElementSlot* element) {
      if (element->state != NodeState::deleted) return;
      further = element->further_tids;
      if (element->lists == kNoList) return;
      for (int i = 0; i < geometry_.lists_of(element->level); ++i) {
        lists_.push_back(*graph_, element->lists + i);
      }
    });
    graph_->read_tid_lists(id, further, [&](ListId list, std::span<const HeapTid>) {
      lists_.push_back(*graph_, list);
    });
  }

  void free_list(NodeId owner, ListId id) {
    std::uint32_t block = graph_->checked_list_block(id);
    std::uint32_t free_run = 0;
    graph_->pages().update(block, [&](std::byte* page) {
      graph_->check_page(page, block, PageKind::lists);
      ListSlot* list = geometry_.list(page, geometry_.list_slot_of(id));
      if (list->kind == ListKind::free || list->owner != owner) return false;
      std::memset(list, 0, geometry_.list_bytes());
      free_run = graph_->longest_free_run(page, PageKind::lists).length;
      return true;
    });
    if (free_run > 0) graph_->pages().record_space(block, PageKind::lists, free_run);
  }

  PageGraph<Pages>* graph_;
  Scratch* scratch_;
  Geometry geometry_;
  std::size_t memory_;
  std::uint32_t blocks_ = 0;
  NodeSet dead_;
  EntryPoint candidate_;
  FlatArray<Occupied> occupied_;
  FlatArray<EdgePlace> damaged_;
  FlatArray<HeapTid> dead_tids_;
  FlatArray<ListId> lists_;
};

}  // namespace vec::hnsw
