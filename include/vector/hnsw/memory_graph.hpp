// The graph while an index is built in memory: a GraphWriter over records of fixed size that
// several processes build together.
//
// What they share lies in memory that each of them may see at another address. So a place in it is
// a Handle, and a process has a MemoryGraph of its own: the addresses it knows, the element it
// inserts. GraphRoot is where they meet.
//
// Records lie in chunks, and nothing moves when the graph grows. A process takes a chunk for itself
// and fills it, so node ids have gaps where chunks are not full. A record is
//     NodeHeader | code | 2 M edges of level 0
// Lists of upper levels are allocated apart. Edges hold their length in full precision; the page
// format rounds it.
//
// No lock is held while distances are computed, and readers never wait for long: the lists of a
// node have a version, odd while somebody writes them. A reader copies a list and reads it again if
// the version has changed; a writer works on a copy and puts it in place if the version is still
// that of the copy, or else starts again with the new list. A node's code, level and place of lists
// never change once others can learn its id, which is from a list or from the entry point.
//
// Nothing is ever deleted.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <new>

#include "vector/codec.hpp"
#include "vector/hnsw/heap_tid.hpp"
#include "vector/hnsw/scratch.hpp"
#include "vector/hnsw/shared_memory.hpp"
#include "vector/prefetch.hpp"

namespace vec::hnsw {

// Further rows with the same code as a node.
struct TidLink {
  HeapTid tid;
  Handle next;
};

struct MemoryChunk {
  Handle records;
  std::uint32_t used;  // records, written by the chunk's owner only
};

// In shared memory, all its processes' common knowledge of a graph.
struct GraphRoot {
  // Chunk tables double in size, so that a chunk's entry never moves.
  static constexpr std::size_t kTables = 32;

  std::atomic<std::uint64_t> entry_point{std::bit_cast<std::uint64_t>(EntryPoint{})};
  std::atomic<std::uint32_t> chunk_count{0};
  Handle chunk_tables[kTables] = {};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

template <SharedMemory Memory>
class MemoryGraph {
 public:
  static constexpr bool kCodesAtHand = true;
  static constexpr std::size_t kChunkRecords = 64;

  MemoryGraph(Memory& memory, GraphRoot& root, const Codec& codec, const Parameters& parameters)
      : memory_(&memory),
        root_(&root),
        codec_(codec),
        parameters_(parameters),
        edges_offset_(align(kCodeOffset + codec.code_bytes(), sizeof(Edge))),
        record_bytes_(
            align(edges_offset_ + parameters.max_neighbors(0) * sizeof(Edge), kRecordAlignment)) {}

  // Makes room for one more element. False when memory is used up.
  bool reserve() { return reserve_record() && reserve_small_parts(); }

  // The element to insert: its code (which must stay valid during insert) and its row. REQUIRES:
  // reserve() returned true since the last element was added.
  void open_insert(const std::byte* code, HeapTid tid) {
    open_code_ = code;
    open_tid_ = tid;
    query_ = nullptr;
  }

  // Measures from a stored node.
  bool open_node(NodeId id) {
    open_insert(code(id), kNoTid);
    return true;
  }

  // A query for search(): prepared by the codec. Must stay valid while in use.
  void open_query(const std::byte* query) {
    query_ = query;
    open_code_ = nullptr;
  }

  // ---- what is asked when the graph is complete, and nobody changes it any more ----
  std::size_t size() const {
    std::size_t size = 0;
    for (std::uint32_t chunk = 0; chunk < root_->chunk_count; ++chunk) size += entry(chunk)->used;
    return size;
  }
  std::size_t id_limit() const { return root_->chunk_count * kChunkRecords; }
  // In ascending order of ids.
  template <class Use>
  void for_each_node(Use use) {
    for (std::uint32_t chunk = 0; chunk < root_->chunk_count; ++chunk) {
      const std::uint32_t used = entry(chunk)->used;
      for (std::uint32_t i = 0; i < used; ++i) use(static_cast<NodeId>(chunk * kChunkRecords + i));
    }
  }
  std::size_t record_bytes() const { return record_bytes_; }
  std::size_t code_bytes() const { return codec_.code_bytes(); }
  int level(NodeId id) const { return header(id).level; }
  const std::byte* code(NodeId id) const { return record(id) + kCodeOffset; }
  HeapTid first_tid(NodeId id) const { return header(id).tid; }
  // The rows of the node besides the first: a list, null at its end.
  const TidLink* further_tids(NodeId id) const {
    return tid_link(header(id).further_tids.load(std::memory_order_acquire));
  }
  const TidLink* next_tid(const TidLink* link) const { return tid_link(link->next); }

