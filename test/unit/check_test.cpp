// The checker: silent on sound indexes, also while others change them, and not on damaged ones.
#include <gtest/gtest.h>

#include <limits>

#include "check_fixture.hpp"

namespace vec::test {
namespace {

using hnsw::ElementSlot;
using hnsw::Geometry;
using hnsw::ListId;
using hnsw::ListKind;
using hnsw::ListSlot;
using hnsw::NodeId;
using hnsw::NodeState;

// ---- sound ----

struct Shape {
  Metric metric;
  std::size_t dimensions;
  int m;
};
constexpr Shape kShapes[] = {{Metric::l2, 3, 2},
                             {Metric::inner_product, 8, 4},
                             {Metric::cosine, 40, 16},
                             {Metric::l1, 500, 4},
                             {Metric::l2, 2000, 2}};

Vectors rows_of(const Shape& shape, std::size_t count) {
  Vectors rows = clustered(count, shape.dimensions, 41);
  for (std::size_t i = 0; i < count / 2; ++i) rows[2 * i] = rows[i % 7];
  return rows;
}

TEST(Check, IsSilentOnSoundIndexes) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.dimensions);
    const Vectors rows = rows_of(shape, 300);
    PageIndex index(shape.metric, rows, parameters_for(shape.metric, shape.m, 16));
    EXPECT_EQ(check(index).fault, "") << "empty";
    for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], i);
    EXPECT_EQ(check(index).fault, "");
    EXPECT_EQ(check(index).unreachable, 0);
    std::set<std::size_t> alive;
    for (std::size_t i = 0; i < rows.size(); i += 3) alive.insert(i);
    index.vacuum(alive);
    index.pages.append_zeroes();
    EXPECT_EQ(check(index).fault, "") << "after vacuum";
    EXPECT_EQ(check(index).unreachable, 0);
    for (std::size_t i = 0; i < rows.size(); ++i) index.insert(rows[i], 1000 + i);
    EXPECT_EQ(check(index).fault, "") << "after more inserts";
    index.vacuum({});
    EXPECT_EQ(check(index).fault, "") << "after everything is gone";
  }
}

// Each state in which a crash can leave a vacuum.
TEST(Check, IsSilentInTheMiddleOfAVacuum) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.dimensions);
    const Vectors rows = rows_of(shape, 200);
    Filled index(shape.metric, rows, shape.m, 16);
    const MemoryPages::Snapshot start = index.pages.snapshot();
    const auto is_dead = [](std::size_t row) { return row % 2 == 0 || row < 20; };
    bool ended = false;
    for (int accesses = 1; !ended; accesses += accesses / 10 + 1) {
      index.pages.restore(start);
      Session session(index.store());
      StagedVacuum vacuum(index.store(), session, is_dead);
      struct Crash {};
      int left = accesses;
      index.pages.before_access = [&] {
        if (left-- == 0) throw Crash();
      };
      ended = true;
      try {
        vacuum.finish();
      } catch (const Crash&) {
        ended = false;
      }
      index.pages.before_access = nullptr;
      ASSERT_EQ(check(index).fault, "") << "after " << accesses << " accesses";
    }
  }
}

// At each point where the checker holds no lock: rows are deleted, a vacuum frees their elements
// and lists, and inserts take some of the slots.
TEST(Check, IsSilentWhileOthersVacuumAndInsert) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.dimensions);
    const Vectors rows = rows_of(shape, 120);
    Filled index(shape.metric, rows, shape.m, 16);
    const Vectors more = clustered(20, shape.dimensions, 43);
    const MemoryPages::Snapshot start = index.pages.snapshot();
    bool happened = true;
    for (int point = 0; happened; ++point) {
      index.pages.restore(start);
      Session other(index.store());
      int to_pass = point;
      happened = false;
      index.pages.before_access = [&] {
        if (happened || to_pass-- > 0) return;
        happened = true;
        std::set<std::size_t> alive;
        for (std::size_t i = 0; i < rows.size(); i += 4) alive.insert(i);
        other.vacuum(alive);
        for (std::size_t i = 0; i < more.size(); ++i) other.insert(more[i], 1000 + i);
      };
      const CheckResult result = check(index);
      index.pages.before_access = nullptr;
      ASSERT_EQ(result.fault, "") << "point " << point;
      ASSERT_EQ(result.unreachable, 0) << "point " << point;
    }
  }
}

