// Algorithm 1 (INSERT), in three steps so that a storage of pages can write each step as one
// change: search and select for every level, store the new element with its lists, link back.
//
// Differences from the paper:
//
// An element equal to a stored one joins it: a node carries any number of heap tids, so thousands
// of equal rows neither grow the graph nor wall off the rest.
//
// Distances met in the search are remembered, so a back-link into a full list reads no other node.
//
// No node is cut off: an edge that gives way to the new node is taken over by the new node, whose
// list has room; and if no neighbor's list accepts the new node, the nearest one's farthest edge
// gives way. Without this, inner product graphs lose short vectors (test PageGraphReachability). A
// node that becomes the entry point leads to the one before it, for the same reason.
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
  scratch.selection.resize(storage, Selection::room_for(level, parameters.m));
  scratch.selection_counts.resize(storage, level + 1);
  std::fill(scratch.selection_counts.begin(), scratch.selection_counts.end(), std::uint16_t{0});
  Selection selection{scratch.selection.view(), scratch.selection_counts.view(), parameters.m};

  scratch.entry_points.clear();
  scratch.entry_points.push_back(storage, start);
  for (int l = std::min(level, top_level); l >= 0; --l) {
    search_layer(storage, scratch, scratch.entry_points.view(), parameters.ef_construction, l);
    std::span<const Candidate> nearest = sort_nearest(scratch);
    std::size_t wanted = parameters.neighbors_of_new(l);
    // The other half of its list is for the edges it takes over, one a neighbor at most.
    if constexpr (!Storage::kCodesAtHand) {
      wanted = std::min(wanted, static_cast<std::size_t>(parameters.m));
    }
    selection.counts[l] = static_cast<std::uint16_t>(
        select_neighbors(storage, scratch, nearest, wanted, parameters.rule, selection.room(l)));
    if (nearest.empty())
      continue;  // all deleted here: enter the next level where we entered this one
    scratch.entry_points.clear();
    for (const Candidate& candidate : nearest)
      scratch.entry_points.push_back(storage, candidate.id);
  }
  return selection;
}

// Decides which edges of the level 0 neighbors with full lists will give way to the new node:
// scratch.victims[i] is the one of neighbor i, kNoNode when its list has room or refuses. Adds the
// live ones among them to the new node's own list. Changes no stored list.
template <GraphWriter Storage>
void take_over_victims(Storage& storage, Scratch& scratch, Selection& selection,
                       const SelectionRule& rule) {
  const std::size_t neighbors = selection.counts[0];
  const std::size_t capacity = storage.max_neighbors(0);
  Candidate list[kMaxNeighbors];
  scratch.victims.clear();
  bool accepted = false;
  for (std::size_t i = 0; i < neighbors; ++i) {
    std::size_t count = storage.edges(selection.room(0)[i].id, 0, list);
    std::size_t place = kUnchanged;
    if (count >= capacity) {
      place = place_to_replace({list, count}, {selection.room(0)[i].distance, kNoNode},
                               scratch.visited, rule);
      accepted |= place != kUnchanged;
    } else {
      accepted = true;
    }
    scratch.victims.push_back(storage, place == kUnchanged ? kNoNode : list[place].id);
  }
  if (!accepted) {
    std::size_t count = storage.edges(selection.room(0)[0].id, 0, list);
    if (count > 0) scratch.victims[0] = list[farthest_place({list, count})].id;
  }

  scratch.ids.clear();
  for (NodeId victim : scratch.victims.view()) {
    bool known = victim == kNoNode || contains(selection.at(0), victim) ||
                 std::find(scratch.ids.begin(), scratch.ids.end(), victim) != scratch.ids.end();
    if (!known) scratch.ids.push_back(storage, victim);
  }
  measure(storage, scratch, scratch.ids.view(), [&](Candidate victim, NodeState state) {
    if (state != NodeState::live || selection.counts[0] >= capacity) return;
    selection.room(0)[selection.counts[0]++] = victim;
  });
}

