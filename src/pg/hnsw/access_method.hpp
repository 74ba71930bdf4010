// The callbacks of the access method, one file per phase; handler.cpp lists them.
#pragma once

#include "postgres.hpp"

namespace vec::pg {

extern "C" {
// build.cpp
IndexBuildResult* ambuild(Relation heap, Relation index, IndexInfo* index_info);
void ambuildempty(Relation index);
char* ambuildphasename(int64 phase);
// insert.cpp
bool aminsert(Relation index, Datum* values, bool* isnull, ItemPointer tid, Relation heap,
              IndexUniqueCheck check_unique, bool index_unchanged, IndexInfo* index_info);
// scan.cpp
IndexScanDesc ambeginscan(Relation index, int nkeys, int norderbys);
void amrescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys);
bool amgettuple(IndexScanDesc scan, ScanDirection direction);
void amendscan(IndexScanDesc scan);
// vacuum.cpp
IndexBulkDeleteResult* ambulkdelete(IndexVacuumInfo* info, IndexBulkDeleteResult* stats,
                                    IndexBulkDeleteCallback callback, void* callback_state);
IndexBulkDeleteResult* amvacuumcleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* stats);
// cost.cpp
void amcostestimate(PlannerInfo* root, IndexPath* path, double loop_count, Cost* startup_cost,
                    Cost* total_cost, Selectivity* selectivity, double* correlation, double* pages);
// validate.cpp
bool opclass_is_valid(Oid opclass);  // amvalidate is a function of PostgreSQL
}

// Inserts hold this lock of the index shared; whoever needs to be alone with it takes it
// exclusively: vacuum, to let inserts that began before end, and the insert of a first element or
// of a codec's first center.
inline void lock_inserts(Relation index, LOCKMODE mode) {
  LockPage(index, 0, mode);
}
inline void unlock_inserts(Relation index, LOCKMODE mode) {
  UnlockPage(index, 0, mode);
}

}  // namespace vec::pg
