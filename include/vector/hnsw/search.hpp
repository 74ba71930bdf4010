// Algorithm 5 (K-NN-SEARCH).
#pragma once

#include "vector/hnsw/search_layer.hpp"

namespace vec::hnsw {

// The up to `ef` nearest live nodes to the open query, nearest first; in scratch until the next
// call.
template <GraphReader Storage>
std::span<Candidate> search(Storage& storage, Scratch& scratch, std::size_t ef) {
  NodeId start = descend(storage, scratch, 0).id;
  if (start == kNoNode) return {};
  search_layer(storage, scratch, {&start, 1}, ef, 0);
  return sort_nearest(scratch);
}

}  // namespace vec::hnsw
