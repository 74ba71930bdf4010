// Mode build: what indexes over different numbers of rows and dimensions take, of one type or both.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "load.hpp"
#include "options.hpp"

namespace vec::bench {

struct Built {
  std::string type;
  std::size_t rows = 0, dimensions = 0;
  std::vector<Loaded> loaded;  // per server
};

// What all of them have in common, as the beginning of a title: "500,000 rows, vector, ".
std::string subject_of(const std::vector<Built>& series);

void print_series(const Options& options, const std::vector<Built>& series);
void write_series_csv(std::ostream& out, const Options& options, const std::vector<Built>& series);

// For gnuplot, after a preamble that sets the title: time over rows if there are several numbers of
// rows, bytes of a row over dimensions if there are several numbers of these.
void write_series_plots(std::ostream& out, const Options& options,
                        const std::vector<Built>& series);

}  // namespace vec::bench
