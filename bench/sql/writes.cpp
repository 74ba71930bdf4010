#include "writes.hpp"

#include <algorithm>
#include <iostream>

#include "clock.hpp"
#include "load.hpp"
#include "parallel.hpp"

namespace vec::bench {
namespace {

constexpr const char* kTouched = "touched";

// In binary form.
std::string int8(std::size_t value) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

// A connection that writes. Nobody waits for a disk unless --set synchronous_commit=on.
Connection writer(const Options& options, const Server& server) {
  Connection connection(server);
  connection.run("SET synchronous_commit = off");
  connection.set(options.settings_for(server));
  const std::string table = quoted_name(options.table);
  connection.prepare("insert", "INSERT INTO " + table +
                                   " (id, embedding) VALUES ($1::bigint, $2::" + options.type +
                                   ") RETURNING id");
  connection.prepare("update", "UPDATE " + table + " SET " + kTouched + " = " + kTouched +
                                   " + 1 WHERE id = $1::bigint RETURNING id");
  return connection;
}

class WriteMeasurement {
 public:
  WriteMeasurement(const Options& options, std::size_t loaded, const Matrix& more)
      : options_(options), loaded_(loaded), more_(more), costs_(options.servers.size()) {
    const int clients = *std::max_element(options.clients.begin(), options.clients.end());
    for (const Server& server : options.servers) {
      watchers_.emplace_back(server);
      auto& of_server = writers_.emplace_back();
      for (int c = 0; c < clients; ++c) of_server.push_back(writer(options, server));
    }
    for (WriteCosts& of_server : costs_) {
      of_server.inserts.resize(options.clients.size());
      of_server.updates.resize(options.clients.size());
    }
  }

  std::vector<WriteCosts> run() {
    for (std::size_t c = 0; c < options_.clients.size(); ++c) {
      std::cerr << options_.clients[c] << " clients: inserts";
      in_turn(c, &WriteCosts::inserts, [&](Connection& connection, std::size_t row) {
        return connection.execute("insert",
                                  {int8(loaded_ + row), binary(options_.type, more_.row(row))});
      });
      std::cerr << ", updates\n";
      in_turn(c, &WriteCosts::updates, [&](Connection& connection, std::size_t row) {
        // All over the table.
        return connection.execute("update", {int8(row * loaded_ / more_.rows)});
      });
    }
    for (std::size_t s = 0; s < writers_.size(); ++s) check_table(s);
    return std::move(costs_);
  }

 private:
  // A slice of the rows of this number of clients into each server, another one first each time,
  // until all are there.
  template <typename Write>
  void in_turn(std::size_t c, std::vector<Writes> WriteCosts::*kind, const Write& write) {
    const auto rounds = static_cast<std::size_t>(options_.rounds);
    for (std::size_t round = 0; round < rounds; ++round) {
      const auto [first, end] = part_of(options_.inserts, round, rounds);
      for (std::size_t i = 0; i < writers_.size(); ++i) {
        const std::size_t s = (round + i) % writers_.size();
        Writes& writes = (costs_[s].*kind)[c];
        writes.clients = options_.clients[c];
        slice(s, c * options_.inserts + first, c * options_.inserts + end, writes, write);
      }
    }
  }

  template <typename Write>
  void slice(std::size_t s, std::size_t first, std::size_t end, Writes& writes,
             const Write& write) {
    if (first == end) return;
    const auto clients = static_cast<std::size_t>(writes.clients);
    const Counters before = counters(s, clients);
    const std::optional<double> cpu_before = cpu_seconds(std::span(writers_[s]).first(clients));
    const Stopwatch watch;
    parallel_for(clients, static_cast<unsigned>(clients), [&](std::size_t client, unsigned) {
      const auto [from, to] = part_of(end - first, client, clients);
      for (std::size_t row = first + from; row < first + to; ++row) {
        const Result result = write(writers_[s][client], row);
        if (PQntuples(result.get()) != 1) throw Error("a row was not written");
      }
    });
    const double seconds = watch.seconds();
    const std::optional<double> cpu_after = cpu_seconds(std::span(writers_[s]).first(clients));
    std::optional<double> cpu;
    if (cpu_before && cpu_after) cpu = *cpu_after - *cpu_before;
    writes.add_slice(end - first, seconds, counters(s, clients) - before, cpu);
  }

