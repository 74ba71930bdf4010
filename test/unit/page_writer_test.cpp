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

std::vector<std::size_t> sorted(std::vector<std::size_t> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
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
  Session session(written.store);
  for (const auto& query : clustered(10, GetParam().dimensions, 32)) {
    // Sorted: a graph of few edges may have two nodes of one vector, whose order is that of ids.
    EXPECT_EQ(sorted(session.search(query, 20)), sorted(written.memory.search(query, 20)));
  }
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

// In a graph built in memory not everything can be reached from everywhere, only from its entry
// point.
TEST(PageWriterOfClustersFarApart, AnInsertedEntryPointLeadsToAllThatTheOneBeforeItDid) {
  int full_lists = 0;
  for (int m : {2, 4}) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(testing::Message() << "m " << m << ", seed " << seed);
      Vectors rows = Clustered(3, 8, seed).draw(301);
      const std::vector<float> last = rows.back();
      rows.pop_back();
      Written written(rows, m, 16);
      Session session(written.store);
      const hnsw::EntryPoint before = session.graph.entry_point();
      session.insert(last, 300, before.level + 1);
      EXPECT_EQ(Inspection(written.store).problems(all_rows(301), last), "");
      std::vector<NodeId> neighbors(session.graph.max_neighbors(0));
      const NodeId node = session.graph.entry_point().id;
      const std::size_t count = session.graph.neighbors(node, 0, neighbors);
      EXPECT_EQ(std::count(neighbors.begin(), neighbors.begin() + count, before.id), 1);
      full_lists += count == neighbors.size();
    }
  }
  // Where the edge takes the place of another one.
  EXPECT_GT(full_lists, 0);
}

// The same graph, but only every third id is used.
class Gapped {
 public:
  explicit Gapped(hnsw::MemoryGraph<SharedArena>& graph) : graph_(&graph) {}
  void* allocate(std::size_t bytes) { return graph_->allocate(bytes); }
  void check_interrupts() {}
  std::size_t size() const { return graph_->size(); }
  std::size_t id_limit() const { return 3 * graph_->size() + 5; }
  template <class Use>
  void for_each_node(Use use) {
    graph_->for_each_node([&](NodeId node) { use(outer(node)); });
  }
  std::size_t max_neighbors(int level) const { return graph_->max_neighbors(level); }
  std::size_t neighbors(NodeId id, int level, std::span<NodeId> out) const {
    const std::size_t count = graph_->neighbors(inner(id), level, out);
    for (NodeId& neighbor : out.first(count)) neighbor = outer(neighbor);
    return count;
  }
  std::size_t edges(NodeId id, int level, std::span<Candidate> out) const {
    const std::size_t count = graph_->edges(inner(id), level, out);
    for (Candidate& edge : out.first(count)) edge.id = outer(edge.id);
    return count;
  }
  int level(NodeId id) const { return graph_->level(inner(id)); }
  const std::byte* code(NodeId id) const { return graph_->code(inner(id)); }
  std::size_t code_bytes() const { return graph_->code_bytes(); }
  hnsw::HeapTid first_tid(NodeId id) const { return graph_->first_tid(inner(id)); }
  const hnsw::TidLink* further_tids(NodeId id) const { return graph_->further_tids(inner(id)); }
  const hnsw::TidLink* next_tid(const hnsw::TidLink* link) const { return graph_->next_tid(link); }

  static NodeId outer(NodeId node) { return 3 * node + 2; }

 private:
  static NodeId inner(NodeId id) {
    if (id % 3 != 2) throw std::logic_error("this id is not in use");
    return id / 3;
  }

  hnsw::MemoryGraph<SharedArena>* graph_;
};

TEST_P(PageWriterTest, GapsBetweenIdsDoNotShow) {
  Written written(draw_rows(), GetParam().m);
  Gapped graph(written.memory.graph);
  MemoryPages pages;
  hnsw::PageWriter writer(graph, written.store.geometry(), hnsw::kMetaBlock + 1, pages);
  writer.write();
  for (NodeId node = 0; node < written.page_ids.size(); ++node) {
    ASSERT_EQ(writer.page_id(Gapped::outer(node)), written.page_ids[node]);
  }
  ASSERT_EQ(pages.count(), written.store.pages.count());
  for (std::uint32_t block = hnsw::kMetaBlock + 1; block < pages.count(); ++block) {
    ASSERT_EQ(std::memcmp(pages.raw(block), written.store.pages.raw(block), hnsw::kPageBytes), 0)
        << "block " << block;
  }
}

// A page that holds several elements of a batch is locked once for all of them, and their results
// are in order nevertheless.
TEST(WrittenPages, ABatchVisitsAPageOnce) {
  const Vectors rows = clustered(1000, 64, 33);
  Written written(rows, 16);
  Session session(written.store);
  MemoryPages& pages = written.store.pages;
  const hnsw::Geometry geometry = written.store.geometry();
  std::vector<std::byte> query(written.store.codec.query_bytes());
  written.store.codec.prepare_query(rows[0].data(), query.data());
  session.graph.open_query(query.data());

  std::vector<Candidate> found;
  for (const Candidate& candidate : hnsw::search(session.graph, session.scratch, 30))
    found.push_back(candidate);
  ASSERT_EQ(found.size(), 30u);
  std::vector<NodeId> ids;
  std::set<std::uint32_t> blocks;
  for (const Candidate& candidate : found) {
    ids.push_back(candidate.id);
    blocks.insert(geometry.block_of(candidate.id));
  }
  ASSERT_LT(blocks.size(), found.size());

  std::vector<hnsw::Measurement> measurements(ids.size());
  pages.reads = 0;
  session.graph.distances(ids, measurements);
  EXPECT_EQ(pages.reads, blocks.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(measurements[i].distance, found[i].distance);
    EXPECT_EQ(measurements[i].state, hnsw::NodeState::live);
  }

  hnsw::FlatArray<hnsw::ResultRow> results;
  pages.reads = 0;
  session.graph.read_results(found, results);
  EXPECT_EQ(pages.reads, blocks.size());
  ASSERT_EQ(results.size(), found.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(results[i].node, found[i].id);
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
