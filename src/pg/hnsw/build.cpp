// ambuild: the graph grows in memory, under maintenance_work_mem, built by this backend and
// parallel workers, and is written to pages once. When memory is used up, the pages are written
// early and the remaining rows inserted into them. Nothing is logged until the end, when all pages
// are.
#include "access_method.hpp"
#include "buffer_pages.hpp"
#include "build_workers.hpp"
#include "center_sample.hpp"
#include "index_state.hpp"

namespace vec::pg {

IndexBuildResult* ambuild(Relation heap, Relation index, IndexInfo* index_info) {
  if (RelationGetNumberOfBlocks(index) != 0) {
    elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
  }
  IndexState state = new_index_state(index);
  sample_center(heap, index, index_info, state);
  return build_index(heap, index, index_info, state,
                     planned_build_workers(heap, index, index_info));
}

// The init fork of an unlogged index: an empty graph. Logged although the index is not.
void ambuildempty(Relation index) {
  const IndexState state = new_index_state(index);
  const hnsw::MetaPage meta = new_metapage(state);
  for (uint32 page = 0; page <= state.codec_pages(); ++page) {
    const bool is_meta = page == hnsw::kMetaBlock;
    Buffer buffer = extend_relation(index, INIT_FORKNUM);
    START_CRIT_SECTION();
    BufferPages::format(BufferGetPage(buffer),
                        is_meta ? hnsw::PageKind::meta : hnsw::PageKind::codec, state.geometry());
    if (is_meta) hnsw::write_meta(reinterpret_cast<std::byte*>(BufferGetPage(buffer)), meta);
    MarkBufferDirty(buffer);
    log_newpage_buffer(buffer, true);
    END_CRIT_SECTION();
    UnlockReleaseBuffer(buffer);
  }
}

char* ambuildphasename(int64 phase) {
  switch (phase) {
    case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
      return const_cast<char*>("initializing");
    case kSubphaseLoadingTuples:
      return const_cast<char*>("loading tuples");
    case kSubphaseRepairing:
      return const_cast<char*>("checking reachability");
    case kSubphaseWritingPages:
      return const_cast<char*>("writing pages");
    case kSubphaseLogging:
      return const_cast<char*>("writing to the log");
    default:
      return nullptr;
  }
}

}  // namespace vec::pg
