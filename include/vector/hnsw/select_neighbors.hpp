// Algorithm 4 (SELECT-NEIGHBORS-HEURISTIC), and the two ways of putting a back-link into a list.
#pragma once

#include "vector/hnsw/scratch.hpp"

namespace vec::hnsw {

// Whether the rule keeps a candidate at `distance` from the base, given its distances to those
// already selected.
inline bool is_diverse(float distance, std::span<const float> to_selected,
                       const SelectionRule& rule) {
  for (float d : to_selected) {
    if (rule.alpha * d < distance) return false;
  }
  return true;
}

// Like is_diverse, computing the distances four at a time and stopping at the first that rejects.
template <GraphWriter Storage>
bool is_diverse_code(Storage& storage, const std::byte* code, float distance,
                     std::span<const std::byte*> selected_codes, const SelectionRule& rule) {
  float distances[4];
  for (std::size_t i = 0; i < selected_codes.size(); i += 4) {
    std::size_t count = std::min<std::size_t>(4, selected_codes.size() - i);
    storage.code_distances(code, selected_codes.data() + i, count, distances);
    if (!is_diverse(distance, {distances, count}, rule)) return false;
  }
  return true;
}

// Algorithm 4. `candidates`: nearest first, distances to the base node. Writes at most `m` of them
// to `out` (which may be the same memory), nearest first, and returns how many. Codes are copied a
// few at a time: usually the first few candidates fill the list.
template <GraphWriter Storage>
std::size_t select_neighbors(Storage& storage, Scratch& scratch,
                             std::span<const Candidate> candidates, std::size_t m,
                             const SelectionRule& rule, std::span<Candidate> out) {
  constexpr std::size_t kBatch = 16;
  NodeId ids[kBatch];
  const std::byte* codes[kBatch];
  FlatArray<const std::byte*>& selected_codes = scratch.selected_codes;
  FlatArray<Candidate>& pruned = scratch.pool;
  storage.forget_codes();
  selected_codes.clear();
  pruned.clear();
  std::size_t selected = 0;
  for (std::size_t start = 0; start < candidates.size() && selected < m; start += kBatch) {
    std::size_t count = std::min(kBatch, candidates.size() - start);
    for (std::size_t i = 0; i < count; ++i) ids[i] = candidates[start + i].id;
    storage.copy_codes({ids, count}, codes);
    for (std::size_t i = 0; i < count && selected < m; ++i) {
      Candidate candidate = candidates[start + i];
      if (codes[i] == nullptr) continue;
      if (is_diverse_code(storage, codes[i], candidate.distance, selected_codes.view(), rule)) {
        selected_codes.push_back(storage, codes[i]);
        out[selected++] = candidate;
      } else if (rule.keep_pruned) {
        pruned.push_back(storage, candidate);
      }
    }
  }
  if (rule.keep_pruned) {
    std::size_t kept = std::min(m - selected, pruned.size());
    std::copy_n(pruned.data(), kept, out.data() + selected);
    selected += kept;
    std::sort(out.begin(), out.begin() + selected, nearer);
  }
  return selected;
}

// Puts `edge` into a full list and selects from it anew: for storages with kCodesAtHand.
// `list` has room for one more than the `count` it holds. Returns the new count.
template <GraphWriter Storage>
std::size_t reselect_with(Storage& storage, Scratch& scratch, std::span<Candidate> list,
                          std::size_t count, Candidate edge, const SelectionRule& rule) {
  list[count] = edge;
  std::sort(list.begin(), list.begin() + count + 1, nearer);
  return select_neighbors(storage, scratch, list.first(count + 1),
                          share_of(count, rule.share_of_full), rule, list);
}

// Which edge of the full `list` gives way to `edge`, using only distances known without reading
// another node: the lengths of the edges, and the distances from the new node to those it met on
// its way
// (`remembered`). In order: the rule rejects the new edge; or the new edge replaces the farthest
// one that the rule then rejects; or the farthest of all goes. Returns its place, or kUnchanged.
inline std::size_t place_to_replace(std::span<const Candidate> list, Candidate edge,
                                    const VisitedTable& remembered, const SelectionRule& rule) {
  std::size_t victim = list.size();
  std::size_t farthest = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (nearer(list[farthest], list[i])) farthest = i;
    const float* between = remembered.value(list[i].id);
    if (between == nullptr) continue;
    bool new_is_nearer = edge.distance < list[i].distance;
    float longer = new_is_nearer ? list[i].distance : edge.distance;
    if (!(rule.alpha * *between < longer)) continue;
    if (!new_is_nearer) return kUnchanged;
    if (victim == list.size() || nearer(list[victim], list[i])) victim = i;
  }
  if (victim != list.size()) return victim;
  return edge.distance < list[farthest].distance ? farthest : kUnchanged;
}

inline std::size_t farthest_place(std::span<const Candidate> list) {
  return static_cast<std::size_t>(std::max_element(list.begin(), list.end(), nearer) -
                                  list.begin());
}

inline bool contains(std::span<const Candidate> list, NodeId id) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Candidate& edge) { return edge.id == id; });
}

}  // namespace vec::hnsw
