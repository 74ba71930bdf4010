// The checker: every page, slot, edge, list, heap tid and free slot of an index, the entry point,
// and what can be reached from it. It changes nothing, and others may read, insert and vacuum
// meanwhile.
//
// 1. check_slots: every page by itself (check_slots.hpp). States and levels of all elements are
//    noted, 2 bytes each.
//
// 2. check_references: the edges of every live element lead to elements (live or deleted, not
//    freed) of their level, its lists are its own, its chain of heap tid lists ends. Then no list
//    is left that belongs to nobody. Edges are compared with the notes, so they cost no page
//    access.
//
// 3. count_unreachable: the walk of reachability.hpp, one random access per element.
//
// Pages are copied under their lock and looked at without one. Two pages are never copied at once,
// so what contradicts itself between them may have changed in between: vacuum may have freed what
// an edge led to. Then everything is read again, from the element on. Vacuum frees an element only
// after the last edge to it has gone, and a list only before its element, so a true contradiction
// stays and a false one does not: what is found again three times is reported. So is what three
// walks did not come to.
//
// What a crash, or an insert or vacuum that was interrupted, leaves behind is no corruption: pages
// that were never formatted; free slots that the free space map does not know; deleted elements,
// whose lists and edges may be gone in part; live elements without heap tids; elements on a higher
// level than the entry point; elements that cannot be reached, because inserts link a new element
// last. The latter are counted: searches may miss them, scans that read on do not.
#pragma once

#include "vector/hnsw/check_slots.hpp"
#include "vector/hnsw/page_reader.hpp"
#include "vector/hnsw/walk.hpp"

namespace vec::hnsw {

// What the index lives in.
template <class H>
concept CheckHost = requires(H& host, const std::byte* page, std::uint32_t bytes, HeapTid tid,
                             const Finding& finding) {
  // What is wrong with a page's header, or null. `bytes`: how many are used after it.
  { host.header_fault(page, bytes) } -> std::same_as<const char*>;
  { host.is_possible_row(tid) } -> std::same_as<bool>;
  host.report(finding);  // does not return
};

template <PageSource Pages, CheckHost Host>
class IndexCheck {
 public:
  // `in_order` for reading all pages in storage order, `graph` for reading some in any order.
  // Looks at blocks 0 .. blocks - 1, of which 1 .. codec_pages are codec pages.
  IndexCheck(Pages& in_order, PageReader<Pages>& graph, const Codec& codec, Host& host,
             std::uint32_t codec_pages, std::uint32_t blocks)
      : in_order_(&in_order),
        graph_(&graph),
        host_(&host),
        geometry_(graph.geometry()),
        slots_(geometry_, codec, graph.parameters(), IsPossibleRow{&host}),
        first_slot_block_(kMetaBlock + 1 + codec_pages),
        blocks_(blocks) {}

  void check_slots() {
    seen_count_ = std::size_t{blocks_} * geometry_.elements_per_page();
    const std::size_t bytes = seen_count_ * sizeof(Seen);
    seen_ = static_cast<Seen*>(graph_->allocate(bytes));
    std::memset(static_cast<void*>(seen_), 0, bytes);
    for (std::uint32_t block = kMetaBlock; block < blocks_; ++block) {
      in_order_->check_interrupts();
      copy(*in_order_, block, page_);
      if (check_page(page_, block) == PageKind::elements) note_elements(block);
    }
  }

  void check_references() {
    claimed_.reset(*graph_, std::size_t{blocks_} * geometry_.lists_per_page());
    look_repeatedly([&] { return entry_point_fault(); });
    for_each_page(PageKind::elements, [&](std::uint32_t block, std::uint32_t slot) {
      if (element_references_fault(page_, block, slot)) {
        look_repeatedly([&] {
          return page_again(block, PageKind::elements)
                     ? element_references_fault(again_, block, slot)
                     : Finding{};
        });
      }
    });
    for_each_page(PageKind::lists, [&](std::uint32_t block, std::uint32_t slot) {
      const ListSlot* list = geometry_.list(page_, slot);
      if (list->kind == ListKind::free || claimed_.contains(geometry_.list_id(block, slot))) return;
      look_repeatedly([&] { return unclaimed_list_fault(block, slot); });
    });
  }

