// Damaged pages: reported, or harmless.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"

namespace vec::test {
namespace {

using hnsw::Geometry;

// Bytes of pages set to something else: each operation ends in Corrupted or an answer.
TEST(Damage, NeverCrashesOrHangs) {
  Vectors rows = clustered(60, 4, 17);
  for (std::size_t i = 0; i < 40; ++i) rows.push_back(rows[0]);
  Filled index(Metric::l2, rows, 4, 8);
  const MemoryPages::Snapshot sound = index.pages.snapshot();
  // A damaged reference may lead to a page of the other kind.
  index.pages.check_lock_order = false;
  std::mt19937 random(18);
  const int rounds = 6000;
  int reported = 0, reported_at_once = 0;
  for (int round = 0; round < rounds; ++round) {
    index.pages.restore(sound);
    Session session(index.store());
    for (int flip = 0; flip < 1 + round % 8; ++flip) {
      std::size_t block = random() % index.pages.count();
      std::size_t at = round % 2 ? random() % hnsw::kPageBytes : random() % 400;
      index.pages.raw(static_cast<std::uint32_t>(block))[at] = static_cast<std::byte>(random());
    }
    bool searched = false;
    try {
      session.search(rows[random() % rows.size()], 20);
      searched = true;
      session.insert({float(round), 1, 2, 3}, 5000);
      session.vacuum({1, 2, 3});
    } catch (const Corrupted&) {
      ++reported;
      reported_at_once += !searched;
    }
  }
  // Most bytes are vectors, lengths of edges or unused; what is in references and headers is seen.
  EXPECT_GT(reported, rounds * 3 / 10);
  EXPECT_LT(reported, rounds * 6 / 10);
  EXPECT_GT(reported_at_once, rounds / 10);
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

TEST(Damage, AnInvalidTidInAListIsReported) {
  const Vectors rows(200, std::vector<float>{1, 2, 3});
  Filled index(Metric::l2, rows);
  const Geometry& geometry = index.graph.geometry();
  hnsw::ListSlot* list = geometry.list(index.pages.raw(2), 0);
  ASSERT_EQ(list->kind, hnsw::ListKind::heap_tids);
  ASSERT_GT(list->count, 0);
  std::byte* tids = geometry.list_payload(list) + sizeof(hnsw::ListId);
  std::memcpy(tids, &hnsw::kNoTid, sizeof hnsw::kNoTid);
  EXPECT_THROW(index.search({0, 0, 0}, 10), Corrupted);
  Session session(index.store());
  EXPECT_THROW(session.vacuum({1}), Corrupted);
}

}  // namespace
}  // namespace vec::test
