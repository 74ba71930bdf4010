// The indexes that hnsw_check and hnsw_index_stats read: who may have them read, how they are
// opened.
#pragma once

#include "buffer_pages.hpp"
#include "index_state.hpp"

namespace vec::pg {

struct InspectedIndex {
  Relation heap;
  Relation index;
};

// Opens both under AccessShareLock: inserts, scans and vacuum go on. Raises an error when this is
// no valid hnsw index or the current user may not read its table.
InspectedIndex open_inspected(Oid index_id);
void close_inspected(const InspectedIndex& inspected);

// An unlogged index has no contents on a standby.
bool has_contents(Relation index);

// Two ways to an index's pages: all in order, through a ring of buffers if there are many, and some
// at random. The address of `random` must not change.
struct InspectedPages {
  InspectedPages(Relation index, const IndexState& state, MemoryContext memory);
  InspectedPages(const InspectedPages&) = delete;

  BufferPages in_order;
  BufferPages random;
  Codec codec;
  hnsw::PageReader<BufferPages> graph;  // over random
};
static_assert(std::is_trivially_destructible_v<InspectedPages>);

// check_rows.cpp: every visible row of the table that has a place in the index is there, and no row
// is there twice.
void check_rows(const InspectedIndex& inspected, const IndexState& state, InspectedPages& pages);

}  // namespace vec::pg
