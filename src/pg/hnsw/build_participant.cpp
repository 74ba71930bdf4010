#include "build_participant.hpp"

#include "vector/hnsw/reachability.hpp"
#include "vector/hnsw/write_pages.hpp"

namespace vec::pg {
namespace {

static_assert(hnsw::GraphWriter<hnsw::MemoryGraph<BuildMemory>>);

// Enough for the first chunk of any graph.
constexpr Size kLeastMemoryOfProcess = 1024 * 1024;

// What the last steps need for each element: a place in the order of pages, marks of what was seen.
constexpr Size share_of_last_steps(Size memory) {
  return memory / 16;
}

// The pages of the index while the graph is written, counted in the progress report.
class ReportedPages {
 public:
  // There will be about `expected` pages.
  ReportedPages(BufferPages& pages, bool is_reported, int64 expected)
      : pages_(&pages), is_reported_(is_reported), expected_(expected) {}

  void* allocate(std::size_t bytes) { return pages_->allocate(bytes); }
  void check_interrupts() { pages_->check_interrupts(); }
  template <class Fill>
  void write_next(hnsw::PageKind kind, const hnsw::Geometry& geometry, Fill fill) {
    pages_->write_next(kind, geometry, fill);
    written_ += 1;
    if (!is_reported_) return;
    if (written_ > expected_) pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_TOTAL, written_);
    pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_DONE, written_);
  }
  void record_space(BlockNumber block, hnsw::PageKind kind, uint32 slots) {
    pages_->record_space(block, kind, slots);
  }

 private:
  BufferPages* pages_;
  bool is_reported_;
  int64 expected_;
  int64 written_ = 0;
};

}  // namespace

BuildShared::BuildShared(Relation heap_relation, Relation index_relation, bool concurrent,
                         int tranche, int processes)
    : heap(RelationGetRelid(heap_relation)),
      index(RelationGetRelid(index_relation)),
      is_concurrent(concurrent),
      lock_tranche(tranche),
      memory{},
      is_memory_used_up(false),
      is_index_empty(false),
      scans_done(0),
      heap_tuples(0),
      has_broken_hot_chain(false) {
  const Size wanted = static_cast<Size>(maintenance_work_mem) * 1024;
  memory.limit = Max(wanted - share_of_last_steps(wanted),
                     static_cast<Size>(processes) * kLeastMemoryOfProcess);
  LWLockInitialize(&memory.lock, tranche);
  LWLockInitialize(&first_insert, tranche);
  BarrierInit(&barrier, 0);
  pg_atomic_init_u64(&indexed_rows, 0);
  SpinLockInit(&mutex);
  ConditionVariableInit(&scan_done);
}

BuildParticipant::BuildParticipant(Relation index, const IndexState& state, BuildShared* shared,
                                   const BuildArea& area, ParallelTableScanDesc table_scan,
                                   bool is_leader)
    : index_(index),
      state_(state),
      shared_(shared),
      table_scan_(reinterpret_cast<ParallelBlockTableScanDesc>(table_scan)),
      is_leader_(is_leader),
      context_(
          AllocSetContextCreate(CurrentMemoryContext, "hnsw build graph", ALLOCSET_DEFAULT_SIZES)),
      row_context_(
          AllocSetContextCreate(CurrentMemoryContext, "hnsw build row", ALLOCSET_DEFAULT_SIZES)),
      memory_(&shared->memory, area, context_),
      codec_(state.make_codec()),
      parameters_(state.parameters()),
      graph_(memory_, shared->graph, codec_, parameters_),
      pages_(index, CurrentMemoryContext, Logging::none),
      code_(static_cast<std::byte*>(palloc(codec_.code_bytes()))) {}

void BuildParticipant::scan(Relation heap, IndexInfo* index_info) {
  report(PROGRESS_CREATEIDX_SUBPHASE, kSubphaseLoadingTuples);
  if (BarrierAttach(&shared_->barrier) == kInMemory) {
    memory_.enter();
  } else {
    go_on_in_pages();
  }
  const double heap_tuples =
      table_index_build_scan(heap, index_, index_info, true, is_leader_, add_row, this,
                             table_beginscan_parallel(heap, &table_scan_->base));
  BarrierDetach(&shared_->barrier);
  if (!is_leader_) memory_.leave();

  SpinLockAcquire(&shared_->mutex);
  shared_->scans_done += 1;
  shared_->heap_tuples += heap_tuples;
  shared_->has_broken_hot_chain |= index_info->ii_BrokenHotChain;
  SpinLockRelease(&shared_->mutex);
  ConditionVariableSignal(&shared_->scan_done);
}