  struct Unreachable {
    std::uint64_t live = 0;  // elements when check_slots saw them
    std::uint64_t count = 0;
    NodeId first = kNoNode;
  };
  // REQUIRES: every insert that ran during check_slots has ended. `blocks`: as many as the index
  // may come to have until this ends.
  Unreachable count_unreachable(std::uint32_t blocks) {
    NodeSet reached;
    FlatArray<NodeId> pending;
    Unreachable unreachable;
    for (int look = 1; look <= kLooks; ++look) {
      reached.reset(*graph_, std::size_t{blocks} * geometry_.elements_per_page());
      const NodeId entry_point = graph_->entry_point().id;
      if (entry_point != kNoNode) {
        walk(*graph_, entry_point, reached, pending, [](NodeId) { return false; });
      }
      const std::uint64_t live = unreachable.live;
      unreachable = {};
      for (std::size_t i = 0; i < seen_count_; ++i) {
        const auto id = static_cast<NodeId>(i);
        if (seen_[i].state != NodeState::live) continue;
        ++unreachable.live;
        // It may have been deleted since. No need to look for it again.
        if (reached.contains(id) || state_now(id) != NodeState::live) {
          seen_[i].state = NodeState::free;
        } else if (unreachable.count++ == 0) {
          unreachable.first = id;
        }
      }
      if (look > 1) unreachable.live = live;
      if (unreachable.count == 0) break;
    }
    return unreachable;
  }

 private:
  // Of an element in check_slots. Zero: there was none.
  struct Seen {
    NodeState state;
    std::uint8_t level;
  };
  struct IsPossibleRow {
    Host* host;
    bool operator()(HeapTid tid) const { return host->is_possible_row(tid); }
  };
  static constexpr int kLooks = 3;

  void copy(Pages& pages, std::uint32_t block, std::byte* to) {
    pages.read(block, [&](const std::byte* page) { std::memcpy(to, page, kPageBytes); });
  }

  // Reports what fault() finds each time it looks.
  template <class Fault>
  void look_repeatedly(Fault fault) {
    for (int look = 1;; ++look) {
      const Finding finding = fault();
      if (!finding) return;
      if (look == kLooks) host_->report(finding);
      graph_->check_interrupts();
    }
  }

  // ---- pages by themselves ----
  PageKind check_page(const std::byte* page, std::uint32_t block) {
    const PageTrailer trailer = read_trailer(page);
    if (block >= first_slot_block_ && trailer.kind == PageKind{}) {
      if (!is_all_zero(page, kPageBytes)) {
        host_->report({.what = "a page of no kind is not empty", .block = block});
      }
      return PageKind{};
    }
    const bool holds_slots = trailer.kind == PageKind::elements || trailer.kind == PageKind::lists;
    const PageKind expected = block == kMetaBlock         ? PageKind::meta
                              : block < first_slot_block_ ? PageKind::codec
                              : holds_slots               ? trailer.kind
                                                          : PageKind::elements;
    if (trailer.magic != kMagic || trailer.kind != expected ||
        trailer.slot_bytes != geometry_.slot_bytes(expected)) {
      host_->report({.what = "page is not of the expected kind", .block = block});
    }
    const char* fault = host_->header_fault(page, used_bytes_of(page, expected));
    if (fault != nullptr) host_->report({.what = fault, .block = block});
    if (holds_slots) {
      const Finding finding = slots_.check(page, block, expected);
      if (finding) host_->report(finding);
    }
    if (expected == PageKind::meta && has_unknown_meta(read_meta(page))) {
      host_->report({.what = "the metapage has a value where there is none", .block = block});
    }
    return expected;
  }

  std::uint32_t used_bytes_of(const std::byte* page, PageKind kind) const {
    if (kind == PageKind::meta) return sizeof(MetaPage);
    if (kind == PageKind::codec) return kPageDataBytes;
    return used_slots(page, geometry_, kind) * geometry_.slot_bytes(kind);
  }

  // What its readers do not look at; they have refused what they cannot use.
  static bool has_unknown_meta(const MetaPage& meta) {
    const bool has_codec_pages = meta.codec_data_block != kNoBlock;
    return meta.reserved != 0 ||
           std::any_of(std::begin(meta.reserved_words), std::end(meta.reserved_words),
                       [](std::uint32_t word) { return word != 0; }) ||
           (!has_codec_pages &&
            (meta.codec_data_bytes != 0 || meta.has_center != 0 || meta.rotation_seed != 0));
  }

  void note_elements(std::uint32_t block) {
    for (std::uint32_t slot = 0; slot < geometry_.elements_per_page(); ++slot) {
      const ElementSlot* element = geometry_.element(page_, slot);
      seen_[geometry_.node_id(block, slot)] = {element->state, element->level};
    }
  }

