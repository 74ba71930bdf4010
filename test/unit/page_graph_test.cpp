// The algorithms over pages: format, inserting, vacuum, damaged pages.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"

namespace vec::test {
namespace {

using hnsw::Geometry;
using hnsw::NodeId;

TEST(Geometry, ElementOf768DimensionsAt8BitsLeavesRoomFor8APage) {
  Geometry geometry(768 + 12, 16);
  EXPECT_EQ(geometry.elements_per_page(), 8u);
  EXPECT_EQ(geometry.first_list_level(), 1);
}

TEST(Geometry, EdgesMoveOutWhenTheCodeFillsThePage) {
  Geometry geometry(2000 * sizeof(float), 16);
  EXPECT_TRUE(geometry.fits());
  EXPECT_EQ(geometry.elements_per_page(), 1u);
  EXPECT_EQ(geometry.first_list_level(), 0);
  EXPECT_EQ(geometry.lists_of(0), 1);
  EXPECT_FALSE(Geometry(2100 * sizeof(float), 16).fits());
}

TEST(Geometry, EveryMHoldsItsListsAndTids) {
  for (int m = hnsw::kMinM; m <= hnsw::kMaxM; ++m) {
    for (std::size_t code : {4u, 512u, 3072u, 8000u}) {
      Geometry geometry(code, m);
      ASSERT_TRUE(geometry.fits());
      EXPECT_GE(geometry.max_level(), 4);
      EXPECT_LE(geometry.max_level(), 255);
      EXPECT_GE(geometry.tids_per_list(), 3u);
      EXPECT_LE(geometry.tids_per_list(), 255u);
      EXPECT_LE(geometry.elements_per_page() * geometry.element_bytes(), hnsw::kPageDataBytes);
      EXPECT_LE(geometry.lists_per_page() * geometry.list_bytes(), hnsw::kPageDataBytes);
    }
  }
}

TEST(EdgeLength, KeepsOrderAndPrecision) {
  float previous = -1;
  for (float length = 1e-37f; length < 1e37f; length *= 1.37f) {
    float decoded = hnsw::decode_length(hnsw::encode_length(length));
    EXPECT_NEAR(decoded / length, 1, 0.004);
    EXPECT_GE(decoded, previous);
    previous = decoded;
  }
  EXPECT_EQ(hnsw::decode_length(hnsw::encode_length(0)), 0);
  EXPECT_TRUE(
      std::isinf(hnsw::decode_length(hnsw::encode_length(std::numeric_limits<float>::infinity()))));
}

class PageGraphRecall : public testing::TestWithParam<Metric> {};

TEST_P(PageGraphRecall, IsAtLeast99PercentOnClusteredVectors) {
  const Metric metric = GetParam();
  Clustered source(100, 32, 1, metric == Metric::inner_product);
  const Vectors rows = source.draw(10000), queries = source.draw(100);
  Filled index(metric, rows);
  EXPECT_GE(mean_recall(index, metric, rows, all_rows(rows.size()), queries, 10, 100), 0.99);
}

INSTANTIATE_TEST_SUITE_P(Metrics, PageGraphRecall,
                         testing::Values(Metric::l2, Metric::inner_product, Metric::cosine),
                         [](const auto& p) {
                           return p.param == Metric::l2       ? "l2"
                                  : p.param == Metric::cosine ? "cosine"
                                                              : "inner_product";
                         });

// Code sizes that put one element on a page, with the edges inside the slot and outside of it.
class PageGraphLayout : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(PageGraphLayout, FindsEveryRow) {
  auto [dimensions, m] = GetParam();
  const Vectors rows = clustered(300, dimensions, 6);
  Filled index(Metric::l2, rows, m, 2 * m + 20);
  std::size_t found = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::vector<std::size_t> nearest = index.search(rows[i], 300);
    found += !nearest.empty() && nearest[0] == i;
  }
  // Single inserts may leave a node without an incoming edge; a build repairs that, a search
  // cannot.
  EXPECT_GE(found, rows.size() * 95 / 100);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PageGraphLayout,
                         testing::Combine(testing::Values(1, 3, 100, 1000, 1960, 2000),
                                          testing::Values(5, 16, 100)));

// No row is lost: a search wide enough for all of them finds every one.
class PageGraphReachability : public testing::TestWithParam<std::tuple<Metric, int>> {
 protected:
  // Fraction of `alive` that a search as wide as the graph returns.
  static double found(PageIndex& index, const Vectors& rows, const std::set<std::size_t>& alive) {
    std::vector<std::size_t> all = index.search(rows[0], rows.size() + 1);
    std::set<std::size_t> distinct(all.begin(), all.end());
    EXPECT_EQ(all.size(), distinct.size());
    for (std::size_t row : distinct) EXPECT_EQ(alive.count(row), 1u);
    return double(distinct.size()) / double(alive.size());
  }
};

TEST_P(PageGraphReachability, SurvivesInsertsAndVacuum) {
  auto [metric, dimensions] = GetParam();
  const Vectors rows = Clustered(50, dimensions, 20, metric == Metric::inner_product).draw(5000);
  Filled index(metric, rows);
  std::set<std::size_t> alive = all_rows(rows.size());
  EXPECT_EQ(found(index, rows, alive), 1);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::size_t> removed;
    for (std::size_t i = round; i < rows.size(); i += 2) {
      if (alive.erase(i)) removed.push_back(i);
    }
    index.vacuum(alive);
    EXPECT_GE(found(index, rows, alive), 0.999) << "after vacuum, round " << round;
    for (std::size_t i : removed) {
      index.insert(rows[i], i);
      alive.insert(i);
    }
    EXPECT_GE(found(index, rows, alive), 0.999) << "after inserts, round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Metrics, PageGraphReachability,
                         testing::Combine(testing::Values(Metric::l2, Metric::inner_product,
                                                          Metric::cosine),
                                          testing::Values(8, 32)));

TEST(PageGraph, EqualVectorsFillTidLists) {
  const Vectors rows(5000, std::vector<float>{1, 2, 3});
  Filled index(Metric::l2, rows);
  std::vector<std::size_t> found = index.search({0, 0, 0}, 10);
  EXPECT_EQ(found.size(), rows.size());
  EXPECT_EQ(std::set<std::size_t>(found.begin(), found.end()).size(), rows.size());
  // 31 tids a list slot, 40 list slots a page: 5 pages of lists, 1 of elements, the metapage.
  EXPECT_EQ(index.pages.count(), 7u);
}

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
  std::set<std::size_t> found;
  for (std::size_t row : alive) {
    for (std::size_t f : index.search(rows[row], 20)) {
      ASSERT_EQ(alive.count(f), 1u);
      found.insert(f);
    }
  }
  EXPECT_EQ(found.size(), alive.size());
}