  // Of the whole server or database: whoever else works there is counted, too.
  Counters counters(std::size_t s, std::size_t clients) {
    for (std::size_t c = 0; c < clients; ++c) {
      // Otherwise a session tells its counts once a second.
      writers_[s][c].run("SELECT pg_stat_force_next_flush()");
    }
    const Result result = watchers_[s].query(
        "SELECT w.wal_bytes, w.wal_fpi, i.idx_blks_hit + i.idx_blks_read, d.blks_hit + d.blks_read "
        "FROM pg_stat_wal w, pg_statio_user_indexes i, pg_stat_database d "
        "WHERE d.datname = current_database() AND i.indexrelid = " +
        quoted_literal(quoted_name(index_name(options_))) + "::regclass");
    if (PQntuples(result.get()) != 1) throw Error("the server's statistics miss the index");
    auto number = [&](int column) { return std::stod(PQgetvalue(result.get(), 0, column)); };
    return {number(0), number(1), number(2), number(3)};
  }

  void check_table(std::size_t s) {
    const std::string rows =
        watchers_[s].value("SELECT count(*) FROM " + quoted_name(options_.table));
    if (rows != std::to_string(loaded_ + more_.rows)) {
      throw Error("server " + options_.servers[s].label + ": " + rows +
                  " rows are in the table afterwards; do two servers share a database?");
    }
  }

  const Options& options_;
  std::size_t loaded_;
  const Matrix& more_;
  std::vector<Connection> watchers_;              // per server
  std::vector<std::vector<Connection>> writers_;  // per server and client
  std::vector<WriteCosts> costs_;
};

}  // namespace

Counters operator-(const Counters& end, const Counters& begin) {
  return {end.wal_bytes - begin.wal_bytes, end.page_images - begin.page_images,
          end.index_buffers - begin.index_buffers, end.buffers - begin.buffers};
}

Counters& operator+=(Counters& sum, const Counters& more) {
  sum.wal_bytes += more.wal_bytes;
  sum.page_images += more.page_images;
  sum.index_buffers += more.index_buffers;
  sum.buffers += more.buffers;
  return sum;
}

void Writes::add_slice(std::size_t slice_rows, double slice_seconds, const Counters& slice_counted,
                       std::optional<double> slice_cpu) {
  rows += slice_rows;
  seconds.push_back(slice_seconds);
  rates.push_back(static_cast<double>(slice_rows) / slice_seconds);
  counted += slice_counted;
  if (cpu_seconds && slice_cpu) {
    *cpu_seconds += *slice_cpu;
  } else {
    cpu_seconds.reset();
  }
}

double Writes::per_row(double Counters::*what) const {
  return rows == 0 ? 0 : counted.*what / static_cast<double>(rows);
}

std::optional<double> Writes::cpu_ms() const {
  if (!cpu_seconds || rows == 0) return std::nullopt;
  return *cpu_seconds * 1000 / static_cast<double>(rows);
}

std::pair<std::size_t, std::size_t> part_of(std::size_t rows, std::size_t part, std::size_t parts) {
  return {rows * part / parts, rows * (part + 1) / parts};
}

Matrix take_rows_to_insert(const Options& options, Dataset& dataset) {
  Matrix& base = dataset.base;
  const std::size_t count = options.inserts * options.clients.size();
  if (count >= base.rows) {
    throw Error("--inserts for each number of clients leave no rows to begin with");
  }
  Matrix taken(count, base.dimensions);
  taken.values.assign(base.values.end() - static_cast<std::ptrdiff_t>(taken.values.size()),
                      base.values.end());
  limit(dataset, base.rows - count, 0);
  return taken;
}

void prepare_tables(const Options& options) {
  const std::string table = quoted_name(options.table);
  for (const Server& server : options.servers) {
    Connection connection(server);
    connection.run("ALTER TABLE " + table + " ADD " + kTouched + " int NOT NULL DEFAULT 0");
    connection.run("CREATE INDEX ON " + table + " (" + kTouched + ")");
  }
}

std::vector<WriteCosts> measure_writes(const Options& options, std::size_t loaded,
                                       const Matrix& more) {
  return WriteMeasurement(options, loaded, more).run();
}

}  // namespace vec::bench
