// What is written at the end: tables on stdout, and files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "load.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "series.hpp"
#include "writes.hpp"

namespace vec::bench {

struct Report {
  std::string dataset;
  std::size_t rows = 0, dimensions = 0, queries = 0;
  Settings machine;               // name, value
  std::vector<Settings> servers;  // versions and settings
  std::vector<Loaded> loaded;     // per server; empty in mode build
  // Per server; each of one mode.
  std::vector<Curve> curves;
  std::vector<CopyTimes> copies;
  std::vector<WriteCosts> writes;
  std::vector<Built> series;
};

Settings describe_machine();
Settings describe_server(const Options& options, const Server& server);

// Tables for readers.
void print(const Options& options, const Report& report);

// results.csv, results.json and the plots in options.out; in mode build build.csv and its plots.
void write_files(const Options& options, const Report& report);

}  // namespace vec::bench
