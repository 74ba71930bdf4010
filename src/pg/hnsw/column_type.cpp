#include "column_type.hpp"

#include "module.hpp"
#include "types/element.hpp"

extern "C" {
Datum vector_l2_squared_distance(PG_FUNCTION_ARGS);
Datum vector_negative_inner_product(PG_FUNCTION_ARGS);
Datum l1_distance(PG_FUNCTION_ARGS);
Datum halfvec_l2_squared_distance(PG_FUNCTION_ARGS);
Datum halfvec_negative_inner_product(PG_FUNCTION_ARGS);
Datum halfvec_l1_distance(PG_FUNCTION_ARGS);
}

namespace vec::pg {
namespace {

constexpr int kDistanceProc = 1;
constexpr int kNormProc = 2;
constexpr int kTypeProc = 3;

const float* vector_elements(Datum value, int* dimensions) {
  auto vector = view<VectorType>(value);
  *dimensions = vector.dim;
  return vector.x;
}

const float* halfvec_elements(Datum value, int* dimensions) {
  auto half = view<HalfvecType>(value);
  auto* elements = static_cast<float*>(palloc(half.dim * sizeof(float)));
  kernels().to_float(half.x, half.dim, elements);
  *dimensions = half.dim;
  return elements;
}

constexpr ColumnType kVector{1, CodecId::float32, 2000, "vector", vector_elements};
constexpr ColumnType kHalfvec{2, CodecId::float16, 4000, "halfvec", halfvec_elements};

}  // namespace

// Support function 3 of the halfvec operator classes.
VECTOR_FUNCTION(hnsw_halfvec_support) {
  (void)fcinfo;
  PG_RETURN_POINTER(&kHalfvec);
}

// Support functions 3 of pgvector's operator classes for bit and sparsevec, which this release does
// not have. No script of ours creates them: they are found in the catalog of a pgvector whose
// library this one has replaced, where their absence would be all that is said of such an index.
VECTOR_FUNCTION(hnsw_bit_support) {
  (void)fcinfo;
  PG_RETURN_POINTER(nullptr);
}

VECTOR_FUNCTION(hnsw_sparsevec_support) {
  (void)fcinfo;
  PG_RETURN_POINTER(nullptr);
}

const ColumnType& column_type(Relation index) {
  if (!OidIsValid(index_getprocid(index, 1, kTypeProc))) return kVector;
  const PGFunction support = index_getprocinfo(index, 1, kTypeProc)->fn_addr;
  if (support == hnsw_halfvec_support) return kHalfvec;
  // A function of another library would return something else.
  const bool is_of_pgvector = support == hnsw_bit_support || support == hnsw_sparsevec_support;
  ereport(ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("type not supported for hnsw index"),
           is_of_pgvector ? errdetail("Index \"%s\" is of an operator class that this "
                                      "release of extension vector does not have.",
                                      RelationGetRelationName(index))
                          : 0,
           is_of_pgvector ? errhint("Use DROP INDEX, or install pgvector again.") : 0));
}

Metric metric_of(Relation index) {
  PGFunction distance = index_getprocinfo(index, 1, kDistanceProc)->fn_addr;
  if (distance == vector_l2_squared_distance || distance == halfvec_l2_squared_distance)
    return Metric::l2;
  if (distance == l1_distance || distance == halfvec_l1_distance) return Metric::l1;
  if (distance == vector_negative_inner_product || distance == halfvec_negative_inner_product) {
    bool normalizes = OidIsValid(index_getprocid(index, 1, kNormProc));
    return normalizes ? Metric::cosine : Metric::inner_product;
  }
  ereport(ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("type not supported for hnsw index")));
}

}  // namespace vec::pg
