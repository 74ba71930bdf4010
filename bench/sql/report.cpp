#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "interpolate.hpp"
#include "table.hpp"

namespace vec::bench {
namespace {

void print_descriptions(const Options& options, const Report& report) {
  if (report.series.empty()) {
    std::printf("data: %s, %zu rows, %zu dimensions, %zu queries, %s, metric %s, k = %zu\n",
                report.dataset.c_str(), report.rows, report.dimensions, report.queries,
                options.type.c_str(), name_of(options.metric), options.k);
  } else {
    std::printf("data: %s, metric %s\n", report.dataset.c_str(), name_of(options.metric));
  }
  std::printf("command: %s\n", options.command.c_str());
  for (const auto& [name, value] : report.machine)
    std::printf("%s: %s\n", name.c_str(), value.c_str());
  for (std::size_t s = 0; s < report.servers.size(); ++s) {
    std::printf("%s:", options.servers[s].label.c_str());
    const char* separator = " ";
    for (const auto& [name, value] : report.servers[s]) {
      std::printf("%s%s %s", separator, name.c_str(), value.c_str());
      separator = ", ";
    }
    std::printf("\n");
    const Loaded& loaded = report.series.empty() ? report.loaded[s] : report.series[0].loaded[s];
    if (!loaded.index_definition.empty()) std::printf("  %s\n", loaded.index_definition.c_str());
  }
}

void print_loads(const Options& options, const Report& report) {
  Table table;
  table.add({"", "load s", "build s", "build cpu s", "index", "table"});
  for (std::size_t s = 0; s < report.loaded.size(); ++s) {
    const Loaded& loaded = report.loaded[s];
    table.add({options.servers[s].label,
               loaded.load_seconds > 0 ? format("%.1f", loaded.load_seconds) : "-",
               loaded.build_seconds.empty() ? "-" : format("%.1f", median(loaded.build_seconds)),
               loaded.build_cpu.empty() ? "-" : format("%.1f", median(loaded.build_cpu)),
               megabytes(loaded.index_bytes), megabytes(loaded.table_bytes)});
  }
  std::printf("\n");
  table.print();
}

void print_curves(const Options& options, const Report& report) {
  for (std::size_t c = 0; c < options.clients.size(); ++c) {
    std::printf("\nclients: %d\n", options.clients[c]);
    Table table;
    table.add({"ef", "server", "recall", "qps", "qps range", "p50 ms", "p95 ms", "p99 ms", "cpu ms",
               "server ms", "hit", "read"});
    for (std::size_t e = 0; e < options.ef.size(); ++e) {
      for (std::size_t s = 0; s < report.curves.size(); ++s) {
        const Point& point = report.curves[s][e];
        const Throughput& t = point.throughput[c];
        table.add({std::to_string(point.ef), options.servers[s].label, format("%.4f", point.recall),
                   format("%.0f", t.qps),
                   format("%.0f", t.qps_least) + "-" + format("%.0f", t.qps_most),
                   format("%.3f", t.p50), format("%.3f", t.p95), format("%.3f", t.p99),
                   t.cpu_ms ? format("%.3f", *t.cpu_ms) : "-", format("%.3f", point.server_ms),
                   format("%.0f", point.hit), format("%.1f", point.read)});
      }
    }
    table.print();
  }
}

std::string times_better(const Curve& first, const Curve& other, double recall,
                         const std::function<double(const Point&)>& value, bool more_is_better) {
  const auto a = at_recall(first, recall, value), b = at_recall(other, recall, value);
  if (!a || !b) return "-";
  return more_is_better ? ratio(*a, *b) : ratio(*b, *a);
}

void print_heading(const Options& options, std::size_t other) {
  const char *first = options.servers[0].label.c_str(),
             *second = options.servers[other].label.c_str();
  std::printf("\n%s against %s, times better (1.00 is equal, more is in favour of %s)\n", first,
              second, first);
}

void print_comparison(const Options& options, const Report& report, std::size_t other) {
  print_heading(options, other);
  const Loaded &a = report.loaded[0], &b = report.loaded[other];
  Table sizes;
  sizes.add({"build time", ratio(median(b.build_seconds), median(a.build_seconds))});
  sizes.add({"build cpu time", ratio(median(b.build_cpu), median(a.build_cpu))});
  sizes.add({"index size",
             ratio(static_cast<double>(b.index_bytes), static_cast<double>(a.index_bytes))});
  sizes.print();
  if (report.curves.empty()) return;

  Table table;
  std::vector<std::string> header = {"at recall", "server time"};
  for (int clients : options.clients) {
    const std::string suffix = ", " + std::to_string(clients) + " cl.";
    header.insert(header.end(), {"cpu time" + suffix, "qps" + suffix});
  }
  table.add(header);
  const Curve &first = report.curves[0], &second = report.curves[other];
  for (double recall : options.targets) {
    std::vector<std::string> row = {format("%.3g", recall)};
    auto add = [&](bool more_is_better, const std::function<double(const Point&)>& value) {
      row.push_back(times_better(first, second, recall, value, more_is_better));
    };
    add(false, [](const Point& p) { return p.server_ms; });
    for (std::size_t c = 0; c < options.clients.size(); ++c) {
      add(false, [c](const Point& p) { return p.throughput[c].cpu_ms.value_or(0); });
      add(true, [c](const Point& p) { return p.throughput[c].qps; });
    }
    std::string remark;
    for (std::size_t s : {std::size_t{0}, other}) {
      if (!at_recall(report.curves[s], recall, [](const Point&) { return 1.0; })) {
        remark += " " + options.servers[s].label + ": " + why_not(report.curves[s], recall) + ".";
      }
    }
    if (!remark.empty()) row.push_back(" " + remark);
    table.add(row);
  }
  table.print();
}

void print_copies(const Options& options, const Report& report) {
  Table table;
  table.add({"", "rows", "text", "out s", "in s", "out cpu s", "in cpu s"});
  for (std::size_t s = 0; s < report.copies.size(); ++s) {
    const CopyTimes& times = report.copies[s];
    std::vector<std::string> row = {options.servers[s].label, std::to_string(times.rows),
                                    megabytes(times.bytes)};
    for (const auto* seconds : {&times.out, &times.in, &times.out_cpu, &times.in_cpu}) {
      row.push_back(seconds->empty() ? "-" : format("%.3f", median(*seconds)));
    }
    table.add(row);
  }
  std::printf("\nCOPY as text\n");
  table.print();

  for (std::size_t s = 1; s < report.copies.size(); ++s) {
    const CopyTimes &a = report.copies[0], &b = report.copies[s];
    print_heading(options, s);
    Table ratios;
    ratios.add({"", "out", "in", "out cpu", "in cpu"});
    ratios.add({"time", ratio(median(b.out), median(a.out)), ratio(median(b.in), median(a.in)),
                ratio(median(b.out_cpu), median(a.out_cpu)),
                ratio(median(b.in_cpu), median(a.in_cpu))});
    ratios.print();
  }
}

// Of one kind, for all numbers of clients.
void print_writes(const Options& options, const Report& report, const char* title,
                  std::vector<Writes> WriteCosts::*kind) {
  std::printf("\n%s, per row\n", title);
  Table table;
  table.add({"clients", "server", "rows/s", "range", "cpu ms", "log bytes", "page images",
             "index buffers", "buffers", "of an insert's"});
  for (std::size_t c = 0; c < options.clients.size(); ++c) {
    for (std::size_t s = 0; s < report.writes.size(); ++s) {
      const Writes& writes = (report.writes[s].*kind)[c];
      const Writes& inserts = report.writes[s].inserts[c];
      const auto [least, most] = std::minmax_element(writes.rates.begin(), writes.rates.end());
      table.add({std::to_string(writes.clients), options.servers[s].label,
                 format("%.0f", median(writes.rates)),
                 format("%.0f", *least) + "-" + format("%.0f", *most),
                 writes.cpu_ms() ? format("%.3f", *writes.cpu_ms()) : "-",
                 format("%.0f", writes.per_row(&Counters::wal_bytes)),
                 format("%.2f", writes.per_row(&Counters::page_images)),
                 format("%.1f", writes.per_row(&Counters::index_buffers)),
                 format("%.1f", writes.per_row(&Counters::buffers)),
                 ratio(writes.per_row(&Counters::index_buffers),
                       inserts.per_row(&Counters::index_buffers))});
    }
  }
  table.print();
}

void print_write_comparison(const Options& options, const Report& report, std::size_t other) {
  Table table;
  table.add({"", "clients", "rows/s", "cpu", "log bytes", "index buffers", "buffers"});
  for (const auto& [name, kind] :
       {std::pair("inserts", &WriteCosts::inserts), std::pair("updates", &WriteCosts::updates)}) {
    for (std::size_t c = 0; c < options.clients.size(); ++c) {
      const Writes &a = (report.writes[0].*kind)[c], &b = (report.writes[other].*kind)[c];
      auto fewer = [&](double Counters::*what) { return ratio(b.per_row(what), a.per_row(what)); };
      table.add({name, std::to_string(a.clients), ratio(median(a.rates), median(b.rates)),
                 ratio(b.cpu_ms().value_or(0), a.cpu_ms().value_or(0)), fewer(&Counters::wal_bytes),
                 fewer(&Counters::index_buffers), fewer(&Counters::buffers)});
    }
  }
  table.print();
}

}  // namespace

void print(const Options& options, const Report& report) {
  print_descriptions(options, report);
  if (!report.series.empty()) {
    print_series(options, report.series);
    return;
  }
  if (!report.copies.empty()) {
    print_copies(options, report);
    return;
  }
  print_loads(options, report);
  if (!report.writes.empty()) {
    print_writes(options, report, "inserts", &WriteCosts::inserts);
    print_writes(options, report, "updates of another column", &WriteCosts::updates);
    for (std::size_t s = 1; s < report.writes.size(); ++s) {
      print_comparison(options, report, s);
      print_write_comparison(options, report, s);
    }
    return;
  }
  print_curves(options, report);
  for (std::size_t s = 1; s < report.loaded.size(); ++s) print_comparison(options, report, s);
}

}  // namespace vec::bench
