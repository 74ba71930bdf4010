// hnswhandler: what the access method can do.
#include "access_method.hpp"
#include "compat.hpp"
#include "options.hpp"

namespace vec::pg {

VECTOR_FUNCTION(hnswhandler) {
  (void)fcinfo;
  IndexAmRoutine* routine = makeNode(IndexAmRoutine);
  routine->amsupport = 3;  // distance; norm, for cosine; type, for column types other than vector
  routine->amcanorderbyop = true;
  routine->amoptionalkey = true;
  routine->amusemaintenanceworkmem = true;  // while vacuuming
  routine->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
  routine->amkeytype = InvalidOid;
  allow_parallel_build(routine);

  routine->ambuild = ambuild;
  routine->ambuildempty = ambuildempty;
  routine->aminsert = aminsert;
  routine->ambulkdelete = ambulkdelete;
  routine->amvacuumcleanup = amvacuumcleanup;
  routine->amcostestimate = amcostestimate;
  routine->amoptions = amoptions;
  routine->ambuildphasename = ambuildphasename;
  routine->amvalidate = opclass_is_valid;
  routine->ambeginscan = ambeginscan;
  routine->amrescan = amrescan;
  routine->amgettuple = amgettuple;
  routine->amendscan = amendscan;
  PG_RETURN_POINTER(routine);
}

}  // namespace vec::pg
