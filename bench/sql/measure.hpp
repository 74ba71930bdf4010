// Measures searches. Everything goes in turn over the servers in short pieces, and each server gets
// the same queries.
#pragma once

#include <optional>
#include <vector>

#include "exact.hpp"
#include "options.hpp"

namespace vec::bench {

// Of one server, ef and number of clients.
struct Throughput {
  int clients = 0;
  double qps = 0, qps_least = 0, qps_most = 0;  // median and range of the rounds
  double p50 = 0, p95 = 0, p99 = 0;             // latency in ms, of all rounds' queries
  std::optional<double> cpu_ms;  // processor time of the server's processes, per query
  std::size_t queries = 0;
};

// Of one server and ef.
struct Point {
  int ef = 0;
  double recall = 0;
  double server_ms = 0;                // mean execution time, without network and planning
  double hit = 0, read = 0;            // shared buffers per query
  std::vector<Throughput> throughput;  // in the order of the option
};

using Curve = std::vector<Point>;  // by ef, ascending

// A curve per server. Also checks that searches use the index.
std::vector<Curve> measure(const Options& options, const Dataset& dataset, const Judge& judge);

// Seconds per round of COPY as text, of one server.
struct CopyTimes {
  std::vector<double> out, in;
  std::vector<double> out_cpu, in_cpu;  // processor time of the server's process, if it can be told
  std::uint64_t bytes = 0;
  std::size_t rows = 0;
};

// In turn over the servers. The same text goes into all: what the first server gave out.
std::vector<CopyTimes> measure_copy(const Options& options);

// A number in JSON text after "name":, at its first occurrence.
double json_number(const std::string& json, const std::string& name);

double median(std::vector<double> values);
// Of sorted values; 0 if there are none.
double percentile(const std::vector<float>& sorted, double share);

}  // namespace vec::bench
