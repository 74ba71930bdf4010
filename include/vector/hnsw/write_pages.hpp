// A graph built in memory becomes pages: every page written once, in order.
//
// Element pages come first, in an order that puts near elements on one page (page_order.hpp), so
// the page id of a node follows from its position in it; then list pages in the same order, where
// the lists of an element follow each other.
//
// `Sink` is a PageSource with one more function, write_next(PageKind, const Geometry&, fill): the
// next block of the index, formatted and then filled by fill(std::byte* page).
#pragma once

#include "vector/hnsw/memory_graph.hpp"
#include "vector/hnsw/page_format.hpp"
#include "vector/hnsw/page_order.hpp"

namespace vec::hnsw {

template <class Graph, class Sink>
class PageWriter {
 public:
  // The first element page gets block number `first_block`. Finds the order, in memory of the
  // graph, which must not change until everything is written.
  PageWriter(Graph& graph, const Geometry& geometry, std::uint32_t first_block, Sink& sink)
      : graph_(&graph),
        geometry_(geometry),
        first_block_(first_block),
        sink_(&sink),
        order_(graph, geometry.elements_per_page()) {}

  void write() {
    const std::size_t nodes = order_.size();
    const std::uint32_t per_page = geometry_.elements_per_page();
    const auto element_pages = static_cast<std::uint32_t>((nodes + per_page - 1) / per_page);
    next_list_ = geometry_.list_id(first_block_ + element_pages, 0);
    for (std::uint32_t page = 0; page < element_pages; ++page) {
      sink_->check_interrupts();
      sink_->write_next(PageKind::elements, geometry_, [&](std::byte* bytes) {
        for (std::uint32_t slot = 0; slot < per_page && page * std::size_t{per_page} + slot < nodes;
             ++slot) {
          write_element(bytes, slot, order_.node_at(page * std::size_t{per_page} + slot));
        }
      });
    }
    if (nodes % per_page != 0) {
      sink_->record_space(first_block_ + element_pages - 1, PageKind::elements,
                          per_page - static_cast<std::uint32_t>(nodes % per_page));
    }
    write_lists(first_block_ + element_pages);
  }

  NodeId page_id(NodeId node) const {
    const std::uint32_t position = order_.position(node);
    return geometry_.node_id(first_block_ + position / geometry_.elements_per_page(),
                             position % geometry_.elements_per_page());
  }

 private:
  // The list slots of one element.
  struct Places {
    ListId lists = kNoList;  // consecutive
    ListId tids = kNoList;   // the first; others wherever the next slots are
    std::uint32_t tid_count = 0;
  };

  ListId take_slots(std::uint32_t count) {
    std::uint32_t left = geometry_.lists_per_page() - geometry_.list_slot_of(next_list_);
    if (left < count) next_list_ += left;  // the rest of the page stays free
    ListId taken = next_list_;
    next_list_ += count;
    return taken;
  }

  // Called for the nodes in their order, twice: when their elements are written and when their
  // lists are.
  Places take_places(NodeId node) {
    Places places;
    std::uint32_t lists = geometry_.lists_of(graph_->level(node));
    if (lists > 0) places.lists = take_slots(lists);
    places.tid_count = count_tids(graph_->further_tids(node));
    if (places.tid_count > 0) places.tids = take_slots(1);
    for (std::uint32_t i = 1; i < tid_lists(places.tid_count); ++i) take_slots(1);
    return places;
  }

  std::uint32_t count_tids(const TidLink* link) const {
    std::uint32_t count = 0;
    for (; link != nullptr; link = graph_->next_tid(link)) ++count;
    return count;
  }

  std::uint32_t tid_lists(std::uint32_t tids) const {
    return (tids + geometry_.tids_per_list() - 1) / geometry_.tids_per_list();
  }

  // Returns how many.
  std::uint8_t write_edges(std::byte* bytes, NodeId node, int level) {
    Candidate edges[kMaxNeighbors];
    const std::size_t count = graph_->edges(node, level, edges);
    for (Candidate& edge : std::span(edges, count)) edge.id = page_id(edge.id);
    geometry_.write_edges(bytes, {edges, count});
    return static_cast<std::uint8_t>(count);
  }

  void write_element(std::byte* page, std::uint32_t slot, NodeId node) {
    Places places = take_places(node);
    use_slots(page, geometry_, PageKind::elements, slot + 1);
    ElementSlot* element = geometry_.element(page, slot);
    *element = {};
    element->state = NodeState::live;
    element->level = static_cast<std::uint8_t>(graph_->level(node));
    element->lists = places.lists;
    element->tid = graph_->first_tid(node);
    element->further_tids = element->append_tids = places.tids;
    std::memcpy(geometry_.code(element), graph_->code(node), graph_->code_bytes());
    if (geometry_.first_list_level() == 1) {
      element->degree = write_edges(geometry_.element_edges(element), node, 0);
    }
  }

