#include "block_stream.hpp"

namespace vec::pg {

BlockStream::BlockStream(Relation index, BlockNumber first)
    : index_(index), next_(first), end_(RelationGetNumberOfBlocks(index)) {
  // As sequential scans do, so that reading it once does not drive everything else out.
  if (end_ > static_cast<BlockNumber>(NBuffers) / 4) strategy_ = GetAccessStrategy(BAS_BULKREAD);
}

#if PG_VERSION_NUM >= 170000

BlockNumber BlockStream::next_block(ReadStream*, void* self, void*) {
  auto* blocks = static_cast<BlockStream*>(self);
  return blocks->next_ < blocks->end_ ? blocks->next_++ : InvalidBlockNumber;
}

Buffer BlockStream::next() {
  // Not in the constructor: the stream keeps our address.
  if (stream_ == nullptr) {
    stream_ = read_stream_begin_relation(READ_STREAM_SEQUENTIAL, strategy_, index_, MAIN_FORKNUM,
                                         next_block, this, 0);
  }
  return read_stream_next_buffer(stream_, nullptr);
}

void BlockStream::end() {
  if (stream_ != nullptr) read_stream_end(stream_);
  if (strategy_ != nullptr) FreeAccessStrategy(strategy_);
}

#else

Buffer BlockStream::next() {
  constexpr BlockNumber kAhead = 32;
  if (next_ >= end_) return InvalidBuffer;
  const BlockNumber last = effective_io_concurrency == 0 ? 0 : Min(end_, next_ + kAhead);
  for (prefetched_ = Max(prefetched_, next_ + 1); prefetched_ < last; ++prefetched_) {
    PrefetchBuffer(index_, MAIN_FORKNUM, prefetched_);
  }
  return ReadBufferExtended(index_, MAIN_FORKNUM, next_++, RBM_NORMAL, strategy_);
}

void BlockStream::end() {
  if (strategy_ != nullptr) FreeAccessStrategy(strategy_);
}

#endif

}  // namespace vec::pg
