// What is in an index, counted: its pages once in order, and a random access for each list outside
// of an element's slot. Others may write meanwhile; then the counts are of no single moment.
#pragma once

#include "vector/hnsw/page_reader.hpp"
#include "vector/hnsw/walk.hpp"

namespace vec::hnsw {

struct Statistics {
  EntryPoint entry_point;
  std::uint64_t live = 0;
  std::uint64_t deleted = 0;
  std::uint64_t heap_tids = 0;
  std::uint64_t unreachable = 0;  // live, but not reached from the entry point at level 0
  // Of live elements.
  std::uint64_t edges = 0;                                   // at level 0
  std::uint64_t upper_edges = 0;                             // at all others
  std::uint64_t elements_by_degree[kMaxNeighbors + 1] = {};  // edges at level 0
  std::uint64_t elements_by_level[256] = {};                 // their highest
  std::uint64_t free_elements = 0;                           // slots
  std::uint64_t unmapped_free_elements = 0;  // on pages that the free space map has for full
  std::uint64_t free_lists = 0;
  std::uint64_t pages[5] = {};  // by PageKind; 0: never formatted
};

template <PageSource Pages>
class StatisticsCollector {
 public:
  // `in_order` for reading all pages in storage order, `graph` for reading some in any order.
  StatisticsCollector(Pages& in_order, PageReader<Pages>& graph)
      : in_order_(&in_order), graph_(&graph), geometry_(graph.geometry()) {}

  // is_mapped(block): whether the free space map knows of room on this page of elements.
  template <class IsMapped>
  void collect(std::uint32_t blocks, IsMapped is_mapped, Statistics& statistics) {
    statistics.entry_point = graph_->entry_point();
    NodeSet reached;
    FlatArray<NodeId> pending;
    reached.reset(*graph_, std::size_t{blocks} * geometry_.elements_per_page());
    if (statistics.entry_point.id != kNoNode) {
      walk(*graph_, statistics.entry_point.id, reached, pending, [](NodeId) { return false; });
    }
    statistics.pages[static_cast<std::size_t>(PageKind::meta)] = 1;
    for (std::uint32_t block = kMetaBlock + 1; block < blocks; ++block) {
      in_order_->check_interrupts();
      in_order_->read(block, [&](const std::byte* page) { std::memcpy(page_, page, kPageBytes); });
      const PageKind kind = graph_->checked_kind(page_, block);
      ++statistics.pages[static_cast<std::size_t>(kind)];
      if (kind == PageKind::elements) {
        const std::uint64_t free_before = statistics.free_elements;
        count_elements(block, reached, statistics);
        const std::uint64_t free_here = statistics.free_elements - free_before;
        if (free_here > 0 && !is_mapped(block)) statistics.unmapped_free_elements += free_here;
      }
      if (kind == PageKind::lists) count_free_lists(statistics);
    }
  }

 private:
  void count_elements(std::uint32_t block, const NodeSet& reached, Statistics& statistics) {
    const std::uint32_t slots = used_slots(page_, geometry_, PageKind::elements);
    statistics.free_elements += geometry_.elements_per_page() - slots;
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      const NodeId id = geometry_.node_id(block, slot);
      const ElementSlot* element = graph_->checked_element(page_, block, id);
      statistics.free_elements += element->state == NodeState::free;
      statistics.deleted += element->state == NodeState::deleted;
      if (element->state != NodeState::live) continue;
      ++statistics.live;
      ++statistics.elements_by_level[element->level];
      statistics.unreachable += !reached.contains(id);
      statistics.heap_tids += element->tid.is_valid();
      if (geometry_.first_list_level() > 0) count_edges(element->degree, 0, statistics);
      for (int level = geometry_.first_list_level(); level <= element->level; ++level) {
        NodeId ids[kMaxNeighbors];
        count_edges(graph_->neighbors(id, level, ids), level, statistics);
      }
      graph_->read_tid_lists(id, element->further_tids, [&](ListId, std::span<const HeapTid> tids) {
        graph_->check_interrupts();
        statistics.heap_tids += tids.size();
      });
    }
  }

  static void count_edges(std::size_t count, int level, Statistics& statistics) {
    if (level > 0) {
      statistics.upper_edges += count;
    } else {
      statistics.edges += count;
      ++statistics.elements_by_degree[count];
    }
  }

  void count_free_lists(Statistics& statistics) {
    for (std::uint32_t slot = 0; slot < geometry_.lists_per_page(); ++slot) {
      statistics.free_lists += geometry_.list(page_, slot)->kind == ListKind::free;
    }
  }

  Pages* in_order_;
  PageReader<Pages>* graph_;
  Geometry geometry_;
  alignas(8) std::byte page_[kPageBytes];
};

// Calls use(HeapTid) for every heap tid of the index.
template <PageSource Pages, class Use>
void for_each_heap_tid(Pages& in_order, PageReader<Pages>& graph, std::uint32_t blocks, Use use) {
  const Geometry& geometry = graph.geometry();
  struct Row {
    NodeId node;
    HeapTid tid;
    ListId further;
  };
  Row rows[kPageDataBytes / sizeof(ElementSlot)];
  for (std::uint32_t block = kMetaBlock + 1; block < blocks; ++block) {
    in_order.check_interrupts();
    std::size_t count = 0;
    in_order.read(block, [&](const std::byte* page) {
      if (graph.checked_kind(page, block) != PageKind::elements) return;
      const std::uint32_t slots = used_slots(page, geometry, PageKind::elements);
      for (std::uint32_t slot = 0; slot < slots; ++slot) {
        const NodeId id = geometry.node_id(block, slot);
        const ElementSlot* element = graph.checked_element(page, block, id);
        if (element->state == NodeState::live) {
          rows[count++] = {id, element->tid, element->further_tids};
        }
      }
    });
    for (const Row& row : std::span<const Row>(rows, count)) {
      if (row.tid.is_valid()) use(row.tid);
      graph.read_tid_lists(row.node, row.further, [&](ListId, std::span<const HeapTid> tids) {
        in_order.check_interrupts();
        for (HeapTid tid : tids) use(tid);
      });
    }
  }
}

}  // namespace vec::hnsw