// IndexBuildCallback
void BuildParticipant::add_row(Relation, ItemPointer tid, Datum* values, bool* isnull, bool,
                               void* participant) {
  if (!isnull[0]) static_cast<BuildParticipant*>(participant)->add(values[0], tid);
}

void BuildParticipant::add(Datum value, ItemPointer tid) {
  if (inserter_ == nullptr && (shared_->is_memory_used_up || !graph_.reserve())) {
    shared_->is_memory_used_up = true;
    go_on_in_pages();
  }
  MemoryContext caller = MemoryContextSwitchTo(row_context_);
  bool is_indexed;
  if (inserter_ != nullptr) {
    is_indexed = insert_in_pages(value, tid);
  } else {
    is_indexed = encode_datum(state_, codec_, value, code_);
    if (is_indexed) insert_in_memory(tid);
  }
  MemoryContextSwitchTo(caller);
  MemoryContextReset(row_context_);
  if (!is_indexed) return;
  const uint64 rows = pg_atomic_add_fetch_u64(&shared_->indexed_rows, 1);
  if (is_leader_) {
    if (rows % 128 == 0) report_total();
    report_progress();
  }
}

void BuildParticipant::insert_in_memory(ItemPointer tid) {
  graph_.open_insert(code_, heap_tid(tid));
  const int level = hnsw::draw_level(1 - pg_prng_double(&pg_global_prng_state), parameters_);
  if (hnsw::insert(graph_, scratch_, level, parameters_, false) !=
      hnsw::InsertOutcome::needs_exclusive) {
    return;
  }
  LWLockAcquire(&shared_->first_insert, LW_EXCLUSIVE);
  hnsw::insert(graph_, scratch_, level, parameters_, true);
  LWLockRelease(&shared_->first_insert);
}

bool BuildParticipant::insert_in_pages(Datum value, ItemPointer tid) {
  if (!shared_->is_index_empty) return inserter_->insert(value, tid);
  // From PostgreSQL 16 on the insert lock does not keep processes of one group from each other.
  LWLockAcquire(&shared_->first_insert, LW_EXCLUSIVE);
  const bool is_indexed = inserter_->insert(value, tid);
  if (is_indexed) shared_->is_index_empty = false;
  LWLockRelease(&shared_->first_insert);
  return is_indexed;
}

void BuildParticipant::report_progress() {
  report(PROGRESS_CREATEIDX_TUPLES_DONE,
         static_cast<int64>(pg_atomic_read_u64(&shared_->indexed_rows)));
}

void BuildParticipant::look_after_others() {
  const int phase = BarrierPhase(&shared_->barrier);
  report(PROGRESS_CREATEIDX_SUBPHASE,
         phase == kWritingGraph ? kSubphaseWritingPages : kSubphaseLoadingTuples);
  report_progress();
  report_total();
  report_scanned_blocks();
  if (phase == kInPages) memory_.leave();
}

void BuildParticipant::report_total() {
  report(PROGRESS_CREATEIDX_TUPLES_TOTAL, static_cast<int64>(estimated_rows()));
}

// From the part of the table that was given out to the processes.
double BuildParticipant::estimated_rows() const {
  const double rows = static_cast<double>(pg_atomic_read_u64(&shared_->indexed_rows));
  const uint64 given_out = blocks_given_out();
  return given_out == 0 ? rows : rows * table_scan_->phs_nblocks / static_cast<double>(given_out);
}

uint64 BuildParticipant::blocks_given_out() const {
  return Min(pg_atomic_read_u64(&table_scan_->phs_nallocated), table_scan_->phs_nblocks);
}

void BuildParticipant::report_scanned_blocks() {
  report(PROGRESS_SCAN_BLOCKS_DONE, static_cast<int64>(blocks_given_out()));
  report(PROGRESS_SCAN_BLOCKS_TOTAL, table_scan_->phs_nblocks);
}

void BuildParticipant::go_on_in_pages() {
  report(PROGRESS_CREATEIDX_SUBPHASE, kSubphaseWritingPages);
  if (BarrierPhase(&shared_->barrier) == kInMemory &&
      BarrierArriveAndWait(&shared_->barrier, WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN)) {
    notice_memory_used_up();
    write_graph();
  }
  if (BarrierPhase(&shared_->barrier) == kWritingGraph) {
    BarrierArriveAndWait(&shared_->barrier, WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN);
  }
  memory_.leave();
  report(PROGRESS_CREATEIDX_SUBPHASE, kSubphaseLoadingTuples);
  report_scanned_blocks();  // no longer those of the index
  inserter_ = new (palloc(sizeof(RowInserter)))
      RowInserter(index_, state_, CurrentMemoryContext, Logging::none);
}

