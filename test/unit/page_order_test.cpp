// PageOrder: every node once, near ones together, whatever the graph looks like.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"
#include "vector/hnsw/page_order.hpp"

namespace vec::test {
namespace {

using hnsw::NodeId;
using hnsw::PageOrder;

// Nodes and their level 0 edges, nothing else. Ids may have gaps.
struct Sketch : Arena {
  std::map<NodeId, std::vector<NodeId>> nodes;
  std::size_t allocated = 0;
  std::size_t interrupt_checks = 0;

  void* allocate(std::size_t bytes) {
    allocated += bytes;
    return Arena::allocate(bytes);
  }
  void check_interrupts() { ++interrupt_checks; }
  std::size_t size() const { return nodes.size(); }
  std::size_t id_limit() const { return nodes.empty() ? 0 : nodes.rbegin()->first + 1; }
  template <class Use>
  void for_each_node(Use use) const {
    for (const auto& [node, edges] : nodes) use(node);
  }
  std::size_t max_neighbors(int) const { return 32; }
  std::size_t neighbors(NodeId node, int level, std::span<NodeId> out) const {
    EXPECT_EQ(level, 0);
    const std::vector<NodeId>& edges = nodes.at(node);
    std::copy(edges.begin(), edges.end(), out.begin());
    return edges.size();
  }

