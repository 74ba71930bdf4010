// Commands for gnuplot.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace vec::bench {

// Draws the curves (what follows gnuplot's `plot`) into name.svg and name.png.
void plot(std::ostream& out, const std::string& name, const std::vector<std::string>& curves);

}  // namespace vec::bench