TEST(Vacuum, KeepsRecallWhenThreeQuartersDie) {
  Clustered source(80, 32, 8);
  const Vectors rows = source.draw(8000), queries = source.draw(100);
  Filled index(Metric::l2, rows);
  std::set<std::size_t> alive;
  Vectors kept;
  for (std::size_t i = 0; i < rows.size(); i += 4) {
    alive.insert(i);
    kept.push_back(rows[i]);
  }
  index.vacuum(alive);
  Filled fresh(Metric::l2, kept);
  double after = mean_recall(index, Metric::l2, rows, alive, queries, 10, 40);
  double rebuilt = mean_recall(fresh, Metric::l2, kept, all_rows(kept.size()), queries, 10, 40);
  EXPECT_GE(after, 0.97 * rebuilt);
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

TEST(Vacuum, InsertIntoAGraphWhoseElementsAreAllMarkedDeleted) {
  const Vectors rows = clustered(200, 8, 15);
  Filled index(Metric::l2, rows);
  hnsw::Vacuum<MemoryPages> vacuum(index.graph, index.scratch);
  vacuum.sweep(static_cast<std::uint32_t>(index.pages.count()), [](hnsw::HeapTid) { return true; });
  vacuum.look_for_entry_point();
  vacuum.replace_entry_point();
  hnsw::Scratch other;
  std::swap(other, index.scratch);
  EXPECT_EQ(index.insert(rows[17], 1017), hnsw::InsertOutcome::inserted);
  std::swap(other, index.scratch);
  vacuum.repair(static_cast<std::uint32_t>(index.pages.count()));
  vacuum.look_for_entry_point();
  vacuum.replace_entry_point();
  vacuum.free_deleted();
  EXPECT_EQ(index.search(rows[0], 10), std::vector<std::size_t>{1017});
}

TEST(Vacuum, AReusedSlotIsNotTakenForTheOldElement) {
  const Vectors rows = clustered(100, 8, 16);
  Filled index(Metric::l2, rows);
  std::vector<std::byte> query(index.codec.query_bytes());
  index.codec.prepare_query(rows[3].data(), query.data());
  index.graph.open_query(query.data());
  std::span<hnsw::Candidate> found = hnsw::search(index.graph, index.scratch, 10);
  std::vector<hnsw::Candidate> kept(found.begin(), found.end());
  index.vacuum({});
  for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[rows.size() - 1 - i], 1000 + i);
  index.graph.open_query(query.data());
  for (const hnsw::Candidate& candidate : kept) {
    hnsw::FlatArray<hnsw::HeapTid> tids;
    index.graph.result_tids(candidate.id, candidate.distance, tids);
    for (hnsw::HeapTid tid : tids.view()) {
      // Only a slot that got the very same vector again may answer.
      EXPECT_FLOAT_EQ(
          exact_distance(Metric::l2, rows[3], rows[rows.size() - 1 - (row_of(tid) - 1000)]),
          candidate.distance);
    }
  }
}

