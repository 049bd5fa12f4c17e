#include "recall/fusion.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tacit::recall {
namespace {

using Key = std::pair<HitKind, std::uint64_t>;

std::vector<Evidence> ranked(std::span<const Evidence> list) {
  std::vector<Evidence> sorted(list.begin(), list.end());
  std::sort(sorted.begin(), sorted.end(), [](const Evidence& a, const Evidence& b) {
    if (a.score != b.score) return a.score > b.score;
    return Key(a.kind, a.id) < Key(b.kind, b.id);
  });
  return sorted;
}

}  // namespace

std::vector<Candidate> fuse(std::span<const Evidence> texts, std::span<const Evidence> vectors) {
  std::map<Key, Candidate> found;
  const auto candidate = [&](const Evidence& evidence) -> Candidate& {
    Candidate& entry = found[{evidence.kind, evidence.id}];
    entry.kind = evidence.kind;
    entry.id = evidence.id;
    return entry;
  };
  const std::vector<Evidence> by_text = ranked(texts);
  const std::vector<Evidence> by_vector = ranked(vectors);
  int rank = 0;
  for (const Evidence& evidence : by_text) {
    Candidate& entry = candidate(evidence);
    entry.text_rank = ++rank;
    entry.bm25 = std::max(evidence.score, 0.0);
  }
  rank = 0;
  for (const Evidence& evidence : by_vector) {
    Candidate& entry = candidate(evidence);
    entry.vector_rank = ++rank;
    entry.cosine = evidence.score;
  }
  const double best = by_text.empty() ? 0.0 : by_text.front().score;
  std::vector<Candidate> result;
  result.reserve(found.size());
  for (auto& [key, entry] : found) {
    const double meaning = std::clamp(entry.cosine, 0.0, 1.0);
    if (by_vector.empty()) {
      entry.score = entry.bm25 / (entry.bm25 + kTextHalf);
    } else if (by_text.empty()) {
      entry.score = meaning;
    } else {
      const double words = best > 0 ? entry.bm25 / best : 0.0;
      entry.score = kTextWeight * words + (1.0 - kTextWeight) * meaning;
    }
    result.push_back(entry);
  }
  // The map gives ties their order by kind and id.
  std::stable_sort(result.begin(), result.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  return result;
}

double weigh_item(double score, Freshness freshness, double confidence) {
  double weight = 1.0 - kConfidenceShare * (1.0 - std::clamp(confidence, 0.0, 1.0));
  if (freshness == Freshness::kAging) weight *= kAgingWeight;
  if (freshness == Freshness::kStale || freshness == Freshness::kDeprecated) weight *= kStaleWeight;
  return score * weight;
}

}  // namespace tacit::recall
