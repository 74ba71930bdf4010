// The algorithms over the build's in-memory graph: recall, reachability, duplicates.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"
#include "metric_name.hpp"

namespace vec::test {
namespace {

using hnsw::NodeId;

std::set<NodeId> reachable_at_level_0(const hnsw::MemoryGraph<SharedArena>& graph) {
  std::set<NodeId> seen{graph.entry_point().id};
  std::vector<NodeId> stack(seen.begin(), seen.end());
  while (!stack.empty()) {
    NodeId node = stack.back();
    stack.pop_back();
    NodeId neighbors[hnsw::kMaxNeighbors];
    const std::size_t count = graph.neighbors(node, 0, neighbors);
    for (NodeId id : std::span(neighbors, count)) {
      if (seen.insert(id).second) stack.push_back(id);
    }
  }
  return seen;
}

class MemoryGraphRecall : public testing::TestWithParam<Metric> {};

TEST_P(MemoryGraphRecall, IsAtLeast99PercentOnClusteredVectors) {
  const Metric metric = GetParam();
  Clustered source(100, 32, 1, metric == Metric::inner_product);
  const Vectors rows = source.draw(10000), queries = source.draw(100);
  MemoryIndex index(metric, rows, parameters_for(metric, 16, 64));
  for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
  EXPECT_GE(mean_recall(index, metric, rows, all_rows(rows.size()), queries, 10, 100), 0.99);
}

TEST_P(MemoryGraphRecall, EveryElementIsReachable) {
  const Metric metric = GetParam();
  const Vectors rows = Clustered(100, 32, 3, metric == Metric::inner_product).draw(10000);
  MemoryIndex index(metric, rows, parameters_for(metric, 16, 64));
  for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
  index.repair_reachability();
  EXPECT_EQ(reachable_at_level_0(index.graph).size(), index.graph.size());
  EXPECT_EQ(index.graph.size(), rows.size());
}

INSTANTIATE_TEST_SUITE_P(Metrics, MemoryGraphRecall,
                         testing::Values(Metric::l2, Metric::inner_product, Metric::cosine),
                         metric_name);

// What the shares of the rule ask for: lists are filled, and cut so that back-links find room.
TEST(MemoryGraph, AFullListIsCutToItsShare) {
  const Vectors rows = clustered(2000, 16, 8);
  const hnsw::Parameters parameters = parameters_for(Metric::l2, 16, 64);
  MemoryIndex index(Metric::l2, rows, parameters);
  for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
  const std::size_t room = 32, share = parameters.neighbors_of_new(0);
  EXPECT_EQ(share, 24u);
  std::size_t full = 0;
  for (NodeId node = 100; node < index.graph.size(); ++node) {
    NodeId neighbors[hnsw::kMaxNeighbors];
    const std::size_t degree = index.graph.neighbors(node, 0, neighbors);
    EXPECT_GE(degree, share);
    full += degree == room;
  }
  EXPECT_LT(full, index.graph.size() / 4);
}

TEST(MemoryGraph, EmptyGraphFindsNothing) {
  const Vectors rows = clustered(1, 8, 4);
  MemoryIndex index(Metric::l2, rows, parameters_for(Metric::l2, 16, 64));
  EXPECT_TRUE(index.search(rows[0], 10).empty());
}

TEST(MemoryGraph, OneElementIsFound) {
  const Vectors rows = clustered(1, 8, 4);
  MemoryIndex index(Metric::l2, rows, parameters_for(Metric::l2, 16, 64));
  EXPECT_EQ(index.insert(rows[0], 7), hnsw::InsertOutcome::inserted);
  EXPECT_EQ(index.search({1, 2, 3, 4, 5, 6, 7, 8}, 10), std::vector<std::size_t>{7});
}

TEST(MemoryGraph, FirstElementNeedsExclusiveAccess) {
  const Vectors rows = clustered(1, 8, 4);
  MemoryIndex index(Metric::l2, rows, parameters_for(Metric::l2, 16, 64));
  std::vector<std::byte> code(index.codec.code_bytes());
  index.codec.encode(rows[0].data(), code.data());
  ASSERT_TRUE(index.graph.reserve());
  index.graph.open_insert(code.data(), tid_of(0));
  EXPECT_EQ(hnsw::insert(index.graph, index.scratch, 0, parameters_for(Metric::l2, 16, 64), false),
            hnsw::InsertOutcome::needs_exclusive);
  EXPECT_EQ(index.graph.size(), 0u);
}

TEST(MemoryGraph, EqualVectorsShareAnElement) {
  const Vectors rows(5000, std::vector<float>{1, 2, 3});
  MemoryIndex index(Metric::l2, rows, parameters_for(Metric::l2, 16, 64));
  for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
  EXPECT_EQ(index.graph.size(), 1u);
  std::vector<std::size_t> found = index.search({0, 0, 0}, 10);
  std::sort(found.begin(), found.end());
  ASSERT_EQ(found.size(), rows.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], i);
}

TEST(MemoryGraph, DuplicatesDoNotWallOffTheOthers) {
  Vectors rows = clustered(2000, 8, 5);
  for (std::size_t i = 0; i < 1000; ++i) rows[i] = rows[0];
  MemoryIndex index(Metric::l2, rows, parameters_for(Metric::l2, 16, 64));
  for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
  std::vector<std::size_t> found = index.search(rows[0], 2000);
  EXPECT_EQ(std::set<std::size_t>(found.begin(), found.end()).size(), rows.size());
}

TEST(MemoryGraph, ZeroVectorsHaveNoPlaceInACosineIndex) {
  const Vectors rows{{1, 0}, {0, 0}};
  MemoryIndex index(Metric::cosine, rows, parameters_for(Metric::cosine, 4, 8));
  std::vector<std::byte> code(index.codec.code_bytes());
  EXPECT_TRUE(index.codec.encode(rows[0].data(), code.data()));
  EXPECT_FALSE(index.codec.encode(rows[1].data(), code.data()));
}

TEST(MemoryGraph, HugeValuesWithInfiniteDistancesAreStillFound) {
  Vectors rows;
  for (int i = 0; i < 100; ++i) rows.push_back({i % 2 ? 3e38f : -3e38f, float(i)});
  MemoryIndex index(Metric::l2, rows, parameters_for(Metric::l2, 4, 16));
  for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
  index.repair_reachability();
  std::vector<std::size_t> found = index.search({-3e38f, 5}, 100);
  EXPECT_EQ(std::set<std::size_t>(found.begin(), found.end()), all_rows(100));
  EXPECT_EQ(found.size(), 100u);
  // Those at a finite distance come first.
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(found[i] % 2, 0u);
}

}  // namespace
}  // namespace vec::test
