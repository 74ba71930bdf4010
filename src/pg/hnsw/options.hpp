// Index options (WITH (...)) and settings (hnsw.*).
#pragma once

#include "postgres.hpp"

namespace vec::pg {

// What pg_class.reloptions parses into.
struct HnswOptions {
  int32 vl_len_;  // varlena header, do not touch
  int m;
  int ef_construction;
};

extern int hnsw_ef_search;

int m_of(Relation index);
int ef_construction_of(Relation index);

extern "C" bytea* amoptions(Datum reloptions, bool validate);

}  // namespace vec::pg
