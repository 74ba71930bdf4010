// Random data, exact search and graphs over it, for the tests of the HNSW core.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <sstream>

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
  return {m, ef_construction, max_level, hnsw::default_rule(metric)};
}

inline CodecParameters codec_for(Metric metric, const Vectors& rows,
                                 CodecId id = CodecId::float32) {
  return {id, metric, static_cast<std::uint32_t>(rows[0].size())};
}

class LevelSource {
 public:
  explicit LevelSource(unsigned seed = 42) : random_(seed) {}

  int draw(const hnsw::Parameters& parameters) {
    return hnsw::draw_level(1 - uniform_(random_), parameters);
  }

 private:
  std::mt19937 random_;
  std::uniform_real_distribution<double> uniform_;
};

// A graph in memory over rows 0 .. n-1.
class MemoryIndex {
 public:
  MemoryIndex(Metric metric, const Vectors& rows, const hnsw::Parameters& parameters,
              CodecId id = CodecId::float32)
      : codec(codec_for(metric, rows, id), *best_kernels()),
        graph(arena, root, codec, parameters),
        parameters_(parameters),
        code_(codec.code_bytes()) {}

  hnsw::InsertOutcome insert(const std::vector<float>& x, std::size_t row) {
    if (!codec.encode(x.data(), code_.data())) return hnsw::InsertOutcome::needs_exclusive;
    if (!graph.reserve()) throw std::logic_error("memory is used up");
    graph.open_insert(code_.data(), tid_of(row));
    return hnsw::insert(graph, scratch, levels.draw(parameters_), parameters_, true);
  }

  std::size_t repair_reachability() {
    return hnsw::ReachabilityRepair(graph, scratch, 64, [](hnsw::NodeId) { return false; }).run();
  }

  std::vector<std::size_t> search(const std::vector<float>& query, std::size_t ef) {
    std::vector<std::byte> prepared(codec.query_bytes());
    codec.prepare_query(query.data(), prepared.data());
    graph.open_query(prepared.data());
    std::vector<std::size_t> rows;
    for (const hnsw::Candidate& found : hnsw::search(graph, scratch, ef)) {
      rows.push_back(row_of(graph.first_tid(found.id)));
      for (const auto* link = graph.further_tids(found.id); link; link = graph.next_tid(link)) {
        rows.push_back(row_of(link->tid));
      }
    }
    return rows;
  }

  SharedArena arena;
  hnsw::GraphRoot root;
  Codec codec;
  hnsw::MemoryGraph<SharedArena> graph;
  hnsw::Scratch scratch;
  LevelSource levels;

 private:
  hnsw::Parameters parameters_;
  std::vector<std::byte> code_;
};

// What sessions share: the pages of an index and what is known of it.
struct PageStore {
  PageStore(Metric metric, const Vectors& rows, hnsw::Parameters wanted)
      : dimensions(rows.at(0).size()),
        codec(codec_for(metric, rows), *best_kernels()),
        parameters(wanted) {
    parameters.max_level = geometry().max_level();
    hnsw::format_page(pages.raw(0), hnsw::PageKind::meta, 0);
    write_entry_point({});
  }

  hnsw::Geometry geometry() const { return {codec.code_bytes(), parameters.m}; }

  void write_entry_point(hnsw::EntryPoint entry_point) {
    hnsw::MetaPage meta{};
    meta.magic = hnsw::kMagic;
    meta.format_version = hnsw::kFormatVersion;
    meta.entry_point = entry_point.id;
    meta.entry_level = entry_point.level;
    hnsw::write_meta(pages.raw(0), meta);
  }

  std::size_t dimensions;
  MemoryPages pages;
  Codec codec;
  hnsw::Parameters parameters;
  std::size_t vacuum_memory = 1 << 20;
  bool inserts_excluded = false;  // somebody has the insert lock for itself
};

struct FoundRow {
  std::size_t row;
  float distance;
};

// One backend: working memory of its own over the pages of all.
class Session {
 public:
  explicit Session(PageStore& store)
      : graph(store.pages, store.codec, store.parameters),
        store_(&store),
        code_(store.codec.code_bytes()),
        query_(store.codec.query_bytes()) {}

  // The row to insert.
  void open(const std::vector<float>& x, std::size_t row) {
    check_dimensions(x);
    if (!store_->codec.encode(x.data(), code_.data())) throw std::logic_error("has no place");
    graph.open_insert(code_.data(), tid_of(row));
  }

  // Under the insert lock, shared or, with `alone`, exclusive.
  hnsw::InsertOutcome attempt(const std::vector<float>& x, std::size_t row, int level, bool alone) {
    open(x, row);
    store_->inserts_excluded = alone;
    auto outcome = hnsw::insert(graph, scratch, level, store_->parameters, alone);
    store_->inserts_excluded = false;
    return outcome;
  }

