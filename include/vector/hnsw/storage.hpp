// The seam between the HNSW algorithms and whatever holds the graph: the only abstract idea of the
// core.
//
// The unit of the seam is a batch of nodes: distances(ids, out) computes the distances of many
// nodes in one call, next to the data, so that a storage can prefetch the whole batch. Algorithms
// hold ids and floats; they never hold a lock, a pointer into a page, or anything with a
// destructor, because a storage inside PostgreSQL leaves by longjmp on errors.
//
// Storages: MemoryGraph (building) and PageGraph (index pages, in PostgreSQL's buffers or, in the
// unit tests, in plain memory).
//
// Other sessions may change the graph between any two calls. A node's state is read together with
// its distance; a slot may be freed and reused at any time after. Algorithms only have to stay
// harmless then: lists are hints, ids may be stale, a stale id never makes a storage fail.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace vec::hnsw {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xffffffffu;

// Stored in element slots. DO NOT CHANGE THESE VALUES.
enum class NodeState : std::uint8_t {
  free = 0,     // the slot holds nothing
  live = 1,     // has at least one heap tid
  deleted = 2,  // has none: still traversed, never a result, never selected as a neighbor
};

// A node and its distance to something: the paper's candidate; also an edge, with its length.
struct Candidate {
  float distance;
  NodeId id;
};

struct Measurement {
  float distance;
  NodeState state;
};

struct EntryPoint {
  NodeId id = kNoNode;  // kNoNode: the graph is empty
  int level = -1;
};

// What an insert found: for each level 0..top the neighbors of the new node. Level 0 has room for 2
// M, the others for M.
struct Selection {
  std::span<Candidate> neighbors;
  std::span<std::uint16_t> counts;
  int m;

  static std::size_t room_for(int top_level, int m) {
    return static_cast<std::size_t>(top_level + 2) * m;
  }
  std::span<Candidate> room(int level) const {
    return level == 0 ? neighbors.first(std::size_t{2} * m)
                      : neighbors.subspan((level + std::size_t{1}) * m, m);
  }
  std::span<const Candidate> at(int level) const {
    if (counts[level] == 0) return {};
    return room(level).first(counts[level]);
  }
};

// Where the algorithms get memory from. Nothing is freed one by one: it all goes with its owner.
template <class A>
concept Allocator = requires(A& a, std::size_t bytes) {
  { a.allocate(bytes) } -> std::same_as<void*>;
};

template <class S>
concept GraphReader = Allocator<S> && std::is_trivially_destructible_v<S> &&
    requires(S& s, NodeId id, int level, std::span<const NodeId> ids, std::span<NodeId> neighbors,
             std::span<Measurement> measurements) {
  { s.entry_point() } -> std::same_as<EntryPoint>;
  { s.max_neighbors(level) } -> std::convertible_to<std::size_t>;
  // Copies the ids, returns how many. 0 when the node no longer has that level.
  { s.neighbors(id, level, neighbors) } -> std::convertible_to<std::size_t>;
  // Distances of the open query to ids. measurements[i].distance means nothing when the state is
  // free.
  s.distances(ids, measurements);
  s.check_interrupts();    // never called while the storage holds a lock
  s.corrupted("message");  // does not return: the stored graph contradicts itself
};

template <class S>
concept GraphWriter = GraphReader<S> &&
    requires(S& s, NodeId id, int level, std::span<const NodeId> ids, const std::byte** codes,
             const std::byte* code, std::span<float> distances, std::span<Candidate> edges,
             const Selection& selection, EntryPoint entry_point) {
  // codes[i] = the code of ids[i], valid until forget_codes(); null when the slot is free.
  s.copy_codes(ids, codes);
  s.forget_codes();
  s.code_distances(code, codes, std::size_t{}, distances.data());
  { s.edges(id, level, edges) } -> std::convertible_to<std::size_t>;
  // Calls change(std::span<Candidate> list, size_t count) -> size_t: the list has room for
  // max_neighbors(level) edges and holds `count`; the returned count, when not kUnchanged, is
  // stored. Not called when the node is free or no longer has that level.
  s.update_edges(id, level, [](std::span<Candidate>, std::size_t count) { return count; });
  // Whether `code` is the code of the open element.
  { s.equals_open_element(code) } -> std::same_as<bool>;
  { s.open_code() } -> std::same_as<const std::byte*>;
  // Distance of the open element to itself: 0 in L2, not so for inner product.
  { s.open_element_distance() } -> std::same_as<float>;
  // The open element (open_insert) joins node `id`, which has an equal code. False: no longer
  // possible.
  { s.join_duplicate(id) } -> std::same_as<bool>;
  // Stores the open element with its lists.
  { s.add_node(level, selection) } -> std::same_as<NodeId>;
  // Makes `entry_point` the entry point if it is on a higher level than the present one.
  s.raise_entry_point(entry_point);
  s.set_entry_point(entry_point);
  // True when comparing two stored nodes costs no page access.
  { S::kCodesAtHand } -> std::convertible_to<bool>;
};

// Returned by the function given to update_edges when it changed nothing.
inline constexpr std::size_t kUnchanged = static_cast<std::size_t>(-1);

}  // namespace vec::hnsw
