#include "sweep.hpp"

#include "block_stream.hpp"
#include "index_state.hpp"

extern "C" {
#include "catalog/pg_operator_d.h"
#include "executor/tuptable.h"
#include "utils/tuplesort.h"
}

namespace vec::pg {
namespace {

constexpr AttrNumber kOrder = 1;
constexpr AttrNumber kTid = 2;

}  // namespace

Sweep::Sweep(ScanGraph& graph, std::span<hnsw::NodeId> returned, bool by_bound)
    : graph_(&graph), returned_(returned), by_bound_(by_bound) {
  std::sort(returned.begin(), returned.end());
  TupleDesc row = CreateTemplateTupleDesc(2);
  TupleDescInitEntry(row, kOrder, "order", FLOAT8OID, -1, 0);
  TupleDescInitEntry(row, kTid, "tid", TIDOID, -1, 0);
  AttrNumber key = kOrder;
  Oid less = Float8LessOperator;
  Oid collation = InvalidOid;
  bool nulls_first = false;
  sort_ = tuplesort_begin_heap(row, 1, &key, &less, &collation, &nulls_first, work_mem, nullptr,
                               TUPLESORT_NONE);
  input_ = MakeSingleTupleTableSlot(row, &TTSOpsVirtual);
  output_ = MakeSingleTupleTableSlot(row, &TTSOpsMinimalTuple);
}

void Sweep::put(hnsw::HeapTid tid, double order) {
  ItemPointerData pointer = item_pointer(tid);
  input_->tts_values[kOrder - 1] = Float8GetDatum(order);
  input_->tts_values[kTid - 1] = PointerGetDatum(&pointer);
  input_->tts_isnull[kOrder - 1] = input_->tts_isnull[kTid - 1] = false;
  ExecStoreVirtualTuple(input_);
  tuplesort_puttupleslot(sort_, input_);
  ExecClearTuple(input_);
}

void Sweep::run() {
  BufferPages& pages = graph_->pages();
  hnsw::FlatArray<hnsw::ResultRow> rows;
  const hnsw::NodeId* next_returned = returned_.data();
  const hnsw::NodeId* const end_returned = next_returned + returned_.size();
  BlockStream blocks(pages.index(), hnsw::kMetaBlock + 1);
  for (Buffer buffer = blocks.next(); BufferIsValid(buffer); buffer = blocks.next()) {
    rows.clear();
    rows.reserve(pages, graph_->geometry().elements_per_page());
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    graph_->results_of_page(reinterpret_cast<const std::byte*>(BufferGetPage(buffer)),
                            BufferGetBlockNumber(buffer), rows);
    UnlockReleaseBuffer(buffer);
    pages.check_interrupts();
    for (const hnsw::ResultRow& row : rows.view()) {
      while (next_returned != end_returned && *next_returned < row.node) ++next_returned;
      if (next_returned != end_returned && *next_returned == row.node) continue;
      const double order = by_bound_ ? row.bound : row.distance;
      if (row.tid.is_valid()) put(row.tid, order);
      graph_->read_tid_lists(row.node, row.further,
                             [&](hnsw::ListId, std::span<const hnsw::HeapTid> part) {
                               for (hnsw::HeapTid tid : part) put(tid, order);
                             });
    }
  }
  blocks.end();
  tuplesort_performsort(sort_);
}

bool Sweep::next(ScannedRow* row) {
  if (!tuplesort_gettupleslot(sort_, true, false, output_, nullptr)) return false;
  slot_getallattrs(output_);
  row->order = DatumGetFloat8(output_->tts_values[kOrder - 1]);
  row->tid =
      heap_tid(reinterpret_cast<ItemPointer>(DatumGetPointer(output_->tts_values[kTid - 1])));
  return true;
}

void Sweep::end() {
  ExecDropSingleTupleTableSlot(input_);
  ExecDropSingleTupleTableSlot(output_);
  tuplesort_end(sort_);
}

}  // namespace vec::pg
