#include "measure.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <mutex>

#include "clock.hpp"
#include "load.hpp"
#include "parallel.hpp"

namespace vec::bench {
namespace {

std::string search_statement(const Options& options) {
  const char* order = options.metric == Metric::l2       ? "<->"
                      : options.metric == Metric::cosine ? "<=>"
                                                         : "<#>";
  return "SELECT id FROM " + quoted_name(options.table) + " ORDER BY embedding " + order +
         " $1::" + options.type + " LIMIT " + std::to_string(options.k);
}

// A connection that searches by index only.
Connection searcher(const Options& options, const Server& server) {
  Connection connection(server);
  connection.set({{"enable_seqscan", "off"},
                  {"jit", "off"},
                  {"max_parallel_workers_per_gather", "0"},
                  {"plan_cache_mode", "force_generic_plan"}});
  connection.set(options.settings_for(server));
  connection.prepare("search", search_statement(options));
  return connection;
}

void set_ef(Connection& connection, int ef) {
  connection.set({{"hnsw.ef_search", std::to_string(ef)}});
}

std::vector<std::int64_t> ids_of(const Result& result) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < PQntuples(result.get()); ++i) {
    std::uint64_t id = 0;
    for (int byte = 0; byte < 8; ++byte) {
      id = id << 8 | static_cast<unsigned char>(PQgetvalue(result.get(), i, 0)[byte]);
    }
    ids.push_back(static_cast<std::int64_t>(id));
  }
  return ids;
}

// The rounds of one server, ef and number of clients.
struct Samples {
  std::vector<double> qps;
  std::vector<float> latencies;  // ms
  std::optional<double> cpu_seconds = 0;

  Throughput summary(int clients) {
    std::sort(latencies.begin(), latencies.end());
    Throughput result;
    result.clients = clients;
    result.qps = median(qps);
    result.qps_least = *std::min_element(qps.begin(), qps.end());
    result.qps_most = *std::max_element(qps.begin(), qps.end());
    result.p50 = percentile(latencies, 0.50);
    result.p95 = percentile(latencies, 0.95);
    result.p99 = percentile(latencies, 0.99);
    result.queries = latencies.size();
    if (cpu_seconds) result.cpu_ms = *cpu_seconds * 1000 / static_cast<double>(latencies.size());
    return result;
  }
};

class Measurement {
 public:
  Measurement(const Options& options, const Dataset& dataset, const Judge& judge)
      : options_(options), judge_(judge), curves_(options.servers.size()) {
    for (std::size_t q = 0; q < dataset.queries.rows; ++q) {
      queries_.push_back(binary(options.type, dataset.queries.row(q)));
    }
    const int clients = *std::max_element(options.clients.begin(), options.clients.end());
    for (std::size_t s = 0; s < options.servers.size(); ++s) {
      connections_.emplace_back();
      for (int c = 0; c < clients; ++c) {
        connections_[s].push_back(searcher(options, options.servers[s]));
      }
      check_plan(s);
      for (int ef : options.ef) curves_[s].emplace_back().ef = ef;
    }
  }

  std::vector<Curve> run() {
    for (std::size_t e = 0; e < options_.ef.size(); ++e) {
      use_ef(e);
      std::cerr << "ef_search " << options_.ef[e] << ": recall";
      recall(e);
      std::cerr << ", server time";
      explain(e);
      std::cerr << ", throughput\n";
      throughput(e);
    }
    return std::move(curves_);
  }

 private:
  // The servers, another one first each time.
  template <typename Work>
  void for_each_server(std::size_t round, const Work& work) {
    for (std::size_t i = 0; i < connections_.size(); ++i) work((round + i) % connections_.size());
  }

  void use_ef(std::size_t e) {
    for (auto& of_server : connections_) {
      for (Connection& connection : of_server) set_ef(connection, options_.ef[e]);
    }
  }

