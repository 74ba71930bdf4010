// Module magic and load-time set-up: choose the kernels, register settings and index options.
#include "module.hpp"

#include <cstdlib>

extern "C" {
VECTOR_EXPORT const Pg_magic_struct* Pg_magic_func(void);
PG_MODULE_MAGIC;
VECTOR_EXPORT void _PG_init(void);
}

namespace vec::pg {
namespace {
const DistanceKernels* chosen_kernels = nullptr;
ShortestDecimals chosen_decimals = nullptr;

// VECTOR_FORCE_KERNELS=baseline|avx2|avx512|avx512vnni in the server's environment: for tests and
// benchmarks.
const DistanceKernels* choose_kernels() {
  const char* forced = std::getenv("VECTOR_FORCE_KERNELS");
  if (forced == nullptr || forced[0] == '\0') return best_kernels();
  const DistanceKernels* named = kernels_named(forced);
  if (named == nullptr) {
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("VECTOR_FORCE_KERNELS: no kernels named \"%s\" on this machine", forced)));
  }
  return named;
}
}  // namespace

const DistanceKernels& kernels() {
  return *chosen_kernels;
}

ShortestDecimals shortest_decimals() {
  return chosen_decimals;
}
}  // namespace vec::pg

void _PG_init(void) {
  vec::pg::chosen_kernels = vec::pg::choose_kernels();
  vec::pg::chosen_decimals = vec::shortest_decimals_named(vec::pg::chosen_kernels->name);
  vec::pg::hnsw_init();
}
