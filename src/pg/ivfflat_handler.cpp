// ivfflathandler: what is left of pgvector's access method ivfflat when this library has taken the
// place of pgvector's and the extension is not updated yet.
//
// PostgreSQL asks an access method's handler whenever it opens a table with such an index, also to
// drop the index. Without a handler every statement on the table would fail. With this one the
// table can be read, by scanning it, and the index can be dropped. Whatever would have to read or
// change the index ends with an error that says so: rows that are written now must not be missing
// in it if pgvector is installed again. No script of ours creates this access method.
#include "compat.hpp"

namespace vec::pg {
namespace {

[[noreturn]] void refuse(Relation index) {
  ereport(ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
           errmsg("index \"%s\" is of access method ivfflat, which this release of extension "
                  "vector does not have",
                  RelationGetRelationName(index)),
           errhint("Use DROP INDEX, and CREATE INDEX ... USING hnsw instead of it.")));
}

}  // namespace

extern "C" {

static IndexBuildResult* ivfflat_build(Relation, Relation index, IndexInfo*) {
  refuse(index);
}

static void ivfflat_build_empty(Relation index) {
  refuse(index);
}

static bool ivfflat_insert(Relation index, Datum*, bool*, ItemPointer, Relation, IndexUniqueCheck,
                           bool, IndexInfo*) {
  refuse(index);
}

// Only when there are dead rows; VACUUM goes on without an index otherwise.
static IndexBulkDeleteResult* ivfflat_bulk_delete(IndexVacuumInfo* info, IndexBulkDeleteResult*,
                                                  IndexBulkDeleteCallback, void*) {
  refuse(info->index);
}

static IndexBulkDeleteResult* ivfflat_vacuum_cleanup(IndexVacuumInfo*,
                                                     IndexBulkDeleteResult* stats) {
  return stats;
}

// Not called, since there is nothing that such an index could be scanned for.
static void ivfflat_cost_estimate(PlannerInfo*, IndexPath*, double, Cost* startup_cost,
                                  Cost* total_cost, Selectivity* selectivity, double* correlation,
                                  double* pages) {
  *startup_cost = *total_cost = get_float8_infinity();
  *selectivity = *correlation = *pages = 0;
}

static IndexScanDesc ivfflat_begin_scan(Relation index, int, int) {
  refuse(index);
}

// WITH (lists = ...) is nothing to us.
static bytea* ivfflat_options(Datum, bool) {
  return nullptr;
}

static bool ivfflat_validate(Oid) {
  return true;
}
}

VECTOR_FUNCTION(ivfflathandler) {
  (void)fcinfo;
  IndexAmRoutine* routine = makeNode(IndexAmRoutine);
  routine->amsupport = 5;  // as many as pgvector's operator classes have
  routine->amkeytype = InvalidOid;
  routine->ambuild = ivfflat_build;
  routine->ambuildempty = ivfflat_build_empty;
  routine->aminsert = ivfflat_insert;
  routine->ambulkdelete = ivfflat_bulk_delete;
  routine->amvacuumcleanup = ivfflat_vacuum_cleanup;
  routine->amcostestimate = ivfflat_cost_estimate;
  routine->amoptions = ivfflat_options;
  routine->amvalidate = ivfflat_validate;
  routine->ambeginscan = ivfflat_begin_scan;
  PG_RETURN_POINTER(routine);
}

}  // namespace vec::pg
