#include "plot.hpp"

#include <utility>

namespace vec::bench {

void plot(std::ostream& out, const std::string& name, const std::vector<std::string>& curves) {
  for (const auto& [terminal, suffix] :
       {std::pair("svg size 800,500 background rgb 'white'", "svg"),
        std::pair("pngcairo size 800,500", "png")}) {
    out << "set terminal " << terminal << " noenhanced\nset output '" << name << "." << suffix
        << "'\nplot ";
    for (std::size_t i = 0; i < curves.size(); ++i) out << (i ? ",\\\n     " : "") << curves[i];
    out << "\n";
  }
}

}  // namespace vec::bench
