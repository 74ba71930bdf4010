// Vacuum of the page graph, while nothing else happens; interleaving_test.cpp has the rest.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"

namespace vec::test {
namespace {

using hnsw::NodeId;

TEST(Vacuum, RemovesExactlyTheDeadRows) {
  const Vectors rows = clustered(3000, 16, 7);
  Filled index(Metric::l2, rows);
  std::set<std::size_t> alive;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i % 3 != 0) alive.insert(i);
  }
  hnsw::VacuumCounts counts = index.vacuum(alive);
  EXPECT_EQ(counts.tids_removed, 1000u);
  EXPECT_EQ(counts.tids_left, 2000u);
  EXPECT_EQ(Inspection(index).problems(alive, rows[0]), "");
}

// Each row dies with this probability.
std::set<std::size_t> survivors(std::size_t rows, double dying) {
  std::mt19937 random(77);
  std::bernoulli_distribution dies(dying);
  std::set<std::size_t> alive;
  for (std::size_t i = 0; i < rows; ++i) {
    if (!dies(random)) alive.insert(i);
  }
  return alive;
}

TEST(Vacuum, NeedsHardlyAnyMemory) {
  const Vectors rows = clustered(2000, 16, 7);
  for (std::size_t memory : {0, 1000, 100000}) {
    Filled index(Metric::l2, rows);
    index.vacuum_memory = memory;
    for (double dying : {0.05, 0.3, 0.8}) {
      const std::set<std::size_t> alive = survivors(rows.size(), dying);
      index.vacuum(alive);
      EXPECT_EQ(Inspection(index).problems(alive, rows[0]), "") << memory << " bytes";
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (alive.count(i) == 0) index.insert(rows[i], i);
      }
    }
  }
}

// Page accesses: all pages a few times, and so many for each dead row. Looking for new neighbors
// list by list took over a thousand for each.
TEST(Vacuum, CostsInProportionToTheDead) {
  for (Metric metric : {Metric::l2, Metric::inner_product, Metric::cosine}) {
    const Vectors rows = Clustered(80, 24, 9, metric == Metric::inner_product).draw(8000);
    Filled index(metric, rows);
    for (double dying : {0.0, 0.001, 0.01, 0.04, 0.2}) {
      const std::set<std::size_t> alive = survivors(rows.size(), dying);
      const std::size_t before = index.pages.accesses;
      index.vacuum(alive);
      EXPECT_LE(index.pages.accesses - before,
                6 * index.pages.count() + 350 * (rows.size() - alive.size()))
          << "metric " << int(metric) << ", " << dying;
      EXPECT_EQ(Inspection(index).problems(alive, rows[0]), "");
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (alive.count(i) == 0) index.insert(rows[i], i);
      }
    }
  }
}

class VacuumRecall : public testing::TestWithParam<std::tuple<Metric, double>> {};

TEST_P(VacuumRecall, IsThatOfAFreshIndex) {
  auto [metric, dying] = GetParam();
  Clustered source(10, 48, 8, metric == Metric::inner_product);
  const Vectors rows = source.draw(6000), queries = source.draw(100);
  Filled index(metric, rows);
  const std::set<std::size_t> alive = survivors(rows.size(), dying);
  Vectors kept;
  for (std::size_t row : alive) kept.push_back(rows[row]);
  index.vacuum(alive);
  Filled fresh(metric, kept);
  double after = mean_recall(index, metric, rows, alive, queries, 10, 40);
  double rebuilt = mean_recall(fresh, metric, kept, all_rows(kept.size()), queries, 10, 40);
  EXPECT_GE(after, 0.97 * rebuilt);
}

INSTANTIATE_TEST_SUITE_P(Shares, VacuumRecall,
                         testing::Combine(testing::Values(Metric::l2, Metric::inner_product,
                                                          Metric::cosine),
                                          testing::Values(0.04, 0.5, 0.75)));