  void check_plan(std::size_t s) {
    const std::string plan = connections_[s][0].value(
        "EXPLAIN (FORMAT JSON) " + search_statement(options_), queries_[0]);
    if (plan.find("\"Index Name\": \"" + options_.table + "_embedding_idx\"") ==
        std::string::npos) {
      throw Error("server " + options_.servers[s].label + " does not search by index:\n" + plan);
    }
  }

  // All queries; also warms the caches up.
  void recall(std::size_t e) {
    for (std::size_t q = 0; q < queries_.size(); ++q) {
      for_each_server(q, [&](std::size_t s) {
        const Result rows = connections_[s][0].execute("search", queries_[q]);
        curves_[s][e].recall +=
            judge_.recall(q, ids_of(rows)) / static_cast<double>(queries_.size());
      });
    }
  }

  // A few queries of one server after another: single ones would find the processor's caches full
  // of the other server's data. The fastest of several times counts, for what comes in between only
  // adds.
  void explain(std::size_t e) {
    constexpr std::size_t kInARow = 20, kTimes = 3;
    const std::string statement =
        "EXPLAIN (ANALYZE, TIMING OFF, BUFFERS, FORMAT JSON) " + search_statement(options_);
    const std::size_t count = std::min(options_.explained, queries_.size());
    const auto share = 1 / static_cast<double>(count);
    std::vector<std::vector<double>> fastest(
        connections_.size(), std::vector<double>(count, std::numeric_limits<double>::max()));
    for (std::size_t first = 0; first < count; first += kInARow) {
      for (std::size_t time = 0; time < kTimes; ++time) {
        for_each_server(first / kInARow + time, [&](std::size_t s) {
          Point& point = curves_[s][e];
          for (std::size_t i = first; i < std::min(first + kInARow, count); ++i) {
            const std::string& query = queries_[i * queries_.size() / count];
            const std::string json = connections_[s][0].value(statement, query);
            fastest[s][i] = std::min(fastest[s][i], json_number(json, "Execution Time"));
            point.hit += share / kTimes * json_number(json, "Shared Hit Blocks");
            point.read += share / kTimes * json_number(json, "Shared Read Blocks");
          }
        });
      }
    }
    for (std::size_t s = 0; s < connections_.size(); ++s) {
      for (double ms : fastest[s]) curves_[s][e].server_ms += share * ms;
    }
  }

  void throughput(std::size_t e) {
    const std::size_t counts = options_.clients.size();
    std::vector<Samples> samples(connections_.size() * counts);
    for (int round = 0; round < options_.rounds; ++round) {
      for (std::size_t c = 0; c < counts; ++c) {
        for_each_server(static_cast<std::size_t>(round), [&](std::size_t s) {
          slice(s, options_.clients[c], round, samples[s * counts + c]);
        });
      }
    }
    for (std::size_t s = 0; s < connections_.size(); ++s) {
      for (std::size_t c = 0; c < counts; ++c) {
        curves_[s][e].throughput.push_back(samples[s * counts + c].summary(options_.clients[c]));
      }
    }
  }

  // Every client on a thread, from a place in the list of queries that depends on round and client.
  void slice(std::size_t s, int clients, int round, Samples& samples) {
    std::mutex mutex;
    const double end = options_.slice_ms / 1000.0;
    const auto count = static_cast<std::size_t>(clients);
    const std::optional<double> cpu_before = cpu_seconds(std::span(connections_[s]).first(count));
    const Stopwatch watch;
    std::size_t done = 0;
    double last = 0;
    parallel_for(count, static_cast<unsigned>(clients), [&](std::size_t client, unsigned) {
      std::vector<float> latencies;
      std::size_t q = (static_cast<std::size_t>(round) * count + client) * 7919;
      double before = watch.seconds();
      while (before < end) {
        connections_[s][client].execute("search", queries_[q++ % queries_.size()]);
        const double after = watch.seconds();
        latencies.push_back(static_cast<float>((after - before) * 1000));
        before = after;
      }
      const std::lock_guard lock(mutex);
      samples.latencies.insert(samples.latencies.end(), latencies.begin(), latencies.end());
      done += latencies.size();
      last = std::max(last, before);
    });
    samples.qps.push_back(static_cast<double>(done) / last);
    const std::optional<double> cpu_after = cpu_seconds(std::span(connections_[s]).first(count));
    if (cpu_before && cpu_after && samples.cpu_seconds) {
      *samples.cpu_seconds += *cpu_after - *cpu_before;
    } else {
      samples.cpu_seconds.reset();
    }
  }

