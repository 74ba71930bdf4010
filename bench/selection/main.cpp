// How neighbors are selected, and what it costs and gives: a table of rules and ef_construction.
//
//   build/dev/selection_table --hdf5 /path/to/set.hdf5
//   build/dev/selection_table --synthetic rows=100000,dim=768,intrinsic=18 --ef-construction 64
//
// Options: --metric l2|cosine|ip, --rules name,name (default: all of rules()), --ef-construction
// n,n, --ef n,n (of searches), --m n, --rows n (of the set; the first ones), --queries n, --storage
// memory|pages (a build in memory, or row by row on index pages), --cache folder (for the exact
// neighbors).
//
// Columns: distances computed for an inserted row, those of the selection included; processor time
// of this thread; edges of a node at level 0; with pages, pages written for a row. Then recall@10
// at each ef of a search, with the distances it took; then the distances that a recall takes,
// interpolated between ef. Codes are sq8, as in an index; recall is that of the nearest by true
// distance among those found, as a scan finds them. docs/neighbor-selection.md quotes the figures.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>

#include "center.hpp"
#include "exact.hpp"
#include "graph_fixture.hpp"
#include "interpolate.hpp"
#include "synthetic.hpp"

namespace vec::bench {
namespace {

constexpr std::size_t kNearest = 10;

struct NamedRule {
  std::string name;
  hnsw::SelectionRule rule;
};

// The paper's and pgvector's shares, keeping rejected candidates or not, and ours.
std::vector<NamedRule> rules() {
  std::vector<NamedRule> all;
  for (const char* alpha : {"1", "1.05", "1.1", "1.2"}) {
    const float factor = std::strtof(alpha, nullptr);
    const std::string prefix = std::string("alpha") + alpha + "-";
    all.push_back({prefix + "paper", {factor, false, .5f, 1}});
    all.push_back({prefix + "keep", {factor, true, .5f, 1}});
    all.push_back({prefix + "pgvector", {factor, true, 1, 1}});
    all.push_back({prefix + "cut", {factor, true, .75f, .75f}});
    all.push_back({prefix + "cut-5/8", {factor, true, .625f, .75f}});
  }
  return all;
}

struct Options {
  std::string hdf5, cache, storage = "memory";
  SyntheticParameters synthetic{};
  vec::Metric metric = vec::Metric::l2;
  std::vector<std::string> rules;
  std::vector<int> ef_construction{64}, ef{10, 15, 20, 30, 40, 60, 80, 120, 160, 200};
  int m = hnsw::kDefaultM;
  std::size_t rows = 0, queries = 1000;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

std::vector<int> numbers(const std::string& text) {
  std::vector<int> values;
  for (const std::string& part : split(text)) {
    const int value = std::atoi(part.c_str());
    if (value <= 0) throw Error("no positive number: " + part);
    values.push_back(value);
  }
  return values;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) throw Error(name + " needs a value");
    const std::string value = argv[i + 1];
    if (name == "--hdf5") {
      options.hdf5 = value;
    } else if (name == "--synthetic") {
      options.synthetic = parse_synthetic(value);
    } else if (name == "--metric") {
      options.metric = value == "ip"       ? vec::Metric::inner_product
                       : value == "cosine" ? vec::Metric::cosine
                                           : vec::Metric::l2;
      if (name_of(metric_of(value)) == nullptr) throw Error("no metric named " + value);
    } else if (name == "--rules") {
      options.rules = split(value);
    } else if (name == "--ef-construction") {
      options.ef_construction = numbers(value);
    } else if (name == "--ef") {
      options.ef = numbers(value);
    } else if (name == "--m") {
      options.m = numbers(value).at(0);
    } else if (name == "--rows") {
      options.rows = static_cast<std::size_t>(numbers(value).at(0));
    } else if (name == "--queries") {
      options.queries = static_cast<std::size_t>(numbers(value).at(0));
    } else if (name == "--storage") {
      options.storage = value;
    } else if (name == "--cache") {
      options.cache = value;
    } else {
      throw Error("no option named " + name);
    }
  }
  return options;
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Counts what the selection computes; searches count in Scratch::measured.
template <class Graph>
class Counting : public Graph {
 public:
  using Graph::Graph;
  void code_distances(const std::byte* code, const std::byte* const* codes, std::size_t count,
                      float* out) {
    compared += count;
    Graph::code_distances(code, codes, count, out);
  }
  std::size_t compared = 0;
};

struct SearchPoint {
  double recall = 0, distances = 0;
};

struct Row {
  double distances = 0, microseconds = 0, degree = 0, pages = 0;
  std::vector<SearchPoint> curve;
};

struct Set {
  Dataset data;
  vec::Metric metric;
  Neighbors exact;
  std::vector<float> center;
};

bench::Metric as_bench(vec::Metric metric) {
  if (metric == vec::Metric::inner_product) return Metric::inner_product;
  return metric == vec::Metric::cosine ? Metric::cosine : Metric::l2;
}

Set load(const Options& options) {
  Set set;
  set.data = options.hdf5.empty() ? draw_synthetic(options.synthetic, 1) : read_hdf5(options.hdf5);
  limit(set.data, options.rows, options.queries);
  set.metric = options.metric;
  set.exact = cached_nearest(set.data, as_bench(options.metric), kNearest, 1, options.cache);
  set.center = center_of(set.data.base, set.metric);
  return set;
}

Codec codec_of(const Set& set) {
  return Codec({CodecId::sq8, set.metric, static_cast<std::uint32_t>(set.data.base.dimensions), 1,
                set.center.data()},
               *best_kernels());
}

class Index {
 public:
  virtual ~Index() = default;
  // All but the curve, summed over the rows.
  virtual Row build() = 0;
  virtual std::span<const hnsw::Candidate> search(const float* query, std::size_t ef) = 0;
  virtual std::size_t row_of(hnsw::NodeId node) = 0;
  hnsw::Scratch scratch;
};

class InMemory : public Index {
 public:
  InMemory(const Set& set, const hnsw::Parameters& parameters)
      : set_(set),
        parameters_(parameters),
        codec_(codec_of(set)),
        query_(codec_.query_bytes()),
        graph_(arena_, root_, codec_, parameters) {}