  hnsw::InsertOutcome insert(const std::vector<float>& x, std::size_t row, int level) {
    hnsw::InsertOutcome outcome = attempt(x, row, level, false);
    if (outcome != hnsw::InsertOutcome::needs_exclusive) return outcome;
    return attempt(x, row, level, true);
  }
  hnsw::InsertOutcome insert(const std::vector<float>& x, std::size_t row) {
    return insert(x, row, levels.draw(store_->parameters));
  }

  std::vector<FoundRow> search_rows(const std::vector<float>& query, std::size_t ef) {
    check_dimensions(query);
    store_->codec.prepare_query(query.data(), query_.data());
    graph.open_query(query_.data());
    std::vector<FoundRow> rows;
    for (const hnsw::Candidate& found : hnsw::search(graph, scratch, ef)) {
      for (hnsw::HeapTid tid : result_tids(found)) rows.push_back({row_of(tid), found.distance});
    }
    return rows;
  }
  // The rows of a node that was found.
  std::vector<hnsw::HeapTid> result_tids(const hnsw::Candidate& found) {
    std::vector<hnsw::HeapTid> tids;
    hnsw::FlatArray<hnsw::ResultRow> rows;
    graph.read_results({&found, 1}, rows);
    for (const hnsw::ResultRow& row : rows.view()) {
      if (row.tid.is_valid()) tids.push_back(row.tid);
      graph.read_tid_lists(row.node, row.further,
                           [&](hnsw::ListId, std::span<const hnsw::HeapTid> part) {
                             tids.insert(tids.end(), part.begin(), part.end());
                           });
    }
    return tids;
  }
  std::vector<std::size_t> search(const std::vector<float>& query, std::size_t ef) {
    std::vector<std::size_t> rows;
    for (const FoundRow& found : search_rows(query, ef)) rows.push_back(found.row);
    return rows;
  }

  hnsw::VacuumCounts vacuum(const std::set<std::size_t>& alive);

  hnsw::PageGraph<MemoryPages> graph;
  hnsw::Scratch scratch;
  LevelSource levels;

 private:
  void check_dimensions(const std::vector<float>& x) const {
    if (x.size() != store_->dimensions) throw std::logic_error("vector of other dimensions");
  }

  PageStore* store_;
  std::vector<std::byte> code_, query_;
};

// A vacuum in its steps. A barrier ends each but the last: it waits for running inserts, and what
// it does then happens while none runs.
class StagedVacuum {
 public:
  static constexpr int kSteps = 4;

  StagedVacuum(PageStore& store, Session& session, std::function<bool(std::size_t row)> is_dead)
      : store_(&store),
        vacuum_(session.graph, session.scratch, store.vacuum_memory),
        is_dead_(std::move(is_dead)) {}

  void step() {
    const auto blocks = static_cast<std::uint32_t>(store_->pages.count());
    if (next_ == 0) {
      counts = vacuum_.sweep(blocks, [&](hnsw::HeapTid tid) { return is_dead_(row_of(tid)); });
    }
    ++next_;
    if (!vacuum_.has_dead()) return;
    if (next_ == 3) vacuum_.repair(blocks);
    if (next_ == 2 || next_ == 3) vacuum_.look_for_entry_point();
    if (next_ == kSteps) vacuum_.free_deleted();
  }
  void barrier() {
    // The first does nothing but wait.
    if (!vacuum_.has_dead() || next_ == 1 || next_ == kSteps) return;
    store_->inserts_excluded = true;
    vacuum_.replace_entry_point();
    store_->inserts_excluded = false;
  }
  // Up to and including the barrier after `steps` steps.
  void advance_to(int steps) {
    while (next_ < steps) {
      step();
      barrier();
    }
  }
  void finish() { advance_to(kSteps); }

  hnsw::VacuumCounts counts;

 private:
  PageStore* store_;
  hnsw::Vacuum<MemoryPages> vacuum_;
  std::function<bool(std::size_t)> is_dead_;
  int next_ = 0;
};

inline hnsw::VacuumCounts Session::vacuum(const std::set<std::size_t>& alive) {
  StagedVacuum vacuum(*store_, *this, [&](std::size_t row) { return alive.count(row) == 0; });
  vacuum.finish();
  return vacuum.counts;
}

// A graph on pages and the session that works on it.
class PageIndex : public PageStore, public Session {
 public:
  PageIndex(Metric metric, const Vectors& rows, hnsw::Parameters wanted)
      : PageStore(metric, rows, wanted), Session(store()) {}

  PageStore& store() { return *this; }
};

struct Filled : PageIndex {
  Filled(Metric metric, const Vectors& rows, int m = 16, int ef_construction = 64)
      : PageIndex(metric, rows, parameters_for(metric, m, ef_construction)) {
    for (std::size_t i = 0; i < rows.size(); ++i) insert(rows[i], i);
  }
};

// Everything that must hold of an index whose rows are `alive` while nothing runs on it and no
// element is deleted: in words, empty when all is well. One answer each.
class Inspection {
 public:
  explicit Inspection(PageStore& store)
      : store_(&store), geometry_(store.geometry()), session_(store) {}

