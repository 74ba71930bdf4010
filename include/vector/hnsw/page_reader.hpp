// Reading the page graph: a GraphReader over pages, and the way from a node to its heap tids.
//
// Each operation visits one page, copies its answer out, releases the page, returns. Whatever was
// read may be outdated a moment later: see storage.hpp.
#pragma once

#include <algorithm>

#include "vector/hnsw/page_format.hpp"
#include "vector/hnsw/scratch.hpp"

namespace vec::hnsw {

struct PageRange {
  std::uint32_t block;
  std::uint32_t offset;
  std::uint32_t bytes;
};

// A search result that is about to be handed out.
struct ResultRow {
  double bound;    // not above its true distance: Codec::lower_bound
  float distance;  // of its code: Codec::query_distances
  NodeId node;
  ListId further;  // its further rows; kNoList when there are none
  HeapTid tid;     // one row; may be invalid
};

// Where the edges of a node at one level lie.
struct EdgePlace {
  NodeId node;
  ListId list;  // kNoList: in its element slot
  std::uint8_t level;
};

// Pages of one atomic change at most: what a record of generic WAL can hold.
inline constexpr std::size_t kMaxGroup = 4;

// What supplies the pages: PostgreSQL's buffers, or memory in the unit tests. Pages are passed to
// functions while they are pinned and locked; the pointer is good inside the function only.
// Lock order: metapage, then element pages, then list pages; pages of a kind by their block
// numbers.
template <class P>
concept PageSource = Allocator<P> &&
    requires(P& p, std::uint32_t block, PageKind kind, const Geometry& geometry) {
  p.exists(block);  // whether the block is inside the index now
  // These bytes of these pages will be read soon, in this order.
  p.prefetch(std::span<const PageRange>());
  p.read(block, [](const std::byte*) {});  // share lock
  {
    p.update(block, [](std::byte*) { return true; })
    } -> std::same_as<bool>;  // exclusive, logged
  // The same for up to kMaxGroup pages in one atomic change, locked in this order.
  {
    p.update_group(std::span<const std::uint32_t>(),
                   [](std::span<std::byte* const>) { return true; })
    } -> std::same_as<bool>;
  // A formatted page with all slots free, or, where others have just appended one, a page with a
  // run of so many.
  { p.append(kind, std::uint32_t{}, geometry) } -> std::same_as<std::uint32_t>;
  { p.find_space(kind, std::uint32_t{}) } -> std::same_as<std::uint32_t>;  // kNoBlock: none known
  p.record_space(block, kind, std::uint32_t{});  // longest run of free slots
  p.corrupted(block, "message");                 // does not return
  p.check_interrupts();
};

// Detects a cycle in a chain of lists in constant memory (Brent's algorithm).
class CycleGuard {
 public:
  // True when the chain has come back to where it was.
  bool revisits(ListId id) {
    if (id == mark_) return true;
    if (++steps_ == limit_) {
      mark_ = id;
      steps_ = 0;
      limit_ *= 2;
    }
    return false;
  }

 private:
  ListId mark_ = kNoList;
  std::uint64_t steps_ = 0;
  std::uint64_t limit_ = 1;
};

template <PageSource Pages>
class PageReader {
 public:
  static constexpr bool kCodesAtHand = false;

  PageReader(Pages& pages, const Codec& codec, const Parameters& parameters)
      : pages_(&pages),
        codec_(codec),
        geometry_(codec.code_bytes(), parameters.m),
        parameters_(parameters) {}

  const Geometry& geometry() const { return geometry_; }
  const Parameters& parameters() const { return parameters_; }
  Pages& pages() { return *pages_; }

  // A query for search(), prepared by the codec. Must stay valid while in use.
  void open_query(const std::byte* query) {
    query_ = query;
    open_code_ = nullptr;
  }

  // ---- GraphReader ----
  void* allocate(std::size_t bytes) { return pages_->allocate(bytes); }
  void check_interrupts() { pages_->check_interrupts(); }
  [[noreturn]] void corrupted(const char* what) { pages_->corrupted(kMetaBlock, what); }
  std::size_t max_neighbors(int level) const { return parameters_.max_neighbors(level); }

  EntryPoint entry_point() {
    EntryPoint entry_point;
    pages_->read(kMetaBlock, [&](const std::byte* page) {
      MetaPage meta = read_checked_meta(page);
      entry_point = {meta.entry_point, meta.entry_level};
    });
    return entry_point;
  }

