#include "inspected_index.hpp"

#include "access_method.hpp"

extern "C" {
#include "access/table.h"
#include "access/xlog.h"
#include "utils/acl.h"
#include "utils/rls.h"
}

namespace vec::pg {
namespace {

[[noreturn]] void not_an_index(const char* name, const char* detail) {
  ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not an hnsw index", name),
                  errdetail_internal("%s", detail)));
}

// As for the statistics of its columns: neither without SELECT nor past row-level security.
void require_readable(Oid table) {
  const Oid user = GetUserId();
  AclResult result = pg_class_aclcheck(table, user, ACL_SELECT);
  if (result != ACLCHECK_OK) {
    result = pg_attribute_aclcheck_all(table, user, ACL_SELECT, ACLMASK_ALL);
  }
  if (result != ACLCHECK_OK) {
    aclcheck_error(result, get_relkind_objtype(get_rel_relkind(table)), get_rel_name(table));
  }
  if (check_enable_rls(table, InvalidOid, true) == RLS_ENABLED) {
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("permission denied for table %s", get_rel_name(table)),
                    errdetail("Row-level security applies to the current user.")));
  }
}

}  // namespace

InspectedIndex open_inspected(Oid index_id) {
  const char* name = get_rel_name(index_id);
  if (name == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("relation with OID %u does not exist", index_id)));
  }
  switch (get_rel_relkind(index_id)) {
    case RELKIND_INDEX:
      break;
    case RELKIND_PARTITIONED_INDEX:
      not_an_index(name, "It is partitioned: name the index of a partition.");
    default:
      not_an_index(name, "It is not an index.");
  }
  // Before anything is locked.
  const Oid heap_id = IndexGetRelation(index_id, false);
  require_readable(heap_id);

  InspectedIndex inspected;
  inspected.heap = table_open(heap_id, AccessShareLock);
  inspected.index = index_open(index_id, AccessShareLock);
  Relation index = inspected.index;
  if (index->rd_index->indrelid != heap_id || index->rd_indam->aminsert != aminsert) {
    not_an_index(name, "It is an index of another access method.");
  }
  if (RELATION_IS_OTHER_TEMP(index)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot access temporary tables of other sessions")));
  }
  if (!index->rd_index->indisvalid) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("index \"%s\" is not valid", name),
                    errdetail("It is being built, or building it was interrupted.")));
  }
  return inspected;
}

void close_inspected(const InspectedIndex& inspected) {
  index_close(inspected.index, AccessShareLock);
  table_close(inspected.heap, AccessShareLock);
}

bool has_contents(Relation index) {
  return index->rd_rel->relpersistence != RELPERSISTENCE_UNLOGGED || !RecoveryInProgress();
}

InspectedPages::InspectedPages(Relation index, const IndexState& state, MemoryContext memory)
    : in_order(index, memory),
      random(index, memory),
      codec(state.make_codec()),
      graph(random, codec, state.parameters()) {
  if (RelationGetNumberOfBlocks(index) > static_cast<BlockNumber>(NBuffers) / 4) {
    in_order.use_ring(GetAccessStrategy(BAS_BULKREAD));
  }
}

}  // namespace vec::pg
