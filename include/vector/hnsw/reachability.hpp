// Every node reachable from the entry point at level 0 (not in the paper).
//
// Pruning, and the deletion of nodes, can cut off a node or a group of them; a search never returns
// them then. A walk over the whole graph finds them: through memory or, on pages, in storage order
// (walk_in_order.hpp). Each is adopted (insert.hpp) by a reachable neighbor whose list has room, or
// else by the nearest node that a search finds; that one loses no other node by it. Run after a
// build and by vacuum.
//
// Cheaper tests do not suffice: nodes without any edge to them are only some of those cut off.
// Vacuum left groups of rows unreachable that referred to each other, in inner product graphs and
// between clusters far apart (test/unit/vacuum_test.cpp).
#pragma once

#include "vector/hnsw/insert.hpp"
#include "vector/hnsw/walk.hpp"
#include "vector/hnsw/walk_in_order.hpp"

namespace vec::hnsw {

// The storage also has
//   id_limit()           all ids are below
//   open_node(id)        measures from a stored node; false when it is not live
//   for_each_node(use)   use(NodeId) for every live node, with no lock held: where kCodesAtHand
//   what WalkInOrder needs, elsewhere
// is_dead(NodeId): nodes that are about to be freed; they count for nothing.
// Others may insert meanwhile: what they add is not looked at, they have seen to it themselves.
template <GraphWriter Storage, class IsDead>
class ReachabilityRepair {
 public:
  // `memory`: bytes for the walk, more or less.
  ReachabilityRepair(Storage& storage, Scratch& scratch, std::size_t ef, IsDead is_dead,
                     std::size_t memory = std::size_t{8} << 20)
      : storage_(&storage), scratch_(&scratch), ef_(ef), is_dead_(is_dead), memory_(memory) {}

  // Returns how many nodes were adopted.
  std::size_t run() {
    const NodeId entry_point = storage_->entry_point().id;
    if (entry_point == kNoNode) return 0;
    reached_.reset(*storage_, storage_->id_limit());
    std::size_t count = 0;
    auto adopt_unreached = [&](NodeId node) {
      if (node >= reached_.limit() || reached_.contains(node) || is_dead_(node)) return;
      storage_->check_interrupts();
      count += bring_back(node, entry_point);
    };
    if constexpr (Storage::kCodesAtHand) {
      spread(entry_point);
      storage_->for_each_node(adopt_unreached);
    } else {
      WalkInOrder<Storage, IsDead> walk(*storage_, reached_, is_dead_, memory_);
      walk.run(entry_point);
      walk.for_each_unreached(adopt_unreached);
    }
    return count;
  }

 private:
  bool bring_back(NodeId node, NodeId entry_point) {
    if (!storage_->open_node(node)) return false;
    if (!adopt_by_neighbor(node) && !adopt_by_search(node, entry_point)) return false;
    spread(node);
    return true;
  }

  // By the nearest of those it has an edge to, which are near to it, too.
  bool adopt_by_neighbor(NodeId node) {
    Candidate neighbors[kMaxNeighbors], edges[kMaxNeighbors];
    const std::size_t count = storage_->edges(node, 0, neighbors);
    std::sort(neighbors, neighbors + count, nearer);
    for (const Candidate& candidate : std::span(neighbors, count)) {
      if (!reached_.contains(candidate.id) || is_dead_(candidate.id)) continue;
      if (storage_->edges(candidate.id, 0, edges) == storage_->max_neighbors(0)) continue;
      adopt(*storage_, *scratch_, candidate, node);
      return true;
    }
    return false;
  }

  bool adopt_by_search(NodeId node, NodeId entry_point) {
    NodeId start = descend(*storage_, *scratch_, 0).node;
    if (!reached_.contains(start)) start = entry_point;
    search_layer(*storage_, *scratch_, {&start, 1}, ef_, 0);
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
  std::size_t memory_;
  NodeSet reached_;
  FlatArray<NodeId> pending_;
};

}  // namespace vec::hnsw
