// The column types an index can be built on. Support function 3 of an operator class names one;
// without it the type is vector.
#pragma once

#include "postgres.hpp"
#include "vector/codec.hpp"

namespace vec::pg {

struct ColumnType {
  uint16 id;  // in the metapage: do not change
  CodecId full_precision;
  int max_dimensions;  // as in pgvector: what a page holds at full precision
  const char* name;
  // The elements as floats, in the datum itself or in the current memory context.
  const float* (*elements)(Datum value, int* dimensions);
};

const ColumnType& column_type(Relation index);

// What the operator class of the index orders by.
Metric metric_of(Relation index);

}  // namespace vec::pg
