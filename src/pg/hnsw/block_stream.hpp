// All blocks of an index in storage order, read ahead of their use: PostgreSQL's read streams from
// version 17 on, before that prefetching by hand.
#pragma once

#include "compat.hpp"

namespace vec::pg {

class BlockStream {
 public:
  // Blocks from `first` to the end of the index as it is now, in a ring of buffers if it is large.
  // Lives in the current memory context.
  BlockStream(Relation index, BlockNumber first);
  BlockStream(const BlockStream&) = delete;  // a read stream keeps its address
  BlockStream& operator=(const BlockStream&) = delete;

  // Pinned, for the caller to release; InvalidBuffer after the last one.
  Buffer next();
  void end();

 private:
#if PG_VERSION_NUM >= 170000
  static BlockNumber next_block(ReadStream* stream, void* self, void* per_buffer);

  ReadStream* stream_ = nullptr;
#else
  BlockNumber prefetched_ = 0;  // the first block that was not
#endif
  Relation index_;
  BlockNumber next_;
  BlockNumber end_;
  BufferAccessStrategy strategy_ = nullptr;
};

}  // namespace vec::pg
