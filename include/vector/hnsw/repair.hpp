// Repair of one node's list after neighbors were deleted (not in the paper).
//
// The node chooses anew, by the selection rule, among its live neighbors and the live neighbors of
// its dead ones: no search from the entry point. Only when those are fewer than M, because a whole
// region died, a search of the layer starts from the dead neighbors, which are still traversed
// until their slots are freed.
#pragma once

#include "vector/hnsw/search_layer.hpp"
#include "vector/hnsw/select_neighbors.hpp"

namespace vec::hnsw {

// Collects in scratch.ids the distinct ids of `node`'s neighbors and of its dead neighbors'
// neighbors.
template <GraphWriter Storage, class IsDead>
void gather_around(Storage& storage, Scratch& scratch, NodeId node, int level, IsDead is_dead) {
  scratch.visited.reset(storage, 512);
  scratch.visited.visit(storage, node);
  FlatArray<NodeId>& found = scratch.entry_points;
  found.clear();
  for (NodeId id : unvisited_neighbors(storage, scratch, node, level)) found.push_back(storage, id);
  std::size_t own = found.size();
  for (std::size_t i = 0; i < own; ++i) {
    if (!is_dead(found[i])) continue;
    storage.check_interrupts();
    for (NodeId id : unvisited_neighbors(storage, scratch, found[i], level))
      found.push_back(storage, id);
  }
}

// Replaces the dead edges of `node` at `level`. Edges that another session adds meanwhile stay.
// REQUIRES: the storage's open element is `node`'s code (open_node).
template <GraphWriter Storage, class IsDead>
void repair_node(Storage& storage, Scratch& scratch, NodeId node, int level, IsDead is_dead,
                 const Parameters& parameters) {
  gather_around(storage, scratch, node, level, is_dead);
  scratch.nearest.clear();
  auto keep_live = [&](Candidate candidate, NodeState state) {
    if (state == NodeState::live) scratch.nearest.push_back(storage, candidate);
  };
  measure(storage, scratch, scratch.entry_points.view(), keep_live);
  if (scratch.nearest.size() < static_cast<std::size_t>(parameters.m)) {
    search_layer(storage, scratch, scratch.entry_points.view(), parameters.ef_construction, level);
  }
  // In an inner product graph the node itself need not come first.
  Candidate* end = std::remove_if(scratch.nearest.begin(), scratch.nearest.end(),
                                  [&](const Candidate& candidate) { return candidate.id == node; });
  std::span<Candidate> candidates{scratch.nearest.begin(), end};
  std::sort(candidates.begin(), candidates.end(), nearer);

  const std::size_t capacity = storage.max_neighbors(level);
  const std::size_t wanted = share_of(capacity, parameters.rule.share_of_full);
  scratch.selection.resize(storage, wanted);
  std::size_t selected = select_neighbors(storage, scratch, candidates, wanted, parameters.rule,
                                          scratch.selection.view());
  std::span<const Candidate> chosen = scratch.selection.view().first(selected);
  storage.update_edges(node, level, [&](std::span<Candidate> list, std::size_t count) {
    // Live edges stay, whatever the rule says: one may be the last to where it leads.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_dead(list[i].id)) list[kept++] = list[i];
    }
    for (const Candidate& edge : chosen) {
      if (kept < capacity && !contains(list.first(kept), edge.id)) list[kept++] = edge;
    }
    return kept;
  });
  // The dead node was also a way to reach this one: offer it to those it chose.
  for (const Candidate& edge : chosen) {
    storage.update_edges(edge.id, level, [&](std::span<Candidate> list, std::size_t count) {
      if (count == capacity || contains(list.first(count), node)) return kUnchanged;
      list[count] = {edge.distance, node};
      return count + 1;
    });
  }
}

}  // namespace vec::hnsw