// One row in ten goes and comes back, again and again.
TEST(Vacuum, KeepsRecallOverManyCycles) {
  Clustered source(10, 48, 8);
  const Vectors rows = source.draw(3000), queries = source.draw(100);
  Filled index(Metric::l2, rows);
  std::set<std::size_t> alive = all_rows(rows.size());
  const double fresh = mean_recall(index, Metric::l2, rows, alive, queries, 10, 20);
  std::mt19937 random(9);
  for (int cycle = 0; cycle < 20; ++cycle) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (random() % 10 == 0) alive.erase(i);
    }
    index.vacuum(alive);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (alive.insert(i).second) index.insert(rows[i], i);
    }
  }
  EXPECT_EQ(Inspection(index).problems(alive, rows[0]), "");
  EXPECT_GE(mean_recall(index, Metric::l2, rows, alive, queries, 10, 20), 0.97 * fresh);
}

TEST(Vacuum, WholeClustersMayDie) {
  const Vectors rows = clustered(4000, 8, 10);
  Filled index(Metric::l2, rows);
  // Everything in one half space: no neighbor of a dead node's neighbor need be alive.
  std::set<std::size_t> alive;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i][0] > 0) alive.insert(i);
  }
  index.vacuum(alive);
  EXPECT_GE(mean_recall(index, Metric::l2, rows, alive, clustered(50, 8, 11), 10, 100), 0.98);
}

TEST(Vacuum, SlotsAreReused) {
  const Vectors rows = clustered(2000, 16, 12);
  Filled index(Metric::l2, rows);
  std::size_t pages = index.pages.count();
  for (int round = 0; round < 3; ++round) {
    index.vacuum({});
    EXPECT_EQ(index.graph.entry_point().id, hnsw::kNoNode);
    EXPECT_TRUE(index.search(rows[0], 10).empty());
    for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
    EXPECT_EQ(index.search(rows[5], 10).at(0), 5u);
  }
  EXPECT_LE(index.pages.count(), pages + pages / 50 + 1);
}

TEST(Vacuum, KeepsAnElementWithOneLivingRow) {
  const Vectors rows(500, std::vector<float>{1, 2, 3});
  Filled index(Metric::l2, rows);
  std::size_t pages = index.pages.count();
  EXPECT_EQ(index.vacuum({250}).tids_left, 1u);
  EXPECT_EQ(index.search({0, 0, 0}, 10), std::vector<std::size_t>{250});
  // Freed places are filled again before new lists are made.
  for (std::size_t i = 0; i < 249; ++i) index.insert(rows[i], i);
  EXPECT_EQ(index.search({0, 0, 0}, 10).size(), 250u);
  EXPECT_EQ(index.pages.count(), pages);
  index.vacuum({});
  EXPECT_TRUE(index.search({0, 0, 0}, 10).empty());
}

TEST(Vacuum, TheEntryPointMayDie) {
  const Vectors rows = clustered(1000, 8, 13);
  Filled index(Metric::l2, rows);
  std::set<std::size_t> alive = all_rows(rows.size());
  for (int round = 0; round < 20; ++round) {
    hnsw::FlatArray<hnsw::HeapTid> tids;
    NodeId entry = index.graph.entry_point().id;
    index.graph.read_element(
        entry, [&](const hnsw::ElementSlot* e) { tids.push_back(index.pages, e->tid); });
    alive.erase(row_of(tids[0]));
    index.vacuum(alive);
    EXPECT_NE(index.graph.entry_point().id, entry);
  }
  EXPECT_GE(mean_recall(index, Metric::l2, rows, alive, clustered(50, 8, 14), 10, 100), 0.99);
}

