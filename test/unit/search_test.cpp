// Searches that go on: every node exactly once, nearest batches first.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"
#include "metric_name.hpp"

namespace vec::test {
namespace {

constexpr std::size_t kRows = 3000;
constexpr std::size_t kDimensions = 16;

class ResumedSearch : public testing::TestWithParam<Metric> {
 protected:
  ResumedSearch()
      : rows_(clustered(kRows, kDimensions, 71)),
        index_(GetParam(), rows_, parameters_for(GetParam(), 8, 40)),
        query_(index_.codec.query_bytes()) {
    for (std::size_t i = 0; i < rows_.size(); ++i) index_.insert(rows_[i], i);
    index_.repair_reachability();
  }

  std::vector<std::vector<hnsw::Candidate>> all_batches(const std::vector<float>& query,
                                                        std::size_t ef) {
    index_.codec.prepare_query(query.data(), query_.data());
    index_.graph.open_query(query_.data());
    std::vector<std::vector<hnsw::Candidate>> batches;
    hnsw::Scratch scratch;
    std::span<hnsw::Candidate> found = hnsw::search(index_.graph, scratch, ef);
    while (!found.empty()) {
      batches.emplace_back(found.begin(), found.end());
      found = hnsw::resume_search(index_.graph, scratch, ef);
    }
    return batches;
  }

  Vectors rows_;
  MemoryIndex index_;
  std::vector<std::byte> query_;
};

TEST_P(ResumedSearch, ReturnsEveryNodeOnce) {
  for (std::size_t ef : {1u, 7u, 40u, 500u, 10000u}) {
    std::set<hnsw::NodeId> seen;
    std::size_t returned = 0;
    for (const auto& batch : all_batches(rows_[5], ef)) {
      EXPECT_LE(batch.size(), ef);
      for (const hnsw::Candidate& candidate : batch) seen.insert(candidate.id);
      returned += batch.size();
    }
    EXPECT_EQ(returned, kRows) << "ef " << ef;
    EXPECT_EQ(seen.size(), kRows) << "ef " << ef;
  }
}

TEST_P(ResumedSearch, BatchesAreInOrderAndHardlyOverlap) {
  std::size_t late = 0;
  for (std::size_t query = 0; query < 20; ++query) {
    float farthest = -std::numeric_limits<float>::infinity();
    for (const auto& batch : all_batches(rows_[query], 40)) {
      EXPECT_TRUE(std::is_sorted(batch.begin(), batch.end(), hnsw::nearer));
      for (const hnsw::Candidate& candidate : batch) late += candidate.distance < farthest;
      farthest = std::max(farthest, batch.back().distance);
    }
  }
  // What is near by inner product is not near each other: more comes to light late.
  const std::size_t percent = GetParam() == Metric::inner_product ? 30 : 10;
  EXPECT_LT(late, 20 * kRows * percent / 100);
}

// Going on in small steps finds what one wide search finds.
TEST_P(ResumedSearch, FindsTheNearestInSmallSteps) {
  std::size_t hits = 0;
  constexpr std::size_t kNearest = 100;
  for (std::size_t query = 0; query < 20; ++query) {
    std::vector<float> exact;
    std::vector<float> found;
    for (const auto& batch : all_batches(rows_[query], 10000)) {
      for (const hnsw::Candidate& candidate : batch) exact.push_back(candidate.distance);
    }
    std::sort(exact.begin(), exact.end());
    for (const auto& batch : all_batches(rows_[query], 20)) {
      if (found.size() >= 2 * kNearest) break;
      for (const hnsw::Candidate& candidate : batch) found.push_back(candidate.distance);
    }
    for (float distance : found) hits += distance <= exact[kNearest - 1];
  }
  EXPECT_GE(hits, 20 * kNearest * 95 / 100);
}

TEST(ResumedSearchOfNothing, EndsAtOnce) {
  const Vectors rows = clustered(1, 4, 3);
  MemoryIndex index(Metric::l2, rows, parameters_for(Metric::l2, 8, 40));
  std::vector<std::byte> query(index.codec.query_bytes());
  index.codec.prepare_query(rows[0].data(), query.data());
  index.graph.open_query(query.data());
  hnsw::Scratch scratch;
  EXPECT_TRUE(hnsw::search(index.graph, scratch, 10).empty());
  EXPECT_TRUE(hnsw::resume_search(index.graph, scratch, 10).empty());
}

INSTANTIATE_TEST_SUITE_P(Metrics, ResumedSearch,
                         testing::Values(Metric::l2, Metric::inner_product, Metric::cosine),
                         metric_name);

}  // namespace
}  // namespace vec::test
