// The checker on pages in memory.
#pragma once

#include "graph_fixture.hpp"
#include "vector/hnsw/check.hpp"

namespace vec::test {

// Tables have rows below this.
inline constexpr std::size_t kTableRows = 1u << 20;

struct MemoryHost {
  const char* header_fault(const std::byte*, std::uint32_t) { return nullptr; }
  bool is_possible_row(hnsw::HeapTid tid) { return row_of(tid) < kTableRows; }
  [[noreturn]] void report(const hnsw::Finding& finding) {
    found = finding;
    throw Corrupted(finding.what);
  }
  hnsw::Finding found;
};

struct CheckResult {
  std::string fault;  // empty: none
  std::uint64_t unreachable = 0;
  hnsw::Finding finding;
};

inline CheckResult check(PageStore& store) {
  MemoryHost host;
  CheckResult result;
  Session session(store);
  const auto blocks = static_cast<std::uint32_t>(store.pages.count());
  hnsw::IndexCheck check(store.pages, session.graph, store.codec, host, 0, blocks);
  try {
    check.check_slots();
    check.check_references();
    result.unreachable = check.count_unreachable(blocks + 1000).count;
  } catch (const Corrupted& corrupted) {
    result.fault = corrupted.what();
    result.finding = host.found;
  }
  return result;
}

}  // namespace vec::test
