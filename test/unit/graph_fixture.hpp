// Random data, exact search and graphs over it, for the tests of the HNSW core.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "memory_pages.hpp"
#include "vector/hnsw/insert.hpp"
#include "vector/hnsw/memory_graph.hpp"
#include "vector/hnsw/page_graph.hpp"
#include "vector/hnsw/reachability.hpp"
#include "vector/hnsw/search.hpp"
#include "vector/hnsw/vacuum.hpp"

namespace vec::test {

using Vectors = std::vector<std::vector<float>>;

// Gaussian clusters, about 100 rows each. Rows and queries of one source come from the same
// clusters.
class Clustered {
 public:
  // With `unequal_lengths` (for inner product) a vector is up to some ten times as long as another.
  Clustered(std::size_t clusters, std::size_t dimensions, unsigned seed,
            bool unequal_lengths = false)
      : random_(seed),
        centers_(clusters, std::vector<float>(dimensions)),
        unequal_lengths_(unequal_lengths) {
    for (auto& center : centers_) {
      for (float& x : center) x = 3 * gauss_(random_);
    }
  }

  Vectors draw(std::size_t count) {
    Vectors vectors(count, std::vector<float>(centers_[0].size()));
    for (auto& v : vectors) {
      const auto& center = centers_[random_() % centers_.size()];
      float length = unequal_lengths_ ? std::exp(gauss_(random_) / 2) : 1;
      for (std::size_t i = 0; i < v.size(); ++i) v[i] = length * (center[i] + gauss_(random_));
    }
    return vectors;
  }

 private:
  std::mt19937 random_;
  std::normal_distribution<float> gauss_;
  Vectors centers_;
  bool unequal_lengths_;
};

inline Vectors clustered(std::size_t count, std::size_t dimensions, unsigned seed) {
  return Clustered(std::max<std::size_t>(1, count / 100), dimensions, seed).draw(count);
}

inline hnsw::HeapTid tid_of(std::size_t row) {
  return {static_cast<std::uint16_t>(row >> 16), static_cast<std::uint16_t>(row), 1};
}
inline std::size_t row_of(hnsw::HeapTid tid) {
  return (std::size_t{tid.block_high} << 16) + tid.block_low;
}

inline double exact_distance(Metric metric, const std::vector<float>& a,
                             const std::vector<float>& b) {
  double l2 = 0, l1 = 0, dot = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    l2 += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    l1 += std::abs(double(a[i]) - b[i]);
    dot += double(a[i]) * b[i];
    aa += double(a[i]) * a[i];
    bb += double(b[i]) * b[i];
  }
  switch (metric) {
    case Metric::l2:
      return l2;
    case Metric::inner_product:
      return -dot;
    case Metric::cosine:
      return 1 - dot / std::sqrt(aa * bb);
    case Metric::l1:
      return l1;
  }
  return 0;
}

// Fraction of the k exact nearest among `found`, counting anything as near as the k-th.
inline double recall(Metric metric, const Vectors& rows, const std::set<std::size_t>& alive,
                     const std::vector<float>& query, std::size_t k,
                     const std::vector<std::size_t>& found) {
  std::vector<double> exact;
  for (std::size_t row : alive) exact.push_back(exact_distance(metric, query, rows[row]));
  k = std::min(k, exact.size());
  std::nth_element(exact.begin(), exact.begin() + k - 1, exact.end());
  double worst = exact[k - 1] + 1e-6 * std::abs(exact[k - 1]);
  std::size_t hits = 0;
  for (std::size_t i = 0; i < std::min(k, found.size()); ++i) {
    hits += exact_distance(metric, query, rows[found[i]]) <= worst;
  }
  return double(hits) / double(k);
}

inline std::set<std::size_t> all_rows(std::size_t count) {
  std::set<std::size_t> rows;
  for (std::size_t i = 0; i < count; ++i) rows.insert(i);
  return rows;
}

inline hnsw::Parameters parameters_for(Metric metric, int m, int ef_construction,
                                       int max_level = 30) {
  return {m, ef_construction, max_level, hnsw::default_rule(metric),
          metric != Metric::inner_product};
}

inline CodecParameters codec_for(Metric metric, const Vectors& rows,
                                 CodecId id = CodecId::float32) {
  return {id, metric, static_cast<std::uint32_t>(rows[0].size())};
}

class LevelSource {
 public:
  int draw(const hnsw::Parameters& parameters) {
    return hnsw::draw_level(1 - uniform_(random_), parameters);
  }

 private:
  std::mt19937 random_{42};
  std::uniform_real_distribution<double> uniform_;
};

// A graph in memory over rows 0 .. n-1.
class MemoryIndex {
 public:
  MemoryIndex(Metric metric, const Vectors& rows, const hnsw::Parameters& parameters,
              CodecId id = CodecId::float32)
      : codec(codec_for(metric, rows, id), *best_kernels()),
        graph(arena, codec, parameters),
        parameters_(parameters),
        code_(codec.code_bytes()) {}