  std::size_t neighbors(NodeId id, int level, std::span<NodeId> out) {
    std::size_t count = 0;
    read_edge_bytes(id, level, [&](const std::byte* edges, std::size_t degree) {
      count = std::min(degree, out.size());
      geometry_.read_ids(edges, count, out.data());
    });
    return count;
  }

  void distances(std::span<const NodeId> ids, std::span<Measurement> out) {
    in_batches(
        ids.size(), [&](std::size_t i) { return ids[i]; },
        [&](std::size_t i, const ElementSlot* element) {
          out[i].state = element->state;
          if (element->state != NodeState::free) out[i].distance = distance_to(element);
        });
  }

  // ---- results ----
  // What to hand out for nodes found at their distances. The heap tids are read together with the
  // distance, under one lock: when that differs, the slot was freed and holds another element,
  // whose rows are younger than our search. Appends to `rows`, nearest first.
  void read_results(std::span<const Candidate> found, FlatArray<ResultRow>& rows) {
    const std::size_t before = rows.size();
    rows.reserve(*pages_, before + found.size());
    in_batches(
        found.size(), [&](std::size_t i) { return found[i].id; },
        [&](std::size_t i, const ElementSlot* element) {
          if (element->state != NodeState::live) return;
          const float distance = distance_to(element);
          if (distance != found[i].distance) return;
          rows.push_back(*pages_, result_of(found[i].id, element, distance));
        });
    std::sort(rows.begin() + before, rows.end(), [](const ResultRow& a, const ResultRow& b) {
      return nearer({a.distance, a.node}, {b.distance, b.node});
    });
  }

  // The same for every live element of a page that the caller has locked; none on pages of other
  // kinds.
  void results_of_page(const std::byte* page, std::uint32_t block, FlatArray<ResultRow>& rows) {
    if (checked_kind(page, block) != PageKind::elements) return;
    const std::uint32_t slots = used_slots(page, geometry_, PageKind::elements);
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      const NodeId id = geometry_.node_id(block, slot);
      const ElementSlot* element = checked_element(page, block, id);
      if (element->state != NodeState::live) continue;
      rows.push_back(*pages_, result_of(id, element, distance_to(element)));
    }
  }

  // Calls use(list id, tids) for each list of the chain that starts at `first`. Lists are freed
  // only together with their element, so a list that is no longer `owner`'s ends the walk.
  template <class Use>
  void read_tid_lists(NodeId owner, ListId first, Use use) {
    CycleGuard guard;
    HeapTid tids[256];
    for (ListId id = first; id != kNoList;) {
      check_list_of(owner, id);
      if (guard.revisits(id))
        pages_->corrupted(geometry_.list_block_of(id), "cycle in a heap tid list");
      std::size_t count = 0;
      ListId next = kNoList;
      read_list(id, [&](const ListSlot* list) {
        if (list->kind != ListKind::heap_tids || list->owner != owner) return;
        if (list->count > geometry_.tids_per_list()) {
          pages_->corrupted(geometry_.list_block_of(id), "heap tid list is longer than its slot");
        }
        count = list->count;
        const std::byte* payload = geometry_.list_payload(list);
        std::memcpy(&next, payload, sizeof next);
        std::memcpy(tids, payload + sizeof next, count * sizeof(HeapTid));
        // No table can be asked for such a row.
        if (!std::all_of(tids, tids + count, [](HeapTid tid) { return tid.is_valid(); })) {
          pages_->corrupted(geometry_.list_block_of(id), "invalid heap tid in a list");
        }
      });
      use(id, std::span<const HeapTid>(tids, count));
      id = next;
    }
  }

  // ---- checked access to slots, for this class and the writers ----
  template <class Use>
  void read_element(NodeId id, Use use) {
    std::uint32_t block = checked_element_block(id);
    pages_->read(block, [&](const std::byte* page) { use(checked_element(page, block, id)); });
  }

  template <class Use>
  void read_list(ListId id, Use use) {
    std::uint32_t block = checked_list_block(id);
    pages_->read(block, [&](const std::byte* page) {
      check_page(page, block, PageKind::lists);
      use(geometry_.list(page, geometry_.list_slot_of(id)));
    });
  }

  std::uint32_t checked_element_block(NodeId id) { return checked_block(geometry_.block_of(id)); }
  std::uint32_t checked_list_block(ListId id) { return checked_block(geometry_.list_block_of(id)); }

