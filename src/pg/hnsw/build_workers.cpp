#include "build_workers.hpp"

#include "module.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/instrument.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
VECTOR_EXPORT void hnsw_build_worker(dsm_segment* segment, shm_toc* toc);
}

namespace vec::pg {
namespace {

// What is found in the segment of a parallel build.
enum TocKey : uint64 {
  kKeyShared = 1,
  kKeyState,   // IndexState
  kKeyCenter,  // of its codec
  kKeyScan,    // ParallelTableScanDesc
  kKeyArea,    // dsa_area
  kKeyQuery,   // the text of the statement
  kKeyBufferUsage,
  kKeyWalUsage,
};

int lock_tranche() {
  static int tranche = 0;
  if (tranche == 0) tranche = LWLockNewTrancheId();
  return tranche;
}

void name_lock_tranche(int tranche) {
  LWLockRegisterTranche(tranche, "HnswBuild");
}

Size center_bytes(const IndexState& state) {
  return state.codec.center == nullptr ? 0 : state.codec.dimensions * sizeof(float);
}

// A place in the segment of a parallel build, or, without workers, in our own memory.
struct Room {
  ParallelContext* context;  // null: no workers

  void estimate(Size bytes) {
    shm_toc_estimate_chunk(&context->estimator, bytes);
    shm_toc_estimate_keys(&context->estimator, 1);
  }
  void* take(TocKey key, Size bytes) {
    if (context == nullptr) return palloc0(bytes);
    void* place = shm_toc_allocate(context->toc, bytes);
    shm_toc_insert(context->toc, key, place);
    return place;
  }
};

// One build as its leader sees it.
class Leader {
 public:
  Leader(Relation heap, Relation index, IndexInfo* index_info, const IndexState& state)
      : heap_(heap), index_(index), index_info_(index_info), state_(state) {
    // Only one row version a row is seen by a concurrent build; any other sees all.
    snapshot_ =
        index_info->ii_Concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
  }

  void start(int workers) {
    if (workers > 0 && start_workers(workers)) return;
    room_ = {};
    share(1);
  }

  IndexBuildResult* run() {
    BuildParticipant participant(index_, state_, shared_, area_, scan_, true);
    // Without our own share of the scan if the user wants it so, unless nobody else came.
    if (parallel_leader_participation || launched_ == 0) {
      participant.scan(heap_, index_info_);
    }
    if (launched_ > 0) wait_for_workers(participant);
    index_info_->ii_BrokenHotChain |= shared_->has_broken_hot_chain;
    participant.finish();
    auto* result = static_cast<IndexBuildResult*>(palloc(sizeof(IndexBuildResult)));
    result->heap_tuples = shared_->heap_tuples;
    result->index_tuples = static_cast<double>(pg_atomic_read_u64(&shared_->indexed_rows));
    return result;
  }

  void end() {
    if (room_.context != nullptr) stop_workers();
    if (IsMVCCSnapshot(snapshot_)) UnregisterSnapshot(snapshot_);
  }

 private:
  bool start_workers(int workers) {
    EnterParallelMode();
    ParallelContext* context = CreateParallelContext("vector", "hnsw_build_worker", workers);
    room_.context = context;
    const Size area_bytes = dsa_minimum_size();
    room_.estimate(sizeof(BuildShared));
    room_.estimate(sizeof(IndexState));
    room_.estimate(center_bytes(state_));
    room_.estimate(table_parallelscan_estimate(heap_, snapshot_));
    room_.estimate(area_bytes);
    if (debug_query_string != nullptr) room_.estimate(strlen(debug_query_string) + 1);
    room_.estimate(workers * sizeof(BufferUsage));
    room_.estimate(workers * sizeof(WalUsage));
    InitializeParallelDSM(context);
    if (context->seg == nullptr) {  // no slot for one is left
      stop_workers();
      return false;
    }

    share(workers + 1);
    memcpy(room_.take(kKeyState, sizeof(IndexState)), &state_, sizeof(IndexState));
    const Size bytes = center_bytes(state_);
    void* center = room_.take(kKeyCenter, bytes);
    if (bytes > 0) memcpy(center, state_.codec.center, bytes);
    area_.segment = context->seg;
    area_.place = room_.take(kKeyArea, area_bytes);
    area_.area = dsa_create_in_place(area_.place, area_bytes, shared_->lock_tranche, context->seg);
    dsa_set_size_limit(area_.area, area_bytes);
    shared_->memory.reserved = area_bytes;
    if (debug_query_string != nullptr) {
      const Size length = strlen(debug_query_string) + 1;
      memcpy(room_.take(kKeyQuery, length), debug_query_string, length);
    }
    buffer_usage_ =
        static_cast<BufferUsage*>(room_.take(kKeyBufferUsage, workers * sizeof(BufferUsage)));
    wal_usage_ = static_cast<WalUsage*>(room_.take(kKeyWalUsage, workers * sizeof(WalUsage)));

    LaunchParallelWorkers(context);
    launched_ = context->nworkers_launched;
    if (launched_ == 0) {
      stop_workers();
      area_ = {};
      return false;
    }
    // So that one that cannot start is not waited for.
    WaitForParallelWorkersToAttach(context);
    return true;
  }