  void connect(NodeId a, NodeId b) {
    nodes[a].push_back(b);
    nodes[b].push_back(a);
  }
};

std::vector<NodeId> nodes_of(const PageOrder<Sketch>& order) {
  std::vector<NodeId> nodes;
  for (std::size_t i = 0; i < order.size(); ++i) nodes.push_back(order.node_at(i));
  return nodes;
}

void expect_permutation(Sketch& graph, std::uint32_t per_page) {
  const PageOrder order(graph, per_page);
  ASSERT_EQ(order.size(), graph.size());
  std::set<NodeId> seen;
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    const NodeId node = order.node_at(i);
    EXPECT_EQ(graph.nodes.count(node), 1u) << node;
    EXPECT_TRUE(seen.insert(node).second) << node << " twice";
    EXPECT_EQ(order.position(node), i);
  }
}

// Up to eight edges a node, most of them one way.
Sketch random_graph(std::size_t size, unsigned seed, NodeId gap = 1) {
  std::mt19937 random(seed);
  Sketch graph;
  for (std::size_t i = 0; i < size; ++i) graph.nodes[static_cast<NodeId>(gap * i)];
  for (auto& [node, edges] : graph.nodes) {
    for (unsigned count = random() % 9; count > 0; --count) {
      edges.push_back(gap * static_cast<NodeId>(random() % size));
    }
  }
  return graph;
}

TEST(PageOrder, IsAPermutation) {
  for (std::uint32_t per_page : {1u, 2u, 7u, 22u, 145u, 100000u}) {
    SCOPED_TRACE(testing::Message() << per_page << " a page");
    Sketch graph = random_graph(1000, per_page);
    expect_permutation(graph, per_page);
  }
}

TEST(PageOrder, IdsMayHaveGaps) {
  Sketch graph = random_graph(500, 1, 13);
  expect_permutation(graph, 8);
  graph = {};
  graph.connect(1000000, 3);
  expect_permutation(graph, 8);
}

TEST(PageOrder, OfFewNodes) {
  Sketch graph;
  EXPECT_EQ(PageOrder(graph, 8).size(), 0u);
  graph.nodes[0];
  expect_permutation(graph, 8);
  graph.nodes[5] = {5};  // leads to itself
  expect_permutation(graph, 1);
  expect_permutation(graph, 8);
}

// Nodes without edges, and groups that know nothing of each other.
TEST(PageOrder, OfADisconnectedGraph) {
  Sketch graph;
  for (NodeId node = 0; node < 100; ++node) graph.nodes[node];
  expect_permutation(graph, 8);
  for (NodeId node = 0; node < 97; ++node) graph.connect(node, node + 3);
  expect_permutation(graph, 8);
  // Of three chains each but the last is placed to its end before another is begun.
  std::vector<NodeId> chains;
  for (NodeId node : nodes_of(PageOrder(graph, 8))) {
    if (chains.empty() || chains.back() != node % 3) chains.push_back(node % 3);
  }
  EXPECT_EQ(chains, (std::vector<NodeId>{0, 1, 2}));
}

TEST(PageOrder, IsTheSameEachTime) {
  Sketch graph = random_graph(1000, 2);
  EXPECT_EQ(nodes_of(PageOrder(graph, 8)), nodes_of(PageOrder(graph, 8)));
}

// 0 leads to 1 and 2; 3 comes to light with 1 and is led to by 2, too.
TEST(PageOrder, TheNodeWithMostEdgesFromThePageIsNext) {
  Sketch graph;
  graph.nodes = {{0, {1, 2}}, {1, {4, 3}}, {2, {3}}, {3, {}}, {4, {}}};
  EXPECT_EQ(nodes_of(PageOrder(graph, 8)), (std::vector<NodeId>{0, 1, 2, 3, 4}));
  // On a page that begins with 2, it has one edge only, and 4 none.
  EXPECT_EQ(nodes_of(PageOrder(graph, 2)), (std::vector<NodeId>{0, 1, 2, 3, 4}));
  // With 1 alone on its page, 4 is as good.
  EXPECT_EQ(nodes_of(PageOrder(graph, 1)), (std::vector<NodeId>{0, 1, 4, 2, 3}));
}

// At the end of a branch, what nodes placed before have left comes first, and then the rest.
TEST(PageOrder, GoesOnNearTheNodesPlacedFirst) {
  Sketch graph;
  graph.nodes = {{0, {1, 3}}, {1, {4}}, {2, {}}, {3, {}}, {4, {}}};
  EXPECT_EQ(nodes_of(PageOrder(graph, 1)), (std::vector<NodeId>{0, 1, 4, 3, 2}));
}

TEST(PageOrder, TakesTheMemoryItSays) {
  Sketch graph = random_graph(100000, 3);
  const PageOrder order(graph, 22);
  EXPECT_LE(graph.allocated, PageOrder<Sketch>::kBytesPerId * graph.id_limit() + 20000);
  EXPECT_GE(graph.interrupt_checks, graph.size());
}

// Groups of eight nodes, each connected to all of its group and to one of the next group, ids dealt
// out at random: eight a page, nearly all groups have a page of their own.
TEST(PageOrder, ClustersEndUpTogether) {
  constexpr NodeId kGroups = 500, kSize = 8;
  std::vector<NodeId> ids(kGroups * kSize);
  std::iota(ids.begin(), ids.end(), 0);
  std::shuffle(ids.begin(), ids.end(), std::mt19937(4));
  Sketch graph;
  for (NodeId group = 0; group < kGroups; ++group) {
    for (NodeId i = 0; i < kSize; ++i) {
      for (NodeId j = 0; j < i; ++j) {
        graph.connect(ids[group * kSize + i], ids[group * kSize + j]);
      }
    }
    graph.connect(ids[group * kSize], ids[(group + 1) % kGroups * kSize + 1]);
  }
  const PageOrder order(graph, kSize);
  auto pages_of_groups = [&](auto position) {
    std::size_t pages = 0;
    for (NodeId group = 0; group < kGroups; ++group) {
      std::set<std::uint32_t> of_group;
      for (NodeId i = 0; i < kSize; ++i) of_group.insert(position(ids[group * kSize + i]) / kSize);
      pages += of_group.size();
    }
    return pages;
  };
  EXPECT_GT(pages_of_groups([](NodeId node) { return node; }), 7 * kGroups);
  EXPECT_LT(pages_of_groups([&](NodeId node) { return order.position(node); }), 1.5 * kGroups);
}

// What it is for: the neighborhoods of a real graph lie on fewer pages.
TEST(PageOrder, NeighborhoodsTouchFewerPages) {
  const Vectors rows = clustered(5000, 16, 31);
  const hnsw::Parameters parameters = parameters_for(Metric::l2, 16, 64);
  MemoryIndex index(Metric::l2, rows, parameters);
  for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
  constexpr std::uint32_t kPerPage = 8;
  const PageOrder order(index.graph, kPerPage);
  std::size_t before = 0, after = 0;
  index.graph.for_each_node([&](NodeId node) {
    std::set<std::uint32_t> pages_before, pages_after;
    NodeId neighbors[hnsw::kMaxNeighbors];
    const std::size_t count = index.graph.neighbors(node, 0, neighbors);
    for (NodeId neighbor : std::span(neighbors, count)) {
      pages_before.insert(neighbor / kPerPage);
      pages_after.insert(order.position(neighbor) / kPerPage);
    }
    before += pages_before.size();
    after += pages_after.size();
  });
  EXPECT_LT(static_cast<double>(after), 0.75 * static_cast<double>(before));
}

}  // namespace
}  // namespace vec::test
