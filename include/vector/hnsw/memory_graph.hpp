// The graph while an index is built in memory: a GraphWriter over records of fixed size.
//
// Nodes are numbered from 0 in the order they are added. A record is
//     NodeHeader | code | 2 M edges of level 0
// and lies in a chunk of records, so nothing moves when the graph grows. Lists of upper levels are
// allocated apart. Edges hold their length in full precision; the page format rounds it.
//
// One thread at a time. Nothing is ever deleted. Memory comes from `Memory`, an Allocator whose
// pointers stay valid as long as the graph; bytes_used() counts what was asked of it.
#pragma once

#include <bit>
#include <cstring>

#include "vector/codec.hpp"
#include "vector/hnsw/heap_tid.hpp"
#include "vector/hnsw/scratch.hpp"

namespace vec::hnsw {

// Further rows with the same code as a node.
struct TidLink {
  HeapTid tid;
  TidLink* next;
};

template <Allocator Memory>
class MemoryGraph {
 public:
  static constexpr bool kCodesAtHand = true;

  MemoryGraph(Memory& memory, const Codec& codec, const Parameters& parameters)
      : memory_(&memory),
        codec_(codec),
        parameters_(parameters),
        code_offset_(sizeof(NodeHeader)),
        edges_offset_(align8(code_offset_ + codec.code_bytes())),
        record_bytes_(edges_offset_ + parameters.max_neighbors(0) * sizeof(Candidate)) {}

  // The element to insert: its code (which must stay valid during insert) and its row.
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

  // ---- what building and writing pages ask ----
  std::size_t size() const { return size_; }
  std::size_t id_limit() const { return size_; }
  template <class Use>
  void for_each_node(Use use) {
    for (NodeId id = 0; id < size_; ++id) use(id);
  }
  std::size_t bytes_used() const { return bytes_used_; }
  std::size_t code_bytes() const { return codec_.code_bytes(); }
  int level(NodeId id) const { return header(id).level; }
  const std::byte* code(NodeId id) const { return record(id) + code_offset_; }
  HeapTid first_tid(NodeId id) const { return header(id).tid; }
  const TidLink* further_tids(NodeId id) const { return header(id).further_tids; }
  std::span<const Candidate> edges(NodeId id, int level) const {
    if (level > header(id).level) return {};
    return {list(id, level), count(id, level)};
  }

  // ---- GraphReader ----
  void* allocate(std::size_t bytes) {
    bytes_used_ += bytes;
    return memory_->allocate(bytes);
  }
  void check_interrupts() { memory_->check_interrupts(); }
  [[noreturn]] void corrupted(const char* what) { memory_->corrupted(what); }
  EntryPoint entry_point() const { return entry_point_; }
  std::size_t max_neighbors(int level) const { return parameters_.max_neighbors(level); }

  std::size_t neighbors(NodeId id, int level, std::span<NodeId> out) const {
    std::span<const Candidate> list = edges(id, level);
    for (std::size_t i = 0; i < list.size(); ++i) out[i] = list[i].id;
    return list.size();
  }