// ---- damaged ----

class Damaged : public testing::Test {
 protected:
  Damaged() : index_(Metric::l2, make_rows(), 4, 16), geometry_(index_.geometry()) {
    std::set<std::size_t> alive;
    for (std::size_t i = 0; i < kRows; ++i) {
      if (i % 5 != 0) alive.insert(i);
    }
    index_.vacuum(alive);
    EXPECT_EQ(check(index_).fault, "");
    for (std::uint32_t block = 1; block < index_.pages.count(); ++block) {
      const hnsw::PageKind kind = hnsw::read_trailer(page(block)).kind;
      for (std::uint32_t slot = 0; slot < geometry_.slots_per_page(kind); ++slot) {
        if (kind == hnsw::PageKind::elements) {
          const ElementSlot* element = geometry_.element(page(block), slot);
          const NodeId id = geometry_.node_id(block, slot);
          if (element->state == NodeState::live) live_.push_back(id);
          if (element->state == NodeState::free) free_.push_back(id);
          if (element->state == NodeState::live && element->level == 1) on_level_1_ = id;
          if (element->state == NodeState::live && element->further_tids != hnsw::kNoList)
            repeated_ = id;
        } else {
          const ListSlot* list = geometry_.list(page(block), slot);
          (list->kind == ListKind::free ? free_lists_ : lists_)
              .push_back(geometry_.list_id(block, slot));
        }
      }
    }
  }

  static Vectors make_rows() {
    Vectors rows = clustered(kRows, 8, 44);
    for (std::size_t i = 0; i < 150; ++i) rows[i] = rows[200];
    return rows;
  }

  std::byte* page(std::uint32_t block) { return index_.pages.raw(block); }
  ElementSlot* element(NodeId id) {
    return geometry_.element(page(geometry_.block_of(id)), geometry_.slot_of(id));
  }
  ListSlot* list(ListId id) {
    return geometry_.list(page(geometry_.list_block_of(id)), geometry_.list_slot_of(id));
  }
  // The first edge at level 0.
  void set_edge(NodeId from, NodeId to) {
    std::memcpy(geometry_.element_edges(element(from)), &to, sizeof to);
  }
  void set_length(NodeId from, float length) {
    hnsw::Candidate edges[hnsw::kMaxNeighbors];
    std::span<hnsw::Candidate> list(edges, element(from)->degree);
    geometry_.read_edges(geometry_.element_edges(element(from)), list.size(), edges);
    edges[0].distance = length;
    geometry_.write_edges(geometry_.element_edges(element(from)), list);
  }
  template <class Change>
  void change_meta(Change change) {
    hnsw::MetaPage meta = hnsw::read_meta(page(0));
    change(meta);
    hnsw::write_meta(page(0), meta);
  }
  void expect_fault(const std::string& fault) { EXPECT_EQ(check(index_).fault, fault); }
  void expect_fault_at(NodeId id, const std::string& fault) {
    const CheckResult result = check(index_);
    EXPECT_EQ(result.fault, fault);
    EXPECT_EQ(result.finding.block, geometry_.block_of(id));
    EXPECT_EQ(result.finding.slot, geometry_.slot_of(id));
  }

  static constexpr std::size_t kRows = 600;
  Filled index_;
  Geometry geometry_;
  std::vector<NodeId> live_, free_;
  std::vector<ListId> lists_, free_lists_;
  NodeId on_level_1_ = hnsw::kNoNode;
  NodeId repeated_ = hnsw::kNoNode;  // an element with many rows
};

