// Edges to deleted nodes, replaced many at a time (not in the paper).
//
// Where a node d dies, those that had an edge to it and those it had edges to are each other's
// likely new neighbors. So edges are gathered in storage order, sorted by the deleted node, and for
// each deleted node the codes around it are read once: each node that had an edge to it chooses
// there, by the selection rule, one that takes d's place in its list, and is offered to that one in
// turn. The changes are then sorted by page and written page by page. Per edge to a deleted node
// that is a few page accesses, whatever the size of the index.
//
// Lists that have lost more than a quarter are left to repair.hpp, which finds better edges for
// them at a higher price.
#pragma once

#include <tuple>

#include "vector/hnsw/page_graph.hpp"
#include "vector/hnsw/select_neighbors.hpp"

namespace vec::hnsw {

template <PageSource Pages, class IsDead>
class DeadEdges {
 public:
  // `memory`: bytes for edges.
  DeadEdges(PageGraph<Pages>& graph, IsDead is_dead, std::size_t memory)
      : graph_(&graph),
        is_dead_(is_dead),
        // Each may lead to an offer, and outgrown arrays stay allocated.
        capacity_(memory / sizeof(Change) / 4) {}

  void add(const EdgePlace& place, NodeId dead, float length) {
    changes_.push_back(*graph_, {place, dead, kNoNode, length});
  }
  // Time to call replace().
  bool is_full() const { return changes_.size() >= capacity_; }

