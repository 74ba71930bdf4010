// Tables of text for readers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace vec::bench {

// Columns as wide as their widest cell; the first one and remarks to the left.
class Table {
 public:
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  void print() const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const int width = static_cast<int>(widths[i]);
        const bool left = i == 0 || i >= rows_[0].size();  // remarks have no header
        std::printf(left ? "%-*s" : "  %*s", width, row[i].c_str());
      }
      std::printf("\n");
    }
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

inline std::string format(const char* how, double value) {
  char text[64];
  std::snprintf(text, sizeof text, how, value);
  return text;
}

inline std::string megabytes(std::uint64_t bytes) {
  return format("%.1f MB", static_cast<double>(bytes) / (1 << 20));
}

inline std::string ratio(double above, double below) {
  return below > 0 && above > 0 ? format("%.2f", above / below) : "-";
}

inline std::string with_commas(std::size_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace vec::bench