// The new node will be the entry point instead of the present one, from which all nodes can be
// reached: it gets an edge there at level 0, and another one for the descent. In place of its own
// farthest neighbor if it has no room left: no other node depends on that edge. (The victim at
// that place was on that neighbor's list, where nothing gives way then.) Where codes are at hand,
// reachability.hpp follows; where the entry point is deleted, vacuum's repair.
template <GraphWriter Storage>
void link_to_entry_point(Storage& storage, Scratch& scratch, const Selection& selection,
                         std::size_t neighbors_at_0, EntryPoint entry_point) {
  measure(storage, scratch, {&entry_point.id, 1}, [&](Candidate edge, NodeState state) {
    if (state != NodeState::live) return;
    for (int l : {0, entry_point.level}) {
      std::uint16_t& count = selection.counts[l];
      if (contains(selection.at(l), edge.id)) continue;
      if (count < storage.max_neighbors(l)) {
        selection.room(l)[count++] = edge;
      } else {
        selection.room(l)[l == 0 ? neighbors_at_0 - 1 : count - 1] = edge;
      }
    }
  });
}

// Adds the edges neighbor -> new_node at level 0: to lists with room, and else in place of
// scratch.victims, which the new node has taken over; where another insert was there first, not at
// all. Returns whether any list has the edge now.
template <GraphWriter Storage>
bool link_back_at_0(Storage& storage, Scratch& scratch, std::span<const Candidate> neighbors,
                    NodeId new_node) {
  const std::size_t capacity = storage.max_neighbors(0);
  scratch.ids.clear();
  for (const Candidate& neighbor : neighbors) scratch.ids.push_back(storage, neighbor.id);
  bool linked = false;
  storage.update_edges_of(scratch.ids.view(),
                          [&](std::size_t i, std::span<Candidate> list, std::size_t count) {
                            // Vacuum's repair may have offered the edge already.
                            if (contains(list.first(count), new_node)) {
                              linked = true;
                              return kUnchanged;
                            }
                            std::size_t place = count;
                            if (count == capacity) {
                              place = 0;
                              while (place < count && list[place].id != scratch.victims[i]) ++place;
                              if (place == count) return kUnchanged;
                            }
                            list[place] = {neighbors[i].distance, new_node};
                            linked = true;
                            return std::max(count, place + 1);
                          });
  return linked;
}

// Adds the edge base -> new_node to base's list of an upper level: appends while there is room,
// else replaces by the rule.
template <GraphWriter Storage>
void link_back(Storage& storage, Scratch& scratch, Candidate base, int level, NodeId new_node,
               const SelectionRule& rule) {
  const Candidate edge{base.distance, new_node};
  storage.update_edges(base.id, level, [&](std::span<Candidate> list, std::size_t count) {
    // Vacuum's repair may have offered the edge already.
    if (contains(list.first(count), new_node)) return kUnchanged;
    std::size_t place = count;
    if (count == storage.max_neighbors(level)) {
      place = place_to_replace(list.first(count), edge, scratch.visited, rule);
      if (place == kUnchanged) return kUnchanged;
    }
    list[place] = edge;
    return std::max(count, place + 1);
  });
}

// The same where codes are at hand: the whole list is selected anew. Returns whether it has the
// edge then.
template <GraphWriter Storage>
bool link_back_and_reselect(Storage& storage, Scratch& scratch, Candidate base, int level,
                            NodeId new_node, const SelectionRule& rule) {
  const Candidate edge{base.distance, new_node};
  bool linked = false;
  storage.update_edges(base.id, level, [&](std::span<Candidate> list, std::size_t count) {
    if (count < storage.max_neighbors(level)) {
      list[count++] = edge;
    } else {
      count = reselect_with(storage, scratch, list, count, edge, rule);
    }
    linked = contains(list.first(count), new_node);
    return count;
  });
  return linked;
}

