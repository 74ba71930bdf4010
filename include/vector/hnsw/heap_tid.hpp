// The address of a table row, as PostgreSQL stores it (ItemPointerData): block high, block low,
// offset.
#pragma once

#include <cstdint>

namespace vec::hnsw {

struct HeapTid {
  std::uint16_t block_high;
  std::uint16_t block_low;
  std::uint16_t offset;  // 0: no row

  bool is_valid() const { return offset != 0; }
  friend bool operator==(const HeapTid&, const HeapTid&) = default;
};
static_assert(sizeof(HeapTid) == 6 && alignof(HeapTid) == 2);

inline constexpr HeapTid kNoTid{0xffff, 0xffff, 0};

}  // namespace vec::hnsw
