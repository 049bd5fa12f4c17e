#include "recall/fusion.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tacit::recall {
namespace {

using Key = std::pair<HitKind, std::uint64_t>;

bool is_before(const Evidence& a, const Evidence& b) {
  if (a.score != b.score) return a.score > b.score;
  return Key(a.kind, a.id) < Key(b.kind, b.id);
}

std::vector<Evidence> ranked(std::span<const Evidence> list) {
  std::vector<Evidence> sorted(list.begin(), list.end());
  std::sort(sorted.begin(), sorted.end(), is_before);
  return sorted;
}

// One candidate of the two that words and meaning made of a document, in the order of kind and id.
void join_same(std::vector<Candidate>& candidates) {
  std::ranges::stable_sort(candidates, {},
                           [](const Candidate& one) { return Key(one.kind, one.id); });
  std::size_t kept = 0;
  for (const Candidate& one : candidates) {
    Candidate* const last = kept > 0 ? &candidates[kept - 1] : nullptr;
    if (last != nullptr && last->kind == one.kind && last->id == one.id) {
      last->vector_rank = one.vector_rank;  // that of words came first
      last->cosine = one.cosine;
    } else {
      candidates[kept++] = one;
    }
  }
  candidates.resize(kept);
}

// Ties stay in the order of kind and id.
void put_in_order(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
}

using Places = std::unordered_map<std::uint64_t, Place>;

// The place of an exchange; null for items and for those without one.
const Place* place_of(const Candidate& candidate, const Places& places) {
  const auto place = places.find(candidate.id);
  if (candidate.kind != HitKind::kExchange || place == places.end()) return nullptr;
  return &place->second;
}

void raise_by_neighbours(std::vector<Candidate>& candidates, const Places& places) {
  std::map<std::pair<std::uint64_t, int>, double> own;  // scores before any is raised
  for (const Candidate& candidate : candidates) {
    if (const Place* place = place_of(candidate, places)) {
      own.emplace(std::pair(place->session, place->ordinal), candidate.score);
    }
  }
  for (Candidate& candidate : candidates) {
    const Place* place = place_of(candidate, places);
    if (place == nullptr) continue;
    double better = 0;
    for (const int step : {-1, 1}) {
      const auto neighbour = own.find({place->session, place->ordinal + step});
      if (neighbour != own.end()) better = std::max(better, neighbour->second);
    }
    const double bytes = std::max(static_cast<double>(place->bytes), 1.0);
    candidate.score += kNeighbourShare * std::min(1.0, kShortBytes / bytes) * better;
  }
}

void raise_by_companions(std::vector<Candidate>& candidates, const Places& places) {
  struct Best {
    double score = 0;
    double second = 0;
    std::uint64_t id = 0;
  };
  std::unordered_map<std::uint64_t, Best> sessions;
  for (const Candidate& candidate : candidates) {
    const Place* place = place_of(candidate, places);
    if (place == nullptr) continue;
    Best& best = sessions[place->session];
    if (candidate.score > best.score) {
      best = {candidate.score, best.score, candidate.id};
    } else {
      best.second = std::max(best.second, candidate.score);
    }
  }
  for (Candidate& candidate : candidates) {
    const Place* place = place_of(candidate, places);
    if (place == nullptr) continue;
    const Best& best = sessions.at(place->session);
    candidate.score += kSessionShare * (candidate.id == best.id ? best.second : best.score);
  }
}

}  // namespace

std::optional<Evidence> best_of(std::span<const Evidence> list) {
  const auto best = std::min_element(list.begin(), list.end(), is_before);
  return best == list.end() ? std::optional<Evidence>() : *best;
}

double text_weight(double coverage, double best_cosine) {
  const double weight = kTextWeight + kCoverageWeight * coverage * coverage -
                        kNearWeight * std::max(0.0, best_cosine - kNear);
  return std::max(weight, kTextWeightLeast);
}

std::vector<Candidate> fuse(std::span<const Evidence> texts, std::span<const Evidence> vectors,
                            double coverage) {
  const std::vector<Evidence> by_text = ranked(texts);
  const std::vector<Evidence> by_vector = ranked(vectors);
  std::vector<Candidate> found;
  found.reserve(by_text.size() + by_vector.size());
  for (const Evidence& evidence : by_text) {
    Candidate& entry = found.emplace_back();
    entry.kind = evidence.kind;
    entry.id = evidence.id;
    entry.text_rank = static_cast<int>(found.size());
    entry.bm25 = std::max(evidence.score, 0.0);
    if (!by_vector.empty()) entry.closeness = evidence.closeness;
  }
  for (const Evidence& evidence : by_vector) {
    Candidate& entry = found.emplace_back();
    entry.kind = evidence.kind;
    entry.id = evidence.id;
    entry.vector_rank = static_cast<int>(found.size() - by_text.size());
    entry.cosine = evidence.score;
  }
  join_same(found);
  const double best = by_text.empty() ? 0.0 : by_text.front().score;
  const double nearest = by_vector.empty() ? 0.0 : std::clamp(by_vector.front().score, 0.0, 1.0);
  const double weight = text_weight(coverage, nearest);
  for (Candidate& entry : found) {
    const double meaning = std::clamp(entry.cosine, 0.0, 1.0);
    const double words = best > 0 ? entry.bm25 / best : 0.0;
    if (by_vector.empty()) {
      entry.score = std::max(entry.bm25 / (entry.bm25 + kTextHalf), kTextLeast * words);
    } else if (by_text.empty()) {
      entry.score = meaning;
    } else {
      entry.score = weight * (words + kCloseShare * entry.closeness.value_or(0)) +
                    (1.0 - weight) * meaning * meaning;
    }
  }
  put_in_order(found);
  return found;
}

void raise_by_session(std::vector<Candidate>& candidates,
                      const std::unordered_map<std::uint64_t, Place>& places) {
  raise_by_neighbours(candidates, places);
  raise_by_companions(candidates, places);
  for (Candidate& candidate : candidates) candidate.score = std::min(candidate.score, 1.0);
  put_in_order(candidates);
}

double weigh_item(double score, Freshness freshness, double confidence) {
  double weight = 1.0 - kConfidenceShare * (1.0 - std::clamp(confidence, 0.0, 1.0));
  if (freshness == Freshness::kAging) weight *= kAgingWeight;
  if (freshness == Freshness::kStale || freshness == Freshness::kDeprecated) weight *= kStaleWeight;
  return score * weight;
}

}  // namespace tacit::recall
