// What the module sets up once, for all of the shim.
#pragma once

#include "postgres.hpp"
#include "vector/decimals.hpp"
#include "vector/distance.hpp"

namespace vec::pg {

// The kernels chosen at load time for this machine.
const DistanceKernels& kernels();
ShortestDecimals shortest_decimals();

// Registers hnsw.* settings and the index options (hnsw/options.cpp).
void hnsw_init();

}  // namespace vec::pg
