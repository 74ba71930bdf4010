// What is written at the end: tables on stdout, and files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "load.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "writes.hpp"

namespace vec::bench {

struct Report {
  std::string dataset;
  std::size_t rows = 0, dimensions = 0, queries = 0;
  Settings machine;               // name, value
  std::vector<Settings> servers;  // versions and settings
  std::vector<Loaded> loaded;     // per server
  // Per server; empty in other modes.
  std::vector<Curve> curves;
  std::vector<CopyTimes> copies;
  std::vector<WriteCosts> writes;
};

Settings describe_machine();
Settings describe_server(const Options& options, const Server& server);

// Tables for readers.
void print(const Options& options, const Report& report);

// results.csv, results.json and the plots in options.out.
void write_files(const Options& options, const Report& report);

}  // namespace vec::bench
