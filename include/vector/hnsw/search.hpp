// Algorithm 5 (K-NN-SEARCH), and how it goes on.
//
// The paper's search ends with the ef nearest. An executor may want more: a large LIMIT, or a
// filter that rejects most rows. So a node that is too far for this batch of ef is kept, to be
// expanded and returned by the next. Every node that can be reached is returned exactly once if
// asked for long enough; the batches are in order, each within itself, and nearly so among each
// other: a node that only comes to light after farther ones were returned is in the next batch.
#pragma once

#include "vector/hnsw/search_layer.hpp"

namespace vec::hnsw {

// The up to `ef` nearest live nodes to the open query, nearest first; in scratch until the next
// call.
template <GraphReader Storage>
std::span<Candidate> search(Storage& storage, Scratch& scratch, std::size_t ef) {
  const Descent descent = descend(storage, scratch, 0);
  if (descent.node == kNoNode) {
    scratch.frontier.clear();
    scratch.unexpanded.clear();
    scratch.pending.clear();
    return {};
  }
  // The entry point, too: all nodes are reachable from there (reachability.hpp; insert.hpp where
  // another one takes its place), not from everywhere.
  const NodeId starts[] = {descent.node, descent.entry_point.id};
  search_layer<KeepFarther>(storage, scratch, starts, ef, 0);
  return sort_nearest(scratch);
}

// The next up to `ef` after those that search() and earlier calls returned. None when all nodes
// that can be reached were returned. REQUIRES: nothing else has used scratch since.
template <GraphReader Storage>
std::span<Candidate> resume_search(Storage& storage, Scratch& scratch, std::size_t ef) {
  FlatArray<Candidate>& frontier = scratch.frontier;
  FlatArray<Candidate>& pending = scratch.pending;
  FlatArray<Candidate>& nearest = scratch.nearest;
  frontier.reserve(storage, frontier.size() + scratch.unexpanded.size());
  for (const Candidate& candidate : scratch.unexpanded) frontier.push_back(storage, candidate);
  scratch.unexpanded.clear();
  std::make_heap(frontier.begin(), frontier.end(), farther);

  nearest.clear();
  nearest.reserve(storage, ef + 1);
  const std::size_t known = std::min(ef, pending.size());
  std::nth_element(pending.begin(), pending.begin() + known, pending.end(), nearer);
  for (std::size_t i = 0; i < known; ++i) nearest.push_back(storage, pending[i]);
  std::make_heap(nearest.begin(), nearest.end(), nearer);
  pending.remove_first(known);

  expand_frontier<KeepFarther>(storage, scratch, ef, 0);
  return sort_nearest(scratch);
}

}  // namespace vec::hnsw
