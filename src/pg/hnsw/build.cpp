// ambuild: the graph grows in memory, under maintenance_work_mem, and is written to pages once.
// When memory is used up, the pages are written early and the remaining rows inserted into them.
// Nothing is logged until the end, when all pages are.
#include "access_method.hpp"
#include "buffer_pages.hpp"
#include "center_sample.hpp"
#include "index_state.hpp"
#include "row_inserter.hpp"
#include "vector/hnsw/memory_graph.hpp"
#include "vector/hnsw/reachability.hpp"
#include "vector/hnsw/write_pages.hpp"

namespace vec::pg {
namespace {

constexpr int64 kPhaseLoadingTuples = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1;
constexpr int64 kPhaseRepairing = kPhaseLoadingTuples + 1;
constexpr int64 kPhaseWritingPages = kPhaseRepairing + 1;

// The memory of the graph: an Allocator over a memory context.
class BuildMemory {
 public:
  explicit BuildMemory(MemoryContext context) : context_(context) {}
  void* allocate(std::size_t bytes) {
    return MemoryContextAllocExtended(context_, bytes, MCXT_ALLOC_HUGE);
  }
  void check_interrupts() { CHECK_FOR_INTERRUPTS(); }
  [[noreturn]] void corrupted(const char* what) {
    elog(ERROR, "hnsw graph in memory: %s", what);
    pg_unreachable();
  }

 private:
  MemoryContext context_;
};

using BuildGraph = hnsw::MemoryGraph<BuildMemory>;
static_assert(hnsw::GraphWriter<BuildGraph>);

class Build {
 public:
  Build(Relation index, const IndexState& state)
      : index_(index),
        state_(state),
        context_(AllocSetContextCreate(CurrentMemoryContext, "hnsw build graph",
                                       ALLOCSET_DEFAULT_SIZES)),
        row_context_(
            AllocSetContextCreate(CurrentMemoryContext, "hnsw build row", ALLOCSET_DEFAULT_SIZES)),
        memory_(context_),
        codec_(state.make_codec()),
        parameters_(state.parameters()),
        graph_(memory_, codec_, parameters_),
        pages_(index, CurrentMemoryContext, Logging::none),
        code_(static_cast<std::byte*>(palloc(codec_.code_bytes()))) {}

  IndexBuildResult* run(Relation heap, IndexInfo* index_info) {
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, kPhaseLoadingTuples);
    auto* result = static_cast<IndexBuildResult*>(palloc0(sizeof(IndexBuildResult)));
    result->heap_tuples =
        table_index_build_scan(heap, index_, index_info, true, true, add_row, this, nullptr);
    if (inserter_ == nullptr) {
      write_pages();
    } else {
      repair_pages();
    }
    IndexFreeSpaceMapVacuum(index_);
    pages_.log_everything();
    result->index_tuples = indexed_rows_;
    return result;
  }

 private:
  // IndexBuildCallback
  static void add_row(Relation, ItemPointer tid, Datum* values, bool* isnull, bool, void* build) {
    if (!isnull[0]) static_cast<Build*>(build)->add(values[0], tid);
  }

  void add(Datum value, ItemPointer tid) {
    MemoryContext caller = MemoryContextSwitchTo(row_context_);
    bool indexed = inserter_ == nullptr ? add_in_memory(value, tid) : inserter_->insert(value, tid);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(row_context_);
    if (!indexed) return;
    indexed_rows_ += 1;
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, static_cast<int64>(indexed_rows_));
    if (inserter_ == nullptr &&
        graph_.bytes_used() > static_cast<Size>(maintenance_work_mem) * 1024) {
      go_on_in_pages();
    }
  }

  bool add_in_memory(Datum value, ItemPointer tid) {
    if (!encode_datum(state_, codec_, value, code_)) return false;
    graph_.open_insert(code_, heap_tid(tid));
    int level = hnsw::draw_level(1 - pg_prng_double(&pg_global_prng_state), parameters_);
    hnsw::insert(graph_, scratch_, level, parameters_, true);
    return true;
  }

