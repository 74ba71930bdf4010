// How many pages a search touches, depending on the order in which elements are written to them.
//
//   <order>/<data>
//
// insertion    as the rows came, which is at random
// bfs          breadth first from the entry point
// links        PageOrder
// siblings     PageOrder, counting also the neighbors of neighbors: the nodes a search measures
//              together
//
// time/row is what finding the order takes, on top of building. The others are means over queries
// at ef = 40, of level 0 and above: `evals`, elements measured; `pages`, different element pages
// among theirs; `pages/hop`, the sum over the neighborhoods measured of different pages in each, so
// what the buffer manager is asked for; `expanded`, different pages of the elements whose
// neighbors were read.
//
// Vectors are drawn as bench/sql/synthetic.hpp describes, with codec sq8; distances are L2, m = 16,
// ef_construction = 64. VECTOR_BENCH_ROWS sets the number of rows (default 100000), and
// VECTOR_BENCH_HDF5 names a file in the format of ann-benchmarks to be measured, too.
//
//   build/dev/page_order_bench --benchmark_counters_tabular=true
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "center.hpp"
#include "graph_fixture.hpp"
#include "synthetic.hpp"
#include "vector/hnsw/page_order.hpp"

namespace vec::test {
namespace {

using hnsw::NodeId;
using Graph = hnsw::MemoryGraph<SharedArena>;

constexpr std::size_t kQueries = 500;
constexpr std::size_t kEf = 40;

// What a search reads: one group of nodes for each call of distances().
struct Trace {
  std::vector<std::vector<NodeId>> hops;
  std::vector<NodeId> expanded;
};

// A graph that writes down how it is searched.
class TracedGraph {
 public:
  TracedGraph(Graph& graph, Trace& trace) : graph_(&graph), trace_(&trace) {}
  void* allocate(std::size_t bytes) { return graph_->allocate(bytes); }
  hnsw::EntryPoint entry_point() const { return graph_->entry_point(); }
  std::size_t max_neighbors(int level) const { return graph_->max_neighbors(level); }
  std::size_t neighbors(NodeId id, int level, std::span<NodeId> out) {
    trace_->expanded.push_back(id);
    return graph_->neighbors(id, level, out);
  }
  void distances(std::span<const NodeId> ids, std::span<hnsw::Measurement> out) {
    trace_->hops.emplace_back(ids.begin(), ids.end());
    graph_->distances(ids, out);
  }
  void check_interrupts() {}
  [[noreturn]] void corrupted(const char* what) { graph_->corrupted(what); }

 private:
  Graph* graph_;
  Trace* trace_;
};

// A graph in which the neighbors of neighbors are neighbors, as often as they are.
class WithSiblings {
 public:
  explicit WithSiblings(Graph& graph) : graph_(&graph), links_(graph.max_neighbors(0)) {}
  void* allocate(std::size_t bytes) { return graph_->allocate(bytes); }
  std::size_t size() const { return graph_->size(); }
  std::size_t id_limit() const { return graph_->id_limit(); }
  template <class Use>
  void for_each_node(Use use) {
    graph_->for_each_node(use);
  }
  std::size_t max_neighbors(int) const { return links_.size() * (links_.size() + 1); }
  std::size_t neighbors(NodeId id, int level, std::span<NodeId> out) {
    const std::size_t links = graph_->neighbors(id, level, links_);
    std::copy_n(links_.begin(), links, out.begin());
    std::size_t count = links;
    for (std::size_t i = 0; i < links; ++i) {
      count += graph_->neighbors(links_[i], level, out.subspan(count));
    }
    return count;
  }
  void check_interrupts() {}

 private:
  Graph* graph_;
  std::vector<NodeId> links_;
};

// All rows of a data set in a graph, and how its queries are searched there.
class Index {
 public:
  explicit Index(const bench::Dataset& data)
      : center_(bench::center_of(data.base)),
        codec_({CodecId::sq8, Metric::l2, static_cast<std::uint32_t>(data.base.dimensions), 1,
                center_.data()},
               *best_kernels()),
        geometry_(codec_.code_bytes(), hnsw::kDefaultM),
        parameters_(parameters_for(Metric::l2, hnsw::kDefaultM, hnsw::kDefaultEfConstruction,
                                   geometry_.max_level())),
        graph(arena_, root_, codec_, parameters_) {
    std::vector<std::byte> code(codec_.code_bytes());
    hnsw::Scratch scratch;
    LevelSource levels;
    for (std::size_t i = 0; i < data.base.rows; ++i) {
      codec_.encode(data.base.row(i).data(), code.data());
      graph.reserve();
      graph.open_insert(code.data(), tid_of(i));
      hnsw::insert(graph, scratch, levels.draw(parameters_), parameters_, true);
    }
    std::vector<std::byte> query(codec_.query_bytes());
    for (std::size_t q = 0; q < std::min(kQueries, data.queries.rows); ++q) {
      codec_.prepare_query(data.queries.row(q).data(), query.data());
      graph.open_query(query.data());
      TracedGraph traced(graph, traces.emplace_back());
      hnsw::search(traced, scratch, kEf);
    }
  }
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  std::uint32_t nodes_per_page() const { return geometry_.elements_per_page(); }

