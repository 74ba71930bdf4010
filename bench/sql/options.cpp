#include "options.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <thread>

namespace vec::bench {
namespace {

const char* const kHelp = R"(sql_bench: compares PostgreSQL servers at nearest neighbor search

usage: sql_bench [search|insert|build|copy] --server LABEL=CONNECTION_STRING ... [OPTION...]

  search  loads the same vectors into every server, builds an hnsw index in each, and measures recall,
          queries per second, latencies, server time and buffers for each hnsw.ef_search
  insert  loads all but the last of them, builds an index, inserts those that are left, and updates
          another column of others: rows per second, log and buffers per row
  build   builds indexes over different numbers of rows or dimensions, and of both types: time and size
  copy    loads them and measures COPY of the table as text, out and in

All servers are measured in one run, in turn, in short slices, so that whatever else the machine does
hits all alike. Ratios compare the first server with each other one.

servers
  --server LABEL=STRING   a libpq connection string: ours="host=/tmp/a dbname=postgres". The database
                          must be able to CREATE EXTENSION vector. The table `sql_bench` is replaced.
data, one of
  --data FILE.hdf5        ann-benchmarks' format
  --data FILE.fvecs --queries FILE.fvecs
  --synthetic LIST        rows=500000,dim=768,intrinsic=18,queries=1000,seed=1 and clusters=, spread=,
                          noise=, normalize=0|1: curved clusters of few dimensions in a space of many
                          (bench/sql/synthetic.hpp). Harder with larger intrinsic, spread or noise.
and
  --max-rows N, --max-queries N    use the first N only
  --metric l2|ip|cosine   (l2)
  --type vector|halfvec   (vector) halfvec rounds the data first
  --cache FOLDER          keep exact neighbors there, which take long for many rows
load and build
  --skip-load             use the table that is there (it is checked), build the index anew
  --skip-build            use the table and the index that are there
  --table NAME            (sql_bench)
  --primary-key           make id the primary key
  --storage plain|external|...    of the vector column, instead of its type's default
  --with LIST             index options: "m=16, ef_construction=64"
  --with-of LABEL=LIST    index options of one server, instead of those
  --set-build NAME=VALUE  a setting while building: maintenance_work_mem=4GB
  --builds N              (1) build N times, in turn, and report the median
of mode build, each combination of
  --row-counts LIST       (all of the data) the first so many rows: 10000,20000,40000
  --dimensions LIST       (those of the data) instead of dim= of --synthetic: 128,384,768
  --types LIST            (--type) vector,halfvec
measure
  --ef LIST               (10,20,40,80,160,320) values of hnsw.ef_search
  --k N                   (10) rows asked for, and recall at N
  --clients LIST          (1; for insert 1,4) connections at a time, each with a thread: 1,2,4
  --inserts N             (1000) rows to insert, and to update, for each number of clients
  --rounds N              (5) slices of each combination of server, ef and clients; the median counts
  --slice-ms N            (1000) length of a slice
  --explain N             (100) queries of each server and ef under EXPLAIN ANALYZE
  --set NAME=VALUE        a setting of all sessions that search or write
  --set-of LABEL:NAME=VALUE        of one server's
  --copy-rows N           (all) rows of copy
report
  --targets LIST          (0.90,0.95,0.98,0.99) recalls to compare at
  --out FOLDER            also write results.csv, results.json and plots (with gnuplot) there; of mode
                          build build.csv and its plots
  --threads N             (all processors) for drawing data and exact neighbors
)";

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> items;
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');) items.push_back(item);
  return items;
}

double number(const std::string& option, const std::string& text, double least, double most) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= least && value <= most)) {
    std::ostringstream message;
    message << option << ": not a number from " << least << " to " << most << ": " << text;
    throw Error(message.str());
  }
  return value;
}

int whole(const std::string& option, const std::string& text, int least = 1) {
  const double value = number(option, text, least, 2e9);
  if (value != static_cast<int>(value)) throw Error(option + ": not a whole number: " + text);
  return static_cast<int>(value);
}

std::vector<int> whole_list(const std::string& option, const std::string& text) {
  std::vector<int> values;
  for (const std::string& item : split(text)) values.push_back(whole(option, item));
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (values.empty()) throw Error(option + ": empty list");
  return values;
}