void BuildParticipant::notice_memory_used_up() const {
  const double rows = static_cast<double>(pg_atomic_read_u64(&shared_->indexed_rows));
  const double bytes = static_cast<double>(shared_->memory.allocated);
  const double all_bytes = bytes / Max(rows, 1.0) * estimated_rows();
  const double megabytes =
      ceil((all_bytes + share_of_last_steps(static_cast<Size>(all_bytes)) * 2) / (1024 * 1024));
  const char* whole_graph =
      rows > 0 ? psprintf(" The whole graph would take about %.0f MB.", megabytes) : "";
  const bool is_limit = !shared_->memory.ran_out_of_shared_memory;
  ereport(NOTICE,
          (errmsg("hnsw graph no longer fits into %s after %.0f tuples",
                  is_limit ? "maintenance_work_mem" : "shared memory", rows),
           errdetail("Building will take significantly more time."),
           is_limit ? errhint("Increase maintenance_work_mem to speed up builds.%s", whole_graph)
                    : errhint("Make /dev/shm larger, or set max_parallel_maintenance_workers to 0 "
                              "to do without it.%s",
                              whole_graph)));
}

template <class Graph>
void BuildParticipant::make_reachable(Graph& graph) {
  report(PROGRESS_CREATEIDX_SUBPHASE, kSubphaseRepairing);
  auto none_is_dead = [](hnsw::NodeId) { return false; };
  hnsw::ReachabilityRepair repair(graph, scratch_, parameters_.ef_construction, none_is_dead);
  const std::size_t adopted = repair.run();  // not inside elog, which need not evaluate it
  elog(DEBUG1, "hnsw build of \"%s\": %zu elements were made reachable",
       RelationGetRelationName(index_), adopted);
}

// But for the list slots that stay free at the end of pages.
int64 BuildParticipant::pages_of_graph() {
  const hnsw::Geometry geometry = state_.geometry();
  const auto rows = static_cast<std::size_t>(pg_atomic_read_u64(&shared_->indexed_rows));
  const std::size_t elements = graph_.size();
  std::size_t lists = (rows - elements) / geometry.tids_per_list();
  graph_.for_each_node([&](hnsw::NodeId id) { lists += geometry.lists_of(graph_.level(id)); });
  return static_cast<int64>(elements / geometry.elements_per_page() + 1 +
                            lists / geometry.lists_per_page() + 1);
}

void BuildParticipant::write_graph() {
  make_reachable(graph_);
  const hnsw::Geometry geometry = state_.geometry();
  const uint32 codec_pages = state_.codec_pages();
  report(PROGRESS_CREATEIDX_SUBPHASE, kSubphaseWritingPages);
  const int64 expected = 1 + codec_pages + pages_of_graph();
  report(PROGRESS_SCAN_BLOCKS_DONE, 0);
  report(PROGRESS_SCAN_BLOCKS_TOTAL, expected);
  ReportedPages pages(pages_, is_leader_, expected);
  hnsw::PageWriter writer(graph_, geometry, hnsw::kMetaBlock + 1 + codec_pages, pages);
  // What was or will be indexed here uses the center, be it the origin.
  const bool is_more_to_come = BarrierPhase(&shared_->barrier) == kWritingGraph;
  if (is_more_to_come || pg_atomic_read_u64(&shared_->indexed_rows) > 0) {
    state_.lacks_center = false;
  }
  hnsw::MetaPage meta = new_metapage(state_);
  const hnsw::EntryPoint entry_point = graph_.entry_point();
  if (entry_point.id != hnsw::kNoNode) {
    meta.entry_point = writer.page_id(entry_point.id);
    meta.entry_level = entry_point.level;
  }
  shared_->is_index_empty = entry_point.id == hnsw::kNoNode;
  pages.write_next(hnsw::PageKind::meta, geometry,
                   [&](std::byte* page) { hnsw::write_meta(page, meta); });
  for (uint32 i = 0; i < codec_pages; ++i) {
    pages.write_next(hnsw::PageKind::codec, geometry,
                     [&](std::byte* page) { fill_codec_page(state_, i, page); });
  }
  writer.write();
}

void BuildParticipant::finish() {
  report_progress();
  report(PROGRESS_CREATEIDX_TUPLES_TOTAL,
         static_cast<int64>(pg_atomic_read_u64(&shared_->indexed_rows)));
  if (BarrierPhase(&shared_->barrier) == kInMemory) {
    write_graph();
    memory_.leave();
  } else {
    memory_.leave();
    // The rows that were inserted into pages may have cut off others.
    scratch_ = {};
    hnsw::PageGraph<BufferPages> graph(pages_, codec_, parameters_);
    make_reachable(graph);
  }
  IndexFreeSpaceMapVacuum(index_);
  report(PROGRESS_CREATEIDX_SUBPHASE, kSubphaseLogging);
  pages_.log_everything();
}

}  // namespace vec::pg
