// Index scans: ORDER BY column <-> query.
//
// The first amgettuple searches the graph for the hnsw.ef_search nearest elements; their rows are
// ordered by lower bounds of their distances, and the executor reads the true distances from the
// table and puts the rows in exact order (xs_recheckorderby); where it cannot, the scan does so
// itself (exact_order.hpp). Codecs that are exact need none of that.
//
// A row is kept back while the bounds of rows to come might be below its distance, but not longer
// than until the hnsw.ef_search nearest have been read: so these come in order, and no row that the
// search missed comes between them. To tell the executor so, the first row after them is handed out
// as infinitely far, not to be rechecked, which makes it return all it has kept back and then that
// row.
//
// The index never changes which rows a query can return: when the executor asks for more, the
// search goes on (resume_search); and when hnsw.max_scan_tuples elements were visited, the memory
// is used up, or all that can be reached was returned, a sweep (sweep.hpp) delivers everything
// else.
//
// No page stays pinned or locked between calls, and no heavyweight lock is taken. Only MVCC
// snapshots: a row that vacuum has removed since is invisible to them.
#include "access_method.hpp"
#include "buffer_pages.hpp"
#include "exact_order.hpp"
#include "index_state.hpp"
#include "options.hpp"
#include "vector/hnsw/search.hpp"

namespace vec::pg {
namespace {

static_assert(hnsw::GraphReader<ScanGraph>);

class Scan {
 public:
  Scan(Relation index, MemoryContext memory, ScanKey order_by)
      : state_(index_state(index)),
        codec_(state_.make_codec()),
        memory_(memory),
        pages_(index, memory),
        graph_(pages_, codec_, state_.parameters()),
        is_null_(order_by->sk_flags & SK_ISNULL),
        needs_order_(hnsw_exact_order && !codec_.is_exact() && !is_null_),
        by_bound_(needs_order_ || codec_.is_exact()) {
    // When every distance is null, any order will do.
    if (is_null_) {
      graph_.open_query(static_cast<std::byte*>(palloc0(codec_.query_bytes())));
      return;
    }
    query_ = PointerGetDatum(PG_DETOAST_DATUM(order_by->sk_argument));
    graph_.open_query(prepare_query(state_, codec_, query_));
  }

  // Whether rows are to be put in another order than that of what the index knows of them.
  bool needs_order() const { return needs_order_; }
  // The scan is to do that itself. REQUIRES: needs_order(), before next().
  void put_in_order(DistanceReader* distances) {
    distances_ = distances;
    distances_->open_query(query_);
  }

  bool is_null() const { return is_null_; }
  // Whether the executor is to put the rows in order.
  bool recheck() const { return needs_order_ && distances_ == nullptr; }

  // Whether the row that next() returned is to make the executor return all rows before it. Again
  // if that one (the prior) turned out to be dead to everybody; one that is merely invisible leaves
  // the batch open. REQUIRES: called once for every row.
  bool take_closing(bool prior_is_dead) {
    if (!recheck() || closing_ == Closing::no) return false;
    const bool closes = closing_ == Closing::now || prior_is_dead;
    closing_ = closes ? Closing::done_if_visible : Closing::no;
    return closes;
  }

  // False at the end.
  bool next(ScannedRow* row) {
    return distances_ != nullptr ? next_in_order(row) : next_found(row);
  }

  void end() {
    if (sweep_ != nullptr) sweep_->end();
  }

 private:
  // Of the first batch, see above.
  enum class Closing { no, now, done_if_visible };

  bool next_in_order(ScannedRow* row) {
    for (;;) {
      if (waiting_.take(reached_, row)) return true;
      if (is_at_end_) return false;
      CHECK_FOR_INTERRUPTS();
      if (first_batch_is_read() && !first_batch_is_out_) {
        first_batch_is_out_ = true;
        reached_ = WaitingRows::kFarthest;
        continue;
      }
      ScannedRow found;
      if (!next_found(&found)) {
        is_at_end_ = true;
        reached_ = WaitingRows::kFarthest;
        continue;
      }
      reached_ = found.order;
      double distance;
      if (distances_->read(found.tid, &distance)) waiting_.put(pages_, {found.tid, distance});
    }
  }