std::pair<std::string, std::string> named(const std::string& option, const std::string& text,
                                          char separator = '=') {
  const std::size_t at = text.find(separator);
  if (at == std::string::npos || at == 0) {
    throw Error(option + ": not of the form NAME" + separator + "VALUE: " + text);
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

void check_type(const std::string& option, const std::string& type) {
  if (type != "vector" && type != "halfvec") throw Error(option + ": vector or halfvec");
}

// The arguments, without how servers are reached, folders, and what does not matter for figures.
std::string shown(const std::vector<std::string>& arguments) {
  std::string text = "sql_bench";
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--out" || argument == "--cache" || argument == "--threads") {
      ++i;
      continue;
    }
    const std::string before = i > 0 ? arguments[i - 1] : "";
    std::string value = argument;
    if (before == "--server") value = argument.substr(0, argument.find('=')) + "=...";
    if (before == "--data" || before == "--queries") {
      value = argument.substr(argument.rfind('/') + 1);
    }
    const bool plain = value.find_first_of(" '\"$;&|<>()*?") == std::string::npos;
    text += plain ? " " + value : " '" + value + "'";
  }
  return text;
}

struct Parser {
  Options options;

  // What to do with the value of an option.
  std::map<std::string, std::function<void(const std::string& name, const std::string& value)>>
      with_value = {
          {"--server",
           [this](auto& n, auto& v) {
             auto [label, string] = named(n, v);
             options.servers.push_back({label, string});
           }},
          {"--data", [this](auto&, auto& v) { options.data = v; }},
          {"--queries", [this](auto&, auto& v) { options.queries = v; }},
          {"--synthetic", [this](auto&, auto& v) { options.synthetic = parse_synthetic(v); }},
          {"--max-rows", [this](auto& n, auto& v) { options.max_rows = size(n, v); }},
          {"--max-queries", [this](auto& n, auto& v) { options.max_queries = size(n, v); }},
          {"--metric", [this](auto&, auto& v) { options.metric = metric_of(v); }},
          {"--type",
           [this](auto& n, auto& v) {
             check_type(n, v);
             options.type = v;
           }},
          {"--cache", [this](auto&, auto& v) { options.cache = v; }},
          {"--table", [this](auto&, auto& v) { options.table = v; }},
          {"--storage", [this](auto&, auto& v) { options.storage = v; }},
          {"--with", [this](auto&, auto& v) { options.with = v; }},
          {"--with-of",
           [this](auto& n, auto& v) {
             auto [label, list] = named(n, v);
             options.with_of[label] = list;
           }},
          {"--set-build",
           [this](auto& n, auto& v) { options.build_settings.push_back(named(n, v)); }},
          {"--builds", [this](auto& n, auto& v) { options.builds = whole(n, v); }},
          {"--row-counts", [this](auto& n, auto& v) { options.row_counts = whole_list(n, v); }},
          {"--dimensions", [this](auto& n, auto& v) { options.dimensions = whole_list(n, v); }},
          {"--types",
           [this](auto& n, auto& v) {
             options.types = split(v);
             for (const std::string& type : options.types) check_type(n, type);
           }},
          {"--ef", [this](auto& n, auto& v) { options.ef = whole_list(n, v); }},
          {"--k", [this](auto& n, auto& v) { options.k = size(n, v); }},
          {"--clients", [this](auto& n, auto& v) { options.clients = whole_list(n, v); }},
          {"--inserts", [this](auto& n, auto& v) { options.inserts = size(n, v); }},
          {"--rounds", [this](auto& n, auto& v) { options.rounds = whole(n, v); }},
          {"--slice-ms", [this](auto& n, auto& v) { options.slice_ms = whole(n, v); }},
          {"--explain", [this](auto& n, auto& v) { options.explained = size(n, v); }},
          {"--set", [this](auto& n, auto& v) { options.settings.push_back(named(n, v)); }},
          {"--set-of",
           [this](auto& n, auto& v) {
             auto [label, setting] = named(n, v, ':');
             options.settings_of[label].push_back(named(n, setting));
           }},
          {"--targets",
           [this](auto& n, auto& v) {
             options.targets.clear();
             for (const auto& item : split(v)) options.targets.push_back(number(n, item, 0, 1));
           }},
          {"--out", [this](auto&, auto& v) { options.out = v; }},
          {"--copy-rows", [this](auto& n, auto& v) { options.copy_rows = size(n, v); }},
          {"--threads",
           [this](auto& n, auto& v) { options.threads = static_cast<unsigned>(whole(n, v)); }},
  };
  std::map<std::string, std::function<void()>> without_value = {
      {"--skip-load", [this] { options.skip_load = true; }},
      {"--skip-build", [this] { options.skip_load = options.skip_build = true; }},
      {"--primary-key", [this] { options.primary_key = true; }},
  };

