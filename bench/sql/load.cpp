#include "load.hpp"

#include <bit>
#include <cstring>
#include <iostream>
#include <type_traits>

#include "clock.hpp"
#include "vector/half.hpp"

namespace vec::bench {
namespace {

constexpr std::size_t kSlice = 20000;  // rows of a COPY

template <typename Integer>
void append(std::string& to, Integer value) {  // big endian
  for (int shift = 8 * (sizeof value - 1); shift >= 0; shift -= 8) {
    to += static_cast<char>(static_cast<std::make_unsigned_t<Integer>>(value) >> shift);
  }
}

// Rows [first, end) in COPY's binary format.
void copy_rows(Connection& connection, const Options& options, const Matrix& rows,
               std::size_t first, std::size_t end) {
  std::string header("PGCOPY\n\377\r\n\0", 11);
  append(header, std::int32_t{0});  // flags
  append(header, std::int32_t{0});  // length of the extension
  std::size_t next = first;
  bool begun = false, ended = false;
  std::string buffer;
  const std::size_t copied = connection.copy_in(
      "COPY " + quoted_name(options.table) + " (id, embedding) FROM STDIN (FORMAT binary)",
      [&]() -> std::string_view {
        buffer.clear();
        if (!begun) buffer = header;
        begun = true;
        for (; next < end && buffer.size() < 1 << 18; ++next) {
          const std::string vector = binary(options.type, rows.row(next));
          append(buffer, std::int16_t{2});
          append(buffer, std::int32_t{8});
          append(buffer, static_cast<std::int64_t>(next));
          append(buffer, static_cast<std::int32_t>(vector.size()));
          buffer += vector;
        }
        if (next == end && !ended && buffer.size() < 1 << 18) {
          append(buffer, std::int16_t{-1});
          ended = true;
        }
        return buffer;
      });
  if (copied != end - first) throw Error("COPY took another number of rows");
}

void create_table(Connection& connection, const Options& options, std::size_t dimensions) {
  const std::string table = quoted_name(options.table);
  connection.run("DROP TABLE IF EXISTS " + table);
  connection.run("CREATE TABLE " + table + " (id bigint" +
                 (options.primary_key ? " PRIMARY KEY" : "") + ", embedding " + options.type + "(" +
                 std::to_string(dimensions) + "))");
  if (!options.storage.empty()) {
    connection.run("ALTER TABLE " + table + " ALTER embedding SET STORAGE " + options.storage);
  }
}

// Whether the table holds these rows: their number, and some of them.
void check_table(Connection& connection, const Options& options, const Matrix& rows,
                 const std::string& label) {
  const std::string table = quoted_name(options.table);
  bool right = connection.value("SELECT count(*) FROM " + table) == std::to_string(rows.rows);
  for (std::size_t id : {std::size_t{0}, rows.rows / 2, rows.rows - 1}) {
    right = right && connection.value("SELECT embedding = $1::" + options.type + " FROM " + table +
                                          " WHERE id = " + std::to_string(id),
                                      binary(options.type, rows.row(id))) == "t";
  }
  if (!right) {
    throw Error(
        "server " + label + ": table " + options.table + " does not hold these rows; " +
        (options.skip_load ? "run without --skip-load" : "do two servers share a database?"));
  }
}

std::string opclass(const Options& options) {
  const char* metric = options.metric == Metric::l2       ? "l2"
                       : options.metric == Metric::cosine ? "cosine"
                                                          : "ip";
  return options.type + "_" + metric + "_ops";
}

void build_index(Connection& connection, const Options& options, const std::string& label,
                 Loaded& loaded) {
  const auto own = options.with_of.find(label);
  const std::string& with = own != options.with_of.end() ? own->second : options.with;
  connection.run("SET client_min_messages = warning");
  connection.run("DROP INDEX IF EXISTS " + quoted_name(index_name(options)));
  connection.run("RESET client_min_messages");  // notices of the build are of interest
  connection.set(options.build_settings);
  const std::optional<double> cpu_before = connection.cpu_seconds();
  const Stopwatch watch;
  connection.run("CREATE INDEX " + quoted_name(index_name(options)) + " ON " +
                 quoted_name(options.table) + " USING hnsw (embedding " + opclass(options) + ")" +
                 (with.empty() ? "" : " WITH (" + with + ")"));
  loaded.build_seconds.push_back(watch.seconds());
  const std::optional<double> cpu_after = connection.cpu_seconds();
  if (cpu_before && cpu_after) loaded.build_cpu.push_back(*cpu_after - *cpu_before);
}

}  // namespace

std::string index_name(const Options& options) {
  return options.table + "_embedding_idx";
}

std::string binary(const std::string& type, std::span<const float> row) {
  std::string bytes;
  append(bytes, static_cast<std::int16_t>(row.size()));
  append(bytes, std::int16_t{0});
  for (float value : row) {
    if (type == "halfvec") {
      append(bytes, to_half(value).bits);
    } else {
      append(bytes, std::bit_cast<std::uint32_t>(value));
    }
  }
  return bytes;
}

std::vector<Loaded> load(const Options& options, const Dataset& dataset) {
  std::vector<Loaded> loaded(options.servers.size());
  std::vector<Connection> connections;
  for (const Server& server : options.servers) {
    Connection& connection = connections.emplace_back(server);
    connection.run("SET client_min_messages = warning");
    connection.run("CREATE EXTENSION IF NOT EXISTS vector");
    if (!options.skip_load) create_table(connection, options, dataset.base.dimensions);
  }
  for (std::size_t first = 0; !options.skip_load && first < dataset.base.rows; first += kSlice) {
    const std::size_t end = std::min(first + kSlice, dataset.base.rows);
    for (std::size_t i = 0; i < connections.size(); ++i) {
      const Stopwatch watch;
      copy_rows(connections[i], options, dataset.base, first, end);
      loaded[i].load_seconds += watch.seconds();
    }
  }
  for (std::size_t i = 0; i < connections.size(); ++i) {
    check_table(connections[i], options, dataset.base, options.servers[i].label);
  }
  return loaded;
}

void build(const Options& options, std::vector<Loaded>& loaded) {
  for (int round = 0; !options.skip_build && round < options.builds; ++round) {
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      const std::string& label = options.servers[i].label;
      Connection connection(options.servers[i]);
      std::cerr << label << ": building the index\n";
      build_index(connection, options, label, loaded[i]);
    }
  }
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    Connection connection(options.servers[i]);
    connection.run("VACUUM (ANALYZE) " + quoted_name(options.table));
    // After a checkpoint the first change of each page is logged as a whole page, so none comes
    // just before changes are measured.
    if (options.mode != Mode::insert) connection.run("CHECKPOINT");
    const std::string table = quoted_literal(quoted_name(options.table)) + "::regclass";
    const std::string index = quoted_literal(quoted_name(index_name(options))) + "::regclass";
    loaded[i].table_bytes = std::stoull(connection.value("SELECT pg_table_size(" + table + ")"));
    loaded[i].index_bytes = std::stoull(connection.value("SELECT pg_relation_size(" + index + ")"));
    loaded[i].index_definition = connection.value("SELECT pg_get_indexdef(" + index + ")");
  }
}

}  // namespace vec::bench
