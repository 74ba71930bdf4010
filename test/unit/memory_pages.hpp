// Pages in plain memory: the PageSource of the unit tests. Also counts accesses.
#pragma once

#include <array>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "vector/hnsw/page_format.hpp"
#include "vector/hnsw/page_reader.hpp"

namespace vec::test {

// Thrown by corrupted(): unit tests may use exceptions, the core only sees a call that does not
// return.
struct Corrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An Allocator; everything is freed with it.
class Arena {
 public:
  void* allocate(std::size_t bytes) {
    blocks_.push_back(std::make_unique<std::byte[]>(bytes + 1));
    return blocks_.back().get();
  }
  void check_interrupts() {}
  [[noreturn]] void corrupted(const char* what) { throw Corrupted(what); }

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

class MemoryPages {
 public:
  using Page = std::array<std::byte, hnsw::kPageBytes>;

  MemoryPages() { pages_.push_back(new_page()); }

  std::size_t count() const { return pages_.size(); }
  std::byte* raw(std::uint32_t block) { return pages_[block]->data(); }
  std::size_t reads = 0;
  std::size_t updates = 0;

  void* allocate(std::size_t bytes) { return arena_.allocate(bytes); }
  void check_interrupts() {
    if (on_interrupt) on_interrupt();
  }
  // Lets a test act "in another session" between two steps.
  std::function<void()> on_interrupt;

  [[noreturn]] void corrupted(std::uint32_t block, const char* what) {
    throw Corrupted("block " + std::to_string(block) + ": " + what);
  }
  bool exists(std::uint32_t block) { return block < pages_.size(); }

  template <class Fn>
  void read(std::uint32_t block, Fn fn) {
    ++reads;
    fn(static_cast<const std::byte*>(pages_.at(block)->data()));
  }
  // Like the real thing: the function works on a copy, which is dropped when it returns false.
  template <class Fn>
  bool update(std::uint32_t block, Fn fn) {
    Page copy = *pages_.at(block);
    if (!fn(copy.data())) return false;
    ++updates;
    *pages_[block] = copy;
    return true;
  }
  template <class Fn>
  bool update_pair(std::uint32_t first, std::uint32_t second, Fn fn) {
    Page copy = *pages_.at(first), second_copy = *pages_.at(second);
    if (!fn(copy.data(), second_copy.data())) return false;
    ++updates;
    *pages_[first] = copy;
    *pages_[second] = second_copy;
    return true;
  }
  std::uint32_t append(hnsw::PageKind kind, const hnsw::Geometry& geometry) {
    pages_.push_back(new_page());
    hnsw::format_page(
        pages_.back()->data(), kind,
        kind == hnsw::PageKind::elements ? geometry.element_bytes() : geometry.list_bytes());
    auto block = static_cast<std::uint32_t>(pages_.size() - 1);
    record_space(block, kind, geometry.slots_per_page(kind));
    return block;
  }
  std::uint32_t find_space(hnsw::PageKind kind, std::uint32_t slots) {
    for (std::size_t block = 0; block < space_.size(); ++block) {
      if (space_[block].kind == kind && space_[block].slots >= slots)
        return static_cast<std::uint32_t>(block);
    }
    return hnsw::kNoBlock;
  }
  void record_space(std::uint32_t block, hnsw::PageKind kind, std::uint32_t slots) {
    if (space_.size() <= block) space_.resize(block + 1);
    space_[block] = {kind, slots};
  }

 private:
  struct Space {
    hnsw::PageKind kind{};
    std::uint32_t slots = 0;
  };
  static std::unique_ptr<Page> new_page() {
    auto page = std::make_unique<Page>();
    page->fill(std::byte{0});
    return page;
  }
  std::vector<std::unique_ptr<Page>> pages_;
  std::vector<Space> space_;
  Arena arena_;
};

}  // namespace vec::test
