// Index scans: ORDER BY column <-> query.
//
// The first amgettuple searches the graph for the hnsw.ef_search nearest elements; then their rows
// are handed out, nearest first. No page stays pinned or locked between calls, and no heavyweight
// lock is taken. Only MVCC snapshots: a row that vacuum has removed since is invisible to them.
#include "access_method.hpp"
#include "buffer_pages.hpp"
#include "index_state.hpp"
#include "options.hpp"
#include "vector/hnsw/search.hpp"

namespace vec::pg {
namespace {

using ScanGraph = hnsw::PageReader<BufferPages>;
static_assert(hnsw::GraphReader<ScanGraph>);

class Scan {
 public:
  Scan(Relation index, MemoryContext memory)
      : state_(index_state(index)),
        codec_(state_.make_codec()),
        memory_(memory),
        pages_(index, memory),
        graph_(pages_, codec_, state_.parameters()) {}

  void search(ScanKey order_by) {
    graph_.open_query(query_of(order_by));
    results_ = hnsw::search(graph_, scratch_, hnsw_ef_search);
  }

  // False at the end.
  bool next(hnsw::HeapTid* tid) {
    while (next_tid_ == tids_.size()) {
      if (next_result_ == results_.size()) return false;
      CHECK_FOR_INTERRUPTS();
      hnsw::Candidate result = results_[next_result_++];
      tids_.clear();
      next_tid_ = 0;
      graph_.result_tids(result.id, result.distance, tids_);
    }
    *tid = tids_[next_tid_++];
    return true;
  }

 private:
  std::byte* query_of(ScanKey order_by) {
    if (order_by->sk_flags & SK_ISNULL) {
      // Every distance is null: any order will do.
      return static_cast<std::byte*>(MemoryContextAllocZero(memory_, codec_.query_bytes()));
    }
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    std::byte* query = prepare_query(state_, codec_, order_by->sk_argument);
    MemoryContextSwitchTo(caller);
    return query;
  }

  IndexState state_;
  Codec codec_;
  MemoryContext memory_;
  BufferPages pages_;
  ScanGraph graph_;
  hnsw::Scratch scratch_;
  std::span<const hnsw::Candidate> results_;
  std::size_t next_result_ = 0;
  hnsw::FlatArray<hnsw::HeapTid> tids_;  // of the last result
  std::size_t next_tid_ = 0;
};
static_assert(std::is_trivially_destructible_v<Scan>);

// scan->opaque
struct ScanOpaque {
  MemoryContext memory;  // of one search; reset by amrescan
  Scan* scan;            // null until the first amgettuple
};

ScanOpaque* opaque(IndexScanDesc scan) {
  return static_cast<ScanOpaque*>(scan->opaque);
}

}  // namespace

IndexScanDesc ambeginscan(Relation index, int nkeys, int norderbys) {
  IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
  auto* state = static_cast<ScanOpaque*>(palloc0(sizeof(ScanOpaque)));
  state->memory = AllocSetContextCreate(CurrentMemoryContext, "hnsw scan", ALLOCSET_DEFAULT_SIZES);
  scan->opaque = state;
  return scan;
}

void amrescan(IndexScanDesc scan, ScanKey keys, int, ScanKey orderbys, int) {
  ScanOpaque* state = opaque(scan);
  state->scan = nullptr;
  MemoryContextReset(state->memory);
  if (keys != nullptr && scan->numberOfKeys > 0) {
    memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
  }
  if (orderbys != nullptr && scan->numberOfOrderBys > 0) {
    memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
  }
}

bool amgettuple(IndexScanDesc scan, ScanDirection direction) {
  Assert(ScanDirectionIsForward(direction));
  (void)direction;
  ScanOpaque* state = opaque(scan);
  if (state->scan == nullptr) {
    if (scan->numberOfOrderBys == 0) elog(ERROR, "cannot scan hnsw index without order");
    if (scan->numberOfOrderBys > 1) elog(ERROR, "cannot scan hnsw index with more than one order");
    if (!IsMVCCSnapshot(scan->xs_snapshot)) {
      elog(ERROR, "non-MVCC snapshots are not supported with hnsw");
    }
    count_index_search(scan);
    auto* started = new (MemoryContextAlloc(state->memory, sizeof(Scan)))
        Scan(scan->indexRelation, state->memory);
    started->search(&scan->orderByData[0]);
    state->scan = started;
  }
  hnsw::HeapTid tid;
  if (!state->scan->next(&tid)) return false;
  scan->xs_heaptid = item_pointer(tid);
  scan->xs_recheck = false;
  scan->xs_recheckorderby = false;
  return true;
}

void amendscan(IndexScanDesc scan) {
  MemoryContextDelete(opaque(scan)->memory);
  pfree(scan->opaque);
  scan->opaque = nullptr;
}

}  // namespace vec::pg
