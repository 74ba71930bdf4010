#include "remembered_buffers.hpp"

#include "vector/prefetch.hpp"

extern "C" {
#include "storage/buf_internals.h"
}

namespace vec::pg {
namespace {

constexpr uint32 kMaxHints = 1 << 18;  // 1 MB a backend

Buffer* hints = nullptr;
uint32 hint_mask = 0;

void allocate_hints() {
  const uint32 count = Min(pg_nextpower2_32(static_cast<uint32>(NBuffers)), kMaxHints);
  hints = static_cast<Buffer*>(MemoryContextAllocZero(TopMemoryContext, count * sizeof(Buffer)));
  hint_mask = count - 1;
}

// Read without the header's lock: good for a guess.
bool probably_holds(const BufferDesc* descriptor, BlockNumber block) {
  return descriptor->tag.blockNum == block;
}

// ReadRecentBuffer does not count as a use of the page. Before the count is down to nothing, and
// the page may be evicted whenever a buffer is needed, ReadBuffer has to raise it again.
bool may_soon_be_evicted(BufferDesc* descriptor) {
  return BUF_STATE_GET_USAGECOUNT(pg_atomic_read_u32(&descriptor->state)) < 2;
}

}  // namespace

RememberedBuffers::RememberedBuffers(Relation index, ForkNumber fork)
    : index_(index), fork_(fork), seed_(murmurhash32(relation_file_number(index))) {
  if (hints == nullptr) allocate_hints();
}

// Consecutive blocks have places of their own.
Buffer& RememberedBuffers::hint(BlockNumber block) const {
  return hints[(block + seed_) & hint_mask];
}

Buffer RememberedBuffers::pin(BlockNumber block) {
  // PostgreSQL 15 looks for a temporary table's buffer among the shared ones.
  if (RelationUsesLocalBuffers(index_))
    return ReadBufferExtended(index_, fork_, block, RBM_NORMAL, nullptr);
  Buffer& remembered = hint(block);
  if (BufferIsValid(remembered) && !may_soon_be_evicted(GetBufferDescriptor(remembered - 1)) &&
      ReadRecentBuffer(relation_locator(index_), fork_, block, remembered)) {
    // As ReadBuffer does for pg_statio_user_indexes.
    pgstat_count_buffer_read(index_);
    pgstat_count_buffer_hit(index_);
    return remembered;
  }
  remembered = ReadBufferExtended(index_, fork_, block, RBM_NORMAL, nullptr);
  return remembered;
}

void RememberedBuffers::prefetch(std::span<const hnsw::PageRange> ranges) const {
  if (RelationUsesLocalBuffers(index_)) return;
  for (const hnsw::PageRange& range : ranges) {
    const Buffer buffer = hint(range.block);
    if (BufferIsValid(buffer)) __builtin_prefetch(GetBufferDescriptor(buffer - 1), 1);
  }
  for (const hnsw::PageRange& range : ranges) {
    Buffer& buffer = hint(range.block);
    if (!BufferIsValid(buffer) || !probably_holds(GetBufferDescriptor(buffer - 1), range.block)) {
      if (effective_io_concurrency == 0) continue;  // switched off by the administrator
      buffer = PrefetchBuffer(index_, fork_, range.block).recent_buffer;
    }
    if (!BufferIsValid(buffer)) continue;  // being read from disk
    vec::prefetch(static_cast<const char*>(BufferGetPage(buffer)) + range.offset, range.bytes);
  }
}

}  // namespace vec::pg
