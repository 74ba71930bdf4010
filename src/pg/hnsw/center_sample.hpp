// The center of a codec, from a sample of the table: some of its pages, chosen at random.
#pragma once

#include "index_state.hpp"

namespace vec::pg {

// Gives `state` a center, in the current memory context. It goes on lacking one when the table has
// no rows for the index; the origin serves then. Rows of a page are alike more often than not, so
// many pages count more than many rows.
void sample_center(Relation heap, Relation index, IndexInfo* index_info, IndexState& state);

}  // namespace vec::pg
