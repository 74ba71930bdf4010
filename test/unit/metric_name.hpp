#pragma once

#include <gtest/gtest.h>

#include <string>

#include "vector/metric.hpp"

namespace vec::test {

// Names the instances of a test over metrics.
inline std::string metric_name(const testing::TestParamInfo<Metric>& instance) {
  switch (instance.param) {
    case Metric::l2:
      return "l2";
    case Metric::inner_product:
      return "inner_product";
    case Metric::cosine:
      return "cosine";
    case Metric::l1:
      return "l1";
  }
  return "";
}

}  // namespace vec::test
