// Index pages in PostgreSQL's buffers: the PageSource of the shim.
//
// read, update and update_group pin, lock, call the function, and release; an error in between is
// cleaned up by transaction abort, which releases locks and pins. Changes are logged with
// GenericXLog, or not at all while an index is built, which logs whole pages at its end.
#pragma once

#include "compat.hpp"
#include "remembered_buffers.hpp"
#include "vector/hnsw/page_reader.hpp"

namespace vec::pg {

enum class Logging { generic_xlog, none };

class BufferPages {
 public:
  BufferPages(Relation index, MemoryContext memory, Logging logging = Logging::generic_xlog,
              ForkNumber fork = MAIN_FORKNUM)
      : index_(index), memory_(memory), logging_(logging), fork_(fork), remembered_(index, fork) {}

  // For vacuum: its ring of buffers, and its pauses at interrupt checks.
  void use_vacuum_manners(BufferAccessStrategy strategy) {
    strategy_ = strategy;
    pauses_ = true;
  }

  // For reading all pages once, without driving others out of the buffers.
  void use_ring(BufferAccessStrategy strategy) { strategy_ = strategy; }

  Relation index() const { return index_; }

  void* allocate(std::size_t bytes) {
    return MemoryContextAllocExtended(memory_, bytes, MCXT_ALLOC_HUGE);
  }

  void check_interrupts() {
    if (pauses_) {
      pause_vacuum();
    } else {
      CHECK_FOR_INTERRUPTS();
    }
  }

  [[noreturn]] void corrupted(BlockNumber block, const char* what) {
    ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                    errmsg("index \"%s\" is corrupted at block %u: %s",
                           RelationGetRelationName(index_), block, what),
                    errhint("Please REINDEX it.")));
  }

  // The index only grows while somebody uses it, so a block once seen stays.
  bool exists(BlockNumber block) {
    if (block < blocks_) return true;
    blocks_ = RelationGetNumberOfBlocksInFork(index_, fork_);
    return block < blocks_;
  }

  void prefetch(std::span<const hnsw::PageRange> ranges) { remembered_.prefetch(ranges); }

  template <class Use>
  void read(BlockNumber block, Use use) {
    Buffer buffer = pin(block);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    use(static_cast<const std::byte*>(bytes(buffer)));
    UnlockReleaseBuffer(buffer);
  }

  // `change` may alter the page only if it returns true.
  template <class Change>
  bool update(BlockNumber block, Change change) {
    return update_group({&block, 1},
                        [&](std::span<std::byte* const> pages) { return change(pages[0]); });
  }

  template <class Change>
  bool update_group(std::span<const BlockNumber> blocks, Change change) {
    Buffer buffers[hnsw::kMaxGroup];
    std::byte* pages[hnsw::kMaxGroup];
    for (std::size_t i = 0; i < blocks.size(); ++i) buffers[i] = pin(blocks[i]);
    for (std::size_t i = 0; i < blocks.size(); ++i) LockBuffer(buffers[i], BUFFER_LOCK_EXCLUSIVE);
    bool changed;
    if (logging_ == Logging::none) {
      for (std::size_t i = 0; i < blocks.size(); ++i) pages[i] = bytes(buffers[i]);
      changed = change(std::span<std::byte* const>(pages, blocks.size()));
      for (std::size_t i = 0; changed && i < blocks.size(); ++i) MarkBufferDirty(buffers[i]);
    } else {
      GenericXLogState* record = GenericXLogStart(index_);
      for (std::size_t i = 0; i < blocks.size(); ++i) {
        pages[i] = reinterpret_cast<std::byte*>(GenericXLogRegisterBuffer(record, buffers[i], 0));
      }
      changed = change(std::span<std::byte* const>(pages, blocks.size()));
      if (changed) {
        GenericXLogFinish(record);
      } else {
        GenericXLogAbort(record);
      }
    }
    for (std::size_t i = blocks.size(); i > 0; --i) UnlockReleaseBuffer(buffers[i - 1]);
    return changed;
  }

  BlockNumber append(hnsw::PageKind kind, uint32 slots, const hnsw::Geometry& geometry);

  // For building: the next block of the index, formatted and then filled by `fill`.
  template <class Fill>
  void write_next(hnsw::PageKind kind, const hnsw::Geometry& geometry, Fill fill) {
    Buffer buffer = extend(geometry);
    format(BufferGetPage(buffer), kind, geometry);
    fill(bytes(buffer));
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
  }

  // Logs the whole index, if it is of a kind that is logged. REQUIRES: it was built with
  // Logging::none.
  void log_everything();

  // ---- free space ----
  BlockNumber find_space(hnsw::PageKind kind, uint32 slots);
  void record_space(BlockNumber block, hnsw::PageKind kind, uint32 slots);

  static void format(Page page, hnsw::PageKind kind, const hnsw::Geometry& geometry);

 private:
  Buffer pin(BlockNumber block) {
    // Vacuum has its ring, and its cost accounting in ReadBuffer.
    if (!pauses_ && strategy_ == nullptr) return remembered_.pin(block);
    return ReadBufferExtended(index_, fork_, block, RBM_NORMAL, strategy_);
  }
  // A new block at the end, exclusively locked.
  Buffer extend(const hnsw::Geometry& geometry);

  static std::byte* bytes(Buffer buffer) {
    return reinterpret_cast<std::byte*>(BufferGetPage(buffer));
  }

  Relation index_;
  MemoryContext memory_;
  Logging logging_;
  ForkNumber fork_;
  RememberedBuffers remembered_;
  BlockNumber blocks_ = 0;
  BufferAccessStrategy strategy_ = nullptr;
  bool pauses_ = false;
};
static_assert(hnsw::PageSource<BufferPages>);

}  // namespace vec::pg