  void share(int processes) {
    const int tranche = lock_tranche();
    name_lock_tranche(tranche);
    shared_ = new (room_.take(kKeyShared, sizeof(BuildShared)))
        BuildShared(heap_, index_, index_info_->ii_Concurrent, tranche, processes);
    scan_ = static_cast<ParallelTableScanDesc>(
        room_.take(kKeyScan, table_parallelscan_estimate(heap_, snapshot_)));
    table_parallelscan_initialize(heap_, scan_, snapshot_);
  }

  void wait_for_workers(BuildParticipant& participant) {
    const int scans = launched_ + (parallel_leader_participation ? 1 : 0);
    ConditionVariablePrepareToSleep(&shared_->scan_done);
    for (;;) {
      SpinLockAcquire(&shared_->mutex);
      const int done = shared_->scans_done;
      SpinLockRelease(&shared_->mutex);
      if (done == scans) break;
      participant.look_after_others();
      constexpr long kMilliseconds = 200;
      ConditionVariableTimedSleep(&shared_->scan_done, kMilliseconds,
                                  WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN);
    }
    ConditionVariableCancelSleep();
  }

  void stop_workers() {
    WaitForParallelWorkersToFinish(room_.context);
    for (int i = 0; i < launched_; ++i) InstrAccumParallelQuery(&buffer_usage_[i], &wal_usage_[i]);
    DestroyParallelContext(room_.context);
    ExitParallelMode();
    room_.context = nullptr;
    launched_ = 0;
  }

  Relation heap_;
  Relation index_;
  IndexInfo* index_info_;
  IndexState state_;
  Snapshot snapshot_;
  Room room_{};
  BuildShared* shared_ = nullptr;
  ParallelTableScanDesc scan_ = nullptr;
  BuildArea area_{};
  BufferUsage* buffer_usage_ = nullptr;
  WalUsage* wal_usage_ = nullptr;
  int launched_ = 0;
};
static_assert(std::is_trivially_destructible_v<Leader>);

}  // namespace

IndexBuildResult* build_index(Relation heap, Relation index, IndexInfo* index_info,
                              const IndexState& state, int workers) {
  Leader leader(heap, index, index_info, state);
  leader.start(workers);
  IndexBuildResult* result = leader.run();
  leader.end();
  return result;
}

}  // namespace vec::pg

// The main function of a worker process.
void hnsw_build_worker(dsm_segment* segment, shm_toc* toc) {
  using namespace vec::pg;
  const auto find = [toc](TocKey key) { return shm_toc_lookup(toc, key, key == kKeyQuery); };

  debug_query_string = static_cast<char*>(find(kKeyQuery));
  pgstat_report_activity(STATE_RUNNING, debug_query_string);
  auto* shared = static_cast<BuildShared*>(find(kKeyShared));
  name_lock_tranche(shared->lock_tranche);
  Relation heap =
      table_open(shared->heap, shared->is_concurrent ? ShareUpdateExclusiveLock : ShareLock);
  Relation index =
      index_open(shared->index, shared->is_concurrent ? RowExclusiveLock : AccessExclusiveLock);

  IndexState state = *static_cast<IndexState*>(find(kKeyState));
  state.type = &column_type(index);  // the module may lie elsewhere here
  if (state.codec.center != nullptr) state.codec.center = static_cast<float*>(find(kKeyCenter));
  BuildArea area{};
  area.segment = segment;
  area.place = find(kKeyArea);

  InstrStartParallelQuery();
  IndexInfo* index_info = BuildIndexInfo(index);
  index_info->ii_Concurrent = shared->is_concurrent;
  auto* scan = static_cast<ParallelTableScanDesc>(find(kKeyScan));
  BuildParticipant participant(index, state, shared, area, scan, false);
  participant.scan(heap, index_info);
  InstrEndParallelQuery(&static_cast<BufferUsage*>(find(kKeyBufferUsage))[ParallelWorkerNumber],
                        &static_cast<WalUsage*>(find(kKeyWalUsage))[ParallelWorkerNumber]);

  index_close(index, index_info->ii_Concurrent ? RowExclusiveLock : AccessExclusiveLock);
  table_close(heap, index_info->ii_Concurrent ? ShareUpdateExclusiveLock : ShareLock);
}