  Row build() override {
    std::vector<std::byte> code(codec_.code_bytes());
    test::LevelSource levels;
    const double start = thread_seconds();
    for (std::size_t i = 0; i < set_.data.base.rows; ++i) {
      if (!codec_.encode(set_.data.base.row(i).data(), code.data())) continue;
      graph_.reserve();
      graph_.open_insert(code.data(), test::tid_of(i));
      hnsw::insert(graph_, scratch, levels.draw(parameters_), parameters_, true);
    }
    Row row;
    row.microseconds = thread_seconds() - start;
    row.distances = static_cast<double>(scratch.measured + graph_.compared);
    hnsw::NodeId neighbors[hnsw::kMaxNeighbors];
    graph_.for_each_node([&](hnsw::NodeId node) {
      row.degree += static_cast<double>(graph_.neighbors(node, 0, neighbors));
    });
    row.degree /= static_cast<double>(graph_.size());
    return row;
  }
  std::span<const hnsw::Candidate> search(const float* query, std::size_t ef) override {
    codec_.prepare_query(query, query_.data());
    graph_.open_query(query_.data());
    return hnsw::search(graph_, scratch, ef);
  }
  std::size_t row_of(hnsw::NodeId node) override { return test::row_of(graph_.first_tid(node)); }

 private:
  const Set& set_;
  hnsw::Parameters parameters_;
  Codec codec_;
  std::vector<std::byte> query_;
  test::SharedArena arena_;
  hnsw::GraphRoot root_;
  Counting<hnsw::MemoryGraph<test::SharedArena>> graph_;
};

class OnPages : public Index {
 public:
  OnPages(const Set& set, hnsw::Parameters parameters)
      : set_(set),
        codec_(codec_of(set)),
        geometry_(codec_.code_bytes(), parameters.m),
        parameters_(with_max_level(parameters, geometry_.max_level())),
        query_(codec_.query_bytes()),
        graph_(pages_, codec_, parameters_) {
    hnsw::MetaPage meta{};
    meta.magic = hnsw::kMagic;
    meta.format_version = hnsw::kFormatVersion;
    meta.entry_point = hnsw::kNoNode;
    meta.entry_level = -1;
    hnsw::format_page(pages_.raw(hnsw::kMetaBlock), hnsw::PageKind::meta, 0);
    hnsw::write_meta(pages_.raw(hnsw::kMetaBlock), meta);
  }

