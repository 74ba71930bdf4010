// Pages in plain memory: the PageSource of the unit tests. Also counts accesses.
#pragma once

#include <array>
#include <cstdlib>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "vector/hnsw/page_format.hpp"
#include "vector/hnsw/page_reader.hpp"
#include "vector/hnsw/shared_memory.hpp"

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

// A SharedMemory of threads.
class SharedArena {
 public:
  void* allocate(std::size_t bytes) {
    std::lock_guard lock(allocation_);
    return arena_.allocate(bytes);
  }
  void let_others_run() { std::this_thread::yield(); }
  void check_interrupts() {}
  [[noreturn]] void corrupted(const char* what) { throw Corrupted(what); }

  hnsw::Handle allocate_shared(std::size_t bytes) {
    if (bytes > bytes_left) return hnsw::kNoHandle;
    bytes_left -= bytes;
    bytes_used += bytes;
    const auto address = reinterpret_cast<hnsw::Handle>(allocate(bytes + kCacheLine));
    return address / kCacheLine * kCacheLine + kCacheLine + kShift;
  }
  std::byte* address(hnsw::Handle handle) { return reinterpret_cast<std::byte*>(handle - kShift); }
  template <class Action>
  void exclusively(Action action) {
    std::lock_guard lock(exclusive_);
    action();
  }

  std::size_t bytes_left = std::numeric_limits<std::size_t>::max();
  std::size_t bytes_used = 0;

 private:
  static constexpr std::size_t kCacheLine = 64;
  static constexpr hnsw::Handle kShift = 4096;  // so that no handle is taken for an address

  Arena arena_;
  std::mutex allocation_, exclusive_;
};

// Keeps the rules of a PageSource and throws std::logic_error at whoever breaks them: content locks
// in the order metapage, element pages, list pages, those of a kind by block; no interrupt check,
// no waiting for another lock and no allocation under an exclusive lock.
class MemoryPages {
 public:
  using Page = std::array<std::byte, hnsw::kPageBytes>;

  MemoryPages() { pages_.push_back(new_page()); }

  std::size_t count() const { return pages_.size(); }
  std::byte* raw(std::uint32_t block) { return pages_.at(block)->data(); }
  std::size_t accesses = 0;  // pages locked, whether they were changed or not
  std::size_t reads = 0;
  std::size_t updates = 0;

  // Called before every access of a session, while it holds no lock: lets a test act "in another
  // session" there. What that one does is not interrupted.
  std::function<void()> before_access;
  // Stands in for a stale free space map: kNoBlock leaves the answer to the true map.
  std::function<std::uint32_t(hnsw::PageKind)> misdirect;
  // Off where pages are not of the kind they are taken for.
  bool check_lock_order = true;

  void* allocate(std::size_t bytes) {
    for (const Held& held : held_) require(!held.exclusive, "allocation under an exclusive lock");
    return arena_.allocate(bytes);
  }
  void check_interrupts() { require_unlocked("interrupts checked under a lock"); }

  [[noreturn]] void corrupted(std::uint32_t block, const char* what) {
    throw Corrupted("block " + std::to_string(block) + ": " + what);
  }
  bool exists(std::uint32_t block) { return block < pages_.size(); }
  void prefetch(std::span<const hnsw::PageRange> ranges) {
    require_unlocked("pages prefetched under a lock");
    for (const hnsw::PageRange& range : ranges) {
      require(exists(range.block) && range.offset + range.bytes <= hnsw::kPageBytes,
              "prefetch outside a page");
    }
  }

  template <class Fn>
  void read(std::uint32_t block, Fn fn) {
    interrupt();
    ++reads;
    Lock lock(*this, block, rank_of(block), false);
    fn(static_cast<const std::byte*>(pages_.at(block)->data()));
  }
  // Like the real thing: the function works on a copy, which is dropped when it returns false.
  template <class Fn>
  bool update(std::uint32_t block, Fn fn) {
    return update_group({&block, 1},
                        [&](std::span<std::byte* const> pages) { return fn(pages[0]); });
  }
  template <class Fn>
  bool update_group(std::span<const std::uint32_t> blocks, Fn fn) {
    require(blocks.size() <= hnsw::kMaxGroup, "too many pages in one change");
    interrupt();
    std::deque<Lock> locks;
    std::vector<Page> copies;
    for (std::uint32_t block : blocks) {
      const bool is_first = locks.empty();
      locks.emplace_back(*this, block, rank_of(block, is_first ? Rank::elements : Rank::lists),
                         true);
      copies.push_back(*pages_.at(block));
    }
    std::vector<std::byte*> bytes;
    for (Page& copy : copies) bytes.push_back(copy.data());
    if (!fn(std::span<std::byte* const>(bytes))) return false;
    ++updates;
    for (std::size_t i = 0; i < blocks.size(); ++i) *pages_[blocks[i]] = copies[i];
    return true;
  }
  std::uint32_t append(hnsw::PageKind kind, std::uint32_t slots, const hnsw::Geometry& geometry) {
    const std::size_t before = pages_.size();
    interrupt();
    require_unlocked("index extended under a lock");
    if (pages_.size() > before) {
      const std::uint32_t found = find_space(kind, slots);
      if (found != hnsw::kNoBlock) return found;
    }
    std::uint32_t block = append_page(kind, geometry);
    record_space(block, kind, geometry.slots_per_page(kind));
    return block;
  }
  // A crash may leave a page that was never formatted.
  std::uint32_t append_zeroes() {
    pages_.push_back(new_page());
    return static_cast<std::uint32_t>(pages_.size() - 1);
  }
  // For PageWriter.
  template <class Fill>
  void write_next(hnsw::PageKind kind, const hnsw::Geometry& geometry, Fill fill) {
    require_unlocked("index extended under a lock");
    std::uint32_t block = append_page(kind, geometry);
    Lock lock(*this, block, rank_of(block), true);
    fill(raw(block));
  }

