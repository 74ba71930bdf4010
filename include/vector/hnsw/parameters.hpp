// Parameters of an HNSW graph, with the paper's names.
//
// Paper: Yu. A. Malkov, D. A. Yashunin, "Efficient and robust approximate nearest neighbor search
// using Hierarchical Navigable Small World graphs", IEEE TPAMI 42 (2020); arXiv:1603.09320v4.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "vector/metric.hpp"

namespace vec::hnsw {

inline constexpr int kMinM = 2;
inline constexpr int kMaxM = 100;
inline constexpr int kDefaultM = 16;
inline constexpr int kMinEfConstruction = 4;
inline constexpr int kMaxEfConstruction = 1000;
inline constexpr int kDefaultEfConstruction = 64;
inline constexpr int kMinEfSearch = 1;
inline constexpr int kMaxEfSearch = 10000;
inline constexpr int kDefaultEfSearch = 40;
inline constexpr int kMaxNeighbors = 2 * kMaxM;

// The neighbor selection rule (section 4, Algorithm 4, extended): a candidate e is kept unless some
// already selected r has alpha * d(e, r) < d(e, base). alpha = 1 is the paper's heuristic; above 1
// keeps more. keep_pruned fills the list up with the nearest rejected candidates
// (keepPrunedConnections).
struct SelectionRule {
  float alpha;
  bool keep_pruned;
  // How many are selected, as shares of the list's room: by a new element at level 0 (above it, M),
  // and from a full list that is selected anew. The paper has one half and all. A full list that
  // is cut to less takes several back-links until it has to be selected again.
  float share_of_new;
  float share_of_full;
};

// Negative inner products are no metric: a long vector is nearer to everything than anything is to
// itself, so the heuristic alone keeps one or two neighbors a node, and a factor on negative
// distances would reverse its meaning. docs/neighbor-selection.md has the measurements behind both
// rows.
inline SelectionRule default_rule(Metric metric) {
  if (metric == Metric::inner_product) {
    return {.alpha = 1, .keep_pruned = true, .share_of_new = .5f, .share_of_full = 1};
  }
  return {.alpha = 1.05f, .keep_pruned = true, .share_of_new = .75f, .share_of_full = .75f};
}

inline std::size_t share_of(std::size_t room, float share) {
  return static_cast<std::size_t>(std::ceil(share * static_cast<float>(room)));
}

struct Parameters {
  int m;                // M: neighbors a new element selects above level 0
  int ef_construction;  // size of the candidate list while inserting
  int max_level;        // bound on levels given by the storage
  SelectionRule rule;

  // M_max0 = 2 M at level 0, M_max = M above.
  int max_neighbors(int level) const { return level == 0 ? 2 * m : m; }
  // How many a new element selects, where codes are at hand; elsewhere at most M.
  std::size_t neighbors_of_new(int level) const {
    if (level > 0) return static_cast<std::size_t>(m);
    return share_of(max_neighbors(0), rule.share_of_new);
  }
};

// Algorithm 1, line 4: l = floor(-ln(unif(0..1)) * mL), mL = 1 / ln(M). `uniform` in (0, 1].
inline int draw_level(double uniform, const Parameters& parameters) {
  double level = -std::log(uniform) / std::log(static_cast<double>(parameters.m));
  return static_cast<int>(std::min(level, static_cast<double>(parameters.max_level)));
}

}  // namespace vec::hnsw