  Row build() override {
    std::vector<std::byte> code(codec_.code_bytes());
    test::LevelSource levels;
    const double start = thread_seconds();
    for (std::size_t i = 0; i < set_.data.base.rows; ++i) {
      if (!codec_.encode(set_.data.base.row(i).data(), code.data())) continue;
      graph_.open_insert(code.data(), test::tid_of(i));
      hnsw::insert(graph_, scratch, levels.draw(parameters_), parameters_, true);
    }
    Row row;
    row.microseconds = thread_seconds() - start;
    row.distances = static_cast<double>(scratch.measured + graph_.compared);
    row.pages = static_cast<double>(pages_.updates);
    double nodes = 0;
    for (std::uint32_t block = 1; block < pages_.count(); ++block) {
      graph_.for_each_neighborhood(block, [&](hnsw::NodeId, std::span<const hnsw::NodeId> ids) {
        row.degree += static_cast<double>(ids.size());
        ++nodes;
      });
    }
    row.degree /= nodes;
    return row;
  }
  std::span<const hnsw::Candidate> search(const float* query, std::size_t ef) override {
    codec_.prepare_query(query, query_.data());
    graph_.open_query(query_.data());
    return hnsw::search(graph_, scratch, ef);
  }
  std::size_t row_of(hnsw::NodeId node) override {
    return test::row_of(
        geometry_.element(pages_.raw(geometry_.block_of(node)), geometry_.slot_of(node))->tid);
  }

 private:
  static hnsw::Parameters with_max_level(hnsw::Parameters parameters, int max_level) {
    parameters.max_level = max_level;
    return parameters;
  }

  const Set& set_;
  Codec codec_;
  hnsw::Geometry geometry_;
  hnsw::Parameters parameters_;
  std::vector<std::byte> query_;
  test::MemoryPages pages_;
  Counting<hnsw::PageGraph<test::MemoryPages>> graph_;
};

SearchPoint search_all(const Set& set, const Judge& judge, Index& index, std::size_t ef) {
  const DistanceKernels& kernels = *best_kernels();
  const std::size_t dimensions = set.data.base.dimensions;
  const std::size_t before = index.scratch.measured;
  SearchPoint point;
  std::vector<std::pair<float, std::int64_t>> found;
  for (std::size_t q = 0; q < set.data.queries.rows; ++q) {
    const float* query = set.data.queries.row(q).data();
    found.clear();
    for (const hnsw::Candidate& candidate : index.search(query, ef)) {
      const std::size_t row = index.row_of(candidate.id);
      const float* x = set.data.base.row(row).data();
      const float distance = set.metric == vec::Metric::inner_product
                                 ? -kernels.float32.inner_product(query, x, dimensions)
                             : set.metric == vec::Metric::cosine
                                 ? candidate.distance
                                 : kernels.float32.l2_squared(query, x, dimensions);
      found.emplace_back(distance, row);
    }
    std::sort(found.begin(), found.end());
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < std::min(kNearest, found.size()); ++i) {
      ids.push_back(found[i].second);
    }
    point.recall += judge.recall(q, ids);
  }
  const auto queries = static_cast<double>(set.data.queries.rows);
  point.recall /= queries;
  point.distances = static_cast<double>(index.scratch.measured - before) / queries;
  return point;
}

void run(const Options& options) {
  const Set set = load(options);
  const Judge judge(set.data, as_bench(set.metric), set.exact, kNearest);
  std::printf("%s, m = %d, %s\n", set.data.name.c_str(), options.m, options.storage.c_str());
  std::printf("%-20s %4s %6s %6s %6s %5s", "rule", "ef_c", "dist", "us", "degree", "pages");
  for (int ef : options.ef) std::printf(" %11s%d", "ef", ef);
  for (const char* recall : {".90", ".95", ".98", ".99"}) std::printf(" %6s", recall);
  std::printf("\n");
  for (int ef_construction : options.ef_construction) {
    for (const NamedRule& named : rules()) {
      if (!options.rules.empty() && std::find(options.rules.begin(), options.rules.end(),
                                              named.name) == options.rules.end()) {
        continue;
      }
      const hnsw::Parameters parameters{options.m, ef_construction, 30, named.rule};
      std::unique_ptr<Index> index;
      if (options.storage == "pages") {
        index = std::make_unique<OnPages>(set, parameters);
      } else {
        index = std::make_unique<InMemory>(set, parameters);
      }
      Row row = index->build();
      for (int ef : options.ef) row.curve.push_back(search_all(set, judge, *index, ef));
      const auto rows = static_cast<double>(set.data.base.rows);
      std::printf("%-20s %4d %6.0f %6.1f %6.1f %5.1f", named.name.c_str(), ef_construction,
                  row.distances / rows, 1e6 * row.microseconds / rows, row.degree,
                  row.pages / rows);
      for (const SearchPoint& point : row.curve) {
        std::printf("  %.4f/%5.0f", point.recall, point.distances);
      }
      for (double recall : {.9, .95, .98, .99}) {
        const auto distances =
            at_recall(row.curve, recall, [](const SearchPoint& point) { return point.distances; });
        std::printf(" %6.0f", distances.value_or(0));
      }
      std::printf("\n");
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace vec::bench

int main(int argc, char** argv) {
  try {
    vec::bench::run(vec::bench::parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
