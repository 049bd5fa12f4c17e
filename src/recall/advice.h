#pragma once
// Sentences for people: why there are no hits and what to try next, and why a hit stands where it
// stands. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "domain/query.h"

namespace tacit::recall {

struct NoHits {
  std::int64_t exchanges = 0;  // stored, whatever the filter
  std::int64_t items = 0;
  std::size_t without_filter = 0;  // hits the same query has when nothing is filtered
  bool searched_meaning = false;   // vectors took part
  std::vector<std::string> terms;  // words searched for; empty when the query holds none
};

std::string advice_for(const Query& query, const NoHits& facts);

// One sentence out of the parts of an explanation.
std::string summary_of(const Explanation& why);

bool is_filtered(const SearchFilter& filter);

}  // namespace tacit::recall
