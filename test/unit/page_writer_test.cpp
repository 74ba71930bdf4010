// PageWriter: a graph built in memory and the pages it becomes hold the same.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"
#include "vector/hnsw/write_pages.hpp"

namespace vec::test {
namespace {

using hnsw::Candidate;
using hnsw::NodeId;

// Rows in a memory graph, and the pages written from it.
class Written {
 public:
  Written(const Vectors& rows, int m, int ef_construction = 32)
      : store(Metric::l2, rows, parameters_for(Metric::l2, m, ef_construction)),
        memory(Metric::l2, rows, store.parameters) {
    for (std::size_t i = 0; i < rows.size(); ++i) memory.insert(rows[i], i);
    memory.repair_reachability();
    hnsw::PageWriter writer(memory.graph, store.geometry(), hnsw::kMetaBlock + 1, store.pages);
    writer.write();
    for (NodeId node = 0; node < memory.graph.size(); ++node)
      page_ids.push_back(writer.page_id(node));
    hnsw::EntryPoint entry_point = memory.graph.entry_point();
    if (entry_point.id != hnsw::kNoNode) {
      store.write_entry_point({page_ids.at(entry_point.id), entry_point.level});
    }
  }

  void expect_equal_to_memory() {
    Session session(store);
    for (NodeId node = 0; node < memory.graph.size(); ++node) {
      SCOPED_TRACE(testing::Message() << "node " << node);
      int level = -1;
      std::vector<std::size_t> rows;
      hnsw::ListId further = hnsw::kNoList;
      session.graph.read_element(page_ids[node], [&](const hnsw::ElementSlot* element) {
        EXPECT_EQ(element->state, hnsw::NodeState::live);
        EXPECT_EQ(std::memcmp(store.geometry().code(element), memory.graph.code(node),
                              store.codec.code_bytes()),
                  0);
        EXPECT_EQ(element->append_tids, element->further_tids);
        level = element->level;
        rows.push_back(row_of(element->tid));
        further = element->further_tids;
      });
      ASSERT_EQ(level, memory.graph.level(node));
      for (int l = 0; l <= level; ++l) expect_equal_edges(session, node, l);

      std::size_t in_first_list = 0, lists = 0;
      session.graph.read_tid_lists(page_ids[node], further,
                                   [&](hnsw::ListId, std::span<const hnsw::HeapTid> tids) {
                                     if (lists++ == 0) in_first_list = tids.size();
                                     for (hnsw::HeapTid tid : tids) rows.push_back(row_of(tid));
                                   });
      std::vector<std::size_t> expected{row_of(memory.graph.first_tid(node))};
      for (const auto* link = memory.graph.further_tids(node); link;
           link = memory.graph.next_tid(link))
        expected.push_back(row_of(link->tid));
      ASSERT_EQ(rows, expected);
      // All but the first list are full.
      const std::size_t capacity = store.geometry().tids_per_list();
      ASSERT_EQ(lists, (rows.size() - 1 + capacity - 1) / capacity);
      if (lists > 0) {
        ASSERT_EQ(rows.size() - 1, in_first_list + (lists - 1) * capacity);
      }
    }
  }

  PageStore store;
  MemoryIndex memory;
  std::vector<NodeId> page_ids;

 private:
  void expect_equal_edges(Session& session, NodeId node, int level) {
    Candidate edges[hnsw::kMaxNeighbors];
    std::size_t count = session.graph.edges(page_ids[node], level, edges);
    Candidate expected[hnsw::kMaxNeighbors];
    ASSERT_EQ(count, memory.graph.edges(node, level, expected));
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(edges[i].id, page_ids.at(expected[i].id));
      ASSERT_EQ(edges[i].distance, hnsw::decode_length(hnsw::encode_length(expected[i].distance)));
    }
  }
};

struct Shape {
  std::size_t rows, dimensions;
  int m;
  // For every tenth vector, further equal rows.
  std::size_t copies;
};
void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.rows << " rows, " << shape.dimensions << " dimensions, m " << shape.m << ", "
       << shape.copies << " copies";
}

