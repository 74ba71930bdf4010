// The end of an iterative scan: every element that the search did not return, read in storage order
// and sorted by PostgreSQL (tuplesort, within work_mem, beyond it on disk).
#pragma once

#include "buffer_pages.hpp"

namespace vec::pg {

using ScanGraph = hnsw::PageReader<BufferPages>;

struct ScannedRow {
  hnsw::HeapTid tid;
  double bound;
};

class Sweep {
 public:
  // `returned`: nodes to leave out; gets sorted. Everything lives in `memory`.
  Sweep(ScanGraph& graph, MemoryContext memory, std::span<hnsw::NodeId> returned);

  // Reads the index. Once, before next().
  void run();
  // Lowest bound first. False at the end.
  bool next(ScannedRow* row);
  // Gives back what a memory context does not own.
  void end();

 private:
  void put(hnsw::HeapTid tid, double bound);

  ScanGraph* graph_;
  MemoryContext memory_;
  std::span<const hnsw::NodeId> returned_;
  Tuplesortstate* sort_;
  TupleTableSlot* input_;
  TupleTableSlot* output_;
};

}  // namespace vec::pg
