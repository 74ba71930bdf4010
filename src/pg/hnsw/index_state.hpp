// What a backend knows of an index: from the catalog (metric) and from its metapage (parameters).
#pragma once

#include "column_type.hpp"
#include "module.hpp"
#include "vector/codec.hpp"
#include "vector/hnsw/page_format.hpp"

namespace vec::pg {

// Cached in rd_amcache, so: one flat chunk of memory. The entry point is not part of it.
struct IndexState {
  CodecParameters codec;
  const ColumnType* type;
  int m;
  int ef_construction;

  Codec make_codec() const { return Codec(codec, kernels()); }
  hnsw::Geometry geometry() const { return hnsw::Geometry(code_bytes(codec), m); }
  hnsw::Parameters parameters() const;
};

// Raises an error when the index cannot be used: built by something else, by another format
// version, or damaged.
// A copy: the cached one goes away whenever an invalidation message is processed, as opening a
// toast table does.
IndexState index_state(Relation index);

// The state of an index about to be built. Raises an error for columns and options that cannot be
// indexed.
IndexState new_index_state(Relation index);

hnsw::MetaPage new_metapage(const IndexState& state);

// The row's code: false when the row has no place in the index. `code` has code_bytes() bytes.
bool encode_datum(const IndexState& state, const Codec& codec, Datum value, std::byte* code);

// The query in the codec's form, in the current memory context.
std::byte* prepare_query(const IndexState& state, const Codec& codec, Datum value);

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