  // Before a list page is locked together with the page of its owner: they cannot be the same.
  void check_list_of(NodeId owner, ListId id) {
    if (geometry_.list_block_of(id) == geometry_.block_of(owner)) {
      pages_->corrupted(geometry_.block_of(owner), "list of an element on the element's own page");
    }
  }

  template <class Byte>
  auto* checked_element(Byte* page, std::uint32_t block, NodeId id) {
    if constexpr (!std::is_const_v<Byte>) check_page(page, block, PageKind::elements);
    auto* element = geometry_.element(page, geometry_.slot_of(id));
    if (element->magic != kElementMagic) {
      pages_->corrupted(block, "page is not of the expected kind");
    }
    if (element->state > NodeState::deleted || element->level > geometry_.max_level() ||
        element->degree > max_neighbors(0)) {
      pages_->corrupted(block, "element slot is damaged");
    }
    return element;
  }

  void check_page(const std::byte* page, std::uint32_t block, PageKind kind) {
    PageTrailer trailer = read_trailer(page);
    std::uint32_t slot_bytes = geometry_.slot_bytes(kind);
    if (trailer.magic != kMagic || trailer.kind != kind || trailer.slot_bytes != slot_bytes) {
      pages_->corrupted(block, "page is not of the expected kind");
    }
    // What lies behind the used part would be overlooked, and lost by a change of the page.
    if (slot_bytes > 0 && !has_plausible_end(page, kind)) {
      pages_->corrupted(block, "the used part of the page ends in the wrong place");
    }
  }

  // Whether the used part ends behind a slot, and the next one was never used.
  bool has_plausible_end(const std::byte* page, PageKind kind) const {
    const std::uint32_t slots = used_slots(page, geometry_, kind);
    if (used_bytes(page) != slots * geometry_.slot_bytes(kind)) return false;
    if (slots == geometry_.slots_per_page(kind)) return true;
    if (kind == PageKind::lists) return geometry_.list(page, slots)->kind == ListKind::free;
    return geometry_.element(page, slots)->magic == 0;
  }

  // Any page but the metapage; PageKind{} for one that was never formatted: a crash may leave some.
  PageKind checked_kind(const std::byte* page, std::uint32_t block) {
    PageKind kind = read_trailer(page).kind;
    if (kind == PageKind{}) return kind;
    const bool known = kind == PageKind::lists || kind == PageKind::codec;
    check_page(page, block, known ? kind : PageKind::elements);
    return kind;
  }

  MetaPage read_checked_meta(const std::byte* page) {
    MetaPage meta = read_meta(page);
    if (read_trailer(page).magic != kMagic || meta.magic != kMagic ||
        meta.format_version != kFormatVersion ||
        (meta.entry_point != kNoNode &&
         (meta.entry_level < 0 || meta.entry_level > geometry_.max_level()))) {
      pages_->corrupted(kMetaBlock, "metapage is damaged");
    }
    return meta;
  }

  std::size_t checked_degree(const ListSlot* list, std::uint32_t block, int level) {
    if (list->count > max_neighbors(level)) {
      pages_->corrupted(block, "neighbor list is longer than its slot");
    }
    return list->count;
  }

  // Whether `list` is the list of `level` of node `id`.
  static bool is_neighbor_list(const ListSlot* list, NodeId id, int level) {
    return list->kind == ListKind::neighbors && list->owner == id && list->level == level;
  }

  // Where the edges of `id` at `level` lie; false when the node has no such level (any more).
  bool find_edges(NodeId id, int level, EdgePlace* place) {
    *place = {id, kNoList, static_cast<std::uint8_t>(level)};
    if (level < geometry_.first_list_level()) return true;
    place->list = list_of(id, level);
    return place->list != kNoList;
  }
  std::uint32_t block_of(const EdgePlace& place) {
    return place.list == kNoList ? checked_element_block(place.node)
                                 : checked_list_block(place.list);
  }

