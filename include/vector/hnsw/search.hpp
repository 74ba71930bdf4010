// Algorithm 5 (K-NN-SEARCH).
#pragma once

#include "vector/hnsw/search_layer.hpp"

namespace vec::hnsw {

// The up to `ef` nearest live nodes to the open query, nearest first; in scratch until the next
// call.
template <GraphReader Storage>
std::span<Candidate> search(Storage& storage, Scratch& scratch, std::size_t ef) {
  const Descent descent = descend(storage, scratch, 0);
  if (descent.node == kNoNode) return {};
  // The entry point, too: all nodes are reachable from there (reachability.hpp), not from
  // everywhere.
  const NodeId starts[] = {descent.node, descent.entry_point.id};
  search_layer(storage, scratch, starts, ef, 0);
  return sort_nearest(scratch);
}

}  // namespace vec::hnsw