  // ---- GraphReader ----
  void* allocate(std::size_t bytes) { return memory_->allocate(bytes); }
  void check_interrupts() { memory_->check_interrupts(); }
  [[noreturn]] void corrupted(const char* what) { memory_->corrupted(what); }
  EntryPoint entry_point() const {
    return std::bit_cast<EntryPoint>(root_->entry_point.load(std::memory_order_acquire));
  }
  std::size_t max_neighbors(int level) const { return parameters_.max_neighbors(level); }

  std::size_t neighbors(NodeId id, int level, std::span<NodeId> out) const {
    std::size_t count;
    read_list(id, level, [&](const Edge* edges, std::size_t n) {
      count = n;
      for (std::size_t i = 0; i < n; ++i) out[i] = load(edges[i]).id;
    });
    return count;
  }

  void distances(std::span<const NodeId> ids, std::span<Measurement> out) const {
    constexpr std::size_t kBatch = 32;
    const std::byte* codes[kBatch];
    float distances[kBatch];
    for (std::size_t start = 0; start < ids.size(); start += kBatch) {
      std::size_t count = std::min(kBatch, ids.size() - start);
      for (std::size_t i = 0; i < count; ++i) {
        codes[i] = code(ids[start + i]);
        prefetch(codes[i], codec_.code_bytes());
      }
      if (query_ != nullptr) {
        codec_.query_distances(query_, codes, count, distances);
      } else {
        codec_.code_distances(open_code_, codes, count, distances);
      }
      for (std::size_t i = 0; i < count; ++i) out[start + i] = {distances[i], NodeState::live};
    }
  }

  // ---- GraphWriter ----
  void copy_codes(std::span<const NodeId> ids, const std::byte** codes) const {
    for (std::size_t i = 0; i < ids.size(); ++i) codes[i] = code(ids[i]);
  }
  void forget_codes() {}
  void code_distances(const std::byte* code, const std::byte* const* codes, std::size_t count,
                      float* out) const {
    codec_.code_distances(code, codes, count, out);
  }

  std::size_t edges(NodeId id, int level, std::span<Candidate> out) const {
    return copy_list(id, level, out).count;
  }

  template <class Change>
  void update_edges(NodeId id, int level, Change change) {
    NodeHeader& node = header(id);
    if (level > node.level) return;
    Candidate room[kMaxNeighbors + 1];
    for (;;) {
      ListCopy copy = copy_list(id, level, room);
      const std::size_t changed = change({room, max_neighbors(level) + 1}, copy.count);
      if (changed == kUnchanged) return;
      if (node.version.compare_exchange_strong(copy.version, copy.version + 1,
                                               std::memory_order_acquire)) {
        std::atomic_thread_fence(std::memory_order_release);
        write_list(id, level, {room, changed});
        node.version.store(copy.version + 2, std::memory_order_release);
        return;
      }
    }
  }

  bool equals_open_element(const std::byte* code) const {
    return std::memcmp(code, open_code_, codec_.code_bytes()) == 0;
  }

  const std::byte* open_code() const { return open_code_; }

  float open_element_distance() const {
    float distance;
    codec_.code_distances(open_code_, &open_code_, 1, &distance);
    return distance;
  }

  bool join_duplicate(NodeId id) {
    std::atomic<Handle>& first = header(id).further_tids;
    const Handle place = take_small(sizeof(TidLink));
    auto* link = reinterpret_cast<TidLink*>(memory_->address(place));
    *link = {open_tid_, first.load(std::memory_order_relaxed)};
    while (!first.compare_exchange_weak(link->next, place, std::memory_order_release)) {
    }
    return true;
  }

  NodeId add_node(int level, const Selection& selection) {
    const auto id = static_cast<NodeId>(own_chunk_ * kChunkRecords + entry(own_chunk_)->used++);
    auto* node = new (record(id)) NodeHeader{};
    node->tid = open_tid_;
    node->level = static_cast<std::uint8_t>(level);
    if (level > 0) node->upper_lists = take_small(level * upper_list_bytes());
    std::memcpy(record(id) + kCodeOffset, open_code_, codec_.code_bytes());
    for (int l = 0; l <= level; ++l) write_list(id, l, selection.at(l));
    return id;
  }