 private:
  std::vector<float> center_;
  Codec codec_;
  hnsw::Geometry geometry_;
  hnsw::Parameters parameters_;
  SharedArena arena_;
  hnsw::GraphRoot root_;

 public:
  Graph graph;
  std::vector<Trace> traces;
};

// Positions of all nodes.
using Order = std::vector<std::uint32_t> (*)(Index&);

std::vector<std::uint32_t> insertion_order(Index& index) {
  std::vector<std::uint32_t> positions(index.graph.size());
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

std::vector<std::uint32_t> breadth_first(Index& index) {
  std::vector<std::uint32_t> positions(index.graph.size(), hnsw::kNoNode);
  std::vector<NodeId> nodes, links(index.graph.max_neighbors(0));
  auto place = [&](NodeId node) {
    if (positions[node] != hnsw::kNoNode) return;
    positions[node] = static_cast<std::uint32_t>(nodes.size());
    nodes.push_back(node);
  };
  place(index.graph.entry_point().id);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::size_t count = index.graph.neighbors(nodes[i], 0, links);
    for (std::size_t j = 0; j < count; ++j) place(links[j]);
  }
  index.graph.for_each_node(place);
  return positions;
}

template <class AnyGraph>
std::vector<std::uint32_t> page_order(AnyGraph& graph, std::uint32_t nodes_per_page) {
  const hnsw::PageOrder order(graph, nodes_per_page);
  std::vector<std::uint32_t> positions(order.size());
  graph.for_each_node([&](NodeId node) { positions[node] = order.position(node); });
  return positions;
}

std::vector<std::uint32_t> by_links(Index& index) {
  return page_order(index.graph, index.nodes_per_page());
}

std::vector<std::uint32_t> by_siblings(Index& index) {
  WithSiblings graph(index.graph);
  return page_order(graph, index.nodes_per_page());
}

using Data = std::pair<std::string, bench::Dataset (*)()>;

// The index asked for last: benchmarks that share it follow each other.
Index& index_of(const Data& data) {
  static std::unique_ptr<Index> index;
  static std::string name;
  if (name != data.first) {
    index.reset();
    index = std::make_unique<Index>(data.second());
    name = data.first;
  }
  return *index;
}

void measure(benchmark::State& state, const Data& data, Order order) {
  Index& index = index_of(data);
  std::vector<std::uint32_t> positions;
  for (auto _ : state) positions = order(index);

  auto pages_of = [&](const std::vector<NodeId>& nodes) {
    std::set<std::uint32_t> pages;
    for (NodeId node : nodes) pages.insert(positions[node] / index.nodes_per_page());
    return pages;
  };
  std::size_t evals = 0, pages = 0, of_hops = 0, expanded = 0;
  for (const Trace& trace : index.traces) {
    std::set<std::uint32_t> all;
    for (const auto& hop : trace.hops) {
      const auto of_hop = pages_of(hop);
      evals += hop.size();
      of_hops += of_hop.size();
      all.insert(of_hop.begin(), of_hop.end());
    }
    pages += all.size();
    expanded += pages_of(trace.expanded).size();
  }
  const auto mean = [&](std::size_t sum) {
    return static_cast<double>(sum) / static_cast<double>(index.traces.size());
  };
  state.counters["evals"] = mean(evals);
  state.counters["pages"] = mean(pages);
  state.counters["pages/hop"] = mean(of_hops);
  state.counters["expanded"] = mean(expanded);
  using Rate = benchmark::Counter;
  state.counters["time/row"] = Rate(static_cast<double>(index.graph.size()),
                                    Rate::kIsIterationInvariantRate | Rate::kInvert);
}

template <std::size_t kDimensions>
bench::Dataset synthetic() {
  const char* wanted = std::getenv("VECTOR_BENCH_ROWS");
  const std::size_t rows = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 100000;
  return bench::draw_synthetic({.rows = rows, .dimensions = kDimensions, .queries = kQueries}, 1);
}

bench::Dataset from_file() {
  return bench::read_hdf5(std::getenv("VECTOR_BENCH_HDF5"));
}

void register_all() {
  std::vector<Data> sets{{"synthetic-768", synthetic<768>}, {"synthetic-128", synthetic<128>}};
  if (const char* file = std::getenv("VECTOR_BENCH_HDF5")) {
    sets.emplace_back(std::filesystem::path(file).stem().string(), from_file);
  }
  const std::pair<const char*, Order> orders[] = {{"insertion", insertion_order},
                                                  {"bfs", breadth_first},
                                                  {"links", by_links},
                                                  {"siblings", by_siblings}};
  for (const Data& data : sets) {
    for (auto [name, order] : orders) {
      benchmark::RegisterBenchmark((std::string(name) + "/" + data.first).c_str(), measure, data,
                                   order)
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
    }
  }
}

const bool registered = (register_all(), true);

}  // namespace
}  // namespace vec::test