// Every byte of every page set to something else: each operation ends in Corrupted or an answer.
TEST(Damage, NeverCrashesOrHangs) {
  const Vectors rows = [] {
    Vectors v = clustered(60, 4, 17);
    for (std::size_t i = 0; i < 40; ++i) v.push_back(v[0]);
    return v;
  }();
  std::mt19937 random(18);
  int reported = 0;
  for (int round = 0; round < 3000; ++round) {
    Filled index(Metric::l2, Vectors(rows.begin(), rows.begin() + 1), 4, 8);
    for (std::size_t i = 1; i < rows.size(); ++i) index.insert(rows[i], i);
    for (int flip = 0; flip < 1 + round % 8; ++flip) {
      std::size_t block = random() % index.pages.count();
      std::size_t at = round % 2 ? random() % hnsw::kPageBytes : random() % 400;
      index.pages.raw(static_cast<std::uint32_t>(block))[at] = static_cast<std::byte>(random());
    }
    try {
      index.search(rows[random() % rows.size()], 20);
      index.insert({float(round), 1, 2, 3}, 5000);
      index.vacuum({1, 2, 3});
    } catch (const Corrupted&) {
      ++reported;
    }
  }
  EXPECT_GT(reported, 0);
}

TEST(Damage, AZeroedPageIsReported) {
  const Vectors rows = clustered(500, 16, 19);
  Filled index(Metric::l2, rows);
  std::fill_n(index.pages.raw(1), hnsw::kPageBytes, std::byte{0});
  EXPECT_THROW(index.search(rows[0], 200), Corrupted);
}

TEST(Damage, ACycleOfTidListsIsReported) {
  const Vectors rows(200, std::vector<float>{1, 2, 3});
  Filled index(Metric::l2, rows);
  const Geometry& geometry = index.graph.geometry();
  for (std::uint32_t slot = 0; slot < geometry.lists_per_page(); ++slot) {
    hnsw::ListSlot* list = geometry.list(index.pages.raw(2), slot);
    if (list->kind != hnsw::ListKind::heap_tids) continue;
    hnsw::ListId next;
    std::memcpy(&next, geometry.list_payload(list), sizeof next);
    if (next != hnsw::kNoList) continue;
    next = geometry.list_id(2, 0);
    std::memcpy(geometry.list_payload(list), &next, sizeof next);
  }
  EXPECT_THROW(index.search({0, 0, 0}, 10), Corrupted);
}

}  // namespace
}  // namespace vec::test
