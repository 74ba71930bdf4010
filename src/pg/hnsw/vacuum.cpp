// ambulkdelete, amvacuumcleanup: the steps of vector/hnsw/vacuum.hpp with the barriers between
// them.
#include "vector/hnsw/vacuum.hpp"
#include "access_method.hpp"
#include "buffer_pages.hpp"
#include "index_state.hpp"

extern "C" {
#include "postmaster/autovacuum.h"
}

namespace vec::pg {
namespace {

// Waits until the inserts that are running have ended, and calls `alone` while none runs.
template <class Alone>
void with_no_inserts(Relation index, Alone alone) {
  lock_inserts(index, ExclusiveLock);
  alone();
  unlock_inserts(index, ExclusiveLock);
}

std::size_t memory_limit() {
  const int kilobytes = is_autovacuum_worker() && autovacuum_work_mem != -1 ? autovacuum_work_mem
                                                                            : maintenance_work_mem;
  return static_cast<std::size_t>(kilobytes) * 1024;
}

}  // namespace

IndexBulkDeleteResult* ambulkdelete(IndexVacuumInfo* info, IndexBulkDeleteResult* stats,
                                    IndexBulkDeleteCallback callback, void* callback_state) {
  Relation index = info->index;
  if (stats == nullptr) {
    stats = static_cast<IndexBulkDeleteResult*>(palloc0(sizeof(IndexBulkDeleteResult)));
  }
  const IndexState state = index_state(index);
  MemoryContext memory =
      AllocSetContextCreate(CurrentMemoryContext, "hnsw vacuum", ALLOCSET_DEFAULT_SIZES);
  BufferPages pages(index, memory);
  pages.use_vacuum_manners(info->strategy);
  hnsw::PageGraph<BufferPages> graph(pages, state.make_codec(), state.parameters());
  hnsw::Scratch scratch;
  hnsw::Vacuum<BufferPages> vacuum(graph, scratch, memory_limit());

  hnsw::VacuumCounts counts =
      vacuum.sweep(RelationGetNumberOfBlocks(index), [&](hnsw::HeapTid tid) {
        ItemPointerData pointer = item_pointer(tid);
        return callback(&pointer, callback_state);
      });
  if (vacuum.has_dead()) {
    // Inserts that began before the sweep may yet link to what it marked; from here on none does.
    // Only now can we say whether there is anything live for an entry point.
    with_no_inserts(index, [] {});
    vacuum.look_for_entry_point();
    with_no_inserts(index, [&] { vacuum.replace_entry_point(); });
    vacuum.repair(RelationGetNumberOfBlocks(index));
    vacuum.look_for_entry_point();
    with_no_inserts(index, [&] { vacuum.replace_entry_point(); });
    vacuum.free_deleted();
  }
  stats->num_index_tuples = static_cast<double>(counts.tids_left);
  stats->tuples_removed += static_cast<double>(counts.tids_removed);
  MemoryContextDelete(memory);
  return stats;
}

IndexBulkDeleteResult* amvacuumcleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* stats) {
  // Without a bulk delete nothing has changed.
  if (info->analyze_only || stats == nullptr) return stats;
  stats->num_pages = RelationGetNumberOfBlocks(info->index);
  IndexFreeSpaceMapVacuum(info->index);
  return stats;
}

}  // namespace vec::pg