// Links base -> node in place of base's farthest edge, which `node` takes over, if base's list is
// full: whatever was reached through base still is. `node` is stored and is the open element.
template <GraphWriter Storage>
void adopt(Storage& storage, Scratch& scratch, Candidate base, NodeId node) {
  Candidate list[kMaxNeighbors];
  const std::size_t capacity = storage.max_neighbors(0);
  std::size_t count = storage.edges(base.id, 0, list);
  NodeId released = kNoNode;
  if (count >= capacity) {
    released = list[farthest_place({list, count})].id;
    // First of all, so that nothing is cut off if we do not get any further.
    measure(storage, scratch, {&released, 1}, [&](Candidate taken_over, NodeState state) {
      if (state != NodeState::live || taken_over.id == node) return;
      storage.update_edges(node, 0, [&](std::span<Candidate> own, std::size_t own_count) {
        if (contains(own.first(own_count), taken_over.id)) return kUnchanged;
        std::size_t place = own_count < capacity ? own_count : farthest_place(own.first(own_count));
        own[place] = taken_over;
        return std::max(own_count, place + 1);
      });
    });
  }
  storage.update_edges(base.id, 0, [&](std::span<Candidate> edges, std::size_t edge_count) {
    if (contains(edges.first(edge_count), node)) return kUnchanged;
    std::size_t place = edge_count;
    if (edge_count >= capacity) {
      place = farthest_place(edges.first(edge_count));
      for (std::size_t i = 0; i < edge_count; ++i) {
        if (edges[i].id == released) place = i;
      }
    }
    edges[place] = {base.distance, node};
    return std::max(edge_count, place + 1);
  });
}

template <GraphWriter Storage>
void link_all_back(Storage& storage, Scratch& scratch, const Selection& selection,
                   std::size_t neighbors_at_0, int top_level, NodeId node,
                   const SelectionRule& rule) {
  for (int l = top_level; l >= 0; --l) {
    std::span<const Candidate> neighbors = selection.at(l);
    if (l == 0) neighbors = neighbors.first(neighbors_at_0);  // not those taken over
    bool linked = false;
    if constexpr (Storage::kCodesAtHand) {
      for (const Candidate& neighbor : neighbors)
        linked |= link_back_and_reselect(storage, scratch, neighbor, l, node, rule);
    } else if (l == 0) {
      linked = link_back_at_0(storage, scratch, neighbors, node);
    } else {
      for (const Candidate& neighbor : neighbors)
        link_back(storage, scratch, neighbor, l, node, rule);
    }
    if (l == 0 && !linked) adopt(storage, scratch, neighbors[0], node);
  }
}

// The open element joins the node with an equal code, which short searches look for: a row whose
// vector is stored already, because an older version of the row has it. False: not found.
// REQUIRES: storage.open_insert(...) was called.
template <GraphWriter Storage>
bool join_stored_equal(Storage& storage, Scratch& scratch) {
  const NodeId start = descend(storage, scratch, 0).node;
  if (start == kNoNode) return false;
  for (std::size_t ef : {1, 16}) {
    search_layer(storage, scratch, {&start, 1}, ef, 0);
    const NodeId equal = find_equal(storage, sort_nearest(scratch));
    if (equal != kNoNode && storage.join_duplicate(equal)) return true;
  }
  return false;
}

// REQUIRES: storage.open_insert(...) was called.
template <GraphWriter Storage>
InsertOutcome insert(Storage& storage, Scratch& scratch, int level, const Parameters& parameters,
                     bool may_become_root) {
  const Descent descent = descend(storage, scratch, level);
  const NodeId start = descent.node;
  const int top_level = descent.entry_point.level;
  Selection selection{};
  if (start != kNoNode) {
    selection = select_for_insert(storage, scratch, start, level, top_level, parameters);
    NodeId equal = find_equal(storage, scratch.nearest.view());
    if (equal != kNoNode && storage.join_duplicate(equal)) return InsertOutcome::joined_duplicate;
  } else {
    scratch.selection_counts.resize(storage, level + 1);
    std::fill(scratch.selection_counts.begin(), scratch.selection_counts.end(), std::uint16_t{0});
    selection = {{}, scratch.selection_counts.view(), parameters.m};
  }
  const std::size_t neighbors_at_0 = selection.counts[0];
  if (neighbors_at_0 == 0) {
    if (!may_become_root) return InsertOutcome::needs_exclusive;
    storage.set_entry_point({storage.add_node(level, selection), level});
    return InsertOutcome::inserted;
  }

  if constexpr (!Storage::kCodesAtHand) {
    take_over_victims(storage, scratch, selection, parameters.rule);
    if (level > top_level) {
      link_to_entry_point(storage, scratch, selection, neighbors_at_0, descent.entry_point);
    }
  }
  NodeId node = storage.add_node(level, selection);
  link_all_back(storage, scratch, selection, neighbors_at_0, std::min(level, top_level), node,
                parameters.rule);
  if (level > top_level) storage.raise_entry_point({node, level});
  return InsertOutcome::inserted;
}

}  // namespace vec::hnsw