  // Calls use(block, slot) for every slot of the pages of a kind, which are then in page_.
  template <class Use>
  void for_each_page(PageKind kind, Use use) {
    for (std::uint32_t block = first_slot_block_; block < blocks_; ++block) {
      in_order_->check_interrupts();
      copy(*in_order_, block, page_);
      if (check_page(page_, block) != kind) continue;
      for (std::uint32_t slot = 0; slot < geometry_.slots_per_page(kind); ++slot) use(block, slot);
    }
  }

  // A page of slots of this kind, into again_; false when it is another.
  bool page_again(std::uint32_t block, PageKind kind) {
    if (block < first_slot_block_ || !graph_->pages().exists(block)) return false;
    copy(graph_->pages(), block, again_);
    const PageTrailer trailer = read_trailer(again_);
    return trailer.kind == kind && trailer.magic == kMagic &&
           trailer.slot_bytes == geometry_.slot_bytes(kind);
  }

  // ---- references ----
  // The element as it is now; free when there is none. Not checked by itself.
  ElementSlot element_now(NodeId id) {
    ElementSlot element{};
    if (page_again(geometry_.block_of(id), PageKind::elements)) {
      std::memcpy(&element, geometry_.element(again_, geometry_.slot_of(id)), sizeof element);
    }
    return element;
  }
  NodeState state_now(NodeId id) { return element_now(id).state; }

  Finding entry_point_fault() {
    MetaPage meta;
    graph_->pages().read(kMetaBlock, [&](const std::byte* page) { meta = read_meta(page); });
    Finding finding{.block = kMetaBlock};
    if (meta.entry_point == kNoNode) {
      if (meta.entry_level != -1) finding.what = "there is a level but no entry point";
      return finding;
    }
    finding.to_block = geometry_.block_of(meta.entry_point);
    finding.to_slot = geometry_.slot_of(meta.entry_point);
    const ElementSlot element = element_now(meta.entry_point);
    if (element.state == NodeState::free) {
      finding.what = "the entry point is no element";
    } else if (element.level != meta.entry_level) {
      finding.what = "the entry point is on another level than the metapage says";
    }
    return finding;
  }

  // `page` holds the element and is not again_ when that gets overwritten: what is needed of it is
  // copied first.
  Finding element_references_fault(const std::byte* page, std::uint32_t block, std::uint32_t slot) {
    ElementSlot element;
    std::memcpy(&element, geometry_.element(page, slot), sizeof element);
    if (element.state != NodeState::live) return {};
    const NodeId id = geometry_.node_id(block, slot);
    const Finding here{.block = block, .slot = slot};
    const int first_list_level = geometry_.first_list_level();
    if (first_list_level > 0) {
      NodeId ids[kMaxNeighbors];
      const std::size_t count = std::min<std::size_t>(element.degree, graph_->max_neighbors(0));
      geometry_.read_ids(geometry_.element_edges(geometry_.element(page, slot)), count, ids);
      const Finding finding = edges_fault(here, id, 0, {ids, count});
      if (finding) return finding;
    }
    for (int level = first_list_level; level <= element.level; ++level) {
      const Finding finding = neighbor_list_fault(here, id, element.lists, level);
      if (finding) return finding;
    }
    return chain_fault(here, id, element);
  }

  Finding edges_fault(Finding here, NodeId from, int level, std::span<const NodeId> ids) {
    for (NodeId id : ids) {
      here.what =
          id == from ? "an edge leads to the element it comes from" : target_fault(id, level);
      if (here.what == nullptr) continue;
      here.level = level;
      here.to_block = geometry_.block_of(id);
      here.to_slot = geometry_.slot_of(id);
      return here;
    }
    return {};
  }

  const char* target_fault(NodeId id, int level) {
    if (id < seen_count_ && seen_[id].state != NodeState::free && seen_[id].level >= level) {
      return nullptr;
    }
    const std::uint32_t block = geometry_.block_of(id);
    if (block < first_slot_block_ || !graph_->pages().exists(block)) {
      return "an edge leads to a page that holds no elements";
    }
    bool is_element_page = false;
    ElementSlot target{};
    graph_->pages().read(block, [&](const std::byte* page) {
      is_element_page = read_trailer(page).kind == PageKind::elements;
      std::memcpy(&target, geometry_.element(page, geometry_.slot_of(id)), sizeof target);
    });
    if (!is_element_page) return "an edge leads to a page that holds no elements";
    if (target.state == NodeState::free) return "an edge leads to a free slot";
    return target.level < level ? "an edge leads to an element that is not on its level" : nullptr;
  }