  // Replays the placing, now filling the list pages. Pages go out as soon as the places move past
  // them.
  void write_lists(std::uint32_t first_list_block) {
    const ListId end = next_list_;
    if (end == geometry_.list_id(first_list_block, 0)) return;
    next_list_ = geometry_.list_id(first_list_block, 0);
    replay_position_ = 0;
    replay_part_ = 0;
    for (std::uint32_t block = first_list_block; block <= geometry_.list_block_of(end - 1);
         ++block) {
      sink_->check_interrupts();
      sink_->write_next(PageKind::lists, geometry_,
                        [&](std::byte* page) { fill_list_page(page, block); });
    }
    std::uint32_t last_used = geometry_.list_slot_of(end - 1) + 1;
    if (last_used < geometry_.lists_per_page()) {
      sink_->record_space(geometry_.list_block_of(end - 1), PageKind::lists,
                          geometry_.lists_per_page() - last_used);
    }
  }

  // Writes every list that lies on `block`. replay_position_/replay_part_ is the first one not yet
  // written: part 0 are the neighbor lists of the node there, parts 1, 2, ... its tid lists.
  void fill_list_page(std::byte* page, std::uint32_t block) {
    for (; replay_position_ < order_.size(); ++replay_position_, replay_part_ = 0) {
      if (replay_part_ == 0) {
        if (!fill_neighbor_lists(page, block)) return;
        replay_tids_ = graph_->further_tids(replay_node());
        replay_tids_left_ = count_tids(replay_tids_);
        replay_part_ = 1;
      }
      while (replay_tids_ != nullptr) {
        if (!fill_tid_list(page, block)) return;
      }
    }
  }

  NodeId replay_node() const { return order_.node_at(replay_position_); }

  bool fill_neighbor_lists(std::byte* page, std::uint32_t block) {
    const NodeId node = replay_node();
    std::uint32_t lists = geometry_.lists_of(graph_->level(node));
    if (lists == 0) return true;
    ListId before = next_list_;
    ListId first = take_slots(lists);
    if (geometry_.list_block_of(first) != block) {
      next_list_ = before;
      return false;
    }
    use_slots(page, geometry_, PageKind::lists, geometry_.list_slot_of(first) + lists);
    for (std::uint32_t i = 0; i < lists; ++i) {
      int level = geometry_.first_list_level() + static_cast<int>(i);
      ListSlot* list = geometry_.list(page, geometry_.list_slot_of(first) + i);
      const std::uint8_t count = write_edges(geometry_.list_payload(list), node, level);
      *list = {page_id(node), ListKind::neighbors, static_cast<std::uint8_t>(level), count, 0};
    }
    return true;
  }

  // The first list of a chain takes what does not fill whole lists: appends look for room there.
  bool fill_tid_list(std::byte* page, std::uint32_t block) {
    if (geometry_.list_block_of(next_list_) != block) return false;
    const std::uint32_t capacity = geometry_.tids_per_list();
    std::uint32_t count =
        replay_tids_left_ % capacity == 0 ? capacity : replay_tids_left_ % capacity;
    replay_tids_left_ -= count;
    ListId id = take_slots(1);
    ListId next = replay_tids_left_ > 0 ? next_list_ : kNoList;
    use_slots(page, geometry_, PageKind::lists, geometry_.list_slot_of(id) + 1);
    ListSlot* list = geometry_.list(page, geometry_.list_slot_of(id));
    *list = {page_id(replay_node()), ListKind::heap_tids, 0, static_cast<std::uint8_t>(count), 0};
    std::byte* payload = geometry_.list_payload(list);
    std::memcpy(payload, &next, sizeof next);
    for (std::uint32_t i = 0; i < count; ++i, replay_tids_ = graph_->next_tid(replay_tids_)) {
      std::memcpy(payload + sizeof next + i * sizeof(HeapTid), &replay_tids_->tid, sizeof(HeapTid));
    }
    return true;
  }

  Graph* graph_;
  Geometry geometry_;
  std::uint32_t first_block_;
  Sink* sink_;
  PageOrder<Graph> order_;
  ListId next_list_ = 0;
  std::size_t replay_position_ = 0;
  int replay_part_ = 0;
  const TidLink* replay_tids_ = nullptr;
  std::uint32_t replay_tids_left_ = 0;
};

}  // namespace vec::hnsw
