// Every node reachable from the entry point at level 0 (not in the paper).
//
// Pruning, and the deletion of nodes, can cut off a node or a group of them; a search never returns
// them then. A walk over the whole graph, one random access per node, finds them. Each is adopted
// (insert.hpp) by the nearest reachable node whose list has room, or else by the nearest; that one
// loses no other node by it. Run after a build and by vacuum.
//
// Cheaper tests do not suffice: nodes without any edge to them are only some of those cut off.
// Vacuum left groups of rows unreachable that referred to each other, in inner product graphs and
// between clusters far apart (test/unit/vacuum_test.cpp).
#pragma once

#include "vector/hnsw/insert.hpp"
#include "vector/hnsw/walk.hpp"

namespace vec::hnsw {

// The storage also has
//   id_limit()           all ids are below
//   for_each_node(use)   use(NodeId) for every live node, with no lock held
//   open_node(id)        measures from a stored node; false when it is not live
// is_dead(NodeId): nodes that are about to be freed; they count for nothing.
// Others may insert meanwhile: what they add is not looked at, they have seen to it themselves.
template <GraphWriter Storage, class IsDead>
class ReachabilityRepair {
 public:
  ReachabilityRepair(Storage& storage, Scratch& scratch, std::size_t ef, IsDead is_dead)
      : storage_(&storage), scratch_(&scratch), ef_(ef), is_dead_(is_dead) {}

  // Returns how many nodes were adopted.
  std::size_t run() {
    const NodeId entry_point = storage_->entry_point().id;
    if (entry_point == kNoNode) return 0;
    reached_.reset(*storage_, storage_->id_limit());
    spread(entry_point);
    std::size_t count = 0;
    storage_->for_each_node([&](NodeId node) {
      if (node >= reached_.limit() || reached_.contains(node) || is_dead_(node)) return;
      storage_->check_interrupts();
      if (!storage_->open_node(node)) return;
      NodeId start = descend(*storage_, *scratch_, 0).node;
      if (!reached_.contains(start)) start = entry_point;
      search_layer(*storage_, *scratch_, {&start, 1}, ef_, 0);
      if (!adopt_by_nearest(node)) return;
      spread(node);
      ++count;
    });
    return count;
  }

 private:
  bool adopt_by_nearest(NodeId node) {
    Candidate edges[kMaxNeighbors];
    const Candidate* chosen = nullptr;
    for (const Candidate& candidate : sort_nearest(*scratch_)) {
      if (candidate.id == node || !reached_.contains(candidate.id)) continue;
      bool has_room = storage_->edges(candidate.id, 0, edges) < storage_->max_neighbors(0);
      if (chosen == nullptr || has_room) chosen = &candidate;
      if (has_room) break;
    }
    if (chosen != nullptr) adopt(*storage_, *scratch_, *chosen, node);
    return chosen != nullptr;
  }

  void spread(NodeId from) { walk(*storage_, from, reached_, pending_, is_dead_); }

  Storage* storage_;
  Scratch* scratch_;
  std::size_t ef_;
  IsDead is_dead_;
  NodeSet reached_;
  FlatArray<NodeId> pending_;
};

}  // namespace vec::hnsw
