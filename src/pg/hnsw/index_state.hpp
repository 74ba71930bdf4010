// What a backend knows of an index: from the catalog (metric) and from its metapage (parameters).
#pragma once

#include "module.hpp"
#include "vector/codec.hpp"
#include "vector/hnsw/page_format.hpp"

namespace vec::pg {

// Cached in rd_amcache, so: one flat chunk of memory, no pointers. The entry point is not part of
// it.
struct IndexState {
  CodecParameters codec;
  int m;
  int ef_construction;

  Codec make_codec() const { return Codec(codec, kernels()); }
  hnsw::Geometry geometry() const { return hnsw::Geometry(code_bytes(codec), m); }
  hnsw::Parameters parameters() const;
};

// Raises an error when the index cannot be used: built by something else, by another format
// version, or damaged.
const IndexState& index_state(Relation index);

// The state of an index about to be built. Raises an error for columns and options that cannot be
// indexed.
IndexState new_index_state(Relation index);

hnsw::MetaPage new_metapage(const IndexState& state);

// The row's code: false when the row has no place in the index. `code` has code_bytes() bytes.
bool encode_datum(const IndexState& state, const Codec& codec, Datum value, std::byte* code);

inline hnsw::HeapTid heap_tid(ItemPointer tid) {
  return {tid->ip_blkid.bi_hi, tid->ip_blkid.bi_lo, tid->ip_posid};
}
inline ItemPointerData item_pointer(hnsw::HeapTid tid) {
  ItemPointerData pointer;
  pointer.ip_blkid.bi_hi = tid.block_high;
  pointer.ip_blkid.bi_lo = tid.block_low;
  pointer.ip_posid = tid.offset;
  return pointer;
}

}  // namespace vec::pg
