#include "vector/graph.h"

#include <algorithm>
#include <cmath>

namespace tacit::vector {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kAhead = 4;  // codes fetched from memory before they are needed

// SplitMix64 (Steele, Lea and Flood 2014): a number in no order for each row.
std::uint64_t scramble(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

template <class Links>
void prefetch(const Links& links) {
  const auto* const bytes = reinterpret_cast<const char*>(&links);
  for (std::size_t at = 0; at < sizeof links; at += kCacheLine) __builtin_prefetch(bytes + at);
}

// The nearest rows met so far, nearest first, at most `width`; each is expanded once.
class Beam {
 public:
  explicit Beam(std::size_t width) : width_(width) { places_.reserve(width + 1); }

  bool takes(float nearness) const {
    return places_.size() < width_ || nearness > places_.back().near.nearness;
  }
  void add(Near near) {
    const auto at = std::upper_bound(
        places_.begin(), places_.end(), near.nearness,
        [](float value, const Place& place) { return value > place.near.nearness; });
    next_ = std::min(next_, static_cast<std::size_t>(at - places_.begin()));
    places_.insert(at, {near, false});
    if (places_.size() > width_) places_.pop_back();
  }
  // The nearest that was not expanded, or nothing.
  const Near* next() {
    while (next_ < places_.size() && places_[next_].is_expanded) ++next_;
    if (next_ == places_.size()) return nullptr;
    places_[next_].is_expanded = true;
    return &places_[next_].near;
  }
  // The one after that, as far as is known now.
  const Near* peek() const {
    for (std::size_t at = next_; at < places_.size(); ++at)
      if (!places_[at].is_expanded) return &places_[at].near;
    return nullptr;
  }
  std::vector<Near> found() const {
    std::vector<Near> result;
    result.reserve(places_.size());
    for (const Place& place : places_) result.push_back(place.near);
    return result;
  }

 private:
  struct Place {
    Near near;
    bool is_expanded = false;
  };
  const std::size_t width_;
  std::size_t next_ = 0;  // all before it are expanded
  std::vector<Place> places_;
};

}  // namespace

std::size_t level_of(std::uint32_t row) {
  const double even = (static_cast<double>(scramble(row) >> 11U) + 0.5) / 9007199254740992.0;
  const auto level =
      static_cast<std::size_t>(-std::log(even) / std::log(static_cast<double>(kLinks)));
  return std::min(level, kHighestLevel);
}

// Which rows a walk has met. A walk is a number, so nothing is cleared between walks.
class Graph::Visited {
 public:
  void begin(std::size_t rows) {
    if (marks_.size() < rows) marks_.resize(rows + rows / 2, 0);
    if (++walk_ == 0) {
      std::ranges::fill(marks_, std::uint16_t{0});
      walk_ = 1;
    }
  }
  bool is_new(std::uint32_t row) {
    if (marks_[row] == walk_) return false;
    marks_[row] = walk_;
    return true;
  }

 private:
  std::vector<std::uint16_t> marks_;
  std::uint16_t walk_ = 0;
};

Graph::Graph(const Rows& rows) : rows_(rows) {}
Graph::~Graph() = default;

std::size_t Graph::bytes() const {
  std::size_t bytes = base_.capacity() * sizeof(Base) + upper_.capacity() * sizeof(upper_[0]);
  for (const auto& levels : upper_) bytes += levels.capacity() * sizeof(Upper);
  return bytes;
}

std::unique_ptr<Graph::Visited> Graph::take_visited() const {
  const MutexLock lock(pool_mutex_);
  if (pool_.empty()) return std::make_unique<Visited>();
  auto visited = std::move(pool_.back());
  pool_.pop_back();
  return visited;
}

void Graph::give_back(std::unique_ptr<Visited> visited) const {
  const MutexLock lock(pool_mutex_);
  pool_.push_back(std::move(visited));
}

float Graph::nearness(const Probe& probe, std::uint32_t row) const {
  return static_cast<float>(rows_.product(probe.code, rows_.code(row))) *
         (probe.scale * rows_.numbers(row).scale);
}

std::span<const std::uint32_t> Graph::links(std::uint32_t row, std::size_t level) const {
  if (level == 0) return {base_[row].links.data(), base_[row].count};
  const Upper& upper = upper_[row][level - 1];
  return {upper.links.data(), upper.count};
}

// From the entry down to above `to_level`, each time to the nearest neighbour.
Near Graph::descend(const Probe& probe, std::size_t to_level) const {
  Near best{nearness(probe, entry_), entry_};
  for (std::size_t level = top_; level > to_level; --level) {
    bool moves = true;
    while (moves) {
      moves = false;
      for (const std::uint32_t row : links(best.row, level)) {
        const float near = nearness(probe, row);
        if (near <= best.nearness) continue;
        best = {near, row};
        moves = true;
      }
    }
  }
  return best;
}

std::vector<Near> Graph::walk(const Probe& probe, Near from, std::size_t level, std::size_t width,
                              Visited& visited) const {
  visited.begin(rows_.size());
  visited.is_new(from.row);
  Beam beam(width);
  beam.add(from);
  std::array<std::uint32_t, kBaseLinks> fresh{};
  while (const Near* const next = beam.next()) {
    if (const Near* const after = beam.peek(); after != nullptr && level == 0)
      prefetch(base_[after->row]);
    std::size_t count = 0;
    for (const std::uint32_t row : links(next->row, level)) {
      if (!visited.is_new(row)) continue;
      if (count < kAhead) rows_.prefetch_code(row);
      fresh[count++] = row;
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) rows_.prefetch_code(fresh[i + kAhead]);
      const float near = nearness(probe, fresh[i]);
      if (beam.takes(near)) beam.add({near, fresh[i]});
    }
  }
  return beam.found();
}

