// Every node reachable from the entry point at level 0 (not in the paper).
//
// Pruning, and the deletion of nodes, can take the last edge to a node; a search never returns it
// then. Here such a node is adopted (insert.hpp) by the nearest reachable node whose list has room,
// or else by the nearest; that one loses no other node by it.
//
//   adopt_unreachable    exact: walks the whole graph, one random access per node. After a build,
//   and in
//                        vacuum for inner product, where short vectors are near to nothing and
//                        whole groups of them come loose.
//   adopt_unreferenced   nodes without any edge to them, from a set collected while reading all
//   pages in
//                        order. In vacuum for metric spaces, where that finds all (the unit tests
//                        check).
#pragma once

#include "vector/hnsw/insert.hpp"
#include "vector/hnsw/node_set.hpp"

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

  // Both return how many nodes were adopted.
  std::size_t adopt_unreachable() {
    const NodeId entry_point = storage_->entry_point().id;
    if (entry_point == kNoNode) return 0;
    NodeSet reached;
    reached.reset(*storage_, storage_->id_limit());
    spread(entry_point, reached);
    return adopt_all_but(reached, entry_point, [&](NodeId adopted) { spread(adopted, reached); });
  }

  std::size_t adopt_unreferenced(NodeSet& referenced) {
    const NodeId entry_point = storage_->entry_point().id;
    if (entry_point == kNoNode) return 0;
    referenced.add(entry_point);
    return adopt_all_but(referenced, entry_point, [&](NodeId adopted) { referenced.add(adopted); });
  }

 private:
  template <class Adopted>
  std::size_t adopt_all_but(const NodeSet& held, NodeId entry_point, Adopted adopted) {
    std::size_t count = 0;
    storage_->for_each_node([&](NodeId node) {
      if (node >= held.limit() || held.contains(node) || is_dead_(node)) return;
      storage_->check_interrupts();
      if (!storage_->open_node(node)) return;
      NodeId start = descend(*storage_, *scratch_, 0).node;
      if (!held.contains(start)) start = entry_point;
      search_layer(*storage_, *scratch_, {&start, 1}, ef_, 0);
      if (!adopt_by_nearest(node, held)) return;
      adopted(node);
      ++count;
    });
    return count;
  }

  bool adopt_by_nearest(NodeId node, const NodeSet& held) {
    Candidate edges[kMaxNeighbors];
    const Candidate* chosen = nullptr;
    for (const Candidate& candidate : sort_nearest(*scratch_)) {
      if (candidate.id == node || !held.contains(candidate.id)) continue;
      bool has_room = storage_->edges(candidate.id, 0, edges) < storage_->max_neighbors(0);
      if (chosen == nullptr || has_room) chosen = &candidate;
      if (has_room) break;
    }
    if (chosen != nullptr) adopt(*storage_, *scratch_, *chosen, node);
    return chosen != nullptr;
  }

  void spread(NodeId from, NodeSet& reached) {
    NodeId ids[kMaxNeighbors];
    reached.add(from);
    pending_.push_back(*storage_, from);
    while (!pending_.empty()) {
      storage_->check_interrupts();
      NodeId node = pending_[pending_.size() - 1];
      pending_.pop_back();
      std::size_t count = storage_->neighbors(node, 0, ids);
      for (std::size_t i = 0; i < count; ++i) {
        if (!is_dead_(ids[i]) && reached.add(ids[i])) pending_.push_back(*storage_, ids[i]);
      }
    }
  }

  Storage* storage_;
  Scratch* scratch_;
  std::size_t ef_;
  IsDead is_dead_;
  FlatArray<NodeId> pending_;
};

}  // namespace vec::hnsw