  // Calls use(EdgePlace, edge bytes, degree) for each edge list on a page that the caller has
  // locked. Their nodes may be deleted.
  template <class Use>
  void for_each_edge_list(const std::byte* page, std::uint32_t block, Use use) {
    const PageKind kind = checked_kind(page, block);
    if (kind == PageKind::elements && geometry_.first_list_level() == 1) {
      const std::uint32_t slots = used_slots(page, geometry_, kind);
      for (std::uint32_t slot = 0; slot < slots; ++slot) {
        const NodeId id = geometry_.node_id(block, slot);
        const ElementSlot* element = checked_element(page, block, id);
        if (element->state == NodeState::free) continue;
        use(EdgePlace{id, kNoList, 0}, geometry_.element_edges(element),
            std::size_t{element->degree});
      }
    } else if (kind == PageKind::lists) {
      for (std::uint32_t slot = 0; slot < geometry_.lists_per_page(); ++slot) {
        const ListSlot* list = geometry_.list(page, slot);
        if (list->kind != ListKind::neighbors) continue;
        use(EdgePlace{list->owner, geometry_.list_id(block, slot), list->level},
            geometry_.list_payload(list), checked_degree(list, block, list->level));
      }
    }
  }

  // The list slot that holds `level` of node `id`; kNoList when the node has no such list (any
  // more).
  ListId list_of(NodeId id, int level) {
    ListId lists = kNoList;
    read_element(id, [&](const ElementSlot* element) {
      if (element->state != NodeState::free && level <= element->level) lists = element->lists;
    });
    return lists == kNoList ? kNoList : lists + (level - geometry_.first_list_level());
  }

 protected:
  float distance_to(const ElementSlot* element) const {
    const std::byte* code = geometry_.code(element);
    float distance;
    if (query_ != nullptr) {
      codec_.query_distances(query_, &code, 1, &distance);
    } else {
      codec_.code_distances(open_code_, &code, 1, &distance);
    }
    return distance;
  }

  // Calls use(i, element) for i < count, where id_of(i) is the element's id, in any order: a batch
  // at a time is prefetched, because a search spends its time waiting for memory, and a page that
  // holds several elements of the batch is visited once.
  template <class IdOf, class Use>
  void in_batches(std::size_t count, IdOf id_of, Use use) {
    constexpr std::size_t kBatch = 32;
    PageRange ranges[kBatch];
    const auto bytes = static_cast<std::uint32_t>(sizeof(ElementSlot) + codec_.code_bytes());
    for (std::size_t start = 0; start < count; start += kBatch) {
      const std::size_t part = std::min(kBatch, count - start);
      for (std::size_t i = 0; i < part; ++i) {
        const NodeId id = id_of(start + i);
        ranges[i] = {checked_element_block(id), geometry_.element_offset(geometry_.slot_of(id)),
                     bytes};
      }
      pages_->prefetch({ranges, part});
      for (std::size_t first = 0; first < part; ++first) {
        const std::uint32_t block = ranges[first].block;
        if (block == kNoBlock) continue;  // visited
        pages_->read(block, [&](const std::byte* page) {
          for (std::size_t i = first; i < part; ++i) {
            if (ranges[i].block != block) continue;
            ranges[i].block = kNoBlock;
            use(start + i, checked_element(page, block, id_of(start + i)));
          }
        });
      }
    }
  }

  ResultRow result_of(NodeId id, const ElementSlot* element, float distance) const {
    return {codec_.lower_bound(query_, geometry_.code(element), distance), distance, id,
            element->further_tids, element->tid};
  }

  // Calls use(edge bytes, degree) when the node has edges at `level`.
  template <class Use>
  void read_edge_bytes(NodeId id, int level, Use use) {
    if (level < geometry_.first_list_level()) {
      read_element(id, [&](const ElementSlot* element) {
        if (element->state == NodeState::free) return;
        use(geometry_.element_edges(element), std::size_t{element->degree});
      });
      return;
    }
    ListId list_id = list_of(id, level);
    if (list_id == kNoList) return;
    read_list(list_id, [&](const ListSlot* list) {
      if (!is_neighbor_list(list, id, level)) return;
      use(geometry_.list_payload(list),
          checked_degree(list, geometry_.list_block_of(list_id), level));
    });
  }

  Pages* pages_;
  Codec codec_;
  Geometry geometry_;
  Parameters parameters_;
  const std::byte* query_ = nullptr;
  const std::byte* open_code_ = nullptr;

 private:
  std::uint32_t checked_block(std::uint32_t block) {
    if (block == kMetaBlock || !pages_->exists(block)) {
      pages_->corrupted(block, "reference to a page outside the index");
    }
    return block;
  }
};

}  // namespace vec::hnsw
