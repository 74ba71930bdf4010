// sql_bench: compares PostgreSQL servers at nearest neighbor search, all in one run and in turn.
// docs/benchmarks.md and `sql_bench --help` explain it.
#include <exception>
#include <iostream>

#include "clock.hpp"
#include "exact.hpp"
#include "load.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "report.hpp"
#include "writes.hpp"

namespace vec::bench {
namespace {

Dataset obtain(const Options& options) {
  const Stopwatch watch;
  Dataset dataset;
  if (options.synthetic) {
    dataset = draw_synthetic(*options.synthetic, options.threads);
  } else if (options.queries.empty()) {
    dataset = read_hdf5(options.data);
  } else {
    dataset.name = options.data;
    dataset.base = read_fvecs(options.data);
    dataset.queries = read_fvecs(options.queries);
    if (dataset.base.dimensions != dataset.queries.dimensions) {
      throw Error("rows and queries differ in dimensions");
    }
  }
  limit(dataset, options.max_rows, options.max_queries);
  if (options.type == "halfvec" && round_to_half(dataset)) dataset.neighbors.reset();
  std::cerr << "data: " << dataset.name << ", " << watch.seconds() << " s\n";
  return dataset;
}

Neighbors exact(const Options& options, const Dataset& dataset) {
  if (dataset.neighbors && dataset.neighbors_metric == options.metric &&
      dataset.neighbors->k >= options.k) {
    return *dataset.neighbors;
  }
  const Stopwatch watch;
  Neighbors result =
      cached_nearest(dataset, options.metric, options.k, options.threads, options.cache);
  std::cerr << "exact neighbors: " << watch.seconds() << " s\n";
  return result;
}

void finish(const Options& options, Report& report) {
  for (const Server& server : options.servers) {
    report.servers.push_back(describe_server(options, server));
  }
  print(options, report);
  write_files(options, report);
}

// Each combination of type, dimensions and rows: the data are drawn once for the last of these.
std::vector<Built> build_series(Options options, std::string& dataset_name) {
  std::vector<Built> series;
  if (options.types.empty()) options.types = {options.type};
  if (options.dimensions.empty()) options.dimensions = {0};
  for (const std::string& type : options.types) {
    for (const int dimensions : options.dimensions) {
      options.type = type;
      if (dimensions > 0) options.synthetic->dimensions = static_cast<std::size_t>(dimensions);
      Dataset dataset = obtain(options);
      dataset_name = options.synthetic ? "synthetic" : dataset.name;
      std::vector<int> counts = options.row_counts;
      if (counts.empty()) counts = {static_cast<int>(dataset.base.rows)};
      if (static_cast<std::size_t>(counts.back()) > dataset.base.rows) {
        throw Error("--row-counts: there are " + std::to_string(dataset.base.rows) + " rows");
      }
      // From the largest number down, since limit() drops the others.
      const std::size_t first = series.size();
      for (auto count = counts.rbegin(); count != counts.rend(); ++count) {
        limit(dataset, static_cast<std::size_t>(*count), 0);
        Built built{type, dataset.base.rows, dataset.base.dimensions, load(options, dataset)};
        std::cerr << type << "(" << built.dimensions << "), " << built.rows << " rows\n";
        build(options, built.loaded);
        series.insert(series.begin() + static_cast<std::ptrdiff_t>(first), std::move(built));
      }
    }
  }
  return series;
}

void run(const Options& options) {
  Report report;
  report.machine = describe_machine();
  if (options.mode == Mode::build) {
    report.series = build_series(options, report.dataset);
    finish(options, report);
    return;
  }
  Dataset dataset = obtain(options);
  Matrix more;
  if (options.mode == Mode::insert) more = take_rows_to_insert(options, dataset);
  report.dataset = dataset.name;
  report.rows = dataset.base.rows;
  report.dimensions = dataset.base.dimensions;
  report.queries = dataset.queries.rows;
  if (options.mode == Mode::copy) {
    report.loaded = load(options, dataset);
    report.copies = measure_copy(options);
  } else if (options.mode == Mode::insert) {
    report.loaded = load(options, dataset);
    prepare_tables(options);
    build(options, report.loaded);
    report.writes = measure_writes(options, dataset.base.rows, more);
  } else {
    const Neighbors neighbors = exact(options, dataset);
    const Judge judge(dataset, options.metric, neighbors, options.k);
    report.loaded = load(options, dataset);
    build(options, report.loaded);
    report.curves = measure(options, dataset, judge);
  }
  finish(options, report);
}

}  // namespace
}  // namespace vec::bench

int main(int argc, char** argv) {
  try {
    vec::bench::run(vec::bench::parse_options(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