TEST_F(Damaged, PageOfNoKind) {
  hnsw::PageTrailer trailer{};
  std::memcpy(page(1) + hnsw::kPageBytes - sizeof trailer, &trailer, sizeof trailer);
  expect_fault("a page of no kind is not empty");
}
TEST_F(Damaged, ZeroedPage) {
  std::fill_n(page(1), hnsw::kPageBytes, std::byte{0});
  EXPECT_NE(check(index_).fault, "");
}
TEST_F(Damaged, PageOfAnotherKind) {
  hnsw::PageTrailer trailer = hnsw::read_trailer(page(1));
  trailer.kind = hnsw::PageKind::lists;
  std::memcpy(page(1) + hnsw::kPageBytes - sizeof trailer, &trailer, sizeof trailer);
  expect_fault("page is not of the expected kind");
}
TEST_F(Damaged, WrongMagic) {
  page(2)[hnsw::kPageBytes - 1] = std::byte{7};
  expect_fault("page is not of the expected kind");
}
TEST_F(Damaged, MetapageWithUnknownValues) {
  change_meta([](hnsw::MetaPage& meta) { meta.reserved_words[1] = 1; });
  expect_fault("the metapage has a value where there is none");
}

TEST_F(Damaged, ElementWithoutMark) {
  element(live_[3])->magic = 1;
  expect_fault_at(live_[3], "an element slot lacks its mark");
}
TEST_F(Damaged, ElementInUnknownState) {
  element(live_[3])->state = NodeState{3};
  expect_fault_at(live_[3], "an element is in an unknown state");
}
TEST_F(Damaged, LevelTooHigh) {
  element(live_[3])->level = 255;
  expect_fault_at(live_[3], "an element is on a level that is too high");
}
TEST_F(Damaged, LevelWithoutLists) {
  while (element(live_.back())->level > 0) live_.pop_back();
  element(live_.back())->level = 1;
  expect_fault_at(live_.back(), "an element lacks the neighbor lists of its levels");
}
TEST_F(Damaged, ListsWithoutLevel) {
  element(on_level_1_)->level = 0;
  expect_fault_at(on_level_1_, "an element has neighbor lists that its level does not need");
}
TEST_F(Damaged, DegreeTooHigh) {
  element(live_[3])->degree = 9;
  expect_fault_at(live_[3], "a neighbor list is longer than its slot");
}
TEST_F(Damaged, LengthThatIsNoNumber) {
  set_length(live_[3], std::numeric_limits<float>::quiet_NaN());
  expect_fault_at(live_[3], "the length of an edge is not a number");
}
TEST_F(Damaged, CodeThatIsNoVector) {
  const float infinite = std::numeric_limits<float>::infinity();
  std::memcpy(geometry_.code(element(live_[3])), &infinite, sizeof infinite);
  expect_fault_at(live_[3], "a vector's code is damaged");
}
TEST_F(Damaged, RowOutsideOfTheTable) {
  element(live_[3])->tid = tid_of(kTableRows);
  expect_fault_at(live_[3], "a heap tid is outside of the table");
}
TEST_F(Damaged, FurtherRowOutsideOfTheTable) {
  const ListId id = element(repeated_)->further_tids;
  const hnsw::HeapTid tid = tid_of(kTableRows);
  std::memcpy(geometry_.list_payload(list(id)) + sizeof(ListId), &tid, sizeof tid);
  expect_fault("a heap tid is outside of the table");
}
TEST_F(Damaged, FreeSlotInUse) {
  element(free_.at(0))->degree = 1;
  expect_fault_at(free_[0], "a free element slot is not empty");
}
TEST_F(Damaged, FreeListInUse) {
  list(free_lists_.at(0))->owner = 9;
  expect_fault("a free list slot is not empty");
}
TEST_F(Damaged, ListTooLong) {
  list(element(on_level_1_)->lists)->count = 255;
  expect_fault("a neighbor list is longer than its slot");
}