  hnsw::InsertOutcome insert(const std::vector<float>& x, std::size_t row) {
    if (!codec.encode(x.data(), code_.data())) return hnsw::InsertOutcome::needs_exclusive;
    graph.open_insert(code_.data(), tid_of(row));
    return hnsw::insert(graph, scratch, levels.draw(parameters_), parameters_, true);
  }

  std::size_t repair_reachability() {
    return hnsw::ReachabilityRepair(graph, scratch, 64, [](hnsw::NodeId) { return false; })
        .adopt_unreachable();
  }

  std::vector<std::size_t> search(const std::vector<float>& query, std::size_t ef) {
    std::vector<std::byte> prepared(codec.query_bytes());
    codec.prepare_query(query.data(), prepared.data());
    graph.open_query(prepared.data());
    std::vector<std::size_t> rows;
    for (const hnsw::Candidate& found : hnsw::search(graph, scratch, ef)) {
      rows.push_back(row_of(graph.first_tid(found.id)));
      for (const auto* link = graph.further_tids(found.id); link; link = link->next) {
        rows.push_back(row_of(link->tid));
      }
    }
    return rows;
  }

  Arena arena;
  Codec codec;
  hnsw::MemoryGraph<Arena> graph;
  hnsw::Scratch scratch;
  LevelSource levels;

 private:
  hnsw::Parameters parameters_;
  std::vector<std::byte> code_;
};

// A graph on pages over rows.
class PageIndex {
 public:
  PageIndex(Metric metric, const Vectors& rows, hnsw::Parameters parameters)
      : codec(codec_for(metric, rows), *best_kernels()),
        graph(pages, codec, with_level_bound(parameters)),
        code_(codec.code_bytes()) {
    hnsw::format_page(pages.raw(0), hnsw::PageKind::meta, 0);
    hnsw::MetaPage meta{};
    meta.magic = hnsw::kMagic;
    meta.format_version = hnsw::kFormatVersion;
    meta.entry_point = hnsw::kNoNode;
    meta.entry_level = -1;
    hnsw::write_meta(pages.raw(0), meta);
  }

  hnsw::InsertOutcome insert(const std::vector<float>& x, std::size_t row) {
    if (!codec.encode(x.data(), code_.data())) return hnsw::InsertOutcome::needs_exclusive;
    graph.open_insert(code_.data(), tid_of(row));
    return hnsw::insert(graph, scratch, levels.draw(graph.parameters()), graph.parameters(), true);
  }

  std::vector<std::size_t> search(const std::vector<float>& query, std::size_t ef) {
    std::vector<std::byte> prepared(codec.query_bytes());
    codec.prepare_query(query.data(), prepared.data());
    graph.open_query(prepared.data());
    std::vector<std::size_t> rows;
    hnsw::FlatArray<hnsw::HeapTid> tids;
    for (const hnsw::Candidate& found : hnsw::search(graph, scratch, ef)) {
      tids.clear();
      graph.result_tids(found.id, found.distance, tids);
      for (hnsw::HeapTid tid : tids.view()) rows.push_back(row_of(tid));
    }
    return rows;
  }

  hnsw::VacuumCounts vacuum(const std::set<std::size_t>& alive) {
    hnsw::Vacuum<MemoryPages> vacuum(graph, scratch);
    hnsw::VacuumCounts counts =
        vacuum.sweep(static_cast<std::uint32_t>(pages.count()),
                     [&](hnsw::HeapTid tid) { return alive.count(row_of(tid)) == 0; });
    if (!vacuum.has_dead()) return counts;
    vacuum.look_for_entry_point();
    vacuum.replace_entry_point();
    vacuum.repair(static_cast<std::uint32_t>(pages.count()));
    vacuum.look_for_entry_point();
    vacuum.replace_entry_point();
    vacuum.free_deleted();
    return counts;
  }

  MemoryPages pages;
  Codec codec;
  hnsw::PageGraph<MemoryPages> graph;
  hnsw::Scratch scratch;
  LevelSource levels;

 private:
  hnsw::Parameters with_level_bound(hnsw::Parameters parameters) {
    parameters.max_level = hnsw::Geometry(codec.code_bytes(), parameters.m).max_level();
    return parameters;
  }
  std::vector<std::byte> code_;
};

template <class Index>
double mean_recall(Index& index, Metric metric, const Vectors& rows,
                   const std::set<std::size_t>& alive, const Vectors& queries, std::size_t k,
                   std::size_t ef) {
  double sum = 0;
  for (const auto& query : queries)
    sum += recall(metric, rows, alive, query, k, index.search(query, ef));
  return sum / double(queries.size());
}

}  // namespace vec::test
