// The only place where PostgreSQL's C headers enter, and the only extern "C" block around them.
//
// Rule of this folder ("nothing to unwind"): in a function from which a PostgreSQL call is
// reachable every local is trivially destructible, because an error leaves by longjmp. No RAII
// guards, no containers that own memory, no new/delete. The test module_has_nothing_to_unwind
// proves it. No <cstdio> here: PostgreSQL redefines snprintf.
#pragma once

extern "C" {
#include "postgres.h"

#include "access/amapi.h"
#include "access/amvalidate.h"
#include "access/detoast.h"
#include "access/genam.h"
#include "access/generic_xlog.h"
#include "access/reloptions.h"
#include "access/relscan.h"
#include "access/tableam.h"
#include "access/xloginsert.h"
#include "catalog/index.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "commands/vacuum.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "parser/parsetree.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "storage/freespace.h"
#include "storage/indexfsm.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"
#include "utils/selfuncs.h"
#include "utils/spccache.h"
#include "utils/syscache.h"
}

#define VECTOR_EXPORT __attribute__((visibility("default")))

// Defines an exported version-1 function. PostgreSQL 15's own macro would leave the info record
// hidden under -fvisibility=hidden. Every name defined here is listed in src/pg/exports.list.
#define VECTOR_FUNCTION(name)                                            \
  extern "C" VECTOR_EXPORT const Pg_finfo_record* pg_finfo_##name(void); \
  const Pg_finfo_record* pg_finfo_##name(void) {                         \
    static const Pg_finfo_record record = {1};                           \
    return &record;                                                      \
  }                                                                      \
  extern "C" VECTOR_EXPORT Datum name(PG_FUNCTION_ARGS);                 \
  Datum name(PG_FUNCTION_ARGS)
