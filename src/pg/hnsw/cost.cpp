// amcostestimate: a model of the nodes a search visits.
//
// A search measures about M nodes on each upper level and, at level 0, two thirds of M for each of
// the ef nodes it expands (measured: 540 nodes at ef 40, 1260 at ef 160, for 300,000 rows and M =
// 16). Every node is a random access to a page that is nearly always in memory. PostgreSQL's costs
// are in units of a sequential page read, with 0.01 for a row of a sequential scan, about 0.1-0.2
// us; a visited node takes some 0.5 us. All of this is start-up: the first row comes when the
// search has ended.
#include <cmath>

#include "access_method.hpp"
#include "index_state.hpp"
#include "options.hpp"

namespace vec::pg {
namespace {

constexpr double kNodesPerExpansion = 0.67;  // of M
constexpr double kCostOfNode = 3;            // of cpu_tuple_cost

double visited_nodes(double rows, int m) {
  if (rows < 1) return 1;
  double upper_levels = std::log(rows) / std::log(static_cast<double>(m));
  double visited = m * (std::fmax(upper_levels, 1) + kNodesPerExpansion * hnsw_ef_search);
  return std::fmin(visited, rows);
}

}  // namespace

void amcostestimate(PlannerInfo* root, IndexPath* path, double loop_count, Cost* startup_cost,
                    Cost* total_cost, Selectivity* selectivity, double* correlation,
                    double* pages) {
  if (list_length(path->indexorderbys) != 1) {
    // The index is of use for an ORDER BY only, and orders by one distance.
    *startup_cost = *total_cost = get_float8_infinity();
    *selectivity = 0;
    *correlation = 0;
    *pages = 0;
    return;
  }
  GenericCosts costs{};
  // m of the index without opening it: the number of links hardly matters here.
  const double rows = std::fmax(path->indexinfo->tuples, 1);
  const double visited = visited_nodes(rows, hnsw::kDefaultM);
  costs.numIndexTuples = visited;
  genericcostestimate(root, path, loop_count, &costs);

  double per_node = kCostOfNode * cpu_tuple_cost + cpu_operator_cost;
  *startup_cost = costs.indexStartupCost + visited * per_node;
  *total_cost = *startup_cost + std::fmin(hnsw_ef_search, rows) * cpu_index_tuple_cost;
  *selectivity = costs.indexSelectivity;
  *correlation = 0;
  *pages = std::fmin(visited, static_cast<double>(path->indexinfo->pages));
}

}  // namespace vec::pg
