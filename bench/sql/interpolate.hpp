// Curves at a fixed recall: what servers are compared at.
#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include "measure.hpp"

namespace vec::bench {

// The value at a recall, between the two neighboring ef where the curve crosses it: the value's
// logarithm is linear in recall. Nothing when the smallest ef has more recall already or no ef
// reaches it.
template <class AnyPoint, class Value>
std::optional<double> at_recall(const std::vector<AnyPoint>& curve, double recall, Value value) {
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (curve[i].recall < recall) continue;
    if (curve[i].recall == recall) return value(curve[i]);
    if (i == 0) return std::nullopt;
    const AnyPoint &low = curve[i - 1], &high = curve[i];
    const double share = (recall - low.recall) / (high.recall - low.recall);
    return std::exp((1 - share) * std::log(value(low)) + share * std::log(value(high)));
  }
  return std::nullopt;
}

// Why there is nothing.
inline const char* why_not(const Curve& curve, double recall) {
  return !curve.empty() && curve.front().recall > recall ? "exceeded at the smallest ef"
                                                         : "not reached by any ef";
}

}  // namespace vec::bench
