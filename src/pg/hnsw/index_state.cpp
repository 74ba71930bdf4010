#include "index_state.hpp"

#include <algorithm>
#include <cmath>

#include "buffer_pages.hpp"
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

std::size_t center_bytes(const CodecParameters& codec) {
  return codec.id == CodecId::sq8 ? codec.dimensions * sizeof(float) : 0;
}

bool is_codec_of(const hnsw::MetaPage& meta, const ColumnType& type) {
  if (meta.codec == type.full_precision) return meta.codec_data_block == hnsw::kNoBlock;
  return meta.codec == CodecId::sq8 && meta.metric != Metric::l1 &&
         meta.dimensions <= static_cast<uint32>(kMaxIndexedDimensions) &&
         meta.codec_data_block == hnsw::kMetaBlock + 1 &&
         meta.codec_data_bytes == meta.dimensions * sizeof(float) &&
         // Without a center nothing was encoded.
         (meta.has_center == 1 || (meta.has_center == 0 && meta.entry_point == hnsw::kNoNode));
}

// Checks everything that sizes and offsets are computed from.
IndexState checked_state(Relation index, const hnsw::MetaPage& meta) {
  // First, because REINDEX cannot help an index whose type is not supported.
  const ColumnType& type = column_type(index);
  if (meta.magic != hnsw::kMagic)
    not_our_index(index, "Its metapage was not written by this extension.");
  if (meta.format_version != hnsw::kFormatVersion) {
    not_our_index(index, "Its format version is not one that this version of the extension reads.");
  }
  const int32 typmod = TupleDescAttr(RelationGetDescr(index), 0)->atttypmod;
  bool plausible = meta.m >= hnsw::kMinM && meta.m <= hnsw::kMaxM && meta.dimensions >= 1 &&
                   meta.dimensions <= static_cast<uint32>(kMaxDimensions) &&
                   meta.ef_construction >= hnsw::kMinEfConstruction &&
                   meta.ef_construction <= hnsw::kMaxEfConstruction && is_codec_of(meta, type) &&
                   meta.element_type == type.id && meta.metric == metric_of(index) &&
                   (typmod < 0 || meta.dimensions == static_cast<uint32>(typmod));
  if (!plausible) not_our_index(index, "Its metapage contradicts its definition.");
  IndexState state{{meta.codec, meta.metric, meta.dimensions, meta.rotation_seed},
                   meta.codec == CodecId::sq8 && meta.has_center == 0,
                   &type,
                   meta.m,
                   meta.ef_construction};
  hnsw::Geometry geometry = state.geometry();
  if (!geometry.fits() || geometry.element_bytes() != meta.element_slot_bytes ||
      geometry.list_bytes() != meta.list_slot_bytes) {
    not_our_index(index, "Its metapage contradicts its definition.");
  }
  return state;
}

// The floats of the center that a codec page holds.
struct CenterPart {
  uint32 first;
  uint32 count;
};

CenterPart center_part(const CodecParameters& codec, uint32 page) {
  const uint32 first = page * hnsw::kFloatsPerCodecPage;
  return {first, Min(hnsw::kFloatsPerCodecPage, codec.dimensions - first)};
}

void read_center(Relation index, const IndexState& state, float* center) {
  for (uint32 number = 0; number < state.codec_pages(); ++number) {
    const auto [first, count] = center_part(state.codec, number);
    const BlockNumber block = hnsw::kMetaBlock + 1 + number;
    if (block >= RelationGetNumberOfBlocks(index)) not_our_index(index, "It is truncated.");
    Buffer buffer = ReadBuffer(index, block);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    const auto* page = reinterpret_cast<const std::byte*>(BufferGetPage(buffer));
    const hnsw::PageTrailer trailer = hnsw::read_trailer(page);
    if (trailer.magic != hnsw::kMagic || trailer.kind != hnsw::PageKind::codec) {
      not_our_index(index, "A page of its codec is damaged.");
    }
    memcpy(center + first, page + hnsw::kPageHeaderBytes, count * sizeof(float));
    const float* part = center + first;
    const bool is_finite =
        std::all_of(part, part + count, [](float x) { return std::isfinite(x); });
    if (!is_finite) not_our_index(index, "A page of its codec is damaged.");
    UnlockReleaseBuffer(buffer);
  }
}

void cache_index_state(Relation index) {
  if (RelationGetNumberOfBlocks(index) == 0) not_our_index(index, "It is empty.");
  Buffer buffer = ReadBuffer(index, hnsw::kMetaBlock);
  LockBuffer(buffer, BUFFER_LOCK_SHARE);
  hnsw::MetaPage meta = hnsw::read_meta(reinterpret_cast<const std::byte*>(BufferGetPage(buffer)));
  UnlockReleaseBuffer(buffer);
  IndexState state = checked_state(index, meta);
  // Read before anything is allocated for good: it may find damage.
  const Size bytes = center_bytes(state.codec);
  auto* center = static_cast<float*>(palloc(bytes));
  if (bytes > 0) read_center(index, state, center);
  auto* cached =
      static_cast<IndexState*>(MemoryContextAlloc(index->rd_indexcxt, sizeof(IndexState) + bytes));
  if (bytes > 0)
    state.codec.center = static_cast<float*>(memcpy(static_cast<void*>(cached + 1), center, bytes));
  pfree(center);
  memcpy(cached, &state, sizeof state);
  index->rd_amcache = cached;
}

