#include "index_state.hpp"

#include "column_type.hpp"
#include "options.hpp"
#include "types/checks.hpp"

namespace vec::pg {
namespace {

[[noreturn]] void not_our_index(Relation index, const char* detail) {
  ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                  errmsg("index \"%s\" is not a valid hnsw index", RelationGetRelationName(index)),
                  errdetail_internal("%s", detail), errhint("Please REINDEX it.")));
}

// Checks everything that sizes and offsets are computed from.
IndexState checked_state(Relation index, const hnsw::MetaPage& meta) {
  if (meta.magic != hnsw::kMagic)
    not_our_index(index, "Its metapage was not written by this extension.");
  if (meta.format_version != hnsw::kFormatVersion) {
    not_our_index(index, "Its format version is not one that this version of the extension reads.");
  }
  const ColumnType& type = column_type(index);
  const int32 typmod = TupleDescAttr(RelationGetDescr(index), 0)->atttypmod;
  bool plausible = meta.m >= hnsw::kMinM && meta.m <= hnsw::kMaxM && meta.dimensions >= 1 &&
                   meta.dimensions <= static_cast<uint32>(kMaxDimensions) &&
                   meta.ef_construction >= hnsw::kMinEfConstruction &&
                   meta.ef_construction <= hnsw::kMaxEfConstruction &&
                   meta.codec == type.full_precision && meta.element_type == type.id &&
                   meta.metric == metric_of(index) &&
                   (typmod < 0 || meta.dimensions == static_cast<uint32>(typmod));
  if (!plausible) not_our_index(index, "Its metapage contradicts its definition.");
  IndexState state{{meta.codec, meta.metric, meta.dimensions}, &type, meta.m, meta.ef_construction};
  hnsw::Geometry geometry = state.geometry();
  if (!geometry.fits() || geometry.element_bytes() != meta.element_slot_bytes ||
      geometry.list_bytes() != meta.list_slot_bytes) {
    not_our_index(index, "Its metapage contradicts its definition.");
  }
  return state;
}

}  // namespace

hnsw::Parameters IndexState::parameters() const {
  return {m, ef_construction, geometry().max_level(), hnsw::default_rule(codec.metric)};
}

IndexState index_state(Relation index) {
  if (index->rd_amcache == nullptr) {
    if (RelationGetNumberOfBlocks(index) == 0) not_our_index(index, "It is empty.");
    Buffer buffer = ReadBuffer(index, hnsw::kMetaBlock);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    hnsw::MetaPage meta =
        hnsw::read_meta(reinterpret_cast<const std::byte*>(BufferGetPage(buffer)));
    UnlockReleaseBuffer(buffer);
    IndexState state = checked_state(index, meta);
    void* cached = MemoryContextAlloc(index->rd_indexcxt, sizeof(IndexState));
    memcpy(cached, &state, sizeof state);
    index->rd_amcache = cached;
  }
  return *static_cast<const IndexState*>(index->rd_amcache);
}

IndexState new_index_state(Relation index) {
  int dimensions = TupleDescAttr(RelationGetDescr(index), 0)->atttypmod;
  const ColumnType& type = column_type(index);
  if (dimensions < 0) {
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("column does not have dimensions")));
  }
  if (dimensions > type.max_dimensions) {
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("column cannot have more than %d dimensions for hnsw index",
                           type.max_dimensions)));
  }
  int m = m_of(index);
  int ef_construction = ef_construction_of(index);
  if (ef_construction < 2 * m) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("ef_construction must be greater than or equal to 2 * m")));
  }
  CodecParameters codec{type.full_precision, metric_of(index), static_cast<uint32>(dimensions)};
  return {codec, &type, m, ef_construction};
}

hnsw::MetaPage new_metapage(const IndexState& state) {
  hnsw::Geometry geometry = state.geometry();
  hnsw::MetaPage meta{};
  meta.magic = hnsw::kMagic;
  meta.format_version = hnsw::kFormatVersion;
  meta.dimensions = state.codec.dimensions;
  meta.m = static_cast<uint16>(state.m);
  meta.ef_construction = static_cast<uint16>(state.ef_construction);
  meta.metric = state.codec.metric;
  meta.codec = state.codec.id;
  meta.element_type = state.type->id;
  meta.element_slot_bytes = geometry.element_bytes();
  meta.list_slot_bytes = geometry.list_bytes();
  meta.entry_point = hnsw::kNoNode;
  meta.entry_level = -1;
  meta.codec_data_block = hnsw::kNoBlock;
  return meta;
}

bool encode_datum(const IndexState& state, const Codec& codec, Datum value, std::byte* code) {
  int dimensions;
  const float* elements = state.type->elements(value, &dimensions);
  check_expected_dimensions(static_cast<int32>(state.codec.dimensions), dimensions);
  return codec.encode(elements, code);
}

std::byte* prepare_query(const IndexState& state, const Codec& codec, Datum value) {
  int dimensions;
  const float* elements = state.type->elements(value, &dimensions);
  check_same_dimensions(state.type->name, static_cast<int>(state.codec.dimensions), dimensions);
  auto* query = static_cast<std::byte*>(palloc(codec.query_bytes()));
  codec.prepare_query(elements, query);
  return query;
}

}  // namespace vec::pg