TEST(Vacuum, AReusedSlotIsNotTakenForTheOldElement) {
  const Vectors rows = clustered(100, 8, 16), others = clustered(100, 8, 160);
  Filled index(Metric::l2, rows);
  std::vector<std::byte> query(index.codec.query_bytes());
  index.codec.prepare_query(rows[3].data(), query.data());
  index.graph.open_query(query.data());
  std::span<hnsw::Candidate> found = hnsw::search(index.graph, index.scratch, 30);
  std::vector<hnsw::Candidate> kept(found.begin(), found.end());
  index.vacuum({});
  std::size_t pages = index.pages.count();
  // The first vectors return, but not to where they were.
  for (std::size_t i = 0; i < 50; ++i) index.insert(others[i], 1000 + i);
  for (std::size_t i = 0; i < 50; ++i) index.insert(rows[i], i);
  ASSERT_EQ(index.pages.count(), pages);
  index.graph.open_query(query.data());
  std::size_t reused = 0, answers = 0;
  for (const hnsw::Candidate& candidate : kept) {
    index.graph.read_element(candidate.id, [&](const hnsw::ElementSlot* element) {
      reused += element->state == hnsw::NodeState::live;
    });
    for (hnsw::HeapTid tid : index.result_tids(candidate)) {
      ++answers;
      EXPECT_FLOAT_EQ(exact_distance(Metric::l2, rows[3], rows.at(row_of(tid))),
                      candidate.distance);
    }
  }
  EXPECT_EQ(reused, kept.size());
  EXPECT_EQ(answers, 0u);
}

// Few edges lead from one cluster to another; when they die, others must take their place.
TEST(Vacuum, ClustersFarApartStayConnected) {
  for (int m : {2, 4, 8, 16}) {
    for (unsigned seed = 0; seed < 5; ++seed) {
      std::mt19937 random(seed);
      std::normal_distribution<float> gauss;
      Vectors rows;
      for (int cluster = 0; cluster < 5; ++cluster) {
        std::vector<float> center(100);
        for (float& x : center) x = 30 * gauss(random);
        for (int i = 0; i < 100; ++i) {
          rows.push_back(center);
          for (float& x : rows.back()) x += gauss(random);
        }
      }
      Filled index(Metric::l2, rows, m);
      std::set<std::size_t> alive;
      for (std::size_t i = 1; i < rows.size(); i += 2) alive.insert(i);
      index.vacuum(alive);
      std::vector<std::size_t> found = index.search(rows[1], rows.size());
      EXPECT_EQ(found.size(), alive.size()) << "m " << m << ", seed " << seed;
    }
  }
}

// A slot that got the very same vector again answers: nothing tells it from before.
TEST(Vacuum, AReusedSlotWithAnEqualElementAnswers) {
  const Vectors rows = clustered(100, 8, 16);
  Filled index(Metric::l2, rows);
  std::vector<std::byte> query(index.codec.query_bytes());
  index.codec.prepare_query(rows[3].data(), query.data());
  index.graph.open_query(query.data());
  hnsw::Candidate nearest = hnsw::search(index.graph, index.scratch, 30)[0];
  index.vacuum({});
  for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], 1000 + i);
  index.graph.open_query(query.data());
  const std::vector<hnsw::HeapTid> tids = index.result_tids(nearest);
  ASSERT_EQ(tids.size(), 1u);
  EXPECT_EQ(row_of(tids[0]), 1003u);
}

// What a crash in the middle of a vacuum leaves behind is seen to by the next one.
TEST(Vacuum, IsCompletedByTheNextOne) {
  const Vectors rows = clustered(500, 8, 25);
  auto is_dead = [](std::size_t row) { return row % 2 == 0; };
  std::set<std::size_t> alive;
  for (std::size_t i = 1; i < rows.size(); i += 2) alive.insert(i);
  for (int steps = 0; steps <= StagedVacuum::kSteps; ++steps) {
    Filled index(Metric::l2, rows);
    Session crashed(index.store());
    StagedVacuum(index, crashed, is_dead).advance_to(steps);
    for (std::size_t i = 0; i < 10; ++i) index.insert(rows[i], 1000 + i);
    std::set<std::size_t> present = alive;
    for (std::size_t i = 0; i < 10; ++i) present.insert(1000 + i);
    index.vacuum(present);
    EXPECT_EQ(Inspection(index).problems(present, rows[0]), "") << "after " << steps << " steps";
  }
}

}  // namespace
}  // namespace vec::test