  // REQUIRES: no other process adds a first node.
  void set_entry_point(EntryPoint entry_point) {
    root_->entry_point.store(std::bit_cast<std::uint64_t>(entry_point), std::memory_order_release);
  }
  void raise_entry_point(EntryPoint entry_point) {
    std::uint64_t present = root_->entry_point.load(std::memory_order_acquire);
    while (entry_point.level > std::bit_cast<EntryPoint>(present).level &&
           !root_->entry_point.compare_exchange_weak(
               present, std::bit_cast<std::uint64_t>(entry_point), std::memory_order_acq_rel)) {
    }
  }

 private:
  using Edge = std::atomic<std::uint64_t>;  // a Candidate

  struct NodeHeader {
    std::atomic<Handle> further_tids;
    Handle upper_lists;  // of upper_list_bytes() each: a count, then M edges
    std::atomic<std::uint32_t> version;
    HeapTid tid;
    std::uint8_t level;
    std::atomic<std::uint8_t> degree;  // at level 0; at most 2 * kMaxM
  };
  static constexpr std::size_t kCodeOffset = 32;
  static_assert(sizeof(NodeHeader) <= kCodeOffset);
  static_assert(sizeof(Edge) == sizeof(Candidate));

  // So that records do not share cache lines and a chunk of them is made of whole memory pages.
  static constexpr std::size_t kRecordAlignment = 64;
  static constexpr std::size_t kSmallParts = 64 * 1024;

  static constexpr std::size_t align(std::size_t n, std::size_t to) {
    return (n + to - 1) / to * to;
  }

  static Candidate load(const Edge& edge) {
    return std::bit_cast<Candidate>(edge.load(std::memory_order_relaxed));
  }
  static void store(Edge& edge, Candidate value) {
    edge.store(std::bit_cast<std::uint64_t>(value), std::memory_order_relaxed);
  }

  // ---- chunks ----
  static int table_of(std::uint32_t chunk) { return std::bit_width(chunk + 1) - 1; }

  MemoryChunk* entry(std::uint32_t chunk) const {
    const int table = table_of(chunk);
    auto* entries = reinterpret_cast<MemoryChunk*>(memory_->address(root_->chunk_tables[table]));
    return &entries[chunk + 1 - (std::uint32_t{1} << table)];
  }

  std::byte* record(NodeId id) const {
    const std::size_t chunk = id / kChunkRecords;
    std::byte* records = chunk < chunks_.size() ? chunks_[chunk] : nullptr;
    if (records == nullptr) [[unlikely]]
      records = find_chunk(static_cast<std::uint32_t>(chunk));
    return records + id % kChunkRecords * record_bytes_;
  }

  NodeHeader& header(NodeId id) const { return *reinterpret_cast<NodeHeader*>(record(id)); }

  // A chunk that this process has not seen yet.
  std::byte* find_chunk(std::uint32_t chunk) const {
    const std::size_t known = chunks_.size();
    if (chunk >= known) {
      chunks_.resize(*memory_, chunk + 1);
      std::fill(chunks_.begin() + known, chunks_.end(), nullptr);
    }
    return chunks_[chunk] = memory_->address(entry(chunk)->records);
  }

  bool reserve_record() {
    if (own_chunk_ != kNoChunk && entry(own_chunk_)->used < kChunkRecords) return true;
    bool taken = false;
    memory_->exclusively([&] { taken = take_chunk(); });
    return taken;
  }

  bool take_chunk() {
    const std::uint32_t chunk = root_->chunk_count;
    if (chunk >= kNoNode / kChunkRecords) return false;  // ids are used up
    Handle& table = root_->chunk_tables[table_of(chunk)];
    if (table == kNoHandle) {
      table = memory_->allocate_shared(sizeof(MemoryChunk) << table_of(chunk));
      if (table == kNoHandle) return false;
    }
    const Handle records = memory_->allocate_shared(kChunkRecords * record_bytes_);
    if (records == kNoHandle) return false;
    *entry(chunk) = {records, 0};
    root_->chunk_count = chunk + 1;
    own_chunk_ = chunk;
    return true;
  }

