// Exact order: a scan finds rows by lower bounds of their distances; a row may be returned once no
// row to come can be nearer than its true distance.
//
// The executor does that (xs_recheckorderby) where it is sound. It is not in most minor releases
// before November 2026: ExecForceStoreHeapTuple forgets the ctid of the rows that the executor has
// kept back, so FOR UPDATE fails and joins by ctid miss them. There the scan keeps rows back
// itself: it reads the true distance from the table (DistanceReader) and hands rows out in order
// (WaitingRows). The executor then fetches each one as if the index had known its distance.
#pragma once

#include "sweep.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

namespace vec::pg {

// Whether rows that the executor puts in order keep their ctid in this server.
bool executor_orders_soundly();

// What the operator returns for rows of the table.
class DistanceReader {
 public:
  // Lives in the current memory context.
  explicit DistanceReader(IndexScanDesc scan);

  // `query`: what the scan orders by, as long as the scan lasts.
  void open_query(Datum query) { query_ = query; }
  // False when there is no row that the scan's snapshot sees.
  bool read(hnsw::HeapTid tid, double* distance);
  // Gives back what a memory context does not own.
  void end();

 private:
  double distance_of_row();

  IndexScanDesc scan_;
  TupleTableSlot* slot_;
  IndexInfo* index_info_;
  EState* executor_;  // for expressions of the index
  Datum query_ = 0;
};

// Rows by their true distances, nearest first; as PostgreSQL sorts float8, NaN last.
class WaitingRows {
 public:
  // A distance that none exceeds.
  static constexpr double kFarthest = std::numeric_limits<double>::quiet_NaN();

  template <hnsw::Allocator A>
  void put(A& allocator, const ScannedRow& row) {
    rows_.push_back(allocator, row);
    std::push_heap(rows_.begin(), rows_.end(), is_farther);
  }

  // The nearest row if it is not farther than `reached`.
  bool take(double reached, ScannedRow* row) {
    if (rows_.empty() || float8_gt(rows_[0].order, reached)) return false;
    *row = rows_[0];
    std::pop_heap(rows_.begin(), rows_.end(), is_farther);
    rows_.pop_back();
    return true;
  }

 private:
  static bool is_farther(const ScannedRow& a, const ScannedRow& b) {
    return float8_gt(a.order, b.order);
  }

  hnsw::FlatArray<ScannedRow> rows_;  // a heap
};

}  // namespace vec::pg
