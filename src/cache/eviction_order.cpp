#include "cache/eviction_order.h"

#include <algorithm>

namespace tacit::cache {
namespace {

constexpr std::size_t kWindowShare = 100;  // one in so many
constexpr std::size_t kProtectedTenths = 8;

}  // namespace

EvictionOrder::EvictionOrder(Policy policy, std::size_t most_entries)
    : policy_(policy), sketch_(policy == Policy::kTinyLfu ? most_entries : 1) {}

void EvictionOrder::ask(std::uint64_t hash) {
  if (policy_ == Policy::kTinyLfu) sketch_.add(hash);
}

void EvictionOrder::link(Slot slot, Segment segment) {
  List& list = lists_[segment];
  Node& node = nodes_[slot];
  node.segment = segment;
  node.newer = kNoSlot;
  node.older = list.newest;
  if (list.newest != kNoSlot) nodes_[list.newest].newer = slot;
  list.newest = slot;
  if (list.oldest == kNoSlot) list.oldest = slot;
  ++list.size;
}

void EvictionOrder::unlink(Slot slot) {
  const Node& node = nodes_[slot];
  List& list = lists_[node.segment];
  (node.newer == kNoSlot ? list.newest : nodes_[node.newer].older) = node.older;
  (node.older == kNoSlot ? list.oldest : nodes_[node.older].newer) = node.newer;
  --list.size;
}

std::size_t EvictionOrder::size() const {
  return lists_[kWindow].size + lists_[kProbation].size + lists_[kProtected].size;
}

void EvictionOrder::add(Slot slot, std::uint64_t hash) {
  if (slot >= nodes_.size()) nodes_.resize(slot + 1);
  nodes_[slot] = Node{};
  nodes_[slot].hash = hash;
  if (policy_ == Policy::kLfu) {
    nodes_[slot].count = 1;
    nodes_[slot].last = ++moves_;
    ranks_.insert(rank_of(slot));
    return;
  }
  link(slot, kWindow);
  if (policy_ != Policy::kTinyLfu) return;
  candidate_ = kNoSlot;
  const std::size_t most = std::max<std::size_t>(1, size() / kWindowShare);
  while (lists_[kWindow].size > most) {
    candidate_ = lists_[kWindow].oldest;
    unlink(candidate_);
    link(candidate_, kProbation);
  }
}

void EvictionOrder::touch(Slot slot) {
  if (policy_ == Policy::kLfu) {
    auto node = ranks_.extract(rank_of(slot));
    ++nodes_[slot].count;
    nodes_[slot].last = ++moves_;
    node.value() = rank_of(slot);
    ranks_.insert(std::move(node));
    return;
  }
  const Segment segment = nodes_[slot].segment;
  unlink(slot);
  link(slot, segment == kWindow ? kWindow : kProtected);
  const std::size_t main = lists_[kProbation].size + lists_[kProtected].size;
  if (lists_[kProtected].size * 10 > main * kProtectedTenths) {
    const Slot back = lists_[kProtected].oldest;
    unlink(back);
    link(back, kProbation);
  }
}

void EvictionOrder::remove(Slot slot) {
  if (slot == candidate_) candidate_ = kNoSlot;
  if (policy_ == Policy::kLfu) {
    ranks_.erase(rank_of(slot));
  } else {
    unlink(slot);
  }
}

Slot EvictionOrder::victim() {
  switch (policy_) {
    case Policy::kLru:
      return lists_[kWindow].oldest;
    case Policy::kLfu:
      return std::get<Slot>(*ranks_.begin());
    case Policy::kTinyLfu:
      return tiny_victim();
  }
  return kNoSlot;
}

Slot EvictionOrder::tiny_victim() {
  Slot oldest = lists_[kProbation].oldest;
  if (oldest == candidate_) oldest = lists_[kProtected].oldest;  // it is alone there
  if (oldest == kNoSlot) oldest = lists_[kProtected].oldest;
  if (candidate_ == kNoSlot) return oldest == kNoSlot ? lists_[kWindow].oldest : oldest;
  if (oldest == kNoSlot) return candidate_;
  const bool wins =
      sketch_.estimate(nodes_[candidate_].hash) > sketch_.estimate(nodes_[oldest].hash);
  return wins ? oldest : candidate_;
}

void EvictionOrder::clear() {
  nodes_.clear();
  lists_ = {};
  ranks_.clear();
  candidate_ = kNoSlot;
}

}  // namespace tacit::cache