  // The list of `level`, in again_; null when there is none of this owner.
  const ListSlot* list_now(ListId id, ListKind kind, NodeId owner) {
    if (!page_again(geometry_.list_block_of(id), PageKind::lists)) return nullptr;
    const ListSlot* list = geometry_.list(again_, geometry_.list_slot_of(id));
    const bool is_sound = slots_.list_fault(list) == nullptr;
    return is_sound && list->kind == kind && list->owner == owner ? list : nullptr;
  }

  Finding neighbor_list_fault(Finding here, NodeId owner, ListId lists, int level) {
    const ListId id = lists + static_cast<ListId>(level - geometry_.first_list_level());
    const ListSlot* list = list_now(id, ListKind::neighbors, owner);
    if (list == nullptr || list->level != level ||
        geometry_.list_block_of(id) != geometry_.list_block_of(lists)) {
      here.what = "a neighbor list of an element is not its own";
      here.level = level;
      here.to_block = geometry_.list_block_of(id);
      here.to_slot = geometry_.list_slot_of(id);
      return here;
    }
    claimed_.add(id);
    NodeId ids[kMaxNeighbors];
    const std::size_t count = list->count;
    geometry_.read_ids(geometry_.list_payload(list), count, ids);
    return edges_fault(here, owner, level, {ids, count});
  }

  Finding chain_fault(Finding here, NodeId owner, const ElementSlot& element) {
    CycleGuard guard;
    bool has_append_list = element.append_tids == kNoList;
    for (ListId id = element.further_tids; id != kNoList;) {
      graph_->check_interrupts();
      here.to_block = geometry_.list_block_of(id);
      here.to_slot = geometry_.list_slot_of(id);
      const ListSlot* list = list_now(id, ListKind::heap_tids, owner);
      here.what = list == nullptr      ? "a heap tid list of an element is not its own"
                  : guard.revisits(id) ? "the heap tid lists of an element form a cycle"
                                       : nullptr;
      if (here) return here;
      claimed_.add(id);
      has_append_list |= id == element.append_tids;
      std::memcpy(&id, geometry_.list_payload(list), sizeof id);
    }
    if (has_append_list) return {};
    here.what = "the list for further heap tids of an element is not among its lists";
    here.to_block = geometry_.list_block_of(element.append_tids);
    here.to_slot = geometry_.list_slot_of(element.append_tids);
    return here;
  }

  // A list that no live element referred to.
  Finding unclaimed_list_fault(std::uint32_t block, std::uint32_t slot) {
    if (!page_again(block, PageKind::lists)) return {};
    ListSlot list;
    std::memcpy(&list, geometry_.list(again_, slot), sizeof list);
    if (list.kind == ListKind::free) return {};
    Finding finding{.block = block,
                    .slot = slot,
                    .to_block = geometry_.block_of(list.owner),
                    .to_slot = geometry_.slot_of(list.owner)};
    const ElementSlot owner = element_now(list.owner);
    if (owner.state == NodeState::free) {
      finding.what = "a list belongs to no element";
    } else if (owner.state == NodeState::live &&
               !refers_to(owner, list, geometry_.list_id(block, slot))) {
      finding.what = "a list belongs to an element that does not refer to it";
    }
    return finding;
  }

  // Of a list that was added since its owner was looked at.
  bool refers_to(const ElementSlot& owner, const ListSlot& list, ListId id) {
    if (list.kind == ListKind::neighbors) {
      return list.level <= owner.level &&
             owner.lists + static_cast<ListId>(list.level - geometry_.first_list_level()) == id;
    }
    CycleGuard guard;
    for (ListId next = owner.further_tids; next != kNoList && !guard.revisits(next);) {
      graph_->check_interrupts();
      if (next == id) return true;
      const ListSlot* further = list_now(next, ListKind::heap_tids, list.owner);
      if (further == nullptr) return false;
      std::memcpy(&next, geometry_.list_payload(further), sizeof next);
    }
    return false;
  }

  Pages* in_order_;
  PageReader<Pages>* graph_;
  Host* host_;
  Geometry geometry_;
  SlotCheck<IsPossibleRow> slots_;
  std::uint32_t first_slot_block_;
  std::uint32_t blocks_;
  Seen* seen_ = nullptr;
  std::size_t seen_count_ = 0;
  NodeSet claimed_;  // lists that a live element refers to
  alignas(8) std::byte page_[kPageBytes];
  alignas(8) std::byte again_[kPageBytes];
};

}  // namespace vec::hnsw
