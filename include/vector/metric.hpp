// The metrics an index can be built for.
#pragma once

#include <cstdint>

namespace vec {

// Stored in the metapage of an index. DO NOT CHANGE THESE VALUES.
enum class Metric : std::uint16_t {
  l2 = 1,             // <->  Euclidean distance
  inner_product = 2,  // <#>  negative inner product
  cosine = 3,         // <=>  cosine distance
  l1 = 4,             // <+>  taxicab distance
};

}  // namespace vec
