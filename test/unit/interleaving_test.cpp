// Two sessions on the same pages: one operation is carried out in full at every point of another
// one where that holds no lock, and afterwards the graph must be sound and complete.
//
// Inserts share the insert lock, and a vacuum passes a barrier between its steps only while none
// runs. So within an insert at most one step of a vacuum happens, and an insert that needs the lock
// for itself waits until the other one has ended.
#include <gtest/gtest.h>

#include "graph_fixture.hpp"

namespace vec::test {
namespace {

using hnsw::InsertOutcome;
using RowSet = std::set<std::size_t>;

// Where elements and lists lie, and how crowded the lists are.
struct Shape {
  const char* name;
  Metric metric;
  std::size_t dimensions;
  int m;
};

constexpr Shape kShapes[] = {
    {"one_element_page", Metric::l2, 3, 2},
    {"some_elements_a_page", Metric::l2, 500, 4},
    {"lists_outside_the_slot", Metric::l2, 2000, 2},
    {"inner_product", Metric::inner_product, 3, 3},
};

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.name;
}

template <class Param>
const Shape& shape_of(const Param& param) {
  if constexpr (std::is_same_v<Param, Shape>) {
    return param;
  } else {
    return std::get<Shape>(param);
  }
}

// The number of a vector's copies are derived from its own.
std::size_t row_of_copy(std::size_t vector, std::size_t copy) {
  return 10000 + 1000 * vector + copy;
}
std::size_t vector_of(std::size_t row) {
  return row < 10000 ? row : row / 1000 - 10;
}

template <class Param>
class InterleavingOf : public testing::TestWithParam<Param> {
 protected:
  static constexpr std::size_t kRows = 40;
  static constexpr std::size_t kFirstNear = 2 * kRows;
  static constexpr int kEf = 12;
  // Row numbers of what is inserted meanwhile.
  static constexpr std::size_t kOuterRow = 1000, kInnerRow = 2000;

  InterleavingOf()
      : shape_(shape_of(this->GetParam())),
        rows_(Clustered(4, shape_.dimensions, 31, shape_.metric == Metric::inner_product)
                  .draw(2 * kRows)),
        store_(shape_.metric, rows_, parameters_for(shape_.metric, shape_.m, kEf)),
        empty_(store_.pages.snapshot()) {
    // Vectors kFirstNear + i are near to vectors kRows + i.
    for (std::size_t i = 0; i < 5; ++i) {
      rows_.push_back(rows_[kRows + i]);
      rows_.back()[0] += 0.01f;
    }
  }

  // The graph that every run starts from: vectors 0 .. count - 1, each as a row of its number; and
  // for every fourth `copies` more rows, of the numbers 10000 + 1000 * vector + copy.
  void start_from(std::size_t count, std::size_t copies = 0) {
    store_.pages.restore(empty_);
    alive_.clear();
    Session session(store_);
    for (std::size_t i = 0; i < count; ++i) {
      session.insert(rows_[i], i);
      alive_.insert(i);
      for (std::size_t copy = 0; i % 4 == 0 && copy < copies; ++copy) {
        session.insert(rows_[i], row_of_copy(i, copy));
        alive_.insert(row_of_copy(i, copy));
      }
    }
    start_ = store_.pages.snapshot();
  }
  // Runs `outer` again and again, the n-th time with `inner` at its n-th point. After each run
  // `check` says what is wrong.
  template <class Outer, class Inner, class Check>
  void at_every_point(Outer outer, Inner inner, Check check) {
    int points = 0, broken = 0;
    std::string first;
    for (;; ++points) {
      store_.pages.restore(start_);
      inner_happened_ = false;
      int to_pass = points;
      store_.pages.before_access = [&] {
        if (inner_happened_ || is_uninterrupted_ || (inner_is_insert_ && store_.inserts_excluded) ||
            to_pass-- > 0)
          return;
        inner_happened_ = true;
        inner();
      };
      outer();
      store_.pages.before_access = nullptr;
      if (!inner_happened_) break;
      std::string problems = check();
      if (!problems.empty() && broken++ == 0) {
        first = "at point " + std::to_string(points) + ":\n" + problems;
      }
    }
    EXPECT_EQ(broken, 0) << "of " << points << " points; first " << first;
    EXPECT_GT(points, 0);
  }

  std::string problems(const RowSet& alive) {
    return Inspection(store_).problems(alive, rows_[kRows + 1]);
  }

  Shape shape_;
  Vectors rows_;
  PageStore store_;
  RowSet alive_;  // at the start
  MemoryPages::Snapshot empty_, start_;
  bool inner_is_insert_ = false;
  bool inner_happened_ = false;