  void distances(std::span<const NodeId> ids, std::span<Measurement> out) const {
    constexpr std::size_t kBatch = 32;
    const std::byte* codes[kBatch];
    float distances[kBatch];
    for (std::size_t start = 0; start < ids.size(); start += kBatch) {
      std::size_t count = std::min(kBatch, ids.size() - start);
      for (std::size_t i = 0; i < count; ++i) {
        codes[i] = code(ids[start + i]);
        for (std::size_t line = 0; line < codec_.code_bytes(); line += 64) {
          __builtin_prefetch(codes[i] + line);
        }
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
    std::span<const Candidate> list = edges(id, level);
    std::copy(list.begin(), list.end(), out.begin());
    return list.size();
  }

  template <class Change>
  void update_edges(NodeId id, int level, Change change) {
    Candidate room[kMaxNeighbors + 1];
    std::size_t count = edges(id, level, room);
    std::size_t changed = change({room, max_neighbors(level) + 1}, count);
    if (changed == kUnchanged) return;
    std::copy_n(room, changed, list(id, level));
    set_count(id, level, changed);
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
    NodeHeader& node = header(id);
    auto* link = static_cast<TidLink*>(allocate(sizeof(TidLink)));
    *link = {open_tid_, node.further_tids};
    node.further_tids = link;
    return true;
  }

  NodeId add_node(int level, const Selection& selection) {
    NodeId id = append_record();
    NodeHeader& node = header(id);
    node = {};
    node.tid = open_tid_;
    node.level = static_cast<std::uint8_t>(level);
    if (level > 0) {
      std::size_t bytes = level * upper_list_bytes();
      node.upper_lists = static_cast<std::byte*>(allocate(bytes));
      std::memset(node.upper_lists, 0, bytes);
    }
    std::memcpy(record(id) + code_offset_, open_code_, codec_.code_bytes());
    for (int l = 0; l <= level; ++l) {
      std::span<const Candidate> chosen = selection.at(l);
      std::copy(chosen.begin(), chosen.end(), list(id, l));
      set_count(id, l, chosen.size());
    }
    return id;
  }

  void set_entry_point(EntryPoint entry_point) { entry_point_ = entry_point; }
  void raise_entry_point(EntryPoint entry_point) {
    if (entry_point.level > entry_point_.level) entry_point_ = entry_point;
  }

 private:
  struct NodeHeader {
    TidLink* further_tids;
    std::byte* upper_lists;  // level lists of upper_list_bytes() each: a count, then M edges
    HeapTid tid;
    std::uint8_t level;
    std::uint8_t degree;  // at level 0; at most 2 * kMaxM
  };

  static constexpr std::size_t align8(std::size_t n) { return (n + 7) & ~std::size_t{7}; }
  static constexpr std::size_t kChunkRecords = 256;
  // Chunk tables double in size, so that a chunk's place is found from the id alone and never
  // moves.
  static constexpr std::size_t kTables = 32;

  std::size_t upper_list_bytes() const { return (parameters_.m + 1) * sizeof(Candidate); }

  std::byte* record(NodeId id) const {
    std::size_t chunk = id / kChunkRecords + 1;
    int table = std::bit_width(chunk) - 1;
    return chunk_tables_[table][chunk - (std::size_t{1} << table)] +
           id % kChunkRecords * record_bytes_;
  }

  NodeHeader& header(NodeId id) const { return *reinterpret_cast<NodeHeader*>(record(id)); }

  std::byte* upper_list(NodeId id, int level) const {
    return header(id).upper_lists + (level - 1) * upper_list_bytes();
  }

  Candidate* list(NodeId id, int level) const {
    if (level == 0) return reinterpret_cast<Candidate*>(record(id) + edges_offset_);
    return reinterpret_cast<Candidate*>(upper_list(id, level)) + 1;
  }

  // The count of an upper list lies in the id of its first, otherwise unused, entry.
  std::size_t count(NodeId id, int level) const {
    if (level == 0) return header(id).degree;
    return reinterpret_cast<Candidate*>(upper_list(id, level))->id;
  }

  void set_count(NodeId id, int level, std::size_t count) {
    if (level == 0) {
      header(id).degree = static_cast<std::uint8_t>(count);
    } else {
      reinterpret_cast<Candidate*>(upper_list(id, level))->id = static_cast<NodeId>(count);
    }
  }

  NodeId append_record() {
    NodeId id = static_cast<NodeId>(size_++);
    if (id % kChunkRecords != 0) return id;
    std::size_t chunk = id / kChunkRecords + 1;
    int table = std::bit_width(chunk) - 1;
    std::size_t first = std::size_t{1} << table;
    if (chunk == first) {
      chunk_tables_[table] = static_cast<std::byte**>(allocate(first * sizeof(std::byte*)));
    }
    chunk_tables_[table][chunk - first] =
        static_cast<std::byte*>(allocate(kChunkRecords * record_bytes_));
    return id;
  }

  Memory* memory_;
  Codec codec_;
  Parameters parameters_;
  std::size_t code_offset_;
  std::size_t edges_offset_;
  std::size_t record_bytes_;
  std::byte** chunk_tables_[kTables] = {};
  std::size_t size_ = 0;
  std::size_t bytes_used_ = 0;
  EntryPoint entry_point_;
  const std::byte* open_code_ = nullptr;
  const std::byte* query_ = nullptr;
  HeapTid open_tid_ = kNoTid;
};

}  // namespace vec::hnsw