  // ---- small parts: lists of upper levels, tid links ----
  bool reserve_small_parts() {
    const std::size_t most = parameters_.max_level * upper_list_bytes() + sizeof(TidLink);
    if (small_parts_left_ >= most) return true;
    const std::size_t bytes = std::max(kSmallParts, most);
    Handle parts = kNoHandle;
    memory_->exclusively([&] { parts = memory_->allocate_shared(bytes); });
    if (parts == kNoHandle) return false;
    small_parts_ = parts;
    small_parts_left_ = bytes;
    return true;
  }

  Handle take_small(std::size_t bytes) {
    bytes = align(bytes, sizeof(Handle));
    const Handle taken = small_parts_;
    small_parts_ += bytes;
    small_parts_left_ -= bytes;
    return taken;
  }

  const TidLink* tid_link(Handle handle) const {
    if (handle == kNoHandle) return nullptr;
    return reinterpret_cast<const TidLink*>(memory_->address(handle));
  }

  // ---- lists ----
  std::size_t upper_list_bytes() const { return (parameters_.m + 1) * sizeof(Edge); }

  // Of an upper level; its first entry is the count.
  Edge* upper_list(NodeId id, int level) const {
    return reinterpret_cast<Edge*>(memory_->address(header(id).upper_lists) +
                                   (level - 1) * upper_list_bytes());
  }

  // Calls read(const Edge*, count) until no writer has come between.
  template <class Read>
  std::uint32_t read_list(NodeId id, int level, Read read) const {
    const NodeHeader& node = header(id);
    for (unsigned attempts = 0;; ++attempts) {
      const std::uint32_t version = node.version.load(std::memory_order_acquire);
      if (version % 2 == 0) {
        if (level == 0) {
          const auto* edges = reinterpret_cast<const Edge*>(record(id) + edges_offset_);
          read(edges, std::size_t{node.degree.load(std::memory_order_relaxed)});
        } else if (level > node.level) {
          read(nullptr, std::size_t{0});
        } else {
          const Edge* list = upper_list(id, level);
          read(list + 1, std::size_t{list->load(std::memory_order_relaxed)});
        }
        std::atomic_thread_fence(std::memory_order_acquire);
        if (node.version.load(std::memory_order_relaxed) == version) return version;
      }
      if (attempts % 64 == 63) wait_for_writer();
    }
  }

  // It may have lost its CPU.
  void wait_for_writer() const {
    memory_->check_interrupts();
    memory_->let_others_run();
  }

  struct ListCopy {
    std::size_t count;
    std::uint32_t version;
  };

  ListCopy copy_list(NodeId id, int level, std::span<Candidate> out) const {
    ListCopy copy{};
    copy.version = read_list(id, level, [&](const Edge* edges, std::size_t count) {
      copy.count = count;
      for (std::size_t i = 0; i < count; ++i) out[i] = load(edges[i]);
    });
    return copy;
  }

  // REQUIRES: nobody else knows the node, or its version is odd through us.
  void write_list(NodeId id, int level, std::span<const Candidate> list) {
    Edge* edges;
    if (level == 0) {
      edges = reinterpret_cast<Edge*>(record(id) + edges_offset_);
      header(id).degree.store(static_cast<std::uint8_t>(list.size()), std::memory_order_relaxed);
    } else {
      edges = upper_list(id, level);
      edges->store(list.size(), std::memory_order_relaxed);
      ++edges;
    }
    for (std::size_t i = 0; i < list.size(); ++i) store(edges[i], list[i]);
  }

  static constexpr std::uint32_t kNoChunk = 0xffffffffu;

  Memory* memory_;
  GraphRoot* root_;
  Codec codec_;
  Parameters parameters_;
  std::size_t edges_offset_;
  std::size_t record_bytes_;
  mutable FlatArray<std::byte*> chunks_;  // where this process sees them; null: not looked yet
  std::uint32_t own_chunk_ = kNoChunk;
  Handle small_parts_ = kNoHandle;
  std::size_t small_parts_left_ = 0;
  const std::byte* open_code_ = nullptr;
  const std::byte* query_ = nullptr;
  HeapTid open_tid_ = kNoTid;
};

}  // namespace vec::hnsw
