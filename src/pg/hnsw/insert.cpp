// aminsert: one row into the pages.
#include "access_method.hpp"
#include "buffer_pages.hpp"
#include "index_state.hpp"
#include "row_inserter.hpp"

namespace vec::pg {

static_assert(hnsw::GraphWriter<hnsw::PageGraph<BufferPages>>);

RowInserter::RowInserter(Relation index, const IndexState& state, MemoryContext memory,
                         Logging logging)
    : pages_(index, memory, logging),
      codec_(state.make_codec()),
      graph_(pages_, codec_, state.parameters()),
      code_(static_cast<std::byte*>(pages_.allocate(codec_.code_bytes()))) {}

bool RowInserter::insert(const IndexState& state, Datum value, ItemPointer tid) {
  if (!encode_datum(state, codec_, value, code_)) return false;
  Relation index = pages_.index();
  int level = hnsw::draw_level(1 - pg_prng_double(&pg_global_prng_state), graph_.parameters());
  lock_inserts(index, ShareLock);
  hnsw::InsertOutcome outcome = attempt(tid, level, false);
  unlock_inserts(index, ShareLock);
  if (outcome == hnsw::InsertOutcome::needs_exclusive) {
    lock_inserts(index, ExclusiveLock);
    attempt(tid, level, true);
    unlock_inserts(index, ExclusiveLock);
  }
  return true;
}

hnsw::InsertOutcome RowInserter::attempt(ItemPointer tid, int level, bool may_become_root) {
  graph_.open_insert(code_, heap_tid(tid));
  return hnsw::insert(graph_, scratch_, level, graph_.parameters(), may_become_root);
}

bool aminsert(Relation index, Datum* values, bool* isnull, ItemPointer tid, Relation,
              IndexUniqueCheck, bool, IndexInfo* index_info) {
  if (isnull[0]) return false;
  const IndexState& state = index_state(index);
  // Kept for the rows of one statement.
  auto* inserter = static_cast<RowInserter*>(index_info->ii_AmCache);
  if (inserter == nullptr) {
    void* place = MemoryContextAlloc(index_info->ii_Context, sizeof(RowInserter));
    inserter = new (place) RowInserter(index, state, index_info->ii_Context, Logging::generic_xlog);
    index_info->ii_AmCache = inserter;
  }
  // Detoasting leaves copies in the caller's per-row context.
  inserter->insert(state, values[0], tid);
  return false;
}

}  // namespace vec::pg