  // What `outer` does while one of these exists has no points.
  class Uninterrupted {
   public:
    explicit Uninterrupted(InterleavingOf& test) : test_(&test) { test.is_uninterrupted_ = true; }
    ~Uninterrupted() { test_->is_uninterrupted_ = false; }

   private:
    InterleavingOf* test_;
  };

 private:
  bool is_uninterrupted_ = false;
};

using Interleaving = InterleavingOf<Shape>;

// ---- an insert within an insert ----

class InsertWithinInsert : public Interleaving {
 protected:
  // Vectors `outer` and `inner` become rows of a graph of the first `stored` vectors.
  void run(std::size_t stored, std::size_t outer, std::size_t inner) {
    SCOPED_TRACE(testing::Message() << stored << " stored, vectors " << outer << " and " << inner);
    start_from(stored);
    RowSet alive = alive_;
    alive.insert({kOuterRow, kInnerRow});
    inner_is_insert_ = true;
    bool inner_waits = false;
    auto attempt_inner = [&](bool alone) {
      return Session(store_).attempt(rows_[inner], kInnerRow, 0, alone);
    };
    at_every_point(
        [&] {
          Session session(store_);
          inner_waits = false;
          InsertOutcome outcome = session.attempt(rows_[outer], kOuterRow, 1, false);
          if (inner_waits) attempt_inner(true);
          if (outcome == InsertOutcome::needs_exclusive)
            session.attempt(rows_[outer], kOuterRow, 1, true);
        },
        [&] { inner_waits = attempt_inner(false) == InsertOutcome::needs_exclusive; },
        [&] { return problems(alive); });
  }
};

INSTANTIATE_TEST_SUITE_P(Shapes, InsertWithinInsert, testing::ValuesIn(kShapes),
                         [](const auto& p) { return p.param.name; });

TEST_P(InsertWithinInsert, OfOthers) {
  for (std::size_t i = 0; i < 5; ++i) run(kRows, kRows + i, kRows + 5 + i);
}
TEST_P(InsertWithinInsert, OfNeighbors) {
  for (std::size_t i = 0; i < 5; ++i) run(kRows, kRows + i, kFirstNear + i);
}
TEST_P(InsertWithinInsert, OfTheSameVector) {
  for (std::size_t i = 0; i < 5; ++i) run(kRows, kRows + i, kRows + i);
}
TEST_P(InsertWithinInsert, OfAStoredVector) {
  run(kRows, 7, 7);
}
TEST_P(InsertWithinInsert, OfTheFirstTwo) {
  run(0, 0, 1);
}
TEST_P(InsertWithinInsert, OfTheSecondAndThird) {
  run(1, 1, 2);
}

// ---- vacuum and inserts into freed slots within a search ----

class VacuumWithinSearch : public Interleaving {};

INSTANTIATE_TEST_SUITE_P(Shapes, VacuumWithinSearch, testing::ValuesIn(kShapes),
                         [](const auto& p) { return p.param.name; });

TEST_P(VacuumWithinSearch, YieldsNoWrongRow) {
  start_from(kRows, 40);
  // Two thirds of the vectors die, and others take their places.
  auto is_dead = [](std::size_t row) { return vector_of(row) % 3 != 0; };
  ASSERT_FALSE(is_dead(row_of_copy(0, 0)));
  ASSERT_TRUE(is_dead(row_of_copy(4, 0)));
  std::vector<FoundRow> found;
  std::size_t living = 0, missed = 0;
  at_every_point([&] { found = Session(store_).search_rows(rows_[0], 1000); },
                 [&] {
                   Session session(store_);
                   StagedVacuum vacuum(store_, session, is_dead);
                   vacuum.finish();
                   for (std::size_t i = 0; i < kRows; ++i) {
                     session.insert(rows_[kRows + i], kRows + i);
                     for (std::size_t copy = 0; i % 8 == 0 && copy < 50; ++copy)
                       session.insert(rows_[kRows + i], row_of_copy(kRows + i, copy));
                   }
                 },
                 [&] {
                   RowSet seen;
                   std::string wrong;
                   for (const FoundRow& f : found) {
                     const std::vector<float>& x = rows_[vector_of(f.row)];
                     double exact = exact_distance(shape_.metric, rows_[0], x);
                     if (std::abs(exact - f.distance) > 1e-4 * (1 + std::abs(exact)))
                       wrong += "row " + std::to_string(f.row) + " at a wrong distance\n";
                     if (!seen.insert(f.row).second)
                       wrong += "row " + std::to_string(f.row) + " twice\n";
                   }
                   for (std::size_t row : alive_) {
                     if (is_dead(row)) continue;
                     ++living;
                     missed += seen.count(row) == 0;
                   }
                   return wrong;
                 });
  // A search whose ground is freed under its feet need not find all, but most.
  EXPECT_LE(10 * missed, living);
}

// ---- an insert within a vacuum ----

// Which rows die.
struct Death {
  const char* name;
  bool (*is_dead)(std::size_t row);
};
void PrintTo(const Death& death, std::ostream* out) {
  *out << death.name;
}
constexpr Death kDeaths[] = {
    {"a_third", [](std::size_t row) { return vector_of(row) % 3 == 1; }},
    {"all_but_one", [](std::size_t row) { return row != row_of_copy(8, 1); }},
    {"all", [](std::size_t) { return true; }},
};

class InterleavedVacuum : public InterleavingOf<std::tuple<Shape, Death>> {
 protected:
  InterleavedVacuum() { start_from(24, 3); }

