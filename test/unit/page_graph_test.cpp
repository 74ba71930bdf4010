// The algorithms over pages: format, inserting, free space.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"
#include "metric_name.hpp"

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
                         metric_name);

// Code sizes that put one element on a page, with the edges inside the slot and outside of it.
class PageGraphLayout : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(PageGraphLayout, FindsEveryRow) {
  auto [dimensions, m] = GetParam();
  const Vectors rows = clustered(300, dimensions, 6);
  Filled index(Metric::l2, rows, m, 2 * m + 20);
  EXPECT_EQ(Inspection(index).problems(all_rows(rows.size()), rows[0]), "");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(index.search(rows[i], 300).at(0), i);
  }
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

// ---- a free space map that tells lies ----

class StaleFreeSpace : public testing::TestWithParam<int> {
 protected:
  // Inserts all rows. One question in two is answered with a block that `choose` picks.
  template <class Choose>
  void insert_misdirected(PageIndex& index, const Vectors& rows, Choose choose) {
    index.pages.misdirect = [&](hnsw::PageKind kind) {
      return random_() % 2 == 0 ? choose(kind) : hnsw::kNoBlock;
    };
    for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
    index.pages.misdirect = nullptr;
  }
  // Distinct vectors, then equal ones for lists of rows.
  static Vectors draw_rows() {
    Vectors rows = clustered(1500, 24, 23);
    for (std::size_t i = 0; i < 1500; ++i) rows.push_back(rows[i % 5]);
    return rows;
  }
  std::mt19937 random_{24};
};

INSTANTIATE_TEST_SUITE_P(M, StaleFreeSpace, testing::Values(2, 16));

TEST_P(StaleFreeSpace, FullPagesAreSkipped) {
  const Vectors rows = draw_rows();
  Filled honest(Metric::l2, rows, GetParam());
  PageIndex index(Metric::l2, rows, parameters_for(Metric::l2, GetParam(), 64));
  insert_misdirected(index, rows, [&](hnsw::PageKind kind) {
    for (std::uint32_t block = 1; block < index.pages.count(); ++block) {
      if (hnsw::read_trailer(index.pages.raw(block)).kind == kind) return block;
    }
    return hnsw::kNoBlock;
  });
  EXPECT_EQ(Inspection(index).problems(all_rows(rows.size()), rows[0]), "");
  EXPECT_LE(index.pages.count(), honest.pages.count() + 2);
}

TEST_P(StaleFreeSpace, PagesOfAnyKindAreTried) {
  const Vectors rows = draw_rows();
  Filled honest(Metric::l2, rows, GetParam());
  PageIndex index(Metric::l2, rows, parameters_for(Metric::l2, GetParam(), 64));
  // A page of the wrong kind may be locked together with one of the right kind.
  index.pages.check_lock_order = false;
  insert_misdirected(index, rows, [&](hnsw::PageKind) {
    auto blocks = static_cast<std::uint32_t>(index.pages.count());
    return blocks > 1 ? 1 + static_cast<std::uint32_t>(random_()) % (blocks - 1) : hnsw::kNoBlock;
  });
  EXPECT_EQ(Inspection(index).problems(all_rows(rows.size()), rows[0]), "");
  // What is known of a page's space is lost when it is taken for one of the other kind; the next
  // vacuum finds it.
  EXPECT_LE(index.pages.count(), 2 * honest.pages.count());
  std::size_t pages = index.pages.count();
  index.vacuum(all_rows(rows.size()));
  for (const auto& x : clustered(30, 24, 25)) index.insert(x, 10000);
  EXPECT_EQ(index.pages.count(), pages);
}

TEST_P(StaleFreeSpace, PagesThatWereNeverFormattedStayUnused) {
  const Vectors rows = draw_rows();
  Filled honest(Metric::l2, rows, GetParam());
  PageIndex index(Metric::l2, rows, parameters_for(Metric::l2, GetParam(), 64));
  std::uint32_t zeroes[] = {index.pages.append_zeroes(), index.pages.append_zeroes()};
  insert_misdirected(index, rows, [&](hnsw::PageKind kind) {
    // At times the same for both.
    return zeroes[kind == hnsw::PageKind::elements ? 0 : random_() % 2];
  });
  EXPECT_EQ(Inspection(index).problems(all_rows(rows.size()), rows[0]), "");
  EXPECT_LE(index.pages.count(), honest.pages.count() + 4);
}

}  // namespace
}  // namespace vec::test
