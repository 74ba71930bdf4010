// amcostestimate: what a scan costs that returns all the rows it is asked for.
//
// A scan measures nodes: the first batch of hnsw.ef_search results, then, while the executor asks
// for more, larger ones until hnsw.max_scan_tuples nodes have been measured; then it sweeps all
// index pages, sorts what they hold, and delivers the rest. So its cost is a matter of how many
// rows it has to *produce*:
//
//   share    = rows the plan returns / rows of the index: what filters let through
//   produced = LIMIT / share, all rows of the index without a LIMIT
//   fetched  = 1.3 x produced: rows the executor reads from the table to put them into exact order
//
//   graph(n)    = nodes measured for n results x kNode
//   complete    = graph up to max_scan_tuples + pages in sequence + elements x kElement + sort
//   cost(n)     = graph(max(n, ef_search)) while that measures fewer nodes than max_scan_tuples,
//                 complete after that,
//                 + n x kRecheck
//
// Units are PostgreSQL's, 1 = a page read in sequence; the row of a sequential scan with its
// distance and its part of a sort is about 0.1 of it, and takes about 0.4 us, so a unit is 4 us.
//
// What PostgreSQL makes of the numbers: a LIMIT of k rows of n costs start-up + k / n of the rest.
// The curve above is no line, so start-up is chosen to let the line meet the curve at k. The heap's
// pages and rows are added by the caller, in proportion. Neither knows what an out-of-line value
// costs, the greatest part of a plan that sorts long vectors: any other plan fetches one for each
// row it returns, ours one for each row fetched. We add or subtract the difference.
//
// Planning reads nothing of the index, so M is taken for 16.
//
// hnsw.iterative_scan = off returns less, but that is no merit: it is priced as if it went on. No
// index condition exists, so the scan is never the inside of a parameterized nested loop, and
// loop_count is 1: a LATERAL subquery is planned on its own.
#include <cmath>

#include "access_method.hpp"
#include "compat.hpp"
#include "options.hpp"

namespace vec::pg {
namespace {

// Every constant of the model. Measured nodes grow slower than results, because neighborhoods
// overlap: 540 for 40 results, 1260 for 160 (300,000 rows, M = 16); the exponent is also that of
// the time of searches for 40 to 10000 results.
constexpr double kNodesOfOneResult = 34;
constexpr double kNodesExponent = 0.75;
constexpr double kNode = 0.08;      // 0.3 us: a random page in shared buffers
constexpr double kElement = 0.025;  // 0.1 us: an element of the sweep, without its page
constexpr double kRecheck = 0.15;   // 0.6 us: element again, exact distance, queue
constexpr double kDetoast = 1.2;    // 5 us: a vector of 768 dimensions
constexpr double kLookAhead = 1.3;  // fetched / returned

class Model {
 public:
  Model(PlannerInfo* root, IndexPath* path) : index_(path->indexinfo) {
    RelOptInfo* table = index_->rel;
    // -1, or 0 while something is in it: not known.
    elements_ = std::fmax(index_->tuples, 1);
    pages_ = std::fmax(static_cast<double>(index_->pages), 1);
    // Bounds on what a plan can return: estimates come from different places.
    returned_ = std::fmin(std::fmax(path->path.rows, 1), elements_);
    out_of_line_ = is_out_of_line(root, table);
    get_tablespace_page_costs(index_->reltablespace, &random_page_, &sequential_page_);
    // Pages that do not stay in memory between queries.
    misses_ = std::fmax(0, 1 - effective_cache_size / pages_);
    only_table_ = bms_membership(root->all_baserels) == BMS_SINGLETON;
    share_of_limit_ = share_of_limit(root, table);
  }

