#include "recall/advice.h"

#include <fmt/format.h>

namespace tacit::recall {
namespace {

constexpr std::size_t kShownTerms = 6;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size() && i < kShownTerms; ++i) {
    text += (i == 0 ? "" : ", ") + words[i];
  }
  return words.size() > kShownTerms ? text + " …" : text;
}

std::string describe(const SearchFilter& filter) {
  std::vector<std::string> parts;
  if (!filter.project.empty()) parts.push_back("project " + filter.project);
  if (filter.type) parts.push_back("type " + std::string(name_of(*filter.type)));
  if (filter.kind) parts.push_back("kind " + std::string(name_of(*filter.kind)));
  if (filter.since) parts.push_back("since " + format_time(*filter.since));
  if (filter.as_of) parts.push_back("as of " + format_time(*filter.as_of));
  return joined(parts);
}

}  // namespace

bool is_filtered(const SearchFilter& filter) {
  return !filter.project.empty() || filter.type || filter.kind || filter.since || filter.as_of;
}

std::string advice_for(const Query& query, const NoHits& facts) {
  if (facts.exchanges == 0 && facts.items == 0) {
    return "Nothing is stored yet. Import past sessions with `tacit import --found`, or name a "
           "folder of "
           "transcripts: `tacit import PATH`.";
  }
  if (is_filtered(query.filter) && facts.without_filter > 0) {
    return fmt::format(
        "The filter ({}) leaves nothing; without it there {}. Widen or drop the filter.",
        describe(query.filter),
        facts.without_filter == 1 ? std::string("is 1 hit")
                                  : fmt::format("are {} hits", facts.without_filter));
  }
  if (facts.terms.empty() && !facts.searched_meaning) {
    return "The query holds no word to search for. Ask with words or identifiers.";
  }
  if (facts.searched_meaning) {
    return fmt::format(
        "Nothing among {} exchanges and {} items is near the query in words or meaning. Try "
        "other words, or name the error, file or tool.",
        facts.exchanges, facts.items);
  }
  return fmt::format(
      "No text holds any of: {}. Try other words or part of an identifier{}.", joined(facts.terms),
      query.mode == SearchMode::kText ? ", or --mode hybrid to search by meaning too" : "");
}

std::string summary_of(const Explanation& why) {
  std::string words;
  if (why.text_rank) {
    words = fmt::format("by words (rank {}{})", *why.text_rank,
                        why.matched_terms.empty() ? "" : ": " + joined(why.matched_terms));
  }
  std::string meaning;
  if (why.vector_rank) {
    meaning = fmt::format("by meaning (rank {}, cosine {:.2f})", *why.vector_rank,
                          why.cosine.value_or(0));
  }
  if (words.empty()) return "Found " + meaning + " only.";
  if (meaning.empty()) return "Found " + words + " only.";
  return "Found " + words + " and " + meaning + ".";
}

}  // namespace tacit::recall