  const Options& options_;
  const Judge& judge_;
  std::vector<std::string> queries_;                  // in binary form
  std::vector<std::vector<Connection>> connections_;  // per server and client
  std::vector<Curve> curves_;
};

}  // namespace

std::vector<Curve> measure(const Options& options, const Dataset& dataset, const Judge& judge) {
  return Measurement(options, dataset, judge).run();
}

namespace {

class CopyWatch {
 public:
  explicit CopyWatch(Connection& connection)
      : connection_(connection), cpu_(connection.cpu_seconds()) {}

  void stop(std::vector<double>& seconds, std::vector<double>& cpu_seconds) const {
    seconds.push_back(watch_.seconds());
    const std::optional<double> now = connection_.cpu_seconds();
    if (cpu_ && now) cpu_seconds.push_back(*now - *cpu_);
  }

 private:
  Connection& connection_;
  std::optional<double> cpu_;
  Stopwatch watch_;
};

}  // namespace

std::vector<CopyTimes> measure_copy(const Options& options) {
  const std::string table = quoted_name(options.table);
  const std::string target = quoted_name(options.table + "_copy");
  const std::string source = options.copy_rows == 0 ? table
                                                    : "(SELECT * FROM " + table + " WHERE id < " +
                                                          std::to_string(options.copy_rows) + ")";
  std::vector<CopyTimes> times(options.servers.size());
  std::string text;  // of the first server
  for (int round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < options.servers.size(); ++i) {
      const std::size_t s = (static_cast<std::size_t>(round) + i) % options.servers.size();
      Connection connection(options.servers[s]);
      connection.set(options.settings);
      const bool keep = s == 0 && round == 0;
      std::uint64_t bytes = 0;
      std::size_t rows = 0;
      const CopyWatch watch(connection);
      connection.copy_out("COPY " + source + " TO STDOUT", [&](std::string_view data) {
        bytes += data.size();
        ++rows;
        if (keep) text += data;
      });
      watch.stop(times[s].out, times[s].out_cpu);
      times[s].bytes = bytes;
      times[s].rows = rows;
    }
    for (std::size_t i = 0; i < options.servers.size(); ++i) {
      const std::size_t s = (static_cast<std::size_t>(round) + i) % options.servers.size();
      Connection connection(options.servers[s]);
      connection.set(options.settings);
      connection.run("SET client_min_messages = warning");
      connection.run("DROP TABLE IF EXISTS " + target);
      connection.run("CREATE UNLOGGED TABLE " + target + " (LIKE " + table + ")");
      std::size_t at = 0;
      const CopyWatch watch(connection);
      const std::size_t rows = connection.copy_in("COPY " + target + " FROM STDIN", [&] {
        const std::string_view piece = std::string_view(text).substr(at, 1 << 18);
        at += piece.size();
        return piece;
      });
      watch.stop(times[s].in, times[s].in_cpu);
      if (rows != times[0].rows) throw Error("COPY took another number of rows");
      connection.run("DROP TABLE " + target);
    }
  }
  return times;
}

double json_number(const std::string& json, const std::string& name) {
  const std::size_t at = json.find("\"" + name + "\":");
  if (at == std::string::npos) throw Error("EXPLAIN tells no " + name + ":\n" + json);
  return std::stod(json.substr(at + name.size() + 3, 40));
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double percentile(const std::vector<float>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace vec::bench
