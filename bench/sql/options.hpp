// The command line.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataset.hpp"
#include "server.hpp"
#include "synthetic.hpp"

namespace vec::bench {

enum class Mode { search, insert, build, copy };

using Settings = std::vector<std::pair<std::string, std::string>>;

struct Options {
  Mode mode = Mode::search;
  std::vector<Server> servers;

  // data
  std::string data, queries, cache;
  std::optional<SyntheticParameters> synthetic;
  std::size_t max_rows = 0, max_queries = 0;  // 0: all
  Metric metric = Metric::l2;
  std::string type = "vector";

  // load
  bool skip_load = false, skip_build = false, primary_key = false;
  std::string table = "sql_bench", storage, with;
  std::map<std::string, std::string> with_of;  // by label, instead of `with`
  Settings build_settings;
  int builds = 1;

  // build: every combination of these; without --row-counts and --dimensions those of the data
  std::vector<int> row_counts, dimensions;
  std::vector<std::string> types;

  // measure
  std::vector<int> ef = {10, 20, 40, 80, 160, 320}, clients;
  std::size_t k = 10;
  int rounds = 5, slice_ms = 1000;
  std::size_t explained = 100;
  std::size_t inserts = 1000;  // for each number of clients
  Settings settings;
  std::map<std::string, Settings> settings_of;  // by label, besides `settings`
  // Both of them.
  Settings settings_for(const Server& server) const;

  // report
  std::vector<double> targets = {0.90, 0.95, 0.98, 0.99};
  std::string out;
  std::size_t copy_rows = 0;
  unsigned threads = 1;
  std::string command;  // for readers of the report: without what is of this machine only
};

// Shows help and exits on --help. Throws Error for anything that makes no sense.
Options parse_options(int argc, char** argv);

}  // namespace vec::bench
