// Measures what inserts and updates cost. The servers take turns in slices of some rows, and each
// gets the same ones.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataset.hpp"
#include "options.hpp"

namespace vec::bench {

// What a server counts, from its start on or between two points in time.
struct Counters {
  double wal_bytes = 0;
  double page_images = 0;    // of whole pages, in the log: the first change after a checkpoint
  double index_buffers = 0;  // accesses to pages of the hnsw index
  double buffers = 0;        // and of everything in the database
};

Counters operator-(const Counters& end, const Counters& begin);
Counters& operator+=(Counters& sum, const Counters& more);

// Writes of one kind, server and number of clients.
struct Writes {
  int clients = 0;
  std::size_t rows = 0;
  std::vector<double> seconds, rates;  // of each slice; its rows per second
  Counters counted;                    // over all slices
  std::optional<double> cpu_seconds = 0;

  void add_slice(std::size_t slice_rows, double slice_seconds, const Counters& slice_counted,
                 std::optional<double> slice_cpu);
  double per_row(double Counters::*what) const;
  std::optional<double> cpu_ms() const;  // processor time of the server's processes, per row
};

// Of one server, in the order of the numbers of clients.
struct WriteCosts {
  std::vector<Writes> inserts, updates;
};

// The rows [first, end) of part `part` of `parts` nearly equal ones.
std::pair<std::size_t, std::size_t> part_of(std::size_t rows, std::size_t part, std::size_t parts);

// Takes the rows out of `dataset` that will be inserted, the last ones.
Matrix take_rows_to_insert(const Options& options, Dataset& dataset);

// What measure_writes needs besides `embedding` and its index: a column whose updates leave the
// vector alone, and an index of it, so that each update makes entries in all indexes.
void prepare_tables(const Options& options);

// Rows of `more` into the tables, whose rows are 0 .. loaded - 1; then updates of rows there.
std::vector<WriteCosts> measure_writes(const Options& options, std::size_t loaded,
                                       const Matrix& more);

}  // namespace vec::bench
