// Algorithm 2 (SEARCH-LAYER) and the greedy descent through the upper layers.
#pragma once

#include "vector/hnsw/scratch.hpp"

namespace vec::hnsw {

// Measures `ids` against the open query; calls use(Candidate, NodeState) for those that are not
// free.
template <GraphReader Storage, class Use>
void measure(Storage& storage, Scratch& scratch, std::span<const NodeId> ids, Use use) {
  scratch.measurements.resize(storage, ids.size());
  std::span<Measurement> measurements = scratch.measurements.view();
  storage.distances(ids, measurements);
  scratch.measured += ids.size();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (measurements[i].state == NodeState::free) continue;
    use(Candidate{measurements[i].distance, ids[i]}, measurements[i].state);
  }
}

// The ids of `node`'s neighbors that this search has not visited yet; marks them visited.
template <GraphReader Storage>
std::span<const NodeId> unvisited_neighbors(Storage& storage, Scratch& scratch, NodeId node,
                                            int level) {
  scratch.ids.resize(storage, storage.max_neighbors(level));
  std::size_t count = storage.neighbors(node, level, scratch.ids.view());
  std::size_t unvisited = 0;
  for (std::size_t i = 0; i < count; ++i) {
    NodeId id = scratch.ids[i];
    if (scratch.visited.visit(storage, id)) scratch.ids[unvisited++] = id;
  }
  return scratch.ids.view().first(unvisited);
}

// What becomes of nodes that are too far to be among the ef nearest: insert forgets them, and keeps
// the distances of all nodes met in scratch.visited instead; a search that may be resumed keeps
// those it will go on from.
struct ForgetFarther {
  static constexpr bool kRemembersDistances = true;
  static constexpr bool kResumes = false;
};
struct KeepFarther {
  static constexpr bool kRemembersDistances = false;
  static constexpr bool kResumes = true;
};

// The part of Algorithm 2 that looks at a measured node.
template <class Farther, GraphReader Storage>
void offer(Storage& storage, Scratch& scratch, Candidate candidate, NodeState state,
           std::size_t ef) {
  FlatArray<Candidate>& nearest = scratch.nearest;
  if constexpr (Farther::kRemembersDistances) {
    scratch.visited.remember(candidate.id, candidate.distance);
  }
  if (nearest.size() >= ef && candidate.distance >= nearest[0].distance) {
    if constexpr (Farther::kResumes) {
      scratch.unexpanded.push_back(storage, candidate);
      if (state == NodeState::live) scratch.pending.push_back(storage, candidate);
    }
    return;
  }
  scratch.frontier.push_back(storage, candidate);
  std::push_heap(scratch.frontier.begin(), scratch.frontier.end(), farther);
  if (state != NodeState::live) return;
  nearest.push_back(storage, candidate);
  std::push_heap(nearest.begin(), nearest.end(), nearer);
  if (nearest.size() > ef) {
    std::pop_heap(nearest.begin(), nearest.end(), nearer);
    if constexpr (Farther::kResumes) scratch.pending.push_back(storage, nearest[ef]);
    nearest.pop_back();
  }
}

// Tells a storage that copies what an insert will look at again which nodes these are.
template <class Farther, GraphReader Storage>
void announce(Storage& storage, Scratch& scratch, std::size_t ef, int level) {
  if constexpr (Farther::kRemembersDistances && requires { storage.keep_nearer_than(0.0f); }) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const bool is_full = scratch.nearest.size() >= ef;
    storage.keep_nearer_than(level > 0 ? -kInfinity
                             : is_full ? scratch.nearest[0].distance
                                       : kInfinity);
  }
}

// The loop of Algorithm 2: expands scratch.frontier until it holds nothing nearer than the `ef`
// nearest.
template <class Farther, GraphReader Storage>
void expand_frontier(Storage& storage, Scratch& scratch, std::size_t ef, int level) {
  FlatArray<Candidate>& frontier = scratch.frontier;
  FlatArray<Candidate>& nearest = scratch.nearest;
  while (!frontier.empty()) {
    storage.check_interrupts();
    Candidate candidate = frontier[0];
    if (nearest.size() >= ef && candidate.distance > nearest[0].distance) break;
    std::pop_heap(frontier.begin(), frontier.end(), farther);
    frontier.pop_back();
    announce<Farther>(storage, scratch, ef, level);
    measure(storage, scratch, unvisited_neighbors(storage, scratch, candidate.id, level),
            [&](Candidate c, NodeState state) { offer<Farther>(storage, scratch, c, state, ef); });
  }
}

// Algorithm 2. On return scratch.nearest holds the up to `ef` nearest live nodes as a max-heap.
// Deleted nodes are walked through but not returned.
template <class Farther = ForgetFarther, GraphReader Storage>
void search_layer(Storage& storage, Scratch& scratch, std::span<const NodeId> entry_points,
                  std::size_t ef, int level) {
  scratch.frontier.clear();
  scratch.nearest.clear();
  scratch.nearest.reserve(storage, ef + 1);
  scratch.unexpanded.clear();
  scratch.pending.clear();
  scratch.visited.reset(storage, ef * 8);
  scratch.ids.clear();
  for (NodeId id : entry_points) {
    if (scratch.visited.visit(storage, id)) scratch.ids.push_back(storage, id);
  }
  announce<Farther>(storage, scratch, ef, level);
  measure(storage, scratch, scratch.ids.view(),
          [&](Candidate c, NodeState state) { offer<Farther>(storage, scratch, c, state, ef); });
  expand_frontier<Farther>(storage, scratch, ef, level);
}

// Sorts scratch.nearest, nearest first.
inline std::span<Candidate> sort_nearest(Scratch& scratch) {
  std::sort_heap(scratch.nearest.begin(), scratch.nearest.end(), nearer);
  return scratch.nearest.view();
}

// Where a descent through the upper layers arrives.
struct Descent {
  NodeId node;             // kNoNode when the graph is empty
  EntryPoint entry_point;  // where it began
};

// Algorithm 5, lines 2-4: from the entry point down to `target_level` (exclusive), moving to a
// nearer neighbor as long as there is one.
template <GraphReader Storage>
Descent descend(Storage& storage, Scratch& scratch, int target_level) {
  EntryPoint entry_point = storage.entry_point();
  Candidate current{0, kNoNode};
  for (int attempts = 0; entry_point.id != kNoNode; ++attempts) {
    measure(storage, scratch, {&entry_point.id, 1}, [&](Candidate c, NodeState) { current = c; });
    if (current.id != kNoNode) break;
    // Vacuum freed it since we read of it, and has set another one before that.
    if (attempts == 10) storage.corrupted("the entry point is a free slot");
    storage.check_interrupts();
    entry_point = storage.entry_point();
  }

  for (int level = entry_point.level; level > target_level; --level) {
    scratch.visited.reset(storage, 128);
    NodeId expanded = kNoNode;
    while (expanded != current.id) {
      storage.check_interrupts();
      expanded = current.id;
      measure(storage, scratch, unvisited_neighbors(storage, scratch, expanded, level),
              [&](Candidate c, NodeState) {
                if (c.distance < current.distance) current = c;
              });
    }
  }
  return {current.id, entry_point};
}

}  // namespace vec::hnsw
