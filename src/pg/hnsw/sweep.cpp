#include "sweep.hpp"

#include "index_state.hpp"

extern "C" {
#include "catalog/pg_operator_d.h"
#include "executor/tuptable.h"
#include "utils/tuplesort.h"
}

namespace vec::pg {
namespace {

constexpr AttrNumber kBound = 1;
constexpr AttrNumber kTid = 2;
constexpr BlockNumber kReadAhead = 32;

}  // namespace

Sweep::Sweep(ScanGraph& graph, MemoryContext memory, std::span<hnsw::NodeId> returned)
    : graph_(&graph), memory_(memory), returned_(returned) {
  std::sort(returned.begin(), returned.end());
  TupleDesc row = CreateTemplateTupleDesc(2);
  TupleDescInitEntry(row, kBound, "bound", FLOAT8OID, -1, 0);
  TupleDescInitEntry(row, kTid, "tid", TIDOID, -1, 0);
  AttrNumber key = kBound;
  Oid less = Float8LessOperator;
  Oid collation = InvalidOid;
  bool nulls_first = false;
  sort_ = tuplesort_begin_heap(row, 1, &key, &less, &collation, &nulls_first, work_mem, nullptr,
                               TUPLESORT_NONE);
  slot_ = MakeSingleTupleTableSlot(row, &TTSOpsMinimalTuple);
}

void Sweep::put(hnsw::HeapTid tid, double bound) {
  ItemPointerData pointer = item_pointer(tid);
  // Of the sort's own kind of tuple: it copies.
  Datum values[2] = {Float8GetDatum(bound), PointerGetDatum(&pointer)};
  bool nulls[2] = {false, false};
  MinimalTuple tuple = heap_form_minimal_tuple(slot_->tts_tupleDescriptor, values, nulls);
  ExecStoreMinimalTuple(tuple, slot_, true);
  tuplesort_puttupleslot(sort_, slot_);
  ExecClearTuple(slot_);
}

void Sweep::run() {
  BufferPages& pages = graph_->pages();
  hnsw::FlatArray<hnsw::ResultRow> rows;
  const hnsw::NodeId* next_returned = returned_.data();
  const hnsw::NodeId* const end_returned = next_returned + returned_.size();
  pages.begin_reading_everything();
  for (BlockNumber block = hnsw::kMetaBlock + 1; pages.exists(block); ++block) {
    pages.check_interrupts();
    pages.read_ahead(block, kReadAhead);
    rows.clear();
    graph_->read_results_of_page(block, rows);
    for (const hnsw::ResultRow& row : rows.view()) {
      while (next_returned != end_returned && *next_returned < row.node) ++next_returned;
      if (next_returned != end_returned && *next_returned == row.node) continue;
      if (row.tid.is_valid()) put(row.tid, row.bound);
      graph_->read_tid_lists(row.node, row.further,
                             [&](hnsw::ListId, std::span<const hnsw::HeapTid> part) {
                               for (hnsw::HeapTid tid : part) put(tid, row.bound);
                             });
    }
  }
  pages.end_reading_everything();
  tuplesort_performsort(sort_);
}

bool Sweep::next(ScannedRow* row) {
  if (!tuplesort_gettupleslot(sort_, true, false, slot_, nullptr)) return false;
  slot_getallattrs(slot_);
  row->bound = DatumGetFloat8(slot_->tts_values[kBound - 1]);
  row->tid = heap_tid(reinterpret_cast<ItemPointer>(DatumGetPointer(slot_->tts_values[kTid - 1])));
  return true;
}

void Sweep::end() {
  ExecDropSingleTupleTableSlot(slot_);
  tuplesort_end(sort_);
}

}  // namespace vec::pg
