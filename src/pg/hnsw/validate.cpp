// amvalidate: an operator class must have one ordering operator, strategy 1, over a distance
// function.
#include "access_method.hpp"

namespace vec::pg {
namespace {

// Reports a finding the way amvalidate functions do.
void complain(Oid opfamily, const char* what) {
  ereport(INFO, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                 errmsg("hnsw operator family with OID %u %s", opfamily, what)));
}

bool operators_are_valid(Oid opfamily) {
  bool valid = true;
  CatCList* list = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(opfamily));
  for (int i = 0; i < list->n_members; ++i) {
    auto* entry = reinterpret_cast<Form_pg_amop>(GETSTRUCT(&list->members[i]->tuple));
    if (entry->amopstrategy != 1 || entry->amoppurpose != AMOP_ORDER) {
      complain(opfamily, "contains an operator that is not ordering operator 1");
      valid = false;
    }
  }
  ReleaseCatCacheList(list);
  return valid;
}

bool functions_are_valid(Oid opfamily, Oid type) {
  bool valid = true, has_distance = false;
  CatCList* list = SearchSysCacheList1(AMPROCNUM, ObjectIdGetDatum(opfamily));
  for (int i = 0; i < list->n_members; ++i) {
    auto* entry = reinterpret_cast<Form_pg_amproc>(GETSTRUCT(&list->members[i]->tuple));
    bool good = false;
    switch (entry->amprocnum) {
      case 1:
        good = check_amproc_signature(entry->amproc, FLOAT8OID, false, 2, 2, type, type);
        has_distance |= entry->amproclefttype == type && entry->amprocrighttype == type;
        break;
      case 2:
        good = check_amproc_signature(entry->amproc, FLOAT8OID, false, 1, 1, type);
        break;
      case 3:
        good = check_amproc_signature(entry->amproc, INTERNALOID, false, 1, 1, INTERNALOID);
        break;
    }
    if (!good) {
      complain(opfamily, "contains a support function with a wrong number or signature");
      valid = false;
    }
  }
  ReleaseCatCacheList(list);
  if (!has_distance) complain(opfamily, "is missing support function 1");
  return valid && has_distance;
}

}  // namespace

bool opclass_is_valid(Oid opclass) {
  HeapTuple tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for operator class %u", opclass);
  auto* form = reinterpret_cast<Form_pg_opclass>(GETSTRUCT(tuple));
  Oid opfamily = form->opcfamily;
  Oid type = form->opcintype;
  ReleaseSysCache(tuple);
  bool operators = operators_are_valid(opfamily);
  return functions_are_valid(opfamily, type) && operators;
}

}  // namespace vec::pg
