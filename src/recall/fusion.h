#pragma once
// Fusion: one ranking out of the text list (BM25) and the vector list (cosine). A convex
// combination of scores, not of ranks (S. Bruch, S. Gai, A. Ingber, "An Analysis of Fusion
// Functions for Hybrid Retrieval", ACM TOIS 2023):
//
//   score = w · (bm25 / best bm25 of this query + closeness / 2)  +  (1 − w) · max(cosine, 0)²
//
// Closeness says how much of the query stands together at one place of the document: BM25 counts
// words wherever they stand, and a long text holds many.
// A document that one list lacks gets zero there. BM25 has no upper bound, so it is scaled by the
// best of the query; the cosine has one, and its square lets a near neighbour stand out and keeps
// the score of a query that nothing answers low. The weight of words w is the query's own
// (text_weight): more where the best hit by words holds most of the query's terms, less where
// something near in meaning was found. Pure and deterministic: ties go by kind and id. These
// constants are the one shipped configuration; docs/quality.md has the measurements,
// docs/adr/0010-fusion.md the alternatives.

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "domain/query.h"

namespace tacit::recall {

inline constexpr double kTextWeight = 0.2;      // of words that cover nothing of the query
inline constexpr double kCoverageWeight = 0.2;  // more, by the square of the share covered
inline constexpr double kNearWeight = 0.4;      // less, by what the best cosine is above kNear
inline constexpr double kNear = 0.5;
inline constexpr double kTextWeightLeast = 0.05;
// Terms of a query that are looked for in its best hit; a pasted page has hundreds.
inline constexpr std::size_t kCoverageTerms = 64;
// Documents of each list and kind that enter the fusion. Deep, so that a document strong in one
// list has its score of the other too.
inline constexpr std::size_t kPool = 500;
// Neighbours below this cosine have nothing to do with the query.
inline constexpr double kMinCosine = 0.2;
// What the words count for more, as a share, where all of the query stands close together.
inline constexpr double kCloseShare = 0.5;
// In text mode a score of 0 to 1 is bm25 / (bm25 + this), and for the best at least kTextLeast: in
// a small store every word is common and BM25 says next to nothing.
inline constexpr double kTextHalf = 10.0;
inline constexpr double kTextLeast = 0.1;
// What a short exchange gains of the better score of those just before and after it in its session:
// "yes, do that" says little alone. One of kShortBytes or fewer gains the whole share, longer ones
// less in proportion.
inline constexpr double kNeighbourShare = 0.25;
inline constexpr double kShortBytes = 300.0;
// What every exchange gains of the best score of another one of its session: a session with two
// good hits is more likely the right one.
inline constexpr double kSessionShare = 0.05;
// The best so many candidates look at their neighbours and their session.
inline constexpr std::size_t kNeighbourDepth = 200;
// What an item's age and confidence may take from its score, at most: they order near-equals.
inline constexpr double kAgingWeight = 0.99;
inline constexpr double kStaleWeight = 0.97;
inline constexpr double kConfidenceShare = 0.04;

struct Evidence {  // one document of one list, with its score there
  HitKind kind = HitKind::kItem;
  std::uint64_t id = 0;
  double score = 0;
  double closeness = 0;  // of the query's terms in it (store/text_queries.h)
};

struct Candidate {
  HitKind kind = HitKind::kItem;
  std::uint64_t id = 0;
  std::optional<int> text_rank;  // from 1, over both kinds
  double bm25 = 0;
  std::optional<int> vector_rank;
  double cosine = 0;
  std::optional<double> closeness;  // where it counts: of texts, when both ways found something
  double score = 0;                 // 0 to 1; up to half more until raise_by_session()
};

// The first of a list, ties by kind and id; nothing for an empty one.
std::optional<Evidence> best_of(std::span<const Evidence> list);

// The weight of words: `coverage` is the share of the query's terms that the best text holds.
double text_weight(double coverage, double best_cosine);

// Best first. In a list each document appears once, in any order. With one list empty (a mode of
// one way, or a way that failed) the other alone decides: text by the kTextHalf form, vectors by
// their cosine; `coverage` is of no account then.
std::vector<Candidate> fuse(std::span<const Evidence> texts, std::span<const Evidence> vectors,
                            double coverage);

// Where an exchange stands, and how much it says.
struct Place {
  std::uint64_t session = 0;
  int ordinal = 0;
  std::int64_t bytes = 0;
};

// Raises short exchanges by their neighbours' scores, then all by the best other one of their
// session, to 1 at most, and puts the list in order. Others count when they are candidates with a
// place; without a place an exchange stays as it is.
void raise_by_session(std::vector<Candidate>& candidates,
                      const std::unordered_map<std::uint64_t, Place>& places);

// The score of an item after age and confidence.
double weigh_item(double score, Freshness freshness, double confidence);

}  // namespace tacit::recall
