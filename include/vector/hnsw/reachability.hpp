// After building: every node is made reachable from the entry point at level 0 (not in the paper).
//
// Pruning can take the last edge to a node, most of all in inner product graphs, where short
// vectors are near to nothing. A search never returns such a node. Here each one is adopted
// (insert.hpp) by the nearest reachable node, which loses no other node by it.
#pragma once

#include "vector/hnsw/insert.hpp"

namespace vec::hnsw {

// For graphs whose nodes are 0 .. size() - 1 and that nobody else changes. Returns how many nodes
// were adopted. `reached` has room for size() flags, all false.
template <GraphWriter Storage>
class ReachabilityRepair {
 public:
  ReachabilityRepair(Storage& storage, Scratch& scratch, std::span<bool> reached)
      : storage_(&storage), scratch_(&scratch), reached_(reached) {}

  std::size_t run(std::size_t ef) {
    if (reached_.empty()) return 0;
    spread(storage_->entry_point().id);
    std::size_t adopted = 0;
    for (NodeId node = 0; node < reached_.size(); ++node) {
      if (reached_[node]) continue;
      storage_->check_interrupts();
      storage_->open_node(node);
      // From a reached node a search finds reached nodes only.
      NodeId start = descend(*storage_, *scratch_, 0).id;
      if (!reached_[start]) start = storage_->entry_point().id;
      search_layer(*storage_, *scratch_, {&start, 1}, ef, 0);
      adopt(*storage_, nearest_with_room(sort_nearest(*scratch_)), node);
      spread(node);
      ++adopted;
    }
    return adopted;
  }

 private:
  // The nearest if all lists are full.
  Candidate nearest_with_room(std::span<const Candidate> nearest) {
    Candidate edges[kMaxNeighbors];
    for (const Candidate& candidate : nearest) {
      if (storage_->edges(candidate.id, 0, edges) < storage_->max_neighbors(0)) return candidate;
    }
    return nearest[0];
  }

  void spread(NodeId from) {
    NodeId ids[kMaxNeighbors];
    FlatArray<NodeId>& pending = pending_;
    reached_[from] = true;
    pending.push_back(*storage_, from);
    while (!pending.empty()) {
      storage_->check_interrupts();
      NodeId node = pending[pending.size() - 1];
      pending.pop_back();
      std::size_t count = storage_->neighbors(node, 0, ids);
      for (std::size_t i = 0; i < count; ++i) {
        if (reached_[ids[i]]) continue;
        reached_[ids[i]] = true;
        pending.push_back(*storage_, ids[i]);
      }
    }
  }

  Storage* storage_;
  Scratch* scratch_;
  std::span<bool> reached_;
  FlatArray<NodeId> pending_;
};

}  // namespace vec::hnsw
