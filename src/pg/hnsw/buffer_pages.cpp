#include "buffer_pages.hpp"

namespace vec::pg {

static_assert(BLCKSZ == hnsw::kPageBytes, "the page format is made for 8 kB pages");
static_assert(SizeOfPageHeaderData == hnsw::kPageHeaderBytes);
static_assert(offsetof(PageHeaderData, pd_lower) == hnsw::kPageLowerOffset);
static_assert(hnsw::kMaxGroup <= MAX_GENERIC_XLOG_PAGES);
static_assert(sizeof(ItemPointerData) == sizeof(hnsw::HeapTid));

namespace {

// The free space map holds a number of bytes a page, in steps of BLCKSZ / 256. It serves two kinds
// of pages here: an element page with any free slot counts as kElementSpace; a list page with a run
// of n free slots as kListSpace + n steps, so that a page found has a long enough run. Asking for
// an element slot may turn up a list page, of which there are few.
constexpr Size kStep = BLCKSZ / 256;
constexpr Size kElementSpace = 32 * kStep;
constexpr Size kListSpace = 64 * kStep;
constexpr uint32 kLongestRun = 100;
constexpr int kTriesForElements = 8;

Size space_code(hnsw::PageKind kind, uint32 slots) {
  if (slots == 0) return 0;
  if (kind == hnsw::PageKind::elements) return kElementSpace;
  return kListSpace + Min(slots, kLongestRun) * kStep;
}

}  // namespace

void BufferPages::format(Page page, hnsw::PageKind kind, const hnsw::Geometry& geometry) {
  PageInit(page, BLCKSZ, sizeof(hnsw::PageTrailer));
  hnsw::format_page(reinterpret_cast<std::byte*>(page), kind, geometry.slot_bytes(kind));
}

Buffer BufferPages::extend(const hnsw::Geometry& geometry) {
  if (exists(geometry.max_block())) {
    ereport(ERROR,
            (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
             errmsg("index \"%s\" has reached its largest size", RelationGetRelationName(index_)),
             errhint("Partition the table.")));
  }
  return extend_relation(index_, fork_);
}

BlockNumber BufferPages::append(hnsw::PageKind kind, uint32 slots, const hnsw::Geometry& geometry) {
  // Sessions that find no space at the same time share the page of the first one: each looks again.
  // While holding the lock, so that one of them extends the index if there is none.
  LockRelationForExtension(index_, ExclusiveLock);
  const BlockNumber found = find_space(kind, slots);
  if (found != hnsw::kNoBlock) {
    UnlockRelationForExtension(index_, ExclusiveLock);
    return found;
  }
  Buffer buffer = extend(geometry);
  BlockNumber block = BufferGetBlockNumber(buffer);
  if (logging_ == Logging::none) {
    format(BufferGetPage(buffer), kind, geometry);
    MarkBufferDirty(buffer);
  } else {
    GenericXLogState* record = GenericXLogStart(index_);
    format(GenericXLogRegisterBuffer(record, buffer, GENERIC_XLOG_FULL_IMAGE), kind, geometry);
    GenericXLogFinish(record);
  }
  UnlockReleaseBuffer(buffer);
  record_space(block, kind, geometry.slots_per_page(kind));
  // Up to the root of the map, where searches start; recording alone changes the lowest level only.
  FreeSpaceMapVacuumRange(index_, block, block + 1);
  UnlockRelationForExtension(index_, ExclusiveLock);
  if (kind == hnsw::PageKind::elements) RelationSetTargetBlock(index_, block);
  return block;
}

void BufferPages::log_everything() {
  if (!RelationNeedsWAL(index_)) return;
  log_newpage_range(index_, fork_, 0, RelationGetNumberOfBlocksInFork(index_, fork_), true);
}

BlockNumber BufferPages::find_space(hnsw::PageKind kind, uint32 slots) {
  if (kind == hnsw::PageKind::lists) {
    BlockNumber block = GetPageWithFreeSpace(index_, space_code(kind, slots));
    return block != InvalidBlockNumber && exists(block) ? block : hnsw::kNoBlock;
  }
  // This backend goes on with the page it used last.
  BlockNumber block = RelationGetTargetBlock(index_);
  if (block != InvalidBlockNumber && exists(block)) return block;
  for (int i = 0; i < kTriesForElements; ++i) {
    block = GetPageWithFreeSpace(index_, kElementSpace);
    if (block == InvalidBlockNumber) break;
    if (!exists(block) || GetRecordedFreeSpace(index_, block) >= kListSpace) continue;
    RelationSetTargetBlock(index_, block);
    return block;
  }
  return hnsw::kNoBlock;
}

void BufferPages::record_space(BlockNumber block, hnsw::PageKind kind, uint32 slots) {
  if (slots == 0 && RelationGetTargetBlock(index_) == block) {
    RelationSetTargetBlock(index_, InvalidBlockNumber);
  }
  RecordPageWithFreeSpace(index_, block, space_code(kind, slots));
}

}  // namespace vec::pg
