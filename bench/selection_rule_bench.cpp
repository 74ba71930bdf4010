// Neighbor selection rules and graph geometries: recall@10 at ef 40 and 100, mean degree at level
// 0, and the time of a build, on synthetic data. docs/neighbor-selection.md quotes its figures.
//
//   build/dev/selection_rule_bench --benchmark_counters_tabular=true
//
// Geometries for inner product search:
//   ip          negative inner products, what the index uses
//   augmented   squared L2 of (x, sqrt(max(0, R^2 - |x|^2))), R = the 90th percentile of the
//   lengths l2          squared L2 of the vectors as they are
#include <benchmark/benchmark.h>

#include "graph_fixture.hpp"

namespace vec::test {
namespace {

enum class Data { clusters, unequal_lengths, offset, unit, rows_unequal, slightly_unequal };
enum class Graph { l2, ip, augmented };

struct Case {
  const char* data_name;
  Data data;
  const char* graph_name;
  Graph graph;
};

void scale(std::vector<float>& x, double factor) {
  for (float& value : x) value = static_cast<float>(value * factor);
}

double squared_length(const std::vector<float>& x) {
  return best_kernels()->float32.norm_squared(x.data(), x.size());
}

struct Set {
  Vectors rows, queries;
};

Set draw(Data data) {
  std::size_t dimensions = data == Data::slightly_unequal ? 128 : 32;
  std::size_t clusters = data == Data::slightly_unequal ? 1000 : 100;
  Clustered source(clusters, dimensions, 7, data == Data::unequal_lengths);
  Set set{source.draw(10000), source.draw(200)};
  std::mt19937 random(3);
  std::normal_distribution<double> gauss;
  auto change = [&](std::vector<float>& x, bool is_row) {
    if (data == Data::offset) {
      for (float& value : x) value += 10;
    } else if (data == Data::unit) {
      scale(x, 1 / std::sqrt(squared_length(x)));
    } else if (data == Data::rows_unequal && is_row) {
      scale(x, std::exp(gauss(random)));
    } else if (data == Data::slightly_unequal) {
      scale(x, std::exp(gauss(random) * 0.1));
    }
  };
  for (auto& row : set.rows) change(row, true);
  for (auto& query : set.queries) change(query, false);
  return set;
}

// What the graph is built and searched on; its nearest are those of the largest inner product.
Set in_geometry(const Set& set, Graph graph) {
  Set changed = set;
  if (graph != Graph::augmented) return changed;
  double largest = 0;
  for (const auto& row : set.rows) largest = std::max(largest, squared_length(row));
  for (auto& row : changed.rows)
    row.push_back(static_cast<float>(std::sqrt(largest - squared_length(row))));
  for (auto& query : changed.queries) query.push_back(0);
  return changed;
}

void build_and_search(benchmark::State& state, const Case& which, hnsw::SelectionRule rule) {
  const Set set = draw(which.data);
  const Set geometry = in_geometry(set, which.graph);
  const Metric wanted = which.graph == Graph::l2 ? Metric::l2 : Metric::inner_product;
  const Metric built = which.graph == Graph::ip ? Metric::inner_product : Metric::l2;
  hnsw::Parameters parameters = parameters_for(built, 16, 64);
  parameters.rule = rule;
  for (auto _ : state) {
    MemoryIndex index(built, geometry.rows, parameters);
    for (std::size_t i = 0; i < geometry.rows.size(); ++i) index.insert(geometry.rows[i], i);
    state.PauseTiming();
    double edges = 0;
    hnsw::NodeId neighbors[hnsw::kMaxNeighbors];
    index.graph.for_each_node([&](hnsw::NodeId node) {
      edges += static_cast<double>(index.graph.neighbors(node, 0, neighbors));
    });
    state.counters["degree"] = edges / static_cast<double>(index.graph.size());
    const std::set<std::size_t> alive = all_rows(set.rows.size());
    for (std::size_t ef : {40, 100}) {
      double sum = 0;
      for (std::size_t q = 0; q < set.queries.size(); ++q) {
        sum += recall(wanted, set.rows, alive, set.queries[q], 10,
                      index.search(geometry.queries[q], ef));
      }
      state.counters["recall_ef" + std::to_string(ef)] =
          sum / static_cast<double>(set.queries.size());
    }
    state.ResumeTiming();
  }
}

void register_all() {
  const std::pair<const char*, Data> ip_data[] = {
      {"unequal_lengths", Data::unequal_lengths},
      {"offset", Data::offset},
      {"unit", Data::unit},
      {"rows_unequal", Data::rows_unequal},
      {"slightly_unequal_128d", Data::slightly_unequal}};
  std::vector<Case> cases{{"clusters", Data::clusters, "l2", Graph::l2}};
  for (auto [name, data] : ip_data) {
    cases.push_back({name, data, "ip", Graph::ip});
    cases.push_back({name, data, "augmented", Graph::augmented});
  }
  for (const Case& which : cases) {
    for (float alpha : {1.0f, 1.05f, 1.1f}) {
      const std::pair<const char*, hnsw::SelectionRule> rules[] = {
          {"", {alpha, false, .5f, 1}},
          {"/keep_pruned", {alpha, true, .5f, 1}},
          {"/cut", {alpha, true, .75f, .75f}}};
      for (auto [rule_name, rule] : rules) {
        std::string name = std::string(which.data_name) + "/" + which.graph_name + "/alpha" +
                           std::to_string(alpha).substr(0, 4) + rule_name;
        benchmark::RegisterBenchmark(
            name.c_str(),
            [=, rule = rule](benchmark::State& state) { build_and_search(state, which, rule); })
            ->Iterations(1)
            ->Unit(benchmark::kMillisecond);
      }
    }
  }
}

const bool registered = (register_all(), true);

}  // namespace
}  // namespace vec::test
