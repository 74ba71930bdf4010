// Index options (WITH (...)) and settings (hnsw.*).
#pragma once

#include "postgres.hpp"

namespace vec::pg {

enum class Quantization { automatic, sq8, none };

// What pg_class.reloptions parses into.
struct HnswOptions {
  int32 vl_len_;  // varlena header, do not touch
  int m;
  int ef_construction;
  Quantization quantization;
};

enum class IterativeScan { off, strict_order, relaxed_order };

extern int hnsw_ef_search;
extern int hnsw_iterative_scan;  // an IterativeScan
extern int hnsw_max_scan_tuples;
extern double hnsw_scan_mem_multiplier;
extern bool hnsw_exact_order;

int m_of(Relation index);
int ef_construction_of(Relation index);
Quantization quantization_of(Relation index);

extern "C" bytea* amoptions(Datum reloptions, bool validate);

}  // namespace vec::pg
