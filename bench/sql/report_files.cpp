// Files for other programs: results.csv, results.json, and plots made by gnuplot.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>

#include "interpolate.hpp"
#include "plot.hpp"
#include "report.hpp"
#include "table.hpp"

namespace vec::bench {
namespace {

using std::filesystem::path;

void write(const path& file, const std::function<void(std::ostream&)>& fill) {
  std::ofstream stream(file);
  stream.precision(6);
  fill(stream);
  stream.close();
  if (!stream) throw Error(file.string() + ": cannot be written");
}

std::string json_text(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return result + "\"";
}

std::string number_or(const std::optional<double>& value, const char* otherwise) {
  return value ? std::to_string(*value) : otherwise;
}

void write_list(std::ostream& out, const std::vector<double>& values) {
  out << "[";
  for (std::size_t i = 0; i < values.size(); ++i) out << (i ? ", " : "") << values[i];
  out << "]";
}

void write_settings(std::ostream& out, const Settings& settings) {
  out << "{";
  for (std::size_t i = 0; i < settings.size(); ++i) {
    out << (i ? ", " : "") << json_text(settings[i].first) << ": " << json_text(settings[i].second);
  }
  out << "}";
}

void write_curve(std::ostream& out, const Curve& curve) {
  out << "[";
  for (std::size_t e = 0; e < curve.size(); ++e) {
    const Point& p = curve[e];
    out << (e ? ",\n" : "\n") << "      {\"ef\": " << p.ef << ", \"recall\": " << p.recall
        << ", \"server_ms\": " << p.server_ms << ", \"hit\": " << p.hit << ", \"read\": " << p.read
        << ", \"throughput\": [";
    for (std::size_t c = 0; c < p.throughput.size(); ++c) {
      const Throughput& t = p.throughput[c];
      out << (c ? ", " : "") << "{\"clients\": " << t.clients << ", \"qps\": " << t.qps
          << ", \"qps_least\": " << t.qps_least << ", \"qps_most\": " << t.qps_most
          << ", \"p50_ms\": " << t.p50 << ", \"p95_ms\": " << t.p95 << ", \"p99_ms\": " << t.p99
          << ", \"cpu_ms\": " << number_or(t.cpu_ms, "null") << ", \"queries\": " << t.queries
          << "}";
    }
    out << "]}";
  }
  out << "]";
}

// Of the other servers' values at a recall, against the first one's; null where one has none.
void write_ratios(std::ostream& out, const Options& options, const Report& report,
                  std::size_t other) {
  auto ratio = [&](double recall, const std::function<double(const Point&)>& value, bool invert) {
    const auto a = at_recall(report.curves[0], recall, value);
    const auto b = at_recall(report.curves[other], recall, value);
    if (!a || !b || !(*a > 0 && *b > 0)) {
      out << "null";
    } else {
      out << (invert ? *b / *a : *a / *b);
    }
  };
  out << "[";
  for (std::size_t i = 0; i < options.targets.size(); ++i) {
    const double recall = options.targets[i];
    out << (i ? ", " : "") << "{\"recall\": " << recall << ", \"server_time\": ";
    ratio(
        recall, [](const Point& p) { return p.server_ms; }, true);
    out << ", \"cpu_time\": [";
    for (std::size_t c = 0; c < options.clients.size(); ++c) {
      out << (c ? ", " : "");
      ratio(
          recall, [c](const Point& p) { return p.throughput[c].cpu_ms.value_or(0); }, true);
    }
    out << "], \"qps\": [";
    for (std::size_t c = 0; c < options.clients.size(); ++c) {
      out << (c ? ", " : "");
      ratio(
          recall, [c](const Point& p) { return p.throughput[c].qps; }, false);
    }
    out << "]}";
  }
  out << "]";
}

void write_writes(std::ostream& out, const std::vector<Writes>& of_clients) {
  out << "[";
  for (std::size_t c = 0; c < of_clients.size(); ++c) {
    const Writes& w = of_clients[c];
    out << (c ? ", " : "") << "{\"clients\": " << w.clients << ", \"rows\": " << w.rows
        << ", \"rows_per_second\": ";
    write_list(out, w.rates);
    out << ", \"cpu_ms\": " << number_or(w.cpu_ms(), "null")
        << ", \"log_bytes\": " << w.per_row(&Counters::wal_bytes)
        << ", \"page_images\": " << w.per_row(&Counters::page_images)
        << ", \"index_buffers\": " << w.per_row(&Counters::index_buffers)
        << ", \"buffers\": " << w.per_row(&Counters::buffers) << "}";
  }
  out << "]";
}

void write_json(std::ostream& out, const Options& options, const Report& report) {
  out << "{\n  \"dataset\": " << json_text(report.dataset) << ", \"rows\": " << report.rows
      << ", \"dimensions\": " << report.dimensions << ", \"queries\": " << report.queries
      << ", \"type\": " << json_text(options.type)
      << ", \"metric\": " << json_text(name_of(options.metric)) << ", \"k\": " << options.k
      << ",\n  \"machine\": ";
  write_settings(out, report.machine);
  out << ",\n  \"servers\": [";
  for (std::size_t s = 0; s < options.servers.size(); ++s) {
    const Loaded& loaded = report.loaded[s];
    out << (s ? "," : "") << "\n    {\"label\": " << json_text(options.servers[s].label)
        << ", \"settings\": ";
    write_settings(out, report.servers[s]);
    out << ",\n     \"index\": " << json_text(loaded.index_definition)
        << ", \"load_seconds\": " << loaded.load_seconds << ", \"build_seconds\": ";
    write_list(out, loaded.build_seconds);
    out << ", \"build_cpu_seconds\": ";
    write_list(out, loaded.build_cpu);
    out << ", \"index_bytes\": " << loaded.index_bytes
        << ", \"table_bytes\": " << loaded.table_bytes;
    if (!report.curves.empty()) {
      out << ",\n     \"curve\": ";
      write_curve(out, report.curves[s]);
      if (s > 0) {
        out << ",\n     \"times_better_is_first\": ";
        write_ratios(out, options, report, s);
      }
    }
    if (!report.copies.empty()) {
      const CopyTimes& copy = report.copies[s];
      out << ",\n     \"copy\": {\"rows\": " << copy.rows << ", \"bytes\": " << copy.bytes
          << ", \"out_seconds\": ";
      write_list(out, copy.out);
      out << ", \"in_seconds\": ";
      write_list(out, copy.in);
      out << ", \"out_cpu_seconds\": ";
      write_list(out, copy.out_cpu);
      out << ", \"in_cpu_seconds\": ";
      write_list(out, copy.in_cpu);
      out << "}";
    }
    if (!report.writes.empty()) {
      out << ",\n     \"inserts\": ";
      write_writes(out, report.writes[s].inserts);
      out << ",\n     \"updates\": ";
      write_writes(out, report.writes[s].updates);
    }
    out << "}";
  }
  out << "\n  ]\n}\n";
}

// Nothing if the index was there.
std::optional<double> build_seconds(const Loaded& loaded) {
  if (loaded.build_seconds.empty()) return std::nullopt;
  return median(loaded.build_seconds);
}

void write_csv(std::ostream& out, const Options& options, const Report& report) {
  if (!report.copies.empty()) {
    out << "server,direction,round,seconds,rows,bytes\n";
    for (std::size_t s = 0; s < report.copies.size(); ++s) {
      const CopyTimes& copy = report.copies[s];
      for (const auto& [name, times] : {std::pair("out", &copy.out), std::pair("in", &copy.in)}) {
        for (std::size_t i = 0; i < times->size(); ++i) {
          out << options.servers[s].label << "," << name << "," << i << "," << (*times)[i] << ","
              << copy.rows << "," << copy.bytes << "\n";
        }
      }
    }
    return;
  }
  if (!report.writes.empty()) {
    out << "server,kind,clients,rows,rows_per_second,cpu_ms,log_bytes,page_images,index_buffers,"
           "buffers\n";
    for (std::size_t s = 0; s < report.writes.size(); ++s) {
      for (const auto& [name, kind] :
           {std::pair("insert", &WriteCosts::inserts), std::pair("update", &WriteCosts::updates)}) {
        for (const Writes& w : report.writes[s].*kind) {
          out << options.servers[s].label << "," << name << "," << w.clients << "," << w.rows << ","
              << median(w.rates) << "," << number_or(w.cpu_ms(), "") << ","
              << w.per_row(&Counters::wal_bytes) << "," << w.per_row(&Counters::page_images) << ","
              << w.per_row(&Counters::index_buffers) << "," << w.per_row(&Counters::buffers)
              << "\n";
        }
      }
    }
    return;
  }
  out << "server,ef,clients,recall,qps,qps_least,qps_most,p50_ms,p95_ms,p99_ms,cpu_ms,server_ms,"
         "hit,read,"
         "queries,build_seconds,index_bytes,table_bytes\n";
  for (std::size_t s = 0; s < report.curves.size(); ++s) {
    const Loaded& loaded = report.loaded[s];
    for (const Point& p : report.curves[s]) {
      for (const Throughput& t : p.throughput) {
        out << options.servers[s].label << "," << p.ef << "," << t.clients << "," << p.recall << ","
            << t.qps << "," << t.qps_least << "," << t.qps_most << "," << t.p50 << "," << t.p95
            << "," << t.p99 << "," << number_or(t.cpu_ms, "") << "," << p.server_ms << "," << p.hit
            << "," << p.read << "," << t.queries << "," << number_or(build_seconds(loaded), "")
            << "," << loaded.index_bytes << "," << loaded.table_bytes << "\n";
      }
    }
  }
}

// What is in a script for gnuplot besides data: where they come from, and a title. Data are in the
// script itself, so that it can be run again as it is.
void write_plot_preamble(std::ostream& out, const Options& options, const Report& report,
                         const std::string& subject) {
  out << "# " << options.command << "\n";
  for (const auto& [name, value] : report.machine) out << "# " << name << ": " << value << "\n";
  std::string versions;
  for (std::size_t s = 0; s < report.servers.size(); ++s) {
    out << "# " << options.servers[s].label << ":";
    for (const auto& [name, value] : report.servers[s]) {
      out << " " << name << " " << value << ";";
      if (name != "server") continue;
      const std::string version = value.substr(0, value.find(' ', value.find(' ') + 1));
      if (versions.find(version) == std::string::npos) versions += ", " + version;
    }
    // Of one index: of a series the command says it.
    if (s < report.loaded.size()) out << " " << report.loaded[s].index_definition;
    out << "\n";
  }
  std::string machine, processors;
  for (const auto& [name, value] : report.machine) {
    if (name == "processor") machine = value;
    if (name == "processors") processors = value;
  }
  out << "set grid\nset key outside below\nset title noenhanced \"" << subject << "\\n"
      << machine << ", " << processors << " processors" << versions << "\"\n";
}

void write_plot(std::ostream& out, const Options& options, const Report& report) {
  write_plot_preamble(out, options, report,
                      (options.synthetic ? "synthetic" : report.dataset) + ", " +
                          with_commas(report.rows) + " rows, " + options.type + "(" +
                          std::to_string(report.dimensions) + "), " + name_of(options.metric));
  for (std::size_t s = 0; s < report.curves.size(); ++s) {
    out << "$server" << s << " << end\n";
    for (const Point& p : report.curves[s]) {
      out << p.recall << " " << p.server_ms << " " << p.ef;
      for (const Throughput& t : p.throughput) out << " " << t.qps;
      out << "\n";
    }
    out << "end\n";
  }
  auto plot_columns = [&](const std::string& name, const std::string& label,
                          std::size_t first_column, std::size_t columns) {
    std::vector<std::string> curves;
    for (std::size_t s = 0; s < report.curves.size(); ++s) {
      for (std::size_t c = 0; c < columns; ++c) {
        std::string key = options.servers[s].label;
        if (columns > 1) key += ", " + std::to_string(options.clients[c]) + " clients";
        curves.push_back("$server" + std::to_string(s) +
                         " using 1:" + std::to_string(first_column + c) +
                         " with linespoints linewidth 2 linecolor " + std::to_string(s + 1) +
                         " dashtype " + std::to_string(c + 1) + " title '" + key + "'");
      }
    }
    out << "set ylabel '" << label << "'\n";
    plot(out, name, curves);
  };
  out << "set logscale y\nset xlabel \"recall at " << options.k << "\\n \"\n";
  plot_columns("recall-qps", "queries per second", 4, options.clients.size());
  plot_columns("recall-ms", "server time of a query, ms", 2, 1);
}

void draw(const path& folder, const std::string& script) {
  std::filesystem::current_path(folder);
  if (std::system(("gnuplot " + script).c_str()) != 0) {
    std::cerr << "no plots: gnuplot is missing or failed on " << script << "\n";
  }
}

}  // namespace

void write_files(const Options& options, const Report& report) {
  if (options.out.empty()) return;
  const path folder = options.out;
  std::filesystem::create_directories(folder);
  if (!report.series.empty()) {
    write(folder / "build.csv",
          [&](std::ostream& out) { write_series_csv(out, options, report.series); });
    write(folder / "build.gnuplot", [&](std::ostream& out) {
      write_plot_preamble(out, options, report,
                          report.dataset + ", " + subject_of(report.series) +
                              name_of(options.metric) +
                              (options.with.empty() ? "" : ", " + options.with));
      write_series_plots(out, options, report.series);
    });
    draw(folder, "build.gnuplot");
    return;
  }
  write(folder / "results.csv", [&](std::ostream& out) { write_csv(out, options, report); });
  write(folder / "results.json", [&](std::ostream& out) { write_json(out, options, report); });
  if (report.curves.empty()) return;
  write(folder / "plot.gnuplot", [&](std::ostream& out) { write_plot(out, options, report); });
  draw(folder, "plot.gnuplot");
}

}  // namespace vec::bench