  // Rows inserted meanwhile live.
  static bool dies(std::size_t row) {
    return row != kOuterRow && row != kInnerRow && std::get<1>(GetParam()).is_dead(row);
  }
  RowSet survivors() const {
    RowSet left;
    for (std::size_t row : alive_) {
      if (!dies(row)) left.insert(row);
    }
    return left;
  }
  void insert_within_vacuum(std::size_t vector, int level) {
    SCOPED_TRACE(testing::Message() << "vector " << vector << " at level " << level);
    inner_is_insert_ = true;
    RowSet alive = survivors();
    alive.insert(kInnerRow);
    at_every_point(
        [&] {
          Session session(store_);
          StagedVacuum(store_, session, dies).finish();
        },
        [&] { Session(store_).insert(rows_[vector], kInnerRow, level); },
        [&] { return problems(alive); });
  }
  // Each step of a vacuum in turn; with `and_insert`, another insert follows it at once.
  void step_within_insert(std::size_t vector, int level, bool and_insert) {
    for (int step = 0; step < StagedVacuum::kSteps; ++step) {
      SCOPED_TRACE(testing::Message() << "step " << step << ", vector " << vector << " at level "
                                      << level << (and_insert ? " and another one" : ""));
      RowSet alive = survivors();
      alive.insert(kOuterRow);
      if (and_insert) alive.insert(kInnerRow);
      std::unique_ptr<Session> vacuuming;
      std::unique_ptr<StagedVacuum> vacuum;
      inner_is_insert_ = and_insert;
      at_every_point(
          [&] {
            vacuuming = std::make_unique<Session>(store_);
            vacuum = std::make_unique<StagedVacuum>(store_, *vacuuming, dies);
            {
              Uninterrupted guard(*this);
              vacuum->advance_to(step);
            }
            Session session(store_);
            InsertOutcome outcome = session.attempt(rows_[vector], kOuterRow, level, false);
            bool waits = inner_waits_;
            inner_waits_ = false;
            if (waits) Session(store_).attempt(rows_[kRows + 5], kInnerRow, 0, true);
            if (outcome == InsertOutcome::needs_exclusive)
              session.attempt(rows_[vector], kOuterRow, level, true);
            Uninterrupted guard(*this);
            if (inner_happened_) {
              vacuum->barrier();
              vacuum->finish();
            }
          },
          [&] {
            vacuum->step();
            if (!and_insert) return;
            inner_waits_ = Session(store_).attempt(rows_[kRows + 5], kInnerRow, 0, false) ==
                           InsertOutcome::needs_exclusive;
          },
          [&] { return problems(alive); });
    }
  }
  bool inner_waits_ = false;
};

INSTANTIATE_TEST_SUITE_P(Shapes, InterleavedVacuum,
                         testing::Combine(testing::ValuesIn(kShapes), testing::ValuesIn(kDeaths)),
                         [](const auto& p) {
                           return std::string(std::get<0>(p.param).name) + "_" +
                                  std::get<1>(p.param).name;
                         });

TEST_P(InterleavedVacuum, InsertOfANewVectorWithin) {
  for (int level : {0, 4}) insert_within_vacuum(kRows, level);
}
TEST_P(InterleavedVacuum, InsertOfAStoredVectorWithin) {
  for (std::size_t vector : {0, 1, 4, 8}) insert_within_vacuum(vector, 0);
}
TEST_P(InterleavedVacuum, StepWithinInsertOfANewVector) {
  step_within_insert(kRows, 0, false);
  step_within_insert(kRows, 3, true);
}
TEST_P(InterleavedVacuum, StepWithinInsertOfAStoredVector) {
  for (std::size_t vector : {0, 1, 4, 8}) step_within_insert(vector, 0, vector == 1);
}

}  // namespace
}  // namespace vec::test
