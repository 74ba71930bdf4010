// Differences between PostgreSQL's major versions. Code outside this file names no version.
#pragma once

#include "postgres.hpp"

extern "C" {
#if PG_VERSION_NUM >= 160000
#include "varatt.h"  // before 16, part of postgres.h
#endif
#if PG_VERSION_NUM >= 170000
#include "storage/read_stream.h"
#else
#include "postmaster/autovacuum.h"
#endif
#include "common/hashfn.h"
#include "common/shortest_dec.h"
#include "utils/tuplesort.h"
#include "utils/varbit.h"
}

// Reports bad user input, and returns `result` from the calling function.
//
// From PostgreSQL 16 on a caller may ask for the error as a value (pg_input_is_valid, COPY
// ON_ERROR) by passing an ErrorSaveContext in `context`; with any other context, and before 16,
// this does not return. Used as VECTOR_SOFT_ERROR(fcinfo->context, Datum{0}, (errcode(...),
// errmsg(...))).
#if PG_VERSION_NUM >= 160000
#define VECTOR_SOFT_ERROR(context, result, details) ereturn(context, result, details)
#else
#define VECTOR_SOFT_ERROR(context, result, details) \
  do {                                              \
    (void)(context);                                \
    ereport(ERROR, details);                        \
    return result;                                  \
  } while (0)
#endif

namespace vec::pg {

// A new block at the end of a fork, pinned and exclusively locked.
inline Buffer extend_relation(Relation relation, ForkNumber fork) {
#if PG_VERSION_NUM >= 160000
  return ExtendBufferedRel(BMR_REL(relation), fork, nullptr, EB_LOCK_FIRST);
#else
  LockRelationForExtension(relation, ExclusiveLock);
  Buffer buffer = ReadBufferExtended(relation, fork, P_NEW, RBM_NORMAL, nullptr);
  LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
  UnlockRelationForExtension(relation, ExclusiveLock);
  return buffer;
#endif
}

#if PG_VERSION_NUM >= 160000
inline RelFileLocator relation_locator(Relation relation) {
  return relation->rd_locator;
}
inline Oid relation_file_number(Relation relation) {
  return relation->rd_locator.relNumber;
}
#else
inline RelFileNode relation_locator(Relation relation) {
  return relation->rd_node;
}
inline Oid relation_file_number(Relation relation) {
  return relation->rd_node.relNode;
}
#endif

// For pg_stat_user_indexes, and from PostgreSQL 18 on for EXPLAIN ANALYZE.
inline void count_index_search(IndexScanDesc scan) {
  pgstat_count_index_scan(scan->indexRelation);
#if PG_VERSION_NUM >= 180000
  if (scan->instrument != nullptr) scan->instrument->nsearches++;
#endif
}

// How many workers PostgreSQL would start to build this index. Before 17 it plans them for B-trees
// only.
inline int planned_build_workers(Relation heap, Relation index, const IndexInfo* index_info) {
#if PG_VERSION_NUM >= 170000
  (void)heap;
  (void)index;
  return index_info->ii_ParallelWorkers;
#else
  (void)index_info;
  if (!IsNormalProcessingMode()) return 0;
  return plan_create_index_workers(RelationGetRelid(heap), RelationGetRelid(index));
#endif
}

inline void allow_parallel_build(IndexAmRoutine* routine) {
#if PG_VERSION_NUM >= 170000
  routine->amcanbuildparallel = true;
#else
  (void)routine;
#endif
}

// The next of a tuplesort of datums that are passed by value. False at the end.
inline bool next_datum(Tuplesortstate* sort, Datum* value, bool* is_null) {
#if PG_VERSION_NUM >= 160000
  return tuplesort_getdatum(sort, true, false, value, is_null, nullptr);
#else
  return tuplesort_getdatum(sort, true, value, is_null, nullptr);
#endif
}

// Before functions of another user are run, within a nest level of settings.
inline void restrict_search_path() {
#if PG_VERSION_NUM >= 170000
  RestrictSearchPath();
#endif
}

inline bool is_autovacuum_worker() {
#if PG_VERSION_NUM >= 170000
  return AmAutoVacuumWorkerProcess();
#else
  return IsAutoVacuumWorkerProcess();
#endif
}

inline void pause_vacuum() {
#if PG_VERSION_NUM >= 180000
  vacuum_delay_point(false);
#else
  vacuum_delay_point();
#endif
}

// For a path that must not be chosen, whatever else is disabled: from PostgreSQL 18 on costs, even
// infinite ones, only decide between paths with equally many disabled nodes.
inline void never_choose(IndexPath* path) {
#if PG_VERSION_NUM >= 180000
  path->path.disabled_nodes = 2;
#else
  (void)path;
#endif
}

}  // namespace vec::pg
