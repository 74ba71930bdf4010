// Connections to PostgreSQL, over libpq. Every failure is an Error that names the server.
#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vec::bench {

struct Server {
  std::string label, connection_string;
};

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

class Connection {
 public:
  explicit Connection(const Server& server);

  // Statements, without rows or with.
  void run(const std::string& sql);
  Result query(const std::string& sql);
  // The first column of the only row; empty if there is no row.
  std::string value(const std::string& sql);

  // Settings of the session.
  void set(const std::vector<std::pair<std::string, std::string>>& settings);

  // Statements with parameters in binary form, which give binary rows.
  void prepare(const std::string& name, const std::string& sql);
  Result execute(const std::string& name, std::string_view parameter) {
    return execute(name, {&parameter, 1});
  }
  Result execute(const std::string& name, std::span<const std::string_view> parameters);
  Result execute(const std::string& name, std::initializer_list<std::string_view> parameters) {
    return execute(name, std::span(parameters.begin(), parameters.size()));
  }
  // EXPLAIN or another statement given at once: a binary parameter, a text result.
  std::string value(const std::string& sql, std::string_view parameter);

  // COPY ... FROM STDIN of everything `next` gives until it gives nothing; returns the rows copied.
  std::size_t copy_in(const std::string& sql, const std::function<std::string_view()>& next);
  // COPY ... TO STDOUT.
  void copy_out(const std::string& sql, const std::function<void(std::string_view)>& take);

  // Processor time that the server's process of this connection has used. Nothing when it does not
  // run on this machine, or cannot be told for sure.
  std::optional<double> cpu_seconds();

 private:
  [[noreturn]] void fail(const std::string& doing);
  Result checked(PGresult* result, ExecStatusType expected, const std::string& sql);

  std::unique_ptr<std::string> label_;  // libpq keeps its address
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
  std::string statistics_path_;  // of the process; empty if unknown
};

// Of all these connections; nothing when it cannot be told of one.
std::optional<double> cpu_seconds(std::span<Connection> connections);

// An SQL literal or identifier.
std::string quoted_literal(std::string_view text);
std::string quoted_name(std::string_view name);

}  // namespace vec::bench
