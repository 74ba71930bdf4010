// What a backend knows of an index: from the catalog (metric) and from its metapage (parameters).
#pragma once

#include "column_type.hpp"
#include "module.hpp"
#include "vector/codec.hpp"
#include "vector/hnsw/page_format.hpp"

namespace vec::pg {

// Cached in rd_amcache, so: one flat chunk of memory, with the codec's center behind it. The entry
// point is not part of it.
struct IndexState {
  CodecParameters codec;
  bool lacks_center;  // the codec has one, but nothing was stored yet that it could be made of
  const ColumnType* type;
  int m;
  int ef_construction;

  Codec make_codec() const { return Codec(codec, kernels()); }
  hnsw::Geometry geometry() const { return hnsw::Geometry(code_bytes(codec), m); }
  hnsw::Parameters parameters() const;
  uint32 codec_pages() const;
};

// Raises an error when the index cannot be used: built by something else, by another format
// version, or damaged.
// A copy, with its center in the current memory context: the cached one goes away whenever an
// invalidation message is processed, as opening a toast table does.
IndexState index_state(Relation index);

// The state of an index about to be built. Raises an error for columns and options that cannot be
// indexed.
IndexState new_index_state(Relation index);

hnsw::MetaPage new_metapage(const IndexState& state);

// The part of the center that codec page number `page` (from 0) holds, as floats in `bytes`.
void fill_codec_page(const IndexState& state, uint32 page, std::byte* bytes);

// Stores a center made of `value` if the index lacks one. REQUIRES: nothing is indexed yet, and no
// insert runs but this one.
void store_first_center(Relation index, const IndexState& state, Datum value);

// The elements of an indexed value, in it or in the current memory context; an error when it has
// not as many dimensions as the column.
const float* row_elements(const IndexState& state, Datum value);

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