  // What the pages themselves say.
  const std::string& contradictions(const std::set<std::size_t>& alive) {
    for (std::uint32_t block = 1; block < store_->pages.count(); ++block) visit_page(block);
    for (hnsw::NodeId node : nodes_) check_node(node);
    for (const auto& [owner, slots] : lists_of_) {
      if (slots != 0) report("node", owner, "has list slots that it does not know of:", slots);
    }
    check_entry_point();
    for (std::size_t row : alive) {
      if (stored_.erase(row) == 0) report("row", row, "is not stored");
    }
    for (std::size_t row : stored_) report("row", row, "is stored although dead");
    return problems_;
  }

  // And whether a search as wide as the graph finds every row, and each once.
  const std::string& problems(const std::set<std::size_t>& alive, const std::vector<float>& query) {
    contradictions(alive);
    std::set<std::size_t> found;
    for (std::size_t row : session_.search(query, nodes_.size() + 1)) {
      if (!found.insert(row).second) report("row", row, "is found twice");
      if (alive.count(row) == 0) report("row", row, "is found although dead");
    }
    for (std::size_t row : alive) {
      if (found.count(row) == 0) report("row", row, "is not found");
    }
    return problems_;
  }

 private:
  template <class... Words>
  void report(const Words&... words) {
    std::ostringstream line;
    ((line << words << ' '), ...);
    problems_ += line.str() + "\n";
  }

  const hnsw::ElementSlot* element(hnsw::NodeId id) {
    return geometry_.element(store_->pages.raw(geometry_.block_of(id)), geometry_.slot_of(id));
  }

  void visit_page(std::uint32_t block) {
    const std::byte* page = store_->pages.raw(block);
    hnsw::PageKind kind = hnsw::read_trailer(page).kind;
    if (kind == hnsw::PageKind::elements) {
      for (std::uint32_t slot = 0; slot < geometry_.elements_per_page(); ++slot) {
        hnsw::NodeId id = geometry_.node_id(block, slot);
        hnsw::NodeState state = element(id)->state;
        if (state == hnsw::NodeState::live) nodes_.push_back(id);
        if (state == hnsw::NodeState::deleted) report("node", id, "is left deleted");
      }
    } else if (kind == hnsw::PageKind::lists) {
      for (std::uint32_t slot = 0; slot < geometry_.lists_per_page(); ++slot) {
        const hnsw::ListSlot* list = geometry_.list(page, slot);
        if (list->kind != hnsw::ListKind::free) ++lists_of_[list->owner];
      }
    }
  }

  void check_node(hnsw::NodeId node) {
    const hnsw::ElementSlot* slot = element(node);
    lists_of_[node] -= geometry_.lists_of(slot->level);
    std::size_t rows = 0;
    auto store = [&](hnsw::HeapTid tid) {
      ++rows;
      if (!stored_.insert(row_of(tid)).second) report("row", row_of(tid), "is stored twice");
    };
    if (slot->tid.is_valid()) store(slot->tid);
    session_.graph.read_tid_lists(node, slot->further_tids,
                                  [&](hnsw::ListId, std::span<const hnsw::HeapTid> tids) {
                                    --lists_of_[node];
                                    for (hnsw::HeapTid tid : tids) store(tid);
                                  });
    if (rows == 0) report("node", node, "has no row");
    for (int level = 0; level <= slot->level; ++level) check_edges(node, level);
  }

  void check_edges(hnsw::NodeId node, int level) {
    hnsw::Candidate edges[hnsw::kMaxNeighbors];
    std::size_t count = session_.graph.edges(node, level, edges);
    std::set<hnsw::NodeId> targets;
    for (std::size_t i = 0; i < count; ++i) {
      hnsw::NodeId target = edges[i].id;
      auto edge = [&](const char* fault) { report(node, "->", target, "at level", level, fault); };
      if (target == node) edge("leads to itself");
      if (!targets.insert(target).second) edge("is there twice");
      if (element(target)->state != hnsw::NodeState::live) {
        edge("leads to no live node");
      } else if (element(target)->level < level) {
        edge("leads to a node of a lower level");
      }
    }
  }

  void check_entry_point() {
    hnsw::EntryPoint entry_point = session_.graph.entry_point();
    if (entry_point.id == hnsw::kNoNode) {
      if (!nodes_.empty()) report("no entry point");
    } else if (element(entry_point.id)->state != hnsw::NodeState::live) {
      report("the entry point is not live");
    } else if (element(entry_point.id)->level != entry_point.level) {
      report("the entry point has another level than the metapage says");
    }
  }

  PageStore* store_;
  hnsw::Geometry geometry_;
  Session session_;
  std::vector<hnsw::NodeId> nodes_;
  std::map<hnsw::NodeId, int> lists_of_;  // list slots by owner, less those its element knows of
  std::set<std::size_t> stored_;
  std::string problems_;
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
