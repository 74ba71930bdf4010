// The end of an iterative scan: every element that the search did not return, read in storage order
// and sorted by PostgreSQL (tuplesort, within work_mem, beyond it on disk).
#pragma once

#include "buffer_pages.hpp"

namespace vec::pg {

using ScanGraph = hnsw::PageReader<BufferPages>;

struct ScannedRow {
  hnsw::HeapTid tid;
  double order;  // what it is ordered by
};

class Sweep {
 public:
  // `returned`: nodes to leave out; gets sorted. Orders by lower bounds or, without exact_order, by
  // the distances of codes. Lives in the current memory context.
  Sweep(ScanGraph& graph, std::span<hnsw::NodeId> returned, bool by_bound);

  // Reads the index. Once, before next().
  void run();
  // Nearest first. False at the end.
  bool next(ScannedRow* row);
  // Gives back what a memory context does not own.
  void end();

 private:
  void put(hnsw::HeapTid tid, double order);

  ScanGraph* graph_;
  std::span<const hnsw::NodeId> returned_;
  bool by_bound_;
  Tuplesortstate* sort_;
  TupleTableSlot* input_;
  TupleTableSlot* output_;
};

}  // namespace vec::pg