// What WITH (quantization) comes to.
CodecId chosen_codec(Relation index, const ColumnType& type, Metric metric, uint32 dimensions,
                     int m) {
  switch (quantization_of(index)) {
    case Quantization::none:
      return type.full_precision;
    case Quantization::sq8:
      if (metric == Metric::l1) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("quantization \"sq8\" does not support taxicab distance"),
                        errhint("Leave out the option, or use quantization = 'none'.")));
      }
      return CodecId::sq8;
    case Quantization::automatic:
      break;
  }
  if (metric == Metric::l1) return type.full_precision;
  if (dimensions > static_cast<uint32>(type.max_dimensions)) return CodecId::sq8;
  // Where quantizing saves less than a tenth of the pages, exact distances are worth more.
  const auto per_page = [m](const CodecParameters& codec) {
    const hnsw::Geometry geometry(code_bytes(codec), m);
    return geometry.fits() ? geometry.elements_per_page() : 0;
  };
  const uint32 full = per_page({type.full_precision, metric, dimensions});
  const uint32 quantized = per_page({CodecId::sq8, metric, dimensions});
  return 10 * full > 9 * quantized ? type.full_precision : CodecId::sq8;
}

}  // namespace

hnsw::Parameters IndexState::parameters() const {
  return {m, ef_construction, geometry().max_level(), hnsw::default_rule(codec.metric)};
}

uint32 IndexState::codec_pages() const {
  return hnsw::codec_pages(static_cast<uint32>(center_bytes(codec)));
}

IndexState index_state(Relation index) {
  // One without a center will soon have one.
  if (index->rd_amcache != nullptr && static_cast<IndexState*>(index->rd_amcache)->lacks_center) {
    pfree(index->rd_amcache);
    index->rd_amcache = nullptr;
  }
  if (index->rd_amcache == nullptr) cache_index_state(index);
  IndexState state = *static_cast<const IndexState*>(index->rd_amcache);
  const Size bytes = center_bytes(state.codec);
  if (bytes > 0) {
    auto* center = static_cast<float*>(palloc(bytes));
    memcpy(center, state.codec.center, bytes);
    state.codec.center = center;
  }
  return state;
}

IndexState new_index_state(Relation index) {
  const int dimensions = TupleDescAttr(RelationGetDescr(index), 0)->atttypmod;
  const ColumnType& type = column_type(index);
  if (dimensions < 0) {
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("column does not have dimensions")));
  }
  const int m = m_of(index);
  const Metric metric = metric_of(index);
  const CodecId codec = chosen_codec(index, type, metric, static_cast<uint32>(dimensions), m);
  const int max_dimensions = codec == CodecId::sq8 ? kMaxIndexedDimensions : type.max_dimensions;
  if (dimensions > max_dimensions) {
    ereport(ERROR,
            (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
             errmsg("column cannot have more than %d dimensions for hnsw index", max_dimensions)));
  }
  const int ef_construction = ef_construction_of(index);
  if (ef_construction < 2 * m) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("ef_construction must be greater than or equal to 2 * m")));
  }
  const uint64 seed = codec == CodecId::sq8 ? pg_prng_uint64(&pg_global_prng_state) : 0;
  return {{codec, metric, static_cast<uint32>(dimensions), seed},
          codec == CodecId::sq8,
          &type,
          m,
          ef_construction};
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
  meta.codec_data_block = state.codec_pages() > 0 ? hnsw::kMetaBlock + 1 : hnsw::kNoBlock;
  meta.codec_data_bytes = static_cast<uint32>(center_bytes(state.codec));
  meta.rotation_seed = state.codec.rotation_seed;
  meta.has_center = state.codec_pages() > 0 && !state.lacks_center ? 1 : 0;
  return meta;
}

void fill_codec_page(const IndexState& state, uint32 page, std::byte* bytes) {
  if (state.codec.center == nullptr) return;  // zeros
  const auto [first, count] = center_part(state.codec, page);
  memcpy(bytes + hnsw::kPageHeaderBytes, state.codec.center + first, count * sizeof(float));
}

const float* row_elements(const IndexState& state, Datum value) {
  int dimensions;
  const float* elements = state.type->elements(value, &dimensions);
  check_expected_dimensions(static_cast<int32>(state.codec.dimensions), dimensions);
  return elements;
}

void store_first_center(Relation index, const IndexState& state, Datum value) {
  const std::size_t n = state.codec.dimensions;
  CenterEstimate estimate(state.codec.metric, {static_cast<double*>(palloc(n * sizeof(double))), n},
                          kernels());
  estimate.add(row_elements(state, value));
  if (estimate.count() == 0) return;  // it will not be indexed
  IndexState with_center = state;
  auto* center = static_cast<float*>(palloc(n * sizeof(float)));
  estimate.store(center);
  with_center.codec.center = center;
  BufferPages pages(index, CurrentMemoryContext);
  for (uint32 page = 0; page < state.codec_pages(); ++page) {
    pages.update(hnsw::kMetaBlock + 1 + page, [&](std::byte* bytes) {
      fill_codec_page(with_center, page, bytes);
      return true;
    });
  }
  pages.update(hnsw::kMetaBlock, [&](std::byte* bytes) {
    hnsw::MetaPage meta = hnsw::read_meta(bytes);
    meta.has_center = 1;
    hnsw::write_meta(bytes, meta);
    return true;
  });
}

bool encode_datum(const IndexState& state, const Codec& codec, Datum value, std::byte* code) {
  return codec.encode(row_elements(state, value), code);
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