TEST_F(Damaged, EdgeOutOfRange) {
  set_edge(live_[3], 0xfffffff0);
  expect_fault_at(live_[3], "an edge leads to a page that holds no elements");
}
TEST_F(Damaged, EdgeToTheMetapage) {
  set_edge(live_[3], 1);
  expect_fault_at(live_[3], "an edge leads to a page that holds no elements");
}
TEST_F(Damaged, EdgeToAListPage) {
  set_edge(live_[3], geometry_.node_id(geometry_.list_block_of(lists_[0]), 0));
  expect_fault_at(live_[3], "an edge leads to a page that holds no elements");
}
TEST_F(Damaged, EdgeToAFreeSlot) {
  set_edge(live_[3], free_.at(0));
  expect_fault_at(live_[3], "an edge leads to a free slot");
}
TEST_F(Damaged, EdgeToItself) {
  set_edge(live_[3], live_[3]);
  expect_fault_at(live_[3], "an edge leads to the element it comes from");
}
TEST_F(Damaged, EdgeTwice) {
  hnsw::Candidate edges[hnsw::kMaxNeighbors];
  ASSERT_GT(element(live_[3])->degree, 1);
  geometry_.read_edges(geometry_.element_edges(element(live_[3])), 2, edges);
  set_edge(live_[3], edges[1].id);
  expect_fault_at(live_[3], "an edge is in a neighbor list twice");
}
TEST_F(Damaged, EdgeToALowerLevel) {
  while (element(live_.back())->level > 0) live_.pop_back();
  ListSlot* edges = list(element(on_level_1_)->lists);
  ASSERT_GT(edges->count, 0);
  std::memcpy(geometry_.list_payload(edges), &live_.back(), sizeof(NodeId));
  expect_fault_at(on_level_1_, "an edge leads to an element that is not on its level");
}

TEST_F(Damaged, ListsOfAnother) {
  for (NodeId id : live_) {
    if (id == on_level_1_ || element(id)->level == 0) continue;
    element(on_level_1_)->lists = element(id)->lists;
    break;
  }
  expect_fault_at(on_level_1_, "a neighbor list of an element is not its own");
}
TEST_F(Damaged, DanglingTidList) {
  element(repeated_)->further_tids = element(repeated_)->append_tids = free_lists_.at(0);
  expect_fault_at(repeated_, "a heap tid list of an element is not its own");
}
TEST_F(Damaged, TidListOfAnotherOwner) {
  list(element(repeated_)->further_tids)->owner = on_level_1_;
  expect_fault_at(repeated_, "a heap tid list of an element is not its own");
}
TEST_F(Damaged, CycleOfTidLists) {
  const ListId first = element(repeated_)->further_tids;
  ListId second;
  std::memcpy(&second, geometry_.list_payload(list(first)), sizeof second);
  ASSERT_NE(second, hnsw::kNoList);
  std::memcpy(geometry_.list_payload(list(second)), &first, sizeof first);
  expect_fault_at(repeated_, "the heap tid lists of an element form a cycle");
}
TEST_F(Damaged, ChainThatIsCutOff) {
  std::memcpy(geometry_.list_payload(list(element(repeated_)->further_tids)), &hnsw::kNoList,
              sizeof hnsw::kNoList);
  EXPECT_NE(check(index_).fault, "");
}
TEST_F(Damaged, AppendListOfAnother) {
  element(repeated_)->append_tids = element(on_level_1_)->lists;
  expect_fault_at(repeated_, "the list for further heap tids of an element is not among its lists");
}
TEST_F(Damaged, ListOfNobody) {
  *list(free_lists_.at(0)) = {free_.at(0), ListKind::heap_tids, 0, 0, 0};
  expect_fault("a list belongs to no element");
}
TEST_F(Damaged, ListThatIsForgotten) {
  *list(free_lists_.at(0)) = {repeated_, ListKind::heap_tids, 0, 0, 0};
  expect_fault("a list belongs to an element that does not refer to it");
}

TEST_F(Damaged, EntryPointIsFree) {
  change_meta([&](hnsw::MetaPage& meta) { meta.entry_point = free_.at(0); });
  expect_fault("the entry point is no element");
}
TEST_F(Damaged, EntryPointOutside) {
  change_meta([](hnsw::MetaPage& meta) { meta.entry_point = 0xfffffff0; });
  expect_fault("the entry point is no element");
}
TEST_F(Damaged, EntryPointOnAnotherLevel) {
  change_meta([](hnsw::MetaPage& meta) { ++meta.entry_level; });
  expect_fault("the entry point is on another level than the metapage says");
}
TEST_F(Damaged, LevelOfNoEntryPoint) {
  change_meta([](hnsw::MetaPage& meta) { meta.entry_point = hnsw::kNoNode; });
  expect_fault("there is a level but no entry point");
}
TEST_F(Damaged, NoEntryPoint) {
  change_meta([](hnsw::MetaPage& meta) {
    meta.entry_point = hnsw::kNoNode;
    meta.entry_level = -1;
  });
  const CheckResult result = check(index_);
  EXPECT_EQ(result.fault, "");
  EXPECT_EQ(result.unreachable, live_.size());
}
TEST_F(Damaged, ElementsOutOfReach) {
  for (NodeId id : live_) element(id)->degree = 0;
  EXPECT_EQ(check(index_).unreachable, live_.size() - 1);
}

