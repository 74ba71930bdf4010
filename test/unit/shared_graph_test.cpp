// Several threads build one graph, as the processes of a parallel build do.
#include <gtest/gtest.h>

#include <thread>

#include "graph_fixture.hpp"
#include "metric_name.hpp"

namespace vec::test {
namespace {

using hnsw::NodeId;

constexpr std::size_t kThreads = 4;

class SharedIndex {
 public:
  SharedIndex(Metric metric, const Vectors& rows)
      : rows_(rows),
        codec_(codec_for(metric, rows), *best_kernels()),
        parameters_(parameters_for(metric, 16, 64)) {}

  // Row i is inserted by thread i mod kThreads. Returns how many rows had room.
  std::size_t insert_all() {
    std::atomic<std::size_t> inserted{0};
    std::vector<std::thread> threads;
    for (std::size_t first = 0; first < kThreads; ++first) {
      threads.emplace_back([&, first] { inserted += insert_every(first, kThreads); });
    }
    for (std::thread& thread : threads) thread.join();
    return inserted;
  }

  // With a view of the graph of its own, as a process has.
  template <class Use>
  void look(Use use) {
    hnsw::MemoryGraph<SharedArena> graph(arena, root_, codec_, parameters_);
    hnsw::Scratch scratch;
    use(graph, scratch);
  }

  std::vector<std::size_t> search(const std::vector<float>& query, std::size_t ef) {
    std::vector<std::byte> prepared(codec_.query_bytes());
    codec_.prepare_query(query.data(), prepared.data());
    std::vector<std::size_t> found;
    look([&](auto& graph, hnsw::Scratch& scratch) {
      graph.open_query(prepared.data());
      for (const hnsw::Candidate& candidate : hnsw::search(graph, scratch, ef)) {
        found.push_back(row_of(graph.first_tid(candidate.id)));
      }
    });
    return found;
  }

  // All rows of all elements, in no order.
  std::vector<std::size_t> stored_rows() {
    std::vector<std::size_t> stored;
    look([&](auto& graph, hnsw::Scratch&) {
      graph.for_each_node([&](NodeId node) {
        stored.push_back(row_of(graph.first_tid(node)));
        for (auto* link = graph.further_tids(node); link; link = graph.next_tid(link)) {
          stored.push_back(row_of(link->tid));
        }
      });
    });
    return stored;
  }

  SharedArena arena;

 private:
  std::size_t insert_every(std::size_t first, std::size_t step) {
    hnsw::MemoryGraph<SharedArena> graph(arena, root_, codec_, parameters_);
    hnsw::Scratch scratch;
    LevelSource levels(static_cast<unsigned>(first));
    std::vector<std::byte> code(codec_.code_bytes());
    std::size_t inserted = 0;
    for (std::size_t row = first; row < rows_.size(); row += step, ++inserted) {
      codec_.encode(rows_[row].data(), code.data());
      if (!graph.reserve()) break;
      graph.open_insert(code.data(), tid_of(row));
      const int level = levels.draw(parameters_);
      if (hnsw::insert(graph, scratch, level, parameters_, false) !=
          hnsw::InsertOutcome::needs_exclusive) {
        continue;
      }
      std::lock_guard alone(first_insert_);
      hnsw::insert(graph, scratch, level, parameters_, true);
    }
    return inserted;
  }

  const Vectors& rows_;
  Codec codec_;
  hnsw::Parameters parameters_;
  hnsw::GraphRoot root_;
  std::mutex first_insert_;
};

std::vector<std::size_t> sorted(std::vector<std::size_t> values) {
  std::sort(values.begin(), values.end());
  return values;
}

std::vector<std::size_t> numbers_below(std::size_t end) {
  std::vector<std::size_t> numbers(end);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

class SharedGraph : public testing::TestWithParam<Metric> {};

TEST_P(SharedGraph, HasTheRecallOfOneBuiltAlone) {
  const Metric metric = GetParam();
  Clustered source(80, 32, 1, metric == Metric::inner_product);
  const Vectors rows = source.draw(8000), queries = source.draw(100);
  SharedIndex index(metric, rows);
  EXPECT_EQ(index.insert_all(), rows.size());
  EXPECT_EQ(sorted(index.stored_rows()), numbers_below(rows.size()));
  // As builds do: threads may leave a cluster that nothing leads to.
  index.look([](auto& graph, hnsw::Scratch& scratch) {
    hnsw::ReachabilityRepair(graph, scratch, 64, [](NodeId) { return false; }).run();
  });
  EXPECT_GE(mean_recall(index, metric, rows, all_rows(rows.size()), queries, 10, 100), 0.99);
}

TEST_P(SharedGraph, ListsAreSoundAndAllIsReachableAfterRepair) {
  const Metric metric = GetParam();
  const Vectors rows = clustered(4000, 8, 2);
  SharedIndex index(metric, rows);
  index.insert_all();
  index.look([&](auto& graph, hnsw::Scratch& scratch) {
    std::set<NodeId> nodes;
    graph.for_each_node([&](NodeId node) { nodes.insert(node); });
    EXPECT_EQ(nodes.size(), graph.size());
    for (NodeId node : nodes) {
      for (int level = 0; level <= graph.level(node); ++level) {
        NodeId neighbors[hnsw::kMaxNeighbors];
        const std::size_t count = graph.neighbors(node, level, neighbors);
        ASSERT_LE(count, graph.max_neighbors(level));
        const std::set<NodeId> distinct(neighbors, neighbors + count);
        ASSERT_EQ(distinct.size(), count);
        ASSERT_FALSE(distinct.contains(node));
        for (NodeId neighbor : distinct) {
          ASSERT_TRUE(nodes.contains(neighbor));
          ASSERT_GE(graph.level(neighbor), level);
        }
      }
    }
    const auto none_is_dead = [](NodeId) { return false; };
    hnsw::ReachabilityRepair(graph, scratch, 64, none_is_dead).run();
    EXPECT_EQ(hnsw::ReachabilityRepair(graph, scratch, 64, none_is_dead).run(), 0u);
    const hnsw::EntryPoint entry_point = graph.entry_point();
    EXPECT_EQ(graph.level(entry_point.id), entry_point.level);
    for (NodeId node : nodes) ASSERT_LE(graph.level(node), entry_point.level);
  });
}

INSTANTIATE_TEST_SUITE_P(Metrics, SharedGraph,
                         testing::Values(Metric::l2, Metric::inner_product, Metric::cosine,
                                         Metric::l1),
                         metric_name);

TEST(SharedGraph, EqualRowsShareAFewElements) {
  const Vectors rows(5000, std::vector<float>{1, 2, 3});
  SharedIndex index(Metric::l2, rows);
  index.insert_all();
  EXPECT_EQ(sorted(index.stored_rows()), numbers_below(rows.size()));
  // Threads may store the first ones at the same time.
  index.look([&](auto& graph, hnsw::Scratch&) { EXPECT_LE(graph.size(), 2 * kThreads); });
}

TEST(SharedGraph, StopsWhenMemoryIsUsedUp) {
  const Vectors rows = clustered(5000, 32, 3);
  SharedIndex index(Metric::l2, rows);
  index.arena.bytes_left = 1'000'000;
  const std::size_t inserted = index.insert_all();
  EXPECT_GT(inserted, 1000u);
  EXPECT_LT(inserted, 4000u);
  EXPECT_EQ(index.stored_rows().size(), inserted);
}

}  // namespace
}  // namespace vec::test
