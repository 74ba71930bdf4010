#include "server.hpp"

#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "dataset.hpp"

namespace vec::bench {
namespace {

// /proc/PID/schedstat of the server's process, if it surely is the one: a child of the process at
// the other end of the socket, which is the postmaster. A server in another namespace has other
// numbers.
std::string process_statistics(PGconn* connection) {
#ifdef __linux__
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(PQsocket(connection), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      peer.pid <= 0) {
    return "";
  }
  const std::string folder = "/proc/" + std::to_string(PQbackendPID(connection)) + "/";
  std::ifstream status(folder + "status");
  for (std::string line; std::getline(status, line);) {
    if (line == "PPid:\t" + std::to_string(peer.pid)) return folder + "schedstat";
  }
#endif
  return "";
}

}  // namespace

Connection::Connection(const Server& server)
    : label_(std::make_unique<std::string>(server.label)),
      connection_(PQconnectdb(server.connection_string.c_str()), &PQfinish) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) fail("connecting");
  // NOTICEs go to stderr with the server's name.
  PQsetNoticeProcessor(
      connection_.get(),
      [](void* label, const char* message) {
        std::fprintf(stderr, "%s: %s", static_cast<const std::string*>(label)->c_str(), message);
      },
      label_.get());
  statistics_path_ = process_statistics(connection_.get());
}

void Connection::fail(const std::string& doing) {
  std::string message = PQerrorMessage(connection_.get());
  while (!message.empty() && message.back() == '\n') message.pop_back();
  throw Error("server " + *label_ + ": " + message + "\nwhile: " + doing.substr(0, 300));
}

Result Connection::checked(PGresult* result, ExecStatusType expected, const std::string& sql) {
  Result owned(result, &PQclear);
  if (PQresultStatus(result) != expected) fail(sql);
  return owned;
}

void Connection::run(const std::string& sql) {
  Result result(PQexec(connection_.get(), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(sql);
}

Result Connection::query(const std::string& sql) {
  return checked(PQexec(connection_.get(), sql.c_str()), PGRES_TUPLES_OK, sql);
}

std::string Connection::value(const std::string& sql) {
  const Result result = query(sql);
  return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

void Connection::prepare(const std::string& name, const std::string& sql) {
  checked(PQprepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr), PGRES_COMMAND_OK,
          sql);
}

void Connection::set(const std::vector<std::pair<std::string, std::string>>& settings) {
  for (const auto& [name, value] : settings) {
    run("SELECT set_config(" + quoted_literal(name) + ", " + quoted_literal(value) + ", false)");
  }
}

Result Connection::execute(const std::string& name, std::span<const std::string_view> parameters) {
  std::vector<const char*> values;
  std::vector<int> lengths, formats(parameters.size(), 1);
  for (std::string_view parameter : parameters) {
    values.push_back(parameter.data());
    lengths.push_back(static_cast<int>(parameter.size()));
  }
  return checked(
      PQexecPrepared(connection_.get(), name.c_str(), static_cast<int>(parameters.size()),
                     values.data(), lengths.data(), formats.data(), 1),
      PGRES_TUPLES_OK, "EXECUTE " + name);
}

std::string Connection::value(const std::string& sql, std::string_view parameter) {
  const char* const values[] = {parameter.data()};
  const int lengths[] = {static_cast<int>(parameter.size())}, formats[] = {1};
  const Result result =
      checked(PQexecParams(connection_.get(), sql.c_str(), 1, nullptr, values, lengths, formats, 0),
              PGRES_TUPLES_OK, sql);
  return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

std::size_t Connection::copy_in(const std::string& sql,
                                const std::function<std::string_view()>& next) {
  checked(PQexec(connection_.get(), sql.c_str()), PGRES_COPY_IN, sql);
  for (std::string_view data; !(data = next()).empty();) {
    if (PQputCopyData(connection_.get(), data.data(), static_cast<int>(data.size())) != 1)
      fail(sql);
  }
  if (PQputCopyEnd(connection_.get(), nullptr) != 1) fail(sql);
  const Result result = checked(PQgetResult(connection_.get()), PGRES_COMMAND_OK, sql);
  while (Result rest{PQgetResult(connection_.get()), &PQclear}) {
  }
  return std::strtoull(PQcmdTuples(result.get()), nullptr, 10);
}

void Connection::copy_out(const std::string& sql,
                          const std::function<void(std::string_view)>& take) {
  checked(PQexec(connection_.get(), sql.c_str()), PGRES_COPY_OUT, sql);
  char* data = nullptr;
  int size;
  while ((size = PQgetCopyData(connection_.get(), &data, 0)) > 0) {
    take({data, static_cast<std::size_t>(size)});
    PQfreemem(data);
  }
  if (size == -2) fail(sql);
  checked(PQgetResult(connection_.get()), PGRES_COMMAND_OK, sql);
  while (Result rest{PQgetResult(connection_.get()), &PQclear}) {
  }
}

std::optional<double> Connection::cpu_seconds() {
  std::ifstream file(statistics_path_);
  double nanoseconds;
  if (statistics_path_.empty() || !(file >> nanoseconds)) return std::nullopt;
  return nanoseconds * 1e-9;
}

namespace {

std::string enclosed(std::string_view text, char quote) {
  std::string result(1, quote);
  for (char c : text) {
    if (c == quote) result += c;
    result += c;
  }
  return result + quote;
}

}  // namespace

std::optional<double> cpu_seconds(std::span<Connection> connections) {
  double sum = 0;
  for (Connection& connection : connections) {
    const std::optional<double> seconds = connection.cpu_seconds();
    if (!seconds) return std::nullopt;
    sum += *seconds;
  }
  return sum;
}

std::string quoted_literal(std::string_view text) {
  return enclosed(text, '\'');
}
std::string quoted_name(std::string_view name) {
  return enclosed(name, '"');
}

}  // namespace vec::bench
