// What an insert into pages costs: page accesses and changes, counted.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"

namespace vec::test {
namespace {

struct Cost {
  double accesses, changes;
};

class InsertCost : public testing::Test {
 protected:
  InsertCost() {
    for (std::size_t i = 0; i < kRows; ++i) session_.insert(rows_[i], i);
  }

  template <class Action>
  Cost of(Action action) {
    const std::size_t accesses = store_.pages.accesses, changes = store_.pages.updates;
    for (std::size_t i = 0; i < kMore; ++i) action(i);
    return {double(store_.pages.accesses - accesses) / kMore,
            double(store_.pages.updates - changes) / kMore};
  }

  static constexpr std::size_t kRows = 5000, kMore = 200;
  Vectors rows_ = clustered(kRows + kMore, 32, 41);
  PageStore store_{Metric::l2, rows_, parameters_for(Metric::l2, 16, 64)};
  Session session_{store_};
};

// Of the nodes it meets it reads each once, and the lists it links back to change four pages at a
// time.
TEST_F(InsertCost, ANodeIsReadOnce) {
  const std::size_t measured = session_.scratch.measured;
  const Cost cost = of([&](std::size_t i) { session_.insert(rows_[kRows + i], kRows + i); });
  const double distances = double(session_.scratch.measured - measured) / kMore;
  EXPECT_GT(distances, 200);
  EXPECT_LT(cost.accesses, distances + 40);
  EXPECT_LT(cost.changes, 8);
}

TEST_F(InsertCost, AStoredVectorIsFoundByAShortSearch) {
  const Cost full = of([&](std::size_t i) { session_.insert(rows_[kRows + i], kRows + i); });
  std::size_t joined = 0;
  const Cost repeated = of([&](std::size_t i) {
    session_.open(rows_[i * 20], 10000 + i);
    joined += hnsw::join_stored_equal(session_.graph, session_.scratch);
  });
  EXPECT_GE(joined, kMore * 95 / 100);
  // With more dimensions and rows the difference is larger.
  EXPECT_LT(repeated.accesses, full.accesses / 2);
  for (std::size_t i = 0; i < kMore; i += 10) {
    const std::vector<std::size_t> found = session_.search(rows_[i * 20], 40);
    EXPECT_EQ(std::count(found.begin(), found.end(), 10000 + i), 1) << "row " << i * 20;
  }
}

// A page that was just made holds nothing that would have to be logged.
TEST(UsedPart, GrowsWithTheSlotsInUse) {
  const Vectors rows = clustered(20, 128, 42);
  PageStore store(Metric::l2, rows, parameters_for(Metric::l2, 16, 64));
  Session session(store);
  const hnsw::Geometry geometry = store.geometry();
  const std::uint32_t per_page = geometry.elements_per_page();
  ASSERT_GT(per_page, 2u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    session.insert(rows[i], i, 0);
    const auto last = static_cast<std::uint32_t>(store.pages.count() - 1);
    const std::byte* page = store.pages.raw(last);
    const auto expected = static_cast<std::uint32_t>(i % per_page + 1);
    EXPECT_EQ(hnsw::used_slots(page, geometry, hnsw::PageKind::elements), expected);
    EXPECT_EQ(hnsw::used_bytes(page), expected * geometry.element_bytes());
    // The rest is zero: it is not in the log.
    for (std::size_t at = hnsw::kPageHeaderBytes + hnsw::used_bytes(page);
         at < hnsw::kPageHeaderBytes + hnsw::kPageDataBytes; ++at) {
      ASSERT_EQ(page[at], std::byte{0});
    }
  }
}

}  // namespace
}  // namespace vec::test
