// Algorithm 1 (INSERT), in three steps so that a storage of pages can write each step as one
// change: search and select for every level, store the new element with its lists, link back.
//
// Differences from the paper: an element equal to a stored one joins it (a node carries any number
// of heap tids, so thousands of equal rows neither grow the graph nor wall off the rest); distances
// met in the search are remembered, so a back-link into a full list reads no other node
// (replace_one).
#pragma once

#include "vector/hnsw/search_layer.hpp"
#include "vector/hnsw/select_neighbors.hpp"

namespace vec::hnsw {

enum class InsertOutcome {
  inserted,
  joined_duplicate,
  // No live node can be reached. The caller makes sure that no other insert runs and calls again
  // with may_become_root, so that two first elements cannot miss each other.
  needs_exclusive,
};

// The node with the same code as the open element among the nearest found, if any. In an inner
// product graph an equal short vector may hide behind longer ones and is then not found.
template <GraphWriter Storage>
NodeId find_equal(Storage& storage, std::span<const Candidate> nearest) {
  const float own_distance = storage.open_element_distance();
  for (const Candidate& candidate : nearest) {
    if (candidate.distance > own_distance) break;
    if (candidate.distance < own_distance) continue;
    const std::byte* code;
    storage.copy_codes({&candidate.id, 1}, &code);
    if (code != nullptr && storage.equals_open_element(code)) return candidate.id;
  }
  return kNoNode;
}

// Searches levels min(level, top) .. 0 and selects neighbors on each. Leaves the distances met at
// level 0 in scratch.visited and the nearest found there, sorted, in scratch.nearest. REQUIRES: the
// storage has an open element and the graph is not empty.
template <GraphWriter Storage>
Selection select_for_insert(Storage& storage, Scratch& scratch, NodeId start, int level,
                            int top_level, const Parameters& parameters) {
  const std::size_t m = parameters.m;
  scratch.selection.resize(storage, m * (level + 1));
  scratch.selection_counts.resize(storage, level + 1);
  std::fill(scratch.selection_counts.begin(), scratch.selection_counts.end(), std::uint16_t{0});
  Selection selection{scratch.selection.view(), scratch.selection_counts.view(), parameters.m};

  scratch.entry_points.clear();
  scratch.entry_points.push_back(storage, start);
  for (int l = std::min(level, top_level); l >= 0; --l) {
    search_layer(storage, scratch, scratch.entry_points.view(), parameters.ef_construction, l);
    std::span<const Candidate> nearest = sort_nearest(scratch);
    selection.counts[l] = static_cast<std::uint16_t>(select_neighbors(
        storage, scratch, nearest, m, parameters.rule, selection.neighbors.subspan(l * m, m)));
    if (nearest.empty())
      continue;  // all deleted here: enter the next level where we entered this one
    scratch.entry_points.clear();
    for (const Candidate& candidate : nearest)
      scratch.entry_points.push_back(storage, candidate.id);
  }
  return selection;
}

// Adds the edge base -> new_node to base's list: append while there is room, else prune. Returns
// whether the new edge is in the list.
template <GraphWriter Storage>
bool link_back(Storage& storage, Scratch& scratch, Candidate base, int level, NodeId new_node,
               const SelectionRule& rule) {
  Candidate edge{base.distance, new_node};
  bool linked = false;
  storage.update_edges(base.id, level, [&](std::span<Candidate> list, std::size_t count) {
    std::size_t capacity = storage.max_neighbors(level);
    if (count < capacity) {
      list[count] = edge;
      linked = true;
      return count + 1;
    }
    if constexpr (Storage::kCodesAtHand) {
      count = reselect_with(storage, scratch, list, count, edge, rule);
    } else {
      count = replace_one(list.first(count), edge, scratch.visited, rule);
    }
    if (count == kUnchanged) return count;
    linked = std::any_of(list.begin(), list.begin() + count,
                         [&](const Candidate& c) { return c.id == new_node; });
    return count;
  });
  return linked;
}

// Links base -> new_node in place of base's farthest neighbor, which new_node takes over: whatever
// was reached through base still is. For a node that no neighbor's list has accepted.
template <GraphWriter Storage>
void adopt(Storage& storage, Candidate base, NodeId new_node) {
  Candidate released{0, kNoNode};
  storage.update_edges(base.id, 0, [&](std::span<Candidate> list, std::size_t count) {
    if (count < storage.max_neighbors(0)) {
      list[count] = {base.distance, new_node};
      return count + 1;
    }
    Candidate& farthest = *std::max_element(list.begin(), list.begin() + count, nearer);
    released = farthest;
    farthest = {base.distance, new_node};
    return count;
  });
  if (released.id == kNoNode) return;
  const std::byte* code;
  storage.copy_codes({&released.id, 1}, &code);
  if (code == nullptr) return;
  storage.code_distances(storage.open_code(), &code, 1, &released.distance);
  storage.update_edges(new_node, 0, [&](std::span<Candidate> list, std::size_t count) {
    bool present = std::any_of(list.begin(), list.begin() + count,
                               [&](const Candidate& c) { return c.id == released.id; });
    if (present) return kUnchanged;
    if (count < storage.max_neighbors(0)) {
      list[count] = released;
      return count + 1;
    }
    *std::max_element(list.begin(), list.begin() + count, nearer) = released;
    return count;
  });
}

// REQUIRES: storage.open_insert(...) was called.
template <GraphWriter Storage>
InsertOutcome insert(Storage& storage, Scratch& scratch, int level, const Parameters& parameters,
                     bool may_become_root) {
  const auto [start, top_level] = descend(storage, scratch, level);
  Selection selection{};
  bool reaches_live_node = false;
  if (start != kNoNode) {
    selection = select_for_insert(storage, scratch, start, level, top_level, parameters);
    reaches_live_node = selection.counts[0] > 0;
    NodeId equal = find_equal(storage, scratch.nearest.view());
    if (equal != kNoNode && storage.join_duplicate(equal)) return InsertOutcome::joined_duplicate;
  }
  if (!reaches_live_node && !may_become_root) return InsertOutcome::needs_exclusive;
  if (start == kNoNode) {
    scratch.selection_counts.resize(storage, level + 1);
    std::fill(scratch.selection_counts.begin(), scratch.selection_counts.end(), std::uint16_t{0});
    selection = {{}, scratch.selection_counts.view(), parameters.m};
  }

  NodeId node = storage.add_node(level, selection);
  if (!reaches_live_node) {
    storage.set_entry_point({node, level});
    return InsertOutcome::inserted;
  }
  bool linked = false;  // at the level reached last, level 0
  for (int l = std::min(level, top_level); l >= 0; --l) {
    linked = false;
    for (const Candidate& neighbor : selection.at(l)) {
      linked |= link_back(storage, scratch, neighbor, l, node, parameters.rule);
    }
  }
  if (!linked) adopt(storage, selection.at(0)[0], node);
  if (level > top_level) storage.raise_entry_point({node, level});
  return InsertOutcome::inserted;
}

}  // namespace vec::hnsw
