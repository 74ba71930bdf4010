// hnsw_check(index, heapallindexed => true): the rows of the table against the heap tids of the
// index, both sorted by PostgreSQL (tuplesort, within maintenance_work_mem, beyond it on disk).
//
// A snapshot is taken first. What it sees was in the index by then, and stays there: vacuum leaves
// rows that a snapshot sees.
#include "inspected_index.hpp"
#include "vector/hnsw/statistics.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_operator_d.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"
}

namespace vec::pg {
namespace {

// Heap tids in order.
class SortedTids {
 public:
  SortedTids()
      : sort_(tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false,
                                    maintenance_work_mem / 2, nullptr, TUPLESORT_NONE)) {}

  void put(ItemPointerData tid) {
    tuplesort_putdatum(sort_, Int64GetDatum(itemptr_encode(&tid)), false);
  }
  void sort() { tuplesort_performsort(sort_); }
  // False at the end.
  bool next(int64* tid) {
    Datum value;
    bool is_null;
    if (!next_datum(sort_, &value, &is_null)) return false;
    *tid = DatumGetInt64(value);
    return true;
  }
  void end() { tuplesort_end(sort_); }

 private:
  Tuplesortstate* sort_;
};

// How many elements or lists of the index name a row.
int count_row(InspectedPages& pages, BlockNumber blocks, int64 wanted) {
  int count = 0;
  hnsw::for_each_heap_tid(pages.in_order, pages.graph, blocks, [&](hnsw::HeapTid tid) {
    ItemPointerData pointer = item_pointer(tid);
    if (itemptr_encode(&pointer) == wanted) ++count;
  });
  return count;
}

[[noreturn]] void report_row(const InspectedIndex& inspected, const char* what, int64 row) {
  ItemPointerData tid;
  itemptr_decode(&tid, row);
  ereport(ERROR,
          (errcode(ERRCODE_INDEX_CORRUPTED),
           errmsg("index \"%s\" is corrupted: %s", RelationGetRelationName(inspected.index), what),
           errdetail("Row (%u,%u) of table \"%s\".", ItemPointerGetBlockNumber(&tid),
                     ItemPointerGetOffsetNumber(&tid), RelationGetRelationName(inspected.heap)),
           errhint("Please REINDEX it.")));
}

struct Rows {
  const IndexState* state;
  const Codec* codec;
  MemoryContext row_context;
  std::byte* code;
  SortedTids* tids;
};

// IndexBuildCallback
void add_row(Relation, ItemPointer tid, Datum* values, bool* isnull, bool, void* argument) {
  auto* rows = static_cast<Rows*>(argument);
  if (isnull[0]) return;
  MemoryContext caller = MemoryContextSwitchTo(rows->row_context);
  if (encode_datum(*rows->state, *rows->codec, values[0], rows->code)) rows->tids->put(*tid);
  MemoryContextSwitchTo(caller);
  MemoryContextReset(rows->row_context);
}

// Reads the table as CREATE INDEX CONCURRENTLY does. Expressions and predicate of the index are run
// as the table's owner, whose they are.
void read_table(const InspectedIndex& inspected, Snapshot snapshot, Rows& rows) {
  Oid user;
  int security;
  GetUserIdAndSecContext(&user, &security);
  SetUserIdAndSecContext(inspected.heap->rd_rel->relowner,
                         security | SECURITY_RESTRICTED_OPERATION);
  const int nest_level = NewGUCNestLevel();
  restrict_search_path();
  IndexInfo* info = BuildIndexInfo(inspected.index);
  info->ii_Concurrent = true;
  TableScanDesc scan = table_beginscan_strat(inspected.heap, snapshot, 0, nullptr, true, true);
  table_index_build_scan(inspected.heap, inspected.index, info, true, false, add_row, &rows, scan);
  AtEOXact_GUC(false, nest_level);
  SetUserIdAndSecContext(user, security);
}

// An index whose making found HOT chains that it could not follow is of no use to older snapshots.
void require_usable(Relation index, Snapshot snapshot) {
  if (!IsolationUsesXactSnapshot() || !index->rd_index->indcheckxmin) return;
  const TransactionId xmin = HeapTupleHeaderGetXmin(index->rd_indextuple->t_data);
  if (TransactionIdPrecedes(xmin, snapshot->xmin)) return;
  ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                  errmsg("index \"%s\" cannot be checked with the snapshot of this transaction",
                         RelationGetRelationName(index))));
}

}  // namespace

void check_rows(const InspectedIndex& inspected, const IndexState& state, InspectedPages& pages) {
  Snapshot snapshot = RegisterSnapshot(GetTransactionSnapshot());
  require_usable(inspected.index, snapshot);
  const BlockNumber blocks = RelationGetNumberOfBlocks(inspected.index);

  SortedTids indexed;
  hnsw::for_each_heap_tid(pages.in_order, pages.graph, blocks,
                          [&](hnsw::HeapTid tid) { indexed.put(item_pointer(tid)); });
  indexed.sort();

  SortedTids visible;
  Rows rows{&state, &pages.codec,
            AllocSetContextCreate(CurrentMemoryContext, "hnsw check row", ALLOCSET_DEFAULT_SIZES),
            static_cast<std::byte*>(palloc(pages.codec.code_bytes())), &visible};
  read_table(inspected, snapshot, rows);
  visible.sort();

  int64 row, entry = -1;
  bool has_entry = indexed.next(&entry);
  const auto next_entry = [&] {
    const int64 last = entry;
    has_entry = indexed.next(&entry);
    // Unless the row was vacuumed, its place taken by another, and both were seen.
    if (has_entry && entry == last && count_row(pages, blocks, entry) > 1) {
      report_row(inspected, "it has a row twice", entry);
    }
  };
  while (visible.next(&row)) {
    CHECK_FOR_INTERRUPTS();
    while (has_entry && entry < row) next_entry();
    if (!has_entry || entry != row) report_row(inspected, "it lacks a row of its table", row);
  }
  while (has_entry) next_entry();

  indexed.end();
  visible.end();
  UnregisterSnapshot(snapshot);
}

}  // namespace vec::pg
