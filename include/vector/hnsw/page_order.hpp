// The order in which the nodes of a graph are written to pages: near ones share a page.
//
// A search measures all neighbors of a node at once, and then those of the nearest of them. So
// pages are filled one after the other, greedily: the next node is the one with the most level 0
// edges from nodes that are on the page already. A page begins with the node that was about to be
// next on the page before, so that pages near each other in the file hold near nodes, too; when
// nothing is left in reach, the walk goes on from the node placed earliest that still has an
// unplaced neighbor, and then from the next node that has none placed. Equal graphs give equal
// orders.
//
// This is the greedy order of Wei, Yu, Lu and Lin, "Speedup graph processing by graph ordering"
// (Gorder, SIGMOD 2016), with a page in place of their sliding window, and without counting
// neighbors that two nodes share: docs/internals.md has what that would gain, and cost.
//
// Nodes in reach of the page are kept sorted by their number of edges from it. One edge more moves
// a node past those that had as many as it: an exchange with the first of these. So the whole takes
// constant time for each edge, and kBytesPerId for each id below id_limit(), besides some kB.
#pragma once

#include "vector/hnsw/scratch.hpp"

namespace vec::hnsw {

// Of a GraphReader that also has
//   size()               its nodes
//   id_limit()           all ids are below
//   for_each_node(use)   use(NodeId) for every node, ids ascending
// Nothing may change the graph meanwhile. Memory comes from the graph.
template <class Graph>
class PageOrder {
 public:
  static constexpr std::size_t kBytesPerId = sizeof(NodeId) + sizeof(std::uint32_t);

  PageOrder(Graph& graph, std::uint32_t nodes_per_page)
      : graph_(&graph), nodes_per_page_(nodes_per_page) {
    nodes_.reserve(graph, graph.size());
    places_.resize(graph, graph.id_limit());
    std::fill(places_.begin(), places_.end(), kNowhere);
    neighbors_.resize(graph, graph.max_neighbors(0));
    graph.for_each_node([&](NodeId node) {
      while (node != kNoNode && !is_placed(node)) {
        place(node);
        node = next_node();
      }
    });
  }

  std::size_t size() const { return nodes_.size(); }
  NodeId node_at(std::size_t position) const { return nodes_[position]; }
  // REQUIRES: `node` is a node of the graph.
  std::uint32_t position(NodeId node) const { return places_[node]; }

 private:
  struct Reached {
    NodeId node;
    std::uint32_t edges;  // from nodes of the page
  };

  // places_[node] is the node's position, or its slot in reached_, counted down from here.
  // Positions and slots cannot meet: there are fewer nodes than numbers.
  static constexpr std::uint32_t kNowhere = 0xffffffffu;
  static std::uint32_t place_of_slot(std::uint32_t slot) { return kNowhere - 1 - slot; }
  static std::uint32_t slot_of_place(std::uint32_t place) { return kNowhere - 1 - place; }

  bool is_placed(NodeId node) const { return places_[node] < nodes_.size(); }

  std::span<const NodeId> neighbors(NodeId node) {
    return neighbors_.view().first(graph_->neighbors(node, 0, neighbors_.view()));
  }

  void place(NodeId node) {
    graph_->check_interrupts();
    if (places_[node] != kNowhere) ++taken_;
    places_[node] = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back(*graph_, node);
    for (NodeId neighbor : neighbors(node)) {
      if (!is_placed(neighbor)) count_edge(neighbor);
    }
  }

  void count_edge(NodeId node) {
    if (places_[node] == kNowhere) {
      places_[node] = place_of_slot(static_cast<std::uint32_t>(reached_.size()));
      reached_.push_back(*graph_, {node, 0});
    }
    const std::uint32_t slot = slot_of_place(places_[node]);
    const std::uint32_t edges = reached_[slot].edges;
    if (edges == with_more_.size()) with_more_.push_back(*graph_, 0);
    // Those that were taken count as having more.
    const std::uint32_t first_equal = std::max(with_more_[edges], taken_);
    with_more_[edges] = first_equal + 1;
    put(slot, reached_[first_equal]);
    put(first_equal, {node, edges + 1});
  }

  void put(std::uint32_t slot, Reached reached) {
    reached_[slot] = reached;
    places_[reached.node] = place_of_slot(slot);
  }

  // kNoNode when nothing is in reach of the nodes placed so far.
  NodeId next_node() {
    const NodeId nearest = taken_ < reached_.size() ? reached_[taken_].node : kNoNode;
    if (nodes_.size() % nodes_per_page_ == 0) turn_page();
    return nearest != kNoNode ? nearest : neighbor_of_earliest();
  }

  void turn_page() {
    for (std::size_t i = taken_; i < reached_.size(); ++i) places_[reached_[i].node] = kNowhere;
    reached_.clear();
    with_more_.clear();
    taken_ = 0;
  }

  NodeId neighbor_of_earliest() {
    for (; exhausted_ < nodes_.size(); ++exhausted_) {
      for (NodeId neighbor : neighbors(nodes_[exhausted_])) {
        if (!is_placed(neighbor)) return neighbor;
      }
    }
    return kNoNode;
  }

  Graph* graph_;
  std::uint32_t nodes_per_page_;
  FlatArray<NodeId> nodes_;             // by position
  FlatArray<std::uint32_t> places_;     // by node id
  FlatArray<Reached> reached_;          // from this page, most edges first
  FlatArray<std::uint32_t> with_more_;  // reached nodes with more than i edges
  std::uint32_t taken_ = 0;             // of reached_, which are placed by now: the first ones
  std::size_t exhausted_ = 0;           // the first nodes_ whose neighbors are all placed
  FlatArray<NodeId> neighbors_;
};

}  // namespace vec::hnsw
