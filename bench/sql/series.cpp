#include "series.hpp"

#include <algorithm>
#include <set>

#include "measure.hpp"
#include "plot.hpp"
#include "table.hpp"

namespace vec::bench {
namespace {

double bytes_a_row(const Built& built, const Loaded& loaded) {
  return static_cast<double>(loaded.index_bytes) / static_cast<double>(built.rows);
}

// "ours, vector(384)", with what distinguishes the lines of a plot only.
std::string line_name(const std::string& label, const std::string& type, bool with_type,
                      std::size_t dimensions) {
  if (dimensions > 0) return label + ", " + type + "(" + std::to_string(dimensions) + ")";
  return with_type ? label + ", " + type : label;
}

struct Values {
  std::vector<std::string> types;  // as they come
  std::set<std::size_t> rows, dimensions;

  explicit Values(const std::vector<Built>& series) {
    for (const Built& built : series) {
      if (std::find(types.begin(), types.end(), built.type) == types.end()) {
        types.push_back(built.type);
      }
      rows.insert(built.rows);
      dimensions.insert(built.dimensions);
    }
  }
};

void write_build_plot(std::ostream& out, const Options& options, const std::vector<Built>& series) {
  const Values values(series);
  std::vector<std::string> curves;
  for (std::size_t s = 0; s < options.servers.size(); ++s) {
    int dash = 0;
    for (const std::string& type : values.types) {
      for (const std::size_t dimensions : values.dimensions) {
        const std::string block = "$build" + std::to_string(curves.size());
        out << block << " << end\n";
        for (const Built& built : series) {
          if (built.type != type || built.dimensions != dimensions) continue;
          out << built.rows << " " << median(built.loaded[s].build_seconds) << "\n";
        }
        out << "end\n";
        curves.push_back(block + " using 1:2 with linespoints linewidth 2 linecolor " +
                         std::to_string(s + 1) + " dashtype " + std::to_string(++dash) +
                         " title '" +
                         line_name(options.servers[s].label, type, values.types.size() > 1,
                                   values.dimensions.size() > 1 ? dimensions : 0) +
                         "'");
      }
    }
  }
  out << "set logscale xy\nset xlabel \"rows\\n \"\nset ylabel 'CREATE INDEX, seconds'\n"
         "set xtics out (";
  const char* separator = "";
  for (const std::size_t rows : values.rows) {
    out << separator << "'" << with_commas(rows) << "' " << rows;
    separator = ", ";
  }
  out << ")\nset xrange [" << 0.8 * static_cast<double>(*values.rows.begin()) << ":"
      << 1.25 * static_cast<double>(*values.rows.rbegin()) << "]\n";
  plot(out, "build-rows", curves);
  out << "unset logscale\nset xtics auto\nset autoscale x\n";
}

// Bars beside each other for each number of dimensions, of the largest number of rows.
void write_size_plot(std::ostream& out, const Options& options, const std::vector<Built>& series) {
  const Values values(series);
  const std::size_t rows = *values.rows.rbegin();
  out << "$sizes << end\n";
  for (const std::size_t dimensions : values.dimensions) {
    out << dimensions;
    for (std::size_t s = 0; s < options.servers.size(); ++s) {
      for (const std::string& type : values.types) {
        for (const Built& built : series) {
          if (built.type != type || built.dimensions != dimensions || built.rows != rows) continue;
          out << " " << bytes_a_row(built, built.loaded[s]);
        }
      }
    }
    out << "\n";
  }
  out << "end\n";
  std::vector<std::string> curves;
  for (std::size_t s = 0; s < options.servers.size(); ++s) {
    int shade = 0;
    for (const std::string& type : values.types) {
      const std::string column = std::to_string(curves.size() + 2);
      curves.push_back("$sizes using " + column + (curves.empty() ? ":xtic(1)" : "") +
                       " linecolor " + std::to_string(s + 1) + " fillstyle " +
                       (shade++ == 0 ? "solid 0.8" : "pattern 2") + " title '" +
                       line_name(options.servers[s].label, type, values.types.size() > 1, 0) + "'");
    }
  }
  out << "set style data histograms\nset style histogram clustered gap 1\n"
         "set xlabel \"dimensions\\n \"\nset ylabel 'index, bytes a row'\nset yrange [0:*]\n";
  plot(out, "size-dimensions", curves);
}

}  // namespace

std::string subject_of(const std::vector<Built>& series) {
  const Values values(series);
  std::string text;
  if (values.rows.size() == 1) text += with_commas(*values.rows.begin()) + " rows, ";
  if (values.dimensions.size() == 1) {
    text += std::to_string(*values.dimensions.begin()) + " dimensions, ";
  }
  if (values.types.size() == 1) text += values.types[0] + ", ";
  return text;
}

void print_series(const Options& options, const std::vector<Built>& series) {
  Table table;
  table.add({"type", "dimensions", "rows", "server", "build s", "build cpu s", "index",
             "bytes a row", "table"});
  for (const Built& built : series) {
    for (std::size_t s = 0; s < built.loaded.size(); ++s) {
      const Loaded& loaded = built.loaded[s];
      table.add({built.type, std::to_string(built.dimensions), std::to_string(built.rows),
                 options.servers[s].label, format("%.2f", median(loaded.build_seconds)),
                 loaded.build_cpu.empty() ? "-" : format("%.2f", median(loaded.build_cpu)),
                 megabytes(loaded.index_bytes), format("%.0f", bytes_a_row(built, loaded)),
                 megabytes(loaded.table_bytes)});
    }
  }
  std::printf("\n");
  table.print();
}

void write_series_csv(std::ostream& out, const Options& options, const std::vector<Built>& series) {
  out << "server,type,dimensions,rows,build_seconds,build_cpu_seconds,index_bytes,table_bytes\n";
  for (const Built& built : series) {
    for (std::size_t s = 0; s < built.loaded.size(); ++s) {
      const Loaded& loaded = built.loaded[s];
      out << options.servers[s].label << "," << built.type << "," << built.dimensions << ","
          << built.rows << "," << median(loaded.build_seconds) << ",";
      if (!loaded.build_cpu.empty()) out << median(loaded.build_cpu);
      out << "," << loaded.index_bytes << "," << loaded.table_bytes << "\n";
    }
  }
}

void write_series_plots(std::ostream& out, const Options& options,
                        const std::vector<Built>& series) {
  const Values values(series);
  if (values.rows.size() > 1) write_build_plot(out, options, series);
  if (values.dimensions.size() > 1) write_size_plot(out, options, series);
}

}  // namespace vec::bench
