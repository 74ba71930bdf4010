// Where a benchmark ran.
#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <thread>

#include "report.hpp"

namespace vec::bench {
namespace {

// The value of the first line "name : value" of a file of /proc.
std::string proc_value(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t colon = line.find(':');
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    if (colon != std::string::npos && start != std::string::npos) return line.substr(start);
  }
  return "unknown";
}

}  // namespace

Settings describe_machine() {
  utsname system{};
  uname(&system);
  char date[32] = "";
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  return {{"date", date},
          {"processor", proc_value("/proc/cpuinfo", "model name")},
          {"processors", std::to_string(std::thread::hardware_concurrency())},
          {"memory", proc_value("/proc/meminfo", "MemTotal")},
          {"system", std::string(system.sysname) + " " + system.release + " " + system.machine}};
}

Settings describe_server(const Options& options, const Server& server) {
  Connection connection(server);
  Settings result = {
      {"server", connection.value("SELECT version()")},
      {"extension vector",
       connection.value("SELECT extversion FROM pg_extension WHERE extname = 'vector'")}};
  for (const char* name :
       {"shared_buffers", "effective_cache_size", "maintenance_work_mem",
        "max_parallel_maintenance_workers", "max_parallel_workers", "work_mem", "huge_pages",
        "fsync", "full_page_writes", "synchronous_commit", "autovacuum", "io_method"}) {
    const std::string value =
        connection.value("SELECT current_setting(" + quoted_literal(name) + ", true)");
    if (!value.empty()) result.emplace_back(name, value);
  }
  for (const auto& [name, value] : options.build_settings) {
    result.emplace_back(name + " (build)", value);
  }
  return result;
}

}  // namespace vec::bench
