// Which nodes the entry point leads to at level 0, found without a random access for each node: the
// pages are read in storage order.
//
// One pass over all pages. The neighbors of a node that is reached already are reached, too. The
// neighbors of another are kept in memory until it is: 4 bytes an edge, and only of nodes that are
// not reached yet, so that much less than the whole graph has to fit. What finds no room is left to
// further passes, over such pages only, until one reaches nothing new; each gets at least one edge
// further away from the entry point, of which no node of a navigable graph is many edges away.
#pragma once

#include "vector/hnsw/node_set.hpp"
#include "vector/hnsw/scratch.hpp"

namespace vec::hnsw {

// The storage has
//   exists(block)                      blocks from kFirst on
//   for_each_neighborhood(block, use)  use(NodeId, ids of its neighbors at level 0), under a lock
// is_dead(NodeId): not walked through. Others may insert meanwhile: an edge that gives way to a new
// node is taken over by it, so what was reachable once stays so.
template <class Storage, class IsDead>
class WalkInOrder {
 public:
  // Marks nodes in `reached`. `memory`: bytes for edges.
  WalkInOrder(Storage& storage, NodeSet& reached, IsDead is_dead, std::size_t memory)
      : storage_(&storage),
        reached_(&reached),
        is_dead_(is_dead),
        // Outgrown arrays stay allocated, together as large as the last.
        room_(memory / sizeof(NodeId) / 2) {}

  void run(NodeId entry_point) {
    std::uint32_t blocks = kFirst;
    while (storage_->exists(blocks)) ++blocks;
    seen_.reset(*storage_, reached_->limit());
    deferred_.reset(*storage_, blocks);
    reached_->add(entry_point);
    for (std::uint32_t block = kFirst; block < blocks; ++block) read_first(block);
    spread_kept();
    for (bool more = true; more && deferred_.count() > 0;) {
      const std::size_t before = reached_->count();
      for (std::uint32_t block = kFirst; block < blocks; ++block) {
        if (deferred_.contains(block)) read_again(block);
      }
      spread_kept();
      more = reached_->count() > before;
    }
  }

  // Nodes met by the walk that are not reached.
  template <class Use>
  void for_each_unreached(Use use) {
    for (std::size_t id = 0; id < seen_.limit(); ++id) {
      const auto node = static_cast<NodeId>(id);
      if (seen_.contains(node) && !reached_->contains(node)) use(node);
    }
  }

 private:
  static constexpr std::uint32_t kFirst = 1;  // after the metapage

  void read_first(std::uint32_t block) {
    storage_->check_interrupts();
    bool deferred = false;
    storage_->for_each_neighborhood(block, [&](NodeId node, std::span<const NodeId> neighbors) {
      if (is_dead_(node)) return;
      seen_.add(node);
      if (reached_->contains(node)) {
        mark_all(neighbors);
      } else if (kept_.size() + 2 + neighbors.size() <= room_) {
        keep(node, neighbors);
      } else {
        deferred = true;
      }
    });
    if (deferred) {
      deferred_.add(block);
      // To have room again; now and then, or this would take longer than what it saves.
      if (block >= next_spread_) {
        spread_kept();
        next_spread_ = block + static_cast<std::uint32_t>(deferred_.limit() / 16);
      }
    }
  }

  void read_again(std::uint32_t block) {
    storage_->check_interrupts();
    bool deferred = false;
    storage_->for_each_neighborhood(block, [&](NodeId node, std::span<const NodeId> neighbors) {
      if (is_dead_(node)) return;
      if (reached_->contains(node)) {
        mark_all(neighbors);
      } else {
        deferred = true;
      }
    });
    if (!deferred) deferred_.remove(block);
  }

  void mark(NodeId node) {
    if (!is_dead_(node)) reached_->add(node);
  }
  void mark_all(std::span<const NodeId> nodes) {
    for (NodeId node : nodes) mark(node);
  }

  // Kept: node, how many neighbors, neighbors.
  void keep(NodeId node, std::span<const NodeId> neighbors) {
    kept_.reserve(*storage_, kept_.size() + 2 + neighbors.size());
    kept_.push_back(*storage_, node);
    kept_.push_back(*storage_, static_cast<NodeId>(neighbors.size()));
    for (NodeId neighbor : neighbors) kept_.push_back(*storage_, neighbor);
  }

  // Walks on within what is kept, and lets go of what it has reached.
  void spread_kept() {
    std::size_t steps = 0;
    for (std::size_t before = reached_->count() - 1; reached_->count() > before;) {
      before = reached_->count();
      std::size_t left = 0;
      for (std::size_t at = 0; at < kept_.size();) {
        if (++steps % 1024 == 0) storage_->check_interrupts();
        const std::size_t length = 2 + kept_[at + 1];
        if (reached_->contains(kept_[at])) {
          mark_all({&kept_[at + 2], length - 2});
        } else {
          std::memmove(&kept_[left], &kept_[at], length * sizeof(NodeId));
          left += length;
        }
        at += length;
      }
      kept_.resize(*storage_, left);
    }
  }

  Storage* storage_;
  NodeSet* reached_;
  IsDead is_dead_;
  std::size_t room_;
  NodeSet seen_;
  NodeSet deferred_;  // blocks with nodes that were neither reached nor kept
  FlatArray<NodeId> kept_;
  std::uint32_t next_spread_ = 0;
};

}  // namespace vec::hnsw