  // Replaces the edges added since the last time. Edges that another session adds meanwhile stay.
  void replace() {
    std::sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) {
      return std::tie(a.place.level, a.dead, a.length) < std::tie(b.place.level, b.dead, b.length);
    });
    const std::size_t edges = changes_.size();
    for (std::size_t i = 0, end; i < edges; i = end) {
      for (end = i + 1; end < edges && is_same_dead(changes_[i], changes_[end]);) ++end;
      graph_->check_interrupts();
      choose_around(i, end);
    }
    write();
    changes_.clear();
  }

 private:
  // What is to be done to a list.
  struct Change {
    EdgePlace place;
    NodeId dead;   // the edge that goes; kNoNode: none, `to` is added if there is room
    NodeId to;     // what takes its place; kNoNode: nothing
    float length;  // of the edge to `dead`; once chosen, of that to `to`
  };
  // Nodes around a deleted one that are looked at: those nearest to it are the likeliest to serve.
  static constexpr std::size_t kLedTo = 64;
  static constexpr std::size_t kAround = kLedTo + 32;

  static bool is_same_dead(const Change& a, const Change& b) {
    return a.dead == b.dead && a.place.level == b.place.level;
  }

  // For changes_[first .. end), the edges of one level to one deleted node.
  void choose_around(std::size_t first, std::size_t end) {
    const int level = changes_[first].place.level;
    const std::size_t led_to = gather_around(first, end);
    graph_->forget_codes();
    graph_->copy_codes({around_, around_count_}, codes_);
    std::fill_n(taken_, around_count_, false);
    std::fill_n(nearest_, around_count_, Change{{}, kNoNode, kNoNode, 0});
    for (std::size_t i = first; i < end; ++i) {
      graph_->check_interrupts();
      const EdgePlace place = changes_[i].place;
      const Candidate chosen = choose(place, level);
      changes_[i].to = chosen.id;
      changes_[i].length = chosen.distance;
      if (chosen.id != kNoNode) offer(chosen.id, {chosen.distance, place.node}, level);
    }
    if (!graph_->parameters().rule.keep_pruned) return;
    for (std::size_t i = 0; i < led_to; ++i) {
      if (!taken_[i] && nearest_[i].to != kNoNode) changes_.push_back(*graph_, nearest_[i]);
    }
  }

  // An edge for the list of `node` if it has room.
  void offer(NodeId node, Candidate edge, int level) {
    EdgePlace place;
    if (!graph_->find_edges(node, level, &place)) return;
    changes_.push_back(*graph_, {place, kNoNode, edge.id, edge.distance});
  }

  // Into around_: the live nodes that the deleted one led to; returns how many. Then those that had
  // an edge to it.
  std::size_t gather_around(std::size_t first, std::size_t end) {
    const Change& any = changes_[first];
    Candidate near[kMaxNeighbors];
    std::size_t led_to = graph_->edges(any.dead, any.place.level, near);
    led_to = static_cast<std::size_t>(
        std::remove_if(near, near + led_to, [&](Candidate c) { return is_dead_(c.id); }) - near);
    std::sort(near, near + led_to, nearer);
    led_to = std::min(led_to, kLedTo);
    around_count_ = 0;
    for (std::size_t i = 0; i < led_to; ++i) around_[around_count_++] = near[i].id;
    for (std::size_t i = first; i < end && around_count_ < kAround; ++i) {
      const NodeId node = changes_[i].place.node;
      if (!contains({near, led_to}, node)) around_[around_count_++] = node;
    }
    return led_to;
  }

  // The nearest of around_ that the rule lets the node have, considering those of its neighbors
  // that are in around_, too.
  Candidate choose(const EdgePlace& place, int level) {
    const SelectionRule& rule = graph_->parameters().rule;
    if (!graph_->open_node(place.node)) return {0, kNoNode};
    Candidate list[kMaxNeighbors];
    const std::span<const Candidate> present{list, graph_->edges(place.node, level, list)};

    struct Option {
      Candidate candidate;
      std::size_t at;  // in around_
    };
    Option options[kAround];
    const std::byte* codes[kAround];
    const std::byte* present_codes[kAround];
    float distances[kAround];
    std::size_t count = 0, present_count = 0;
    for (std::size_t i = 0; i < around_count_; ++i) {
      if (codes_[i] == nullptr || around_[i] == place.node) continue;
      if (contains(present, around_[i])) {
        taken_[i] = true;
        present_codes[present_count++] = codes_[i];
      } else {
        codes[count] = codes_[i];
        options[count++] = {{0, around_[i]}, i};
      }
    }
    graph_->code_distances(graph_->open_code(), codes, count, distances);
    for (std::size_t i = 0; i < count; ++i) {
      options[i].candidate.distance = distances[i];
      Change& nearest = nearest_[options[i].at];
      if (present.size() < graph_->max_neighbors(level) &&
          (nearest.to == kNoNode || distances[i] < nearest.length)) {
        nearest = {place, kNoNode, options[i].candidate.id, distances[i]};
      }
    }
    std::sort(options, options + count,
              [](const Option& a, const Option& b) { return nearer(a.candidate, b.candidate); });
    const Option* chosen = nullptr;
    for (const Option& option : std::span(options, count)) {
      if (is_diverse_code(*graph_, codes_[option.at], option.candidate.distance,
                          {present_codes, present_count}, rule)) {
        chosen = &option;
        break;
      }
    }
    if (chosen == nullptr && rule.keep_pruned && count > 0) chosen = options;
    if (chosen == nullptr) return {0, kNoNode};
    taken_[chosen->at] = true;
    return chosen->candidate;
  }

  void write() {
    std::sort(changes_.begin(), changes_.end(), [&](const Change& a, const Change& b) {
      const std::uint32_t block_of_a = graph_->block_of(a.place);
      const std::uint32_t block_of_b = graph_->block_of(b.place);
      // Offers, whose `dead` is the largest id, come last: the others may make room.
      return std::tie(block_of_a, a.place.node, a.place.level, a.dead) <
             std::tie(block_of_b, b.place.node, b.place.level, b.dead);
    });
    for (std::size_t i = 0; i < changes_.size();) {
      graph_->check_interrupts();
      i = write_page(i);
    }
  }

  // Makes the changes from `first` on to the lists of one page; returns where those of the next
  // begin.
  std::size_t write_page(std::size_t first) {
    const std::uint32_t block = graph_->block_of(changes_[first].place);
    places_.clear();
    starts_.clear();
    std::size_t end = first;
    for (; end < changes_.size() && graph_->block_of(changes_[end].place) == block; ++end) {
      const EdgePlace& place = changes_[end].place;
      if (places_.empty() || places_[places_.size() - 1].node != place.node ||
          places_[places_.size() - 1].level != place.level) {
        places_.push_back(*graph_, place);
        starts_.push_back(*graph_, end);
      }
    }
    starts_.push_back(*graph_, end);
    graph_->update_edge_lists(places_.view(),
                              [&](std::size_t i, std::span<Candidate> list, std::size_t count) {
                                return change_list(list, count, starts_[i], starts_[i + 1]);
                              });
    return end;
  }

  std::size_t change_list(std::span<Candidate> list, std::size_t count, std::size_t first,
                          std::size_t end) {
    bool changed = false;
    for (std::size_t i = first; i < end; ++i) {
      const Change& change = changes_[i];
      const std::size_t capacity = list.size() - 1;
      std::size_t place = count;
      if (change.dead != kNoNode) {
        for (place = 0; place < count && list[place].id != change.dead;) ++place;
        if (place == count) continue;  // an insert has put its edge there
      }
      if (change.to != kNoNode && !contains(list.first(count), change.to)) {
        if (place == capacity) continue;
        list[place] = {change.length, change.to};
        count = std::max(count, place + 1);
      } else if (place < count) {
        list[place] = list[--count];
      } else {
        continue;
      }
      changed = true;
    }
    return changed ? count : kUnchanged;
  }

  PageGraph<Pages>* graph_;
  IsDead is_dead_;
  std::size_t capacity_;
  FlatArray<Change> changes_;
  // Around the present deleted node.
  NodeId around_[kAround];
  std::size_t around_count_ = 0;
  const std::byte* codes_[kAround];
  bool taken_[kAround];      // some node that had an edge to the deleted one has one to this
  Change nearest_[kAround];  // for the nearest with room, to have one
  FlatArray<EdgePlace> places_;
  FlatArray<std::size_t> starts_;
};

}  // namespace vec::hnsw
