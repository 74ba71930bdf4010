// hnsw_check: the checker of vector/hnsw/check.hpp on an index of PostgreSQL's.
//
// It takes the locks of a query, so it runs beside everything and on standbys. What it finds is an
// error of ERRCODE_INDEX_CORRUPTED, as in amcheck. Elements out of reach are a warning: inserts and
// crashes leave some, and scans return their rows.
#include "vector/hnsw/check.hpp"

#include "access_method.hpp"
#include "inspected_index.hpp"

extern "C" {
#include "access/xlog.h"
}

namespace vec::pg {
namespace {

class Host {
 public:
  explicit Host(const InspectedIndex& inspected) : inspected_(inspected) {}

  const char* header_fault(const std::byte* page, uint32 bytes) const {
    const auto* header = reinterpret_cast<const PageHeaderData*>(page);
    const LocationIndex special = BLCKSZ - sizeof(hnsw::PageTrailer);
    const bool is_ours = header->pd_lower == SizeOfPageHeaderData + bytes &&
                         header->pd_upper == special && header->pd_special == special &&
                         header->pd_pagesize_version == (BLCKSZ | PG_PAGE_LAYOUT_VERSION);
    return is_ours ? nullptr : "the page header is damaged";
  }

  // The table does not shrink: vacuum would have to lock out everybody to cut it off.
  bool is_possible_row(hnsw::HeapTid tid) {
    const ItemPointerData pointer = item_pointer(tid);
    const BlockNumber block = ItemPointerGetBlockNumberNoCheck(&pointer);
    if (tid.offset > MaxOffsetNumber) return false;
    if (block >= heap_blocks_) heap_blocks_ = RelationGetNumberOfBlocks(inspected_.heap);
    return block < heap_blocks_;
  }

  [[noreturn]] void report(const hnsw::Finding& finding) const {
    StringInfoData where;
    initStringInfo(&where);
    if (finding.slot != hnsw::kNoSlot) appendStringInfo(&where, "Slot %u", finding.slot);
    if (finding.level >= 0) appendStringInfo(&where, ", level %d", finding.level);
    if (finding.to_block != hnsw::kNoBlock) {
      appendStringInfo(&where, "%s block %u, slot %u",
                       where.len == 0 ? "It refers to" : "; it refers to", finding.to_block,
                       finding.to_slot);
    }
    ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                    errmsg("index \"%s\" is corrupted at block %u: %s",
                           RelationGetRelationName(inspected_.index), finding.block, finding.what),
                    where.len == 0 ? 0 : errdetail_internal("%s.", where.data),
                    errhint("Please REINDEX it.")));
  }

 private:
  InspectedIndex inspected_;
  BlockNumber heap_blocks_ = 0;
};
static_assert(hnsw::CheckHost<Host>);

using Check = hnsw::IndexCheck<BufferPages, Host>;
static_assert(std::is_trivially_destructible_v<Check>);

// So that no element is taken for unreachable because its insert had yet to link it.
void wait_for_inserts(Relation index) {
  if (RecoveryInProgress()) return;
  lock_inserts(index, ExclusiveLock);
  unlock_inserts(index, ExclusiveLock);
}

void warn_of(const Check::Unreachable& unreachable, Relation index,
             const hnsw::Geometry& geometry) {
  if (unreachable.count == 0) return;
  ereport(WARNING,
          (errmsg(UINT64_FORMAT " of " UINT64_FORMAT
                                " elements of index \"%s\" cannot be reached from its entry point",
                  unreachable.count, unreachable.live, RelationGetRelationName(index)),
           errdetail("The first is in block %u, slot %u.", geometry.block_of(unreachable.first),
                     geometry.slot_of(unreachable.first)),
           errhint("Queries find their rows late. The next vacuum that removes rows, or REINDEX, "
                   "connects them.")));
}

void check_structure(const InspectedIndex& inspected, const IndexState& state,
                     InspectedPages& pages) {
  Relation index = inspected.index;
  Host host(inspected);
  auto* check =
      new (palloc(sizeof(Check))) Check(pages.in_order, pages.graph, pages.codec, host,
                                        state.codec_pages(), RelationGetNumberOfBlocks(index));
  check->check_slots();
  wait_for_inserts(index);
  check->check_references();
  // Inserts may add pages while this runs.
  constexpr BlockNumber kGrowth = 10000;
  const BlockNumber blocks =
      Min(RelationGetNumberOfBlocks(index) + kGrowth, state.geometry().max_block());
  warn_of(check->count_unreachable(blocks), index, state.geometry());
}

}  // namespace

VECTOR_FUNCTION(hnsw_check) {
  const InspectedIndex inspected = open_inspected(PG_GETARG_OID(0));
  const bool with_rows = PG_GETARG_BOOL(1);
  if (!has_contents(inspected.index)) {
    ereport(NOTICE, (errmsg("cannot check unlogged index \"%s\" during recovery, skipping",
                            RelationGetRelationName(inspected.index))));
    close_inspected(inspected);
    PG_RETURN_VOID();
  }
  MemoryContext memory =
      AllocSetContextCreate(CurrentMemoryContext, "hnsw check", ALLOCSET_DEFAULT_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(memory);
  const IndexState state = index_state(inspected.index);
  auto* pages = new (palloc(sizeof(InspectedPages))) InspectedPages(inspected.index, state, memory);
  check_structure(inspected, state, *pages);
  if (with_rows) check_rows(inspected, state, *pages);
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(memory);
  close_inspected(inspected);
  PG_RETURN_VOID();
}

}  // namespace vec::pg
