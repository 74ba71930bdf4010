// The walk that reads edges in storage order: reaches what any walk reaches, whatever its memory.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "memory_pages.hpp"
#include "vector/hnsw/walk_in_order.hpp"

namespace vec::test {
namespace {

using hnsw::NodeId;

// Nodes with edges, some on each block; block 0 is the metapage.
class Neighborhoods : public Arena {
 public:
  Neighborhoods(std::size_t nodes, std::size_t on_a_block)
      : edges(nodes), on_a_block_(on_a_block) {}

  bool exists(std::uint32_t block) const { return block <= last_block(); }

  template <class Use>
  void for_each_neighborhood(std::uint32_t block, Use use) {
    ++accesses;
    const std::size_t first = (block - 1) * on_a_block_;
    for (std::size_t node = first; node < std::min(first + on_a_block_, edges.size()); ++node)
      use(static_cast<NodeId>(node), std::span<const NodeId>(edges[node]));
  }

  std::size_t last_block() const { return (edges.size() + on_a_block_ - 1) / on_a_block_; }

  std::vector<std::vector<NodeId>> edges;
  std::size_t accesses = 0;

 private:
  std::size_t on_a_block_;
};

constexpr NodeId kEntryPoint = 4;
bool is_dead(NodeId node) {
  return node % 7 == 3;
}

using Nodes = std::set<NodeId>;
struct Reach {
  Nodes reached, unreached;  // alive, both
  std::size_t hops = 0;      // to the farthest reached
};

Reach expected(const Neighborhoods& graph) {
  Reach reach;
  reach.reached.insert(kEntryPoint);
  for (std::vector<NodeId> last{kEntryPoint}, next; !last.empty(); last.swap(next)) {
    next.clear();
    for (NodeId node : last) {
      for (NodeId neighbor : graph.edges[node]) {
        if (neighbor >= graph.edges.size() || is_dead(neighbor)) continue;
        if (reach.reached.insert(neighbor).second) next.push_back(neighbor);
      }
    }
    ++reach.hops;
  }
  for (NodeId node = 0; node < graph.edges.size(); ++node) {
    if (!is_dead(node) && reach.reached.count(node) == 0) reach.unreached.insert(node);
  }
  return reach;
}

void expect_same_as_any_walk(Neighborhoods& graph, std::size_t memory) {
  hnsw::NodeSet reached;
  reached.reset(graph, graph.edges.size());
  hnsw::WalkInOrder walk(graph, reached, is_dead, memory);
  graph.accesses = 0;
  walk.run(kEntryPoint);
  Nodes found, unreached;
  for (NodeId node = 0; node < graph.edges.size(); ++node) {
    if (reached.contains(node)) found.insert(node);
  }
  walk.for_each_unreached([&](NodeId node) { unreached.insert(node); });
  const Reach wanted = expected(graph);
  EXPECT_EQ(found, wanted.reached) << memory << " bytes";
  EXPECT_EQ(unreached, wanted.unreached) << memory << " bytes";
  EXPECT_LE(graph.accesses, (wanted.hops + 1) * graph.last_block()) << memory << " bytes";
}

Neighborhoods random_graph(std::size_t nodes, std::size_t degree, std::size_t on_a_block,
                           unsigned seed) {
  std::mt19937 random(seed);
  Neighborhoods graph(nodes, on_a_block);
  for (auto& neighbors : graph.edges) {
    for (std::size_t i = random() % (2 * degree + 1); i > 0; --i)
      neighbors.push_back(static_cast<NodeId>(random() % nodes));
  }
  // One that was inserted later.
  graph.edges[kEntryPoint].push_back(static_cast<NodeId>(nodes + 5));
  return graph;
}

TEST(WalkInOrder, ReachesWhatAnyWalkReaches) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    for (std::size_t degree : {1, 2, 10}) {
      for (std::size_t on_a_block : {1, 7, 2000}) {
        Neighborhoods graph = random_graph(1000, degree, on_a_block, seed);
        for (std::size_t memory : {0, 100, 2000, 20000, 1000000})
          expect_same_as_any_walk(graph, memory);
      }
    }
  }
}

// Each node leads only to the one before it.
TEST(WalkInOrder, FollowsAChainAgainstTheOrder) {
  Neighborhoods graph(500, 3);
  for (NodeId node = 1; node < 500; ++node) {
    NodeId next = node - 1;
    while (next > 0 && is_dead(next)) --next;
    graph.edges[node].push_back(next);
  }
  graph.edges[kEntryPoint].push_back(499);
  for (std::size_t memory : {0, 400, 1000000}) expect_same_as_any_walk(graph, memory);
}

TEST(WalkInOrder, ReadsEachPageOnceWhenMemorySuffices) {
  Neighborhoods graph = random_graph(20000, 10, 10, 1);
  hnsw::NodeSet reached;
  reached.reset(graph, graph.edges.size());
  // The edges of a quarter of the nodes: what is reached need not be kept.
  hnsw::WalkInOrder walk(graph, reached, is_dead, 20000 / 4 * 12 * sizeof(NodeId) * 2);
  walk.run(kEntryPoint);
  EXPECT_GT(reached.count(), 15000u);
  EXPECT_LE(graph.accesses, graph.last_block() + graph.last_block() / 2);
}

}  // namespace
}  // namespace vec::test