  std::uint32_t find_space(hnsw::PageKind kind, std::uint32_t slots) {
    interrupt();
    require_unlocked("free space looked for under a lock");
    if (misdirect) {
      std::uint32_t block = misdirect(kind);
      if (block != hnsw::kNoBlock) return block;
    }
    for (std::size_t block = 0; block < space_.size(); ++block) {
      if (space_[block].kind == kind && space_[block].slots >= slots)
        return static_cast<std::uint32_t>(block);
    }
    return hnsw::kNoBlock;
  }
  void record_space(std::uint32_t block, hnsw::PageKind kind, std::uint32_t slots) {
    interrupt();
    require_unlocked("free space recorded under a lock");
    if (space_.size() <= block) space_.resize(block + 1);
    space_[block] = {kind, slots};
  }

 private:
  struct Space {
    hnsw::PageKind kind{};
    std::uint32_t slots = 0;
  };

 public:
  // All pages as they are now, to return to any number of times. What sessions allocated since is
  // freed then.
  struct Snapshot {
    std::vector<Page> pages;
    std::vector<Space> space;
  };
  Snapshot snapshot() const {
    Snapshot taken;
    for (const auto& page : pages_) taken.pages.push_back(*page);
    taken.space = space_;
    return taken;
  }
  void restore(const Snapshot& snapshot) {
    pages_.clear();
    for (const Page& page : snapshot.pages) pages_.push_back(std::make_unique<Page>(page));
    space_ = snapshot.space;
    arena_ = {};
  }

 private:
  enum class Rank { metapage, elements, lists };
  struct Held {
    std::uint32_t block;
    Rank rank;
    bool exclusive;
  };

  class Lock {
   public:
    Lock(MemoryPages& pages, std::uint32_t block, Rank rank, bool exclusive) : pages_(&pages) {
      for (const Held& held : pages.held_) {
        require(held.block != block, "page locked twice");
        const bool is_in_order =
            held.rank < rank || (held.rank == rank && held.block < block && held.exclusive);
        require(is_in_order || !pages.check_lock_order, "pages locked out of order");
      }
      pages.held_.push_back({block, rank, exclusive});
      ++pages.accesses;
    }
    ~Lock() { pages_->held_.pop_back(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    MemoryPages* pages_;
  };

  static void require(bool kept, const char* breach) {
    if (!kept) throw std::logic_error(breach);
  }
  void require_unlocked(const char* breach) const { require(held_.empty(), breach); }

  // By what the page is; `taken_for` when it was never formatted.
  Rank rank_of(std::uint32_t block, Rank taken_for = Rank::lists) {
    if (block == hnsw::kMetaBlock) return Rank::metapage;
    switch (hnsw::read_trailer(raw(block)).kind) {
      case hnsw::PageKind::elements:
        return Rank::elements;
      case hnsw::PageKind::lists:
        return Rank::lists;
      default:
        return taken_for;
    }
  }

  void interrupt() {
    if (!before_access || !held_.empty() || is_interrupted_) return;
    is_interrupted_ = true;
    before_access();
    is_interrupted_ = false;
  }

  std::uint32_t append_page(hnsw::PageKind kind, const hnsw::Geometry& geometry) {
    pages_.push_back(new_page());
    hnsw::format_page(pages_.back()->data(), kind, geometry.slot_bytes(kind));
    return static_cast<std::uint32_t>(pages_.size() - 1);
  }
  static std::unique_ptr<Page> new_page() {
    auto page = std::make_unique<Page>();
    page->fill(std::byte{0});
    return page;
  }

  std::vector<std::unique_ptr<Page>> pages_;
  std::vector<Space> space_;
  std::vector<Held> held_;
  bool is_interrupted_ = false;
  Arena arena_;
};

}  // namespace vec::test