// ---- any byte ----

// Every byte of the pages but those whose other values are as good: numbers of vectors and lengths,
// heap tids, ids of neighbors (there are others), degrees, what is unused.
bool is_vital(const Geometry& geometry, const std::byte* page, std::uint32_t at) {
  const hnsw::PageKind kind = hnsw::read_trailer(page).kind;
  if (at >= hnsw::kPageBytes - sizeof(hnsw::PageTrailer)) return kind != hnsw::PageKind::meta;
  if (at < hnsw::kPageHeaderBytes || kind == hnsw::PageKind::meta) return false;
  const std::uint32_t slot = (at - hnsw::kPageHeaderBytes) / geometry.slot_bytes(kind);
  const std::uint32_t in_slot = (at - hnsw::kPageHeaderBytes) % geometry.slot_bytes(kind);
  if (slot >= geometry.slots_per_page(kind)) return false;
  if (kind == hnsw::PageKind::elements) {
    const bool is_free = geometry.element(page, slot)->state == NodeState::free;
    const bool may_differ = in_slot == offsetof(ElementSlot, degree) ||
                            (in_slot >= 8 && in_slot < 14) ||
                            in_slot >= offsetof(ElementSlot, append_tids);
    return in_slot < sizeof(ElementSlot) && (is_free || !may_differ);
  }
  const ListSlot* list = geometry.list(page, slot);
  if (list->kind == ListKind::heap_tids && in_slot >= 8 && in_slot < 12) return true;  // the next
  return in_slot < sizeof(ListSlot) &&
         (list->kind == ListKind::free || in_slot != offsetof(ListSlot, count));
}

TEST_F(Damaged, AnyVitalByteIsReported) {
  const MemoryPages::Snapshot sound = index_.pages.snapshot();
  index_.pages.check_lock_order = false;
  std::mt19937 random(45);
  int vital = 0, reported = 0;
  const int rounds = 3000;
  for (int round = 0; round < rounds; ++round) {
    index_.pages.restore(sound);
    const auto block = static_cast<std::uint32_t>(random() % index_.pages.count());
    // Half of them in headers of slots, which are few among all bytes.
    std::uint32_t at = random() % hnsw::kPageBytes;
    const hnsw::PageKind kind = hnsw::read_trailer(page(block)).kind;
    if (round % 2 == 0 && kind != hnsw::PageKind::meta) {
      at = hnsw::kPageHeaderBytes +
           random() % geometry_.slots_per_page(kind) * geometry_.slot_bytes(kind) + random() % 24;
    }
    const bool must_be_seen = is_vital(geometry_, page(block), at);
    page(block)[at] ^= static_cast<std::byte>(1u << random() % 8);
    const CheckResult result = check(index_);
    vital += must_be_seen;
    reported += !result.fault.empty();
    if (must_be_seen) {
      ASSERT_NE(result.fault, "") << "block " << block << ", byte " << at;
    }
  }
  EXPECT_GT(vital, rounds / 4);
  EXPECT_GT(reported, vital);
}

TEST_F(Damaged, NeverCrashesOrHangs) {
  const MemoryPages::Snapshot sound = index_.pages.snapshot();
  index_.pages.check_lock_order = false;
  std::mt19937 random(46);
  for (int round = 0; round < 2000; ++round) {
    index_.pages.restore(sound);
    for (int flip = 0; flip < 1 + round % 30; ++flip) {
      const auto block = static_cast<std::uint32_t>(random() % index_.pages.count());
      const std::size_t at = round % 2 ? random() % hnsw::kPageBytes : random() % 400;
      page(block)[at] = static_cast<std::byte>(random());
    }
    check(index_);
  }
}

}  // namespace
}  // namespace vec::test