  // By bounds or, without exact order, by distances of codes.
  bool next_found(ScannedRow* row) {
    for (;;) {
      if (sweep_ != nullptr) return sweep_->next(row);
      if (next_tid_ < tids_.size()) {
        *row = {tids_[next_tid_++], order_};
        return true;
      }
      CHECK_FOR_INTERRUPTS();
      if (next_row_ < rows_.size()) {
        open_row(rows_[next_row_++]);
      } else if (!next_batch()) {
        return false;
      }
    }
  }

  bool first_batch_is_read() const {
    return batches_ == 1 && sweep_ == nullptr && next_tid_ == tids_.size() &&
           next_row_ == rows_.size();
  }

  void open_row(const hnsw::ResultRow& row) {
    order_ = by_bound_ ? row.bound : row.distance;
    tids_.clear();
    next_tid_ = 0;
    if (row.tid.is_valid()) tids_.push_back(pages_, row.tid);
    graph_.read_tid_lists(row.node, row.further,
                          [&](hnsw::ListId, std::span<const hnsw::HeapTid> part) {
                            for (hnsw::HeapTid tid : part) tids_.push_back(pages_, tid);
                          });
  }

  // False when there is none.
  bool next_batch() {
    const bool is_first = batches_ == 0;
    if (!is_first && hnsw_iterative_scan == static_cast<int>(IterativeScan::off)) return false;
    // The second is for the first to be closed, not a sweep's worth.
    const bool closes_first = recheck() && batches_ == 1;
    if (closes_first) closing_ = Closing::now;
    if (!is_first && !closes_first && is_used_up()) return begin_sweep();
    const std::span<const hnsw::Candidate> found =
        is_first ? hnsw::search(graph_, scratch_, hnsw_ef_search)
                 : hnsw::resume_search(graph_, scratch_, closes_first ? 1 : next_ef());
    ++batches_;
    if (found.empty()) {
      return hnsw_iterative_scan == static_cast<int>(IterativeScan::off) ? false : begin_sweep();
    }
    rows_.clear();
    next_row_ = 0;
    graph_.read_results(found, rows_);
    if (needs_order_) std::sort(rows_.begin(), rows_.end(), has_lower_bound);
    for (const hnsw::Candidate& candidate : found) returned_.push_back(pages_, candidate.id);
    return true;
  }

  static bool has_lower_bound(const hnsw::ResultRow& a, const hnsw::ResultRow& b) {
    return a.bound < b.bound;
  }

  // Strict order widens the search as it goes on, so that fewer rows come late.
  std::size_t next_ef() const {
    const auto ef = static_cast<std::size_t>(hnsw_ef_search);
    if (hnsw_iterative_scan == static_cast<int>(IterativeScan::relaxed_order)) return ef;
    return std::max(ef, returned_.size());
  }

  bool is_used_up() const {
    const double memory = work_mem * 1024.0 * hnsw_scan_mem_multiplier;
    return scratch_.measured >= static_cast<std::size_t>(hnsw_max_scan_tuples) ||
           static_cast<double>(MemoryContextMemAllocated(memory_, true)) > memory;
  }

  bool begin_sweep() {
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    sweep_ = new (palloc(sizeof(Sweep))) Sweep(graph_, returned_.view(), by_bound_);
    sweep_->run();
    MemoryContextSwitchTo(caller);
    return true;
  }

  IndexState state_;
  Codec codec_;
  MemoryContext memory_;
  BufferPages pages_;
  ScanGraph graph_;
  hnsw::Scratch scratch_;
  bool is_null_;
  bool needs_order_;
  bool by_bound_;    // ordered by lower bounds, which of exact codecs are the distances
  Datum query_ = 0;  // none if it is null
  std::size_t batches_ = 0;
  Closing closing_ = Closing::no;
  hnsw::FlatArray<hnsw::NodeId> returned_;  // by batches of the search
  hnsw::FlatArray<hnsw::ResultRow> rows_;   // of the present batch
  std::size_t next_row_ = 0;
  double order_ = 0;                     // of the present row
  hnsw::FlatArray<hnsw::HeapTid> tids_;  // and its heap tids
  std::size_t next_tid_ = 0;
  Sweep* sweep_ = nullptr;

