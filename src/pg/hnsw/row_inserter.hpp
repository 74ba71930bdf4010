// Inserting rows one by one into the pages: for aminsert, and for a build that ran out of memory.
#pragma once

#include <new>

#include "buffer_pages.hpp"
#include "index_state.hpp"
#include "vector/hnsw/insert.hpp"
#include "vector/hnsw/page_graph.hpp"

namespace vec::pg {

class RowInserter {
 public:
  // `memory` must outlive it; the working memory of all rows is taken from there once.
  RowInserter(Relation index, const IndexState& state, MemoryContext memory, Logging logging);

  // False when the row has no place in the index. REQUIRES: value is not null.
  // `is_stored_already`: an older version of the row with the same value was indexed.
  bool insert(Datum value, ItemPointer tid, bool is_stored_already = false);

 private:
  hnsw::InsertOutcome attempt(ItemPointer tid, int level, bool may_become_root);

  IndexState state_;
  MemoryContext row_context_;  // for detoasted copies; reset after every row
  BufferPages pages_;
  Codec codec_;
  hnsw::PageGraph<BufferPages> graph_;
  hnsw::Scratch scratch_;
  std::byte* code_;
};

}  // namespace vec::pg
