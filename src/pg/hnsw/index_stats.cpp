// hnsw_index_stats: what vector/hnsw/statistics.hpp counts, as a row.
#include "inspected_index.hpp"
#include "vector/hnsw/statistics.hpp"

namespace vec::pg {
namespace {

// The columns in the order of the function's OUT parameters.
class Columns {
 public:
  void add(Datum value, bool is_null = false) {
    values_[count_] = value;
    nulls_[count_] = is_null;
    ++count_;
  }
  void add_int(int value, bool is_null = false) { add(Int32GetDatum(value), is_null); }
  void add_count(uint64 value) { add(Int64GetDatum(static_cast<int64>(value))); }
  void add_bytes(uint64 pages) { add_count(pages * BLCKSZ); }

  Datum row(TupleDesc type) {
    if (count_ != type->natts) elog(ERROR, "hnsw_index_stats is declared with other columns");
    return HeapTupleGetDatum(heap_form_tuple(type, values_, nulls_));
  }

 private:
  static constexpr int kMost = 32;
  Datum values_[kMost];
  bool nulls_[kMost];
  int count_ = 0;
};

// bigint[] with subscripts 0 .. last.
Datum histogram(const uint64* counts, int last) {
  auto* values = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(last + 1)));
  for (int i = 0; i <= last; ++i) values[i] = Int64GetDatum(static_cast<int64>(counts[i]));
  int dims[] = {last + 1};
  int lower_bounds[] = {0};
  return PointerGetDatum(construct_md_array(values, nullptr, 1, dims, lower_bounds, INT8OID,
                                            sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

// The first and last counter that is not 0; both 0 when all are.
struct Ends {
  int first = 0;
  int last = 0;
};
template <std::size_t kCount>
Ends ends_of(const uint64 (&counts)[kCount]) {
  Ends ends{-1, 0};
  for (int i = 0; i < static_cast<int>(kCount); ++i) {
    if (counts[i] == 0) continue;
    if (ends.first < 0) ends.first = i;
    ends.last = i;
  }
  if (ends.first < 0) ends.first = 0;
  return ends;
}

void fill(const IndexState& state, const hnsw::Statistics& statistics, Columns& columns) {
  const bool is_quantized = state.codec.id == CodecId::sq8;
  columns.add_int(static_cast<int>(state.codec.dimensions));
  columns.add(CStringGetTextDatum(is_quantized ? "sq8" : "none"));
  columns.add_int(state.m);
  columns.add_int(state.ef_construction);

  columns.add_count(statistics.live);
  columns.add_count(statistics.deleted);
  columns.add_count(statistics.unreachable);
  columns.add_count(statistics.heap_tids);

  const hnsw::EntryPoint entry_point = statistics.entry_point;
  auto* entry_tid = static_cast<ItemPointer>(palloc0(sizeof(ItemPointerData)));
  if (entry_point.id != hnsw::kNoNode) {
    ItemPointerSet(entry_tid, state.geometry().block_of(entry_point.id),
                   static_cast<OffsetNumber>(state.geometry().slot_of(entry_point.id)));
  }
  columns.add(PointerGetDatum(entry_tid), entry_point.id == hnsw::kNoNode);
  columns.add_int(entry_point.level + 1);
  columns.add(histogram(statistics.elements_by_level, ends_of(statistics.elements_by_level).last));

  const Ends degrees = ends_of(statistics.elements_by_degree);
  const bool is_empty = statistics.live == 0;
  columns.add_count(statistics.edges);
  columns.add_count(statistics.upper_edges);
  columns.add_int(degrees.first, is_empty);
  columns.add(Float8GetDatum(is_empty ? 0
                                      : static_cast<double>(statistics.edges) /
                                            static_cast<double>(statistics.live)),
              is_empty);
  columns.add_int(degrees.last, is_empty);
  columns.add(histogram(statistics.elements_by_degree, degrees.last));

  columns.add_count(statistics.free_elements);
  columns.add_count(statistics.unmapped_free_elements);
  columns.add_count(statistics.free_lists);

  const auto pages = [&](hnsw::PageKind kind) {
    return statistics.pages[static_cast<std::size_t>(kind)];
  };
  columns.add_bytes(pages(hnsw::PageKind::meta));
  columns.add_bytes(pages(hnsw::PageKind::codec));
  columns.add_bytes(pages(hnsw::PageKind::elements));
  columns.add_bytes(pages(hnsw::PageKind::lists));
  columns.add_bytes(pages(hnsw::PageKind{}));
}

}  // namespace

VECTOR_FUNCTION(hnsw_index_stats) {
  TupleDesc type;
  if (get_call_result_type(fcinfo, nullptr, &type) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "return type must be a row type");
  }
  type = BlessTupleDesc(type);
  const InspectedIndex inspected = open_inspected(PG_GETARG_OID(0));
  if (!has_contents(inspected.index)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot access unlogged index \"%s\" during recovery",
                           RelationGetRelationName(inspected.index))));
  }
  MemoryContext memory =
      AllocSetContextCreate(CurrentMemoryContext, "hnsw index stats", ALLOCSET_DEFAULT_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(memory);
  const IndexState state = index_state(inspected.index);
  auto* pages = new (palloc(sizeof(InspectedPages))) InspectedPages(inspected.index, state, memory);
  auto* statistics = new (palloc(sizeof(hnsw::Statistics))) hnsw::Statistics;
  using Collector = hnsw::StatisticsCollector<BufferPages>;
  auto* collector = new (palloc(sizeof(Collector))) Collector(pages->in_order, pages->graph);
  const auto is_mapped = [&](BlockNumber block) {
    return GetRecordedFreeSpace(inspected.index, block) > 0;
  };
  collector->collect(RelationGetNumberOfBlocks(inspected.index), is_mapped, *statistics);
  MemoryContextSwitchTo(caller);
  Columns columns;
  fill(state, *statistics, columns);
  MemoryContextDelete(memory);
  close_inspected(inspected);
  return columns.row(type);
}

}  // namespace vec::pg
