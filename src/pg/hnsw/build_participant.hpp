// One process of an index build: the backend that creates the index, or one of its workers.
//
// All scan their share of the table and insert into one graph in memory. Whoever finds memory used
// up raises a flag; at its next row each process comes to a barrier, one of them writes the graph
// to pages, and all go on inserting into these.
#pragma once

#include <atomic>
#include <new>

#include "build_memory.hpp"
#include "index_state.hpp"
#include "row_inserter.hpp"
#include "vector/hnsw/memory_graph.hpp"

extern "C" {
#include "storage/barrier.h"
#include "storage/condition_variable.h"
}

namespace vec::pg {

// What the processes know together; in shared memory if there are several.
struct BuildShared {
  Oid heap;
  Oid index;
  bool is_concurrent;
  int lock_tranche;
  BuildMemoryState memory;
  hnsw::GraphRoot graph;
  LWLock first_insert;  // only one process may add to an empty graph, in memory or in pages
  std::atomic<bool> is_memory_used_up;
  std::atomic<bool> is_index_empty;  // when going on in pages
  Barrier barrier;                   // its phases are BuildPhase
  pg_atomic_uint64 indexed_rows;

  slock_t mutex;  // of what follows, which a process adds to when its scan is done
  int scans_done;
  double heap_tuples;
  bool has_broken_hot_chain;
  ConditionVariable scan_done;

  // `processes` will take part at most.
  BuildShared(Relation heap_relation, Relation index_relation, bool concurrent, int tranche,
              int processes);
};

enum BuildPhase { kInMemory = 0, kWritingGraph = 1, kInPages = 2 };

class BuildParticipant {
 public:
  // The leader reports progress.
  BuildParticipant(Relation index, const IndexState& state, BuildShared* shared,
                   const BuildArea& area, ParallelTableScanDesc table_scan, bool is_leader);

  // Indexes its share of the table.
  void scan(Relation heap, IndexInfo* index_info);

  // For the leader, now and then, while it waits for the others.
  void look_after_others();

  // The last step, when all scans are done: the index is complete but for the log.
  void finish();

 private:
  static void add_row(Relation, ItemPointer tid, Datum* values, bool* isnull, bool,
                      void* participant);
  void add(Datum value, ItemPointer tid);
  void insert_in_memory(ItemPointer tid);
  bool insert_in_pages(Datum value, ItemPointer tid);
  void report_progress();
  void report_total();
  void go_on_in_pages();
  void notice_memory_used_up() const;
  double estimated_rows() const;
  uint64 blocks_given_out() const;
  void report_scanned_blocks();
  int64 pages_of_graph();
  void write_graph();
  template <class Graph>
  void make_reachable(Graph& graph);
  void report(int parameter, int64 value) const {
    if (is_leader_) pgstat_progress_update_param(parameter, value);
  }

  Relation index_;
  IndexState state_;
  BuildShared* shared_;
  ParallelBlockTableScanDesc table_scan_;
  bool is_leader_;
  MemoryContext context_;      // of the graph, while it is in memory
  MemoryContext row_context_;  // reset after every row
  BuildMemory memory_;
  Codec codec_;
  hnsw::Parameters parameters_;
  hnsw::MemoryGraph<BuildMemory> graph_;
  hnsw::Scratch scratch_;
  BufferPages pages_;
  std::byte* code_;
  RowInserter* inserter_ = nullptr;  // from when memory was used up
};
static_assert(std::is_trivially_destructible_v<BuildParticipant>);

// Phases of pg_stat_progress_create_index.
enum BuildSubphase : int64 {
  kSubphaseLoadingTuples = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1,
  kSubphaseRepairing,
  kSubphaseWritingPages,
  kSubphaseLogging,
};

}  // namespace vec::pg