  // Of the scan up to the first result, and of all of it.
  void estimate(Cost* startup, Cost* total) const {
    const double first_batch = graph_cost(nodes(hnsw_ef_search));
    *startup = first_batch;
    *total = std::fmax(cost_of(elements_), first_batch);
    if (share_of_limit_ <= 0) return;
    // What others pay for out-of-line values may make us look free: not quite.
    const double least = out_of_line_ ? first_batch / 10 : first_batch;
    const double at_limit = std::fmax(cost_of(share_of_limit_ * elements_), least);
    *startup = least;
    if (share_of_limit_ >= 1) {
      *startup = *total;
    } else if (share_of_limit_ * (*total - least) <= at_limit - least) {
      *startup = (at_limit - share_of_limit_ * *total) / (1 - share_of_limit_);
    } else if (only_table_) {
      // The line would pass above the curve. Nobody reads the end of it.
      *total = least + (at_limit - least) / share_of_limit_;
    }
  }

  double elements() const { return elements_; }
  double pages() const { return pages_; }

 private:
  double nodes(double results) const {
    return std::fmin(kNodesOfOneResult * std::pow(results, kNodesExponent), elements_);
  }

  double graph_cost(double nodes) const { return nodes * (kNode + misses_ * random_page_); }

  double complete_cost() const {
    double sort = 2 * cpu_operator_cost * std::log2(elements_ + 1);
    return graph_cost(std::fmin(hnsw_max_scan_tuples, elements_)) + pages_ * sequential_page_ +
           elements_ * (kElement + sort);
  }

  double cost_of(double produced) const {
    const double fetched = std::fmin(kLookAhead * produced, elements_);
    const double results = std::fmax(fetched, hnsw_ef_search);
    double cost = fetched * kRecheck;
    if (results < elements_ && nodes(results) < hnsw_max_scan_tuples) {
      cost += std::fmin(graph_cost(nodes(results)), complete_cost());
    } else {
      cost += complete_cost();
    }
    if (out_of_line_) cost += (fetched - returned_) * kDetoast;
    return cost;
  }

  // LIMIT as a share of the rows that the plan could return; 0: there is none, or none we know.
  double share_of_limit(PlannerInfo* root, RelOptInfo* table) const {
    double limit = root->limit_tuples;
    if (limit <= 0) return 0;
    // Partitions share it.
    if (table->reloptkind == RELOPT_OTHER_MEMBER_REL &&
        bms_membership(table->top_parent_relids) == BMS_SINGLETON) {
      RelOptInfo* parent = find_base_rel(root, bms_singleton_member(table->top_parent_relids));
      if (parent->rows > table->rows) limit *= table->rows / parent->rows;
    }
    return std::fmin(limit / returned_, 1);
  }

  // Does the table hold no more than the address of the vectors?
  bool is_out_of_line(PlannerInfo* root, RelOptInfo* table) const {
    const int column = index_->indexkeys[0];
    if (column == 0) return false;  // an expression
    return get_attavgwidth(planner_rt_fetch(table->relid, root)->relid,
                           static_cast<AttrNumber>(column)) == TOAST_POINTER_SIZE;
  }

  IndexOptInfo* index_;
  double elements_;
  double pages_;
  double returned_;
  double misses_;
  double random_page_;
  double sequential_page_;
  double share_of_limit_;
  bool out_of_line_;
  bool only_table_;  // so that the LIMIT is about its rows
};

}  // namespace

void amcostestimate(PlannerInfo* root, IndexPath* path, double loop_count, Cost* startup_cost,
                    Cost* total_cost, Selectivity* selectivity, double* correlation,
                    double* pages) {
  (void)loop_count;
  *correlation = 0;
  if (list_length(path->indexorderbys) != 1) {
    // The index is of use for an ORDER BY only, and orders by one distance.
    *startup_cost = *total_cost = get_float8_infinity();
    never_choose(path);
    *selectivity = 0;
    *pages = 0;
    return;
  }
  const Model model(root, path);
  model.estimate(startup_cost, total_cost);
  // Of a partial index less than 1. The rest is filtered by the executor.
  *selectivity = std::fmin(model.elements() / std::fmax(path->indexinfo->rel->tuples, 1), 1);
  *pages = model.pages();
}

}  // namespace vec::pg