  const std::map<std::string, Mode> modes = {{"search", Mode::search},
                                             {"insert", Mode::insert},
                                             {"build", Mode::build},
                                             {"copy", Mode::copy}};

  static std::size_t size(const std::string& name, const std::string& value) {
    return static_cast<std::size_t>(whole(name, value));
  }

  void parse(const std::vector<std::string>& arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const std::string& argument = arguments[i];
      if (argument == "--help" || argument == "-h") {
        std::fputs(kHelp, stdout);
        std::exit(0);
      } else if (i == 0 && modes.contains(argument)) {
        options.mode = modes.at(argument);
      } else if (const auto flag = without_value.find(argument); flag != without_value.end()) {
        flag->second();
      } else if (const auto option = with_value.find(argument); option != with_value.end()) {
        if (++i == arguments.size()) throw Error(argument + ": a value is missing");
        option->second(argument, arguments[i]);
      } else {
        throw Error("no option named " + argument + "; see --help");
      }
    }
    if (options.mode == Mode::insert) {
      if (options.clients.empty()) options.clients = {1, 4};
      options.primary_key = true;
    } else if (options.clients.empty()) {
      options.clients = {1};
    }
  }

  void check() const {
    if (options.servers.empty()) throw Error("no --server given; see --help");
    auto known = [&](const std::string& label) {
      return std::any_of(options.servers.begin(), options.servers.end(),
                         [&](const Server& server) { return server.label == label; });
    };
    for (const auto& [label, list] : options.with_of) {
      if (!known(label)) throw Error("--with-of: no server labelled " + label);
    }
    for (const auto& [label, settings] : options.settings_of) {
      if (!known(label)) throw Error("--set-of: no server labelled " + label);
    }
    for (const Server& server : options.servers) {
      if (std::count_if(options.servers.begin(), options.servers.end(),
                        [&](const Server& other) { return other.label == server.label; }) > 1) {
        throw Error("two servers are labelled " + server.label);
      }
    }
    if (options.mode == Mode::insert && options.skip_load) {
      throw Error(
          "insert changes the table, so it has to load it: no --skip-load, no --skip-build");
    }
    if (options.data.empty() == !options.synthetic) {
      throw Error("give the data with either --data or --synthetic");
    }
    const bool series =
        !options.row_counts.empty() || !options.dimensions.empty() || !options.types.empty();
    if (series && options.mode != Mode::build) {
      throw Error("--row-counts, --dimensions and --types are of mode build");
    }
    if (options.mode == Mode::build && options.skip_load) {
      throw Error("mode build loads and builds");
    }
    if (!options.dimensions.empty() && !options.synthetic) {
      throw Error("--dimensions goes with --synthetic");
    }
    const bool fvecs = options.data.ends_with(".fvecs");
    if (fvecs == options.queries.empty()) {
      throw Error("--queries goes with --data FILE.fvecs, and that needs it");
    }
  }
};

}  // namespace

Settings Options::settings_for(const Server& server) const {
  Settings all = settings;
  if (const auto own = settings_of.find(server.label); own != settings_of.end()) {
    all.insert(all.end(), own->second.begin(), own->second.end());
  }
  return all;
}

Options parse_options(int argc, char** argv) {
  Parser parser;
  parser.options.threads = std::max(1u, std::thread::hardware_concurrency());
  parser.parse({argv + 1, argv + argc});
  parser.options.command = shown({argv + 1, argv + argc});
  parser.check();
  return parser.options;
}

}  // namespace vec::bench
