// The worker processes of an index build.
#pragma once

#include "build_participant.hpp"

namespace vec::pg {

// Scans the table and indexes its rows, by up to `workers` processes and this one, and completes
// the index. Returns what was seen.
IndexBuildResult* build_index(Relation heap, Relation index, IndexInfo* index_info,
                              const IndexState& state, int workers);

}  // namespace vec::pg