std::vector<Near> Graph::search(const CodedQuery& query, std::size_t width) const {
  if (linked_ == 0) return {};
  const Probe probe{query.code(), query.numbers.scale};
  auto visited = take_visited();
  std::vector<Near> found = walk(probe, descend(probe, 0), 0, width, *visited);
  give_back(std::move(visited));
  std::erase_if(found, [&](const Near& near) { return rows_.is_dead(near.row); });
  return found;
}

// Of rows in the order of their nearness to one, those that are nearer to it than to any chosen
// before: links that lead into different directions. Never fewer than there is room for.
std::vector<std::uint32_t> Graph::select(const std::vector<Near>& nearest_first,
                                         std::size_t most) const {
  std::vector<std::uint32_t> chosen;
  std::vector<std::uint32_t> passed;
  for (const Near& candidate : nearest_first) {
    if (chosen.size() == most) break;
    const Probe probe{rows_.code(candidate.row), rows_.numbers(candidate.row).scale};
    const bool is_new_direction = std::ranges::all_of(
        chosen, [&](std::uint32_t row) { return nearness(probe, row) < candidate.nearness; });
    (is_new_direction ? chosen : passed).push_back(candidate.row);
  }
  for (const std::uint32_t row : passed) {
    if (chosen.size() == most) break;
    chosen.push_back(row);
  }
  return chosen;
}

// The links of the new row on a level and those of its neighbours back to it.
void Graph::plan_level(Plan& plan, std::size_t level, const std::vector<Near>& near) const {
  const std::size_t most = level == 0 ? kBaseLinks : kLinks;
  Change own{plan.row, level, select(near, kLinks)};
  for (const std::uint32_t row : own.links) {
    const auto before = links(row, level);
    Change back{row, level, {before.begin(), before.end()}};
    if (before.size() < most) {
      back.links.push_back(plan.row);
    } else {
      const Probe probe{rows_.code(row), rows_.numbers(row).scale};
      std::vector<Near> all{{nearness(probe, plan.row), plan.row}};
      for (const std::uint32_t other : before) all.push_back({nearness(probe, other), other});
      std::ranges::sort(all, [](const Near& a, const Near& b) {
        return a.nearness != b.nearness ? a.nearness > b.nearness : a.row < b.row;
      });
      back.links = select(all, most);
    }
    plan.changes.push_back(std::move(back));
  }
  plan.changes.push_back(std::move(own));
}

Graph::Plan Graph::plan() const {
  Plan plan;
  plan.row = linked_;
  plan.level = level_of(plan.row);
  if (linked_ == 0) return plan;
  const Probe probe{rows_.code(plan.row), rows_.numbers(plan.row).scale};
  Near from = descend(probe, std::min(plan.level, top_));
  auto visited = take_visited();
  for (std::size_t level = std::min(plan.level, top_) + 1; level-- > 0;) {
    const std::vector<Near> near = walk(probe, from, level, kBuildWidth, *visited);
    from = near.front();
    plan_level(plan, level, near);
  }
  give_back(std::move(visited));
  return plan;
}

void Graph::link(const Plan& plan) {
  base_.resize(plan.row + 1);
  upper_.resize(plan.row + 1);
  upper_[plan.row].resize(plan.level);
  for (const Change& change : plan.changes) {
    const auto count = static_cast<std::uint32_t>(change.links.size());
    if (change.level == 0) {
      Base& base = base_[change.row];
      std::ranges::copy(change.links, base.links.begin());
      base.count = count;
    } else {
      Upper& upper = upper_[change.row][change.level - 1];
      std::ranges::copy(change.links, upper.links.begin());
      upper.count = count;
    }
  }
  if (plan.row == 0 || plan.level > top_) {
    entry_ = plan.row;
    top_ = plan.level;
  }
  linked_ = plan.row + 1;
}

}  // namespace tacit::vector