class PageWriterTest : public testing::TestWithParam<Shape> {
 protected:
  static Vectors draw_rows() {
    Vectors rows = clustered(GetParam().rows, GetParam().dimensions, 26);
    for (std::size_t i = 0; i < GetParam().rows; i += 10)
      rows.insert(rows.end(), GetParam().copies, rows[i]);
    return rows;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Shapes, PageWriterTest,
    testing::Values(Shape{1, 3, 2, 0}, Shape{1, 3, 16, 5000}, Shape{1, 3, 16, 31 * 40},
                    Shape{3000, 3, 2, 0},      // upper levels of half of all: lists cross pages
                    Shape{1000, 3, 2, 100},    // neighbors and heap tids take turns
                    Shape{300, 8, 100, 400},   // big lists
                    Shape{200, 1000, 16, 50},  // one element a page
                    Shape{150, 2000, 16, 50},  // level 0 outside the slot
                    Shape{100, 2000, 100, 0},  // and few lists a page
                    Shape{100, 2000, 2, 10}));

TEST_P(PageWriterTest, WritesWhatIsInMemory) {
  const Vectors rows = draw_rows();
  Written written(rows, GetParam().m);
  written.expect_equal_to_memory();
  EXPECT_EQ(Inspection(written.store).problems(all_rows(rows.size()), rows[0]), "");
}

TEST_P(PageWriterTest, InsertsAndVacuumGoOnInItsPages) {
  const Vectors rows = draw_rows();
  Written written(rows, GetParam().m);
  Session session(written.store);
  const Vectors more = clustered(100, GetParam().dimensions, 27);
  std::set<std::size_t> alive = all_rows(rows.size());
  for (std::size_t i = 0; i < 100; ++i) {
    const std::size_t row = 100000 + i;
    session.insert(i % 3 == 0 ? rows[i % rows.size()] : more[i], row);
    alive.insert(row);
  }
  EXPECT_EQ(Inspection(written.store).problems(alive, rows[0]), "");
  for (std::size_t i = 0; i < rows.size(); i += 2) alive.erase(i);
  session.vacuum(alive);
  EXPECT_EQ(Inspection(written.store).problems(alive, rows[0]), "");
}

TEST(WrittenPages, AnEmptyGraphHasNoPages) {
  PageStore store(Metric::l2, {{1, 2, 3}}, parameters_for(Metric::l2, 16, 32));
  MemoryIndex memory(Metric::l2, {{1, 2, 3}}, store.parameters);
  hnsw::PageWriter(memory.graph, store.geometry(), hnsw::kMetaBlock + 1, store.pages).write();
  EXPECT_EQ(store.pages.count(), 1u);
  Session session(store);
  EXPECT_TRUE(session.search({0, 0, 0}, 10).empty());
  session.insert({1, 2, 3}, 7);
  EXPECT_EQ(session.search({0, 0, 0}, 10), std::vector<std::size_t>{7});
}

// The last element page and the last list page are filled up before others are made.
TEST(WrittenPages, FreeSlotsOfTheLastPagesAreUsed) {
  const Vectors rows = clustered(100, 8, 28);
  Written written(rows, 16);
  const hnsw::Geometry geometry = written.store.geometry();
  Session session(written.store);
  const std::size_t pages = written.store.pages.count();
  const std::size_t left =
      geometry.elements_per_page() - rows.size() % geometry.elements_per_page();
  ASSERT_GT(left, 5u);
  const Vectors more = clustered(left, 8, 29);
  std::size_t i = 0;
  for (; i < left; ++i) session.insert(more[i], 1000 + i, i == 0 ? 1 : 0);
  EXPECT_EQ(written.store.pages.count(), pages);
  session.insert(clustered(1, 8, 30)[0], 2000, 0);
  EXPECT_EQ(written.store.pages.count(), pages + 1);
}

}  // namespace
}  // namespace vec::test
