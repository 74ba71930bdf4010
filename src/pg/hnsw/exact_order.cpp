#include "exact_order.hpp"

#include <cstdlib>

#include "index_state.hpp"

extern "C" {
#include "executor/executor.h"
}

namespace vec::pg {
namespace {

// Stores a row the way the executor takes it from its queue, and looks what is left of its ctid.
bool stored_rows_keep_their_ctid() {
  TupleDesc row = CreateTemplateTupleDesc(1);
  TupleDescInitEntry(row, 1, "n", INT4OID, -1, 0);
  Datum value = Int32GetDatum(0);
  bool is_null = false;
  HeapTuple tuple = heap_form_tuple(row, &value, &is_null);
  ItemPointerSet(&tuple->t_self, 1, 2);
  TupleTableSlot* slot = MakeSingleTupleTableSlot(row, &TTSOpsBufferHeapTuple);
  ExecForceStoreHeapTuple(tuple, slot, false);
  // Comparing an invalid one would fail an assertion.
  const bool keeps =
      ItemPointerIsValid(&slot->tts_tid) && ItemPointerEquals(&slot->tts_tid, &tuple->t_self);
  ExecDropSingleTupleTableSlot(slot);
  heap_freetuple(tuple);
  FreeTupleDesc(row);
  return keeps;
}

// VECTOR_FORCE_EXACT_ORDER=executor|scan in the server's environment: for tests.
bool choose_executor() {
  const char* forced = std::getenv("VECTOR_FORCE_EXACT_ORDER");
  if (forced == nullptr || forced[0] == '\0') return stored_rows_keep_their_ctid();
  if (strcmp(forced, "executor") == 0) return true;
  if (strcmp(forced, "scan") == 0) return false;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("VECTOR_FORCE_EXACT_ORDER: \"%s\" is neither executor nor scan", forced)));
}

}  // namespace

bool executor_orders_soundly() {
  enum class Answer { unknown, no, yes };
  static Answer answer = Answer::unknown;
  if (answer == Answer::unknown) answer = choose_executor() ? Answer::yes : Answer::no;
  return answer == Answer::yes;
}

DistanceReader::DistanceReader(IndexScanDesc scan)
    : scan_(scan),
      slot_(table_slot_create(scan->heapRelation, nullptr)),
      index_info_(BuildIndexInfo(scan->indexRelation)),
      executor_(CreateExecutorState()) {
  GetPerTupleExprContext(executor_)->ecxt_scantuple = slot_;
}

bool DistanceReader::read(hnsw::HeapTid tid, double* distance) {
  ItemPointerData pointer = item_pointer(tid);
  // There is one version of a row that an MVCC snapshot sees.
  bool call_again = false;
  bool all_dead;
  // The executor's own access to the table: pages that it has at hand need not be looked up again.
  if (!table_index_fetch_tuple(scan_->xs_heapfetch, &pointer, scan_->xs_snapshot, slot_,
                               &call_again, &all_dead)) {
    return false;
  }
  MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(executor_));
  *distance = distance_of_row();
  MemoryContextSwitchTo(caller);
  ExecClearTuple(slot_);
  ResetPerTupleExprContext(executor_);
  return true;
}

double DistanceReader::distance_of_row() {
  Datum values[INDEX_MAX_KEYS];
  bool is_null[INDEX_MAX_KEYS];
  FormIndexDatum(index_info_, slot_, executor_, values, is_null);
  if (is_null[0]) return get_float8_nan();
  const ScanKey order_by = &scan_->orderByData[0];
  return DatumGetFloat8(
      FunctionCall2Coll(&order_by->sk_func, order_by->sk_collation, values[0], query_));
}

void DistanceReader::end() {
  ExecDropSingleTupleTableSlot(slot_);
  FreeExecutorState(executor_);
}

}  // namespace vec::pg
