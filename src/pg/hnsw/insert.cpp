// aminsert: one row into the pages.
#include "access_method.hpp"
#include "buffer_pages.hpp"
#include "index_state.hpp"
#include "row_inserter.hpp"

namespace vec::pg {

static_assert(hnsw::GraphWriter<hnsw::PageGraph<BufferPages>>);

RowInserter::RowInserter(Relation index, const IndexState& state, MemoryContext memory,
                         Logging logging)
    : state_(state),
      row_context_(AllocSetContextCreate(memory, "hnsw insert row", ALLOCSET_DEFAULT_SIZES)),
      pages_(index, memory, logging),
      codec_(state.make_codec()),
      graph_(pages_, codec_, state.parameters()),
      code_(static_cast<std::byte*>(pages_.allocate(codec_.code_bytes()))) {}

bool RowInserter::insert(Datum value, ItemPointer tid, bool is_stored_already) {
  MemoryContext caller = MemoryContextSwitchTo(row_context_);
  bool has_place = encode_datum(state_, codec_, value, code_);
  MemoryContextSwitchTo(caller);
  MemoryContextReset(row_context_);
  if (!has_place) return false;

  Relation index = pages_.index();
  int level = hnsw::draw_level(1 - pg_prng_double(&pg_global_prng_state), graph_.parameters());
  lock_inserts(index, ShareLock);
  if (is_stored_already) {
    graph_.open_insert(code_, heap_tid(tid));
    if (hnsw::join_stored_equal(graph_, scratch_)) {
      unlock_inserts(index, ShareLock);
      return true;
    }
  }
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

namespace {

// The first vector of an index created empty becomes its codec's center. False when there is still
// none, because the vector has no place in the index.
bool ensure_center(Relation index, Datum value) {
  if (!index_state(index).lacks_center) return true;
  lock_inserts(index, ExclusiveLock);
  const IndexState state = index_state(index);
  if (state.lacks_center) store_first_center(index, state, value);
  unlock_inserts(index, ExclusiveLock);
  return !index_state(index).lacks_center;
}

}  // namespace

bool aminsert(Relation index, Datum* values, bool* isnull, ItemPointer tid, Relation,
              IndexUniqueCheck, bool index_unchanged, IndexInfo* index_info) {
  if (isnull[0]) return false;
  // Kept for the rows of one statement.
  auto* inserter = static_cast<RowInserter*>(index_info->ii_AmCache);
  if (inserter == nullptr) {
    if (!ensure_center(index, values[0])) return false;
    MemoryContext caller = MemoryContextSwitchTo(index_info->ii_Context);
    inserter = new (palloc(sizeof(RowInserter)))
        RowInserter(index, index_state(index), index_info->ii_Context, Logging::generic_xlog);
    MemoryContextSwitchTo(caller);
    index_info->ii_AmCache = inserter;
  }
  inserter->insert(values[0], tid, index_unchanged);
  return false;
}

}  // namespace vec::pg
