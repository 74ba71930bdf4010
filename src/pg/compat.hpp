// Differences between PostgreSQL's major versions. Code outside this file names no version.
#pragma once

#include "postgres.hpp"

extern "C" {
#if PG_VERSION_NUM >= 160000
#include "varatt.h"  // before 16, part of postgres.h
#endif
#if PG_VERSION_NUM >= 170000
#include "storage/read_stream.h"
#endif
#include "common/hashfn.h"
#include "common/shortest_dec.h"
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
