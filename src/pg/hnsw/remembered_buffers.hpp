// Pinning pages without PostgreSQL's buffer table.
//
// ReadBuffer looks a page up in a shared hash table: with a large index most of a scan's time is
// the cache misses of that. So each backend remembers which buffer held a page, and asks
// ReadRecentBuffer whether it still does. That leaves the misses of the buffer's descriptor and of
// the page itself, which prefetch() starts for many pages at once.
//
// What is remembered are hints: buffers by a hash of index and block, nothing that says which. A
// buffer that by now holds another page is found out by ReadRecentBuffer, which compares the whole
// tag under the header's lock. One table serves all indexes of a backend and never grows.
#pragma once

#include "compat.hpp"
#include "vector/hnsw/page_reader.hpp"

namespace vec::pg {

class RememberedBuffers {
 public:
  RememberedBuffers(Relation index, ForkNumber fork);

  Buffer pin(BlockNumber block);

  // Starts loading the ranges into the processor's cache. Of pages that are in no buffer, asks the
  // operating system to read them.
  // REQUIRES: no more than a few dozen.
  void prefetch(std::span<const hnsw::PageRange> ranges) const;

 private:
  Buffer& hint(BlockNumber block) const;

  Relation index_;
  ForkNumber fork_;
  uint32 seed_;
};

}  // namespace vec::pg
