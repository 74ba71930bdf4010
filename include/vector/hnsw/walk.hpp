// Which nodes can be reached at level 0.
#pragma once

#include "vector/hnsw/node_set.hpp"
#include "vector/hnsw/parameters.hpp"
#include "vector/hnsw/scratch.hpp"

namespace vec::hnsw {

// Adds `from` to `reached`, and every node that can be reached from there at level 0 without
// passing one that is_dead or already in it. `pending` is working memory.
template <GraphReader Storage, class IsDead>
void walk(Storage& storage, NodeId from, NodeSet& reached, FlatArray<NodeId>& pending,
          IsDead is_dead) {
  NodeId ids[kMaxNeighbors];
  reached.add(from);
  pending.clear();
  pending.push_back(storage, from);
  while (!pending.empty()) {
    storage.check_interrupts();
    NodeId node = pending[pending.size() - 1];
    pending.pop_back();
    std::size_t count = storage.neighbors(node, 0, ids);
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_dead(ids[i]) && reached.add(ids[i])) pending.push_back(storage, ids[i]);
    }
  }
}

}  // namespace vec::hnsw