  // For exact order by the scan itself.
  DistanceReader* distances_ = nullptr;
  WaitingRows waiting_;
  double reached_ = -std::numeric_limits<double>::infinity();  // rows to come are not nearer
  bool first_batch_is_out_ = false;
  bool is_at_end_ = false;
};
static_assert(std::is_trivially_destructible_v<Scan>);

// scan->opaque
struct ScanOpaque {
  MemoryContext memory;       // of one search; reset by amrescan
  Scan* scan;                 // null until the first amgettuple
  DistanceReader* distances;  // for all searches; null until one needs it
};

ScanOpaque* opaque(IndexScanDesc scan) {
  return static_cast<ScanOpaque*>(scan->opaque);
}

void end_search(ScanOpaque* state) {
  if (state->scan != nullptr) state->scan->end();
  state->scan = nullptr;
  MemoryContextReset(state->memory);
}

void begin_search(IndexScanDesc scan) {
  ScanOpaque* state = opaque(scan);
  if (scan->numberOfOrderBys == 0) elog(ERROR, "cannot scan hnsw index without order");
  if (scan->numberOfOrderBys > 1) elog(ERROR, "cannot scan hnsw index with more than one order");
  if (!IsMVCCSnapshot(scan->xs_snapshot)) {
    elog(ERROR, "non-MVCC snapshots are not supported with hnsw");
  }
  count_index_search(scan);
  MemoryContext caller = MemoryContextSwitchTo(state->memory);
  state->scan =
      new (palloc(sizeof(Scan))) Scan(scan->indexRelation, state->memory, &scan->orderByData[0]);
  if (state->scan->needs_order() && !executor_orders_soundly()) {
    if (state->distances == nullptr) {
      MemoryContextSwitchTo(MemoryContextGetParent(state->memory));
      state->distances = new (palloc(sizeof(DistanceReader))) DistanceReader(scan);
    }
    state->scan->put_in_order(state->distances);
  }
  MemoryContextSwitchTo(caller);
}

}  // namespace

IndexScanDesc ambeginscan(Relation index, int nkeys, int norderbys) {
  IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
  auto* state = static_cast<ScanOpaque*>(palloc0(sizeof(ScanOpaque)));
  state->memory = AllocSetContextCreate(CurrentMemoryContext, "hnsw scan", ALLOCSET_DEFAULT_SIZES);
  scan->opaque = state;
  if (norderbys > 0) {
    scan->xs_orderbyvals = static_cast<Datum*>(palloc0(norderbys * sizeof(Datum)));
    scan->xs_orderbynulls = static_cast<bool*>(palloc(norderbys * sizeof(bool)));
    memset(scan->xs_orderbynulls, true, norderbys * sizeof(bool));
  }
  return scan;
}

void amrescan(IndexScanDesc scan, ScanKey keys, int, ScanKey orderbys, int) {
  end_search(opaque(scan));
  if (keys != nullptr && scan->numberOfKeys > 0) {
    memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
  }
  if (orderbys != nullptr && scan->numberOfOrderBys > 0) {
    memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
  }
}

bool amgettuple(IndexScanDesc scan, ScanDirection direction) {
  Assert(ScanDirectionIsForward(direction));
  (void)direction;
  if (opaque(scan)->scan == nullptr) begin_search(scan);
  Scan& search = *opaque(scan)->scan;
  ScannedRow row;
  if (!search.next(&row)) return false;
  scan->xs_heaptid = item_pointer(row.tid);
  scan->xs_recheck = false;
  const bool closes = search.take_closing(scan->kill_prior_tuple);
  scan->xs_recheckorderby = search.recheck() && !closes;
  // float8 is passed by value wherever the server is compiled for 64 bits.
  scan->xs_orderbyvals[0] = Float8GetDatum(closes ? get_float8_infinity() : row.order);
  scan->xs_orderbynulls[0] = search.is_null();
  return true;
}

void amendscan(IndexScanDesc scan) {
  end_search(opaque(scan));
  if (opaque(scan)->distances != nullptr) opaque(scan)->distances->end();
  MemoryContextDelete(opaque(scan)->memory);
  pfree(scan->opaque);
  scan->opaque = nullptr;
}

}  // namespace vec::pg