  void go_on_in_pages() {
    ereport(
        NOTICE,
        (errmsg("hnsw graph no longer fits into maintenance_work_mem after " INT64_FORMAT " tuples",
                static_cast<int64>(indexed_rows_)),
         errdetail("Building will take significantly more time."),
         errhint("Increase maintenance_work_mem to speed up builds.")));
    write_pages();
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, kPhaseLoadingTuples);
    inserter_ = new (palloc(sizeof(RowInserter)))
        RowInserter(index_, state_, CurrentMemoryContext, Logging::none);
  }

  template <class Graph>
  void make_reachable(Graph& graph, hnsw::Scratch& scratch) {
    auto none_is_dead = [](hnsw::NodeId) { return false; };
    hnsw::ReachabilityRepair repair(graph, scratch, parameters_.ef_construction, none_is_dead);
    const std::size_t adopted = repair.run();  // not inside elog, which need not evaluate it
    elog(DEBUG1, "hnsw build of \"%s\": %zu elements were made reachable",
         RelationGetRelationName(index_), adopted);
  }

  // The rows that were inserted into pages may have cut off others.
  void repair_pages() {
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, kPhaseRepairing);
    hnsw::PageGraph<BufferPages> graph(pages_, codec_, parameters_);
    hnsw::Scratch scratch;
    make_reachable(graph, scratch);
  }

  // Also releases the graph's memory.
  void write_pages() {
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, kPhaseRepairing);
    make_reachable(graph_, scratch_);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, kPhaseWritingPages);
    hnsw::Geometry geometry = state_.geometry();
    const uint32 codec_pages = state_.codec_pages();
    hnsw::PageWriter writer(graph_, geometry, hnsw::kMetaBlock + 1 + codec_pages, pages_);
    // What was indexed has used the center, be it the origin.
    if (indexed_rows_ > 0) state_.lacks_center = false;
    hnsw::MetaPage meta = new_metapage(state_);
    hnsw::EntryPoint entry_point = graph_.entry_point();
    if (entry_point.id != hnsw::kNoNode) {
      meta.entry_point = writer.page_id(entry_point.id);
      meta.entry_level = entry_point.level;
    }
    pages_.write_next(hnsw::PageKind::meta, geometry,
                      [&](std::byte* page) { hnsw::write_meta(page, meta); });
    for (uint32 i = 0; i < codec_pages; ++i) {
      pages_.write_next(hnsw::PageKind::codec, geometry,
                        [&](std::byte* page) { fill_codec_page(state_, i, page); });
    }
    writer.write();
    MemoryContextDelete(context_);
  }

  Relation index_;
  IndexState state_;
  MemoryContext context_;      // of the graph
  MemoryContext row_context_;  // reset after every row
  BuildMemory memory_;
  Codec codec_;
  hnsw::Parameters parameters_;
  BuildGraph graph_;
  hnsw::Scratch scratch_;
  BufferPages pages_;
  RowInserter* inserter_ = nullptr;  // from when memory was used up
  std::byte* code_;
  double indexed_rows_ = 0;
};
static_assert(std::is_trivially_destructible_v<Build>);

}  // namespace

IndexBuildResult* ambuild(Relation heap, Relation index, IndexInfo* index_info) {
  if (RelationGetNumberOfBlocks(index) != 0) {
    elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
  }
  IndexState state = new_index_state(index);
  sample_center(heap, index, index_info, state);
  Build build(index, state);
  return build.run(heap, index_info);
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
    case kPhaseLoadingTuples:
      return const_cast<char*>("loading tuples");
    case kPhaseRepairing:
      return const_cast<char*>("checking reachability");
    case kPhaseWritingPages:
      return const_cast<char*>("writing pages");
    default:
      return nullptr;
  }
}

}  // namespace vec::pg
