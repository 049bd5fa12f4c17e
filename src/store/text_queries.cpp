#include "store/text_queries.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "store/bm25.h"
#include "store/hot_queries.h"
#include "store/rows.h"
#include "store/term_reader.h"
#include "store/txn.h"
#include "store/words.h"

namespace tacit::store {
namespace {

// A term in no more documents than this is never common: in a small store a share says little.
constexpr std::int64_t kNeverCommon = 50;

constexpr Sql kPlace("SELECT session, ordinal, text_bytes FROM exchange WHERE id = ?1");

bool can_pass(HitKind kind, const SearchFilter& filter) {
  if (filter.kind && *filter.kind != kind) return false;
  return kind == HitKind::kItem || !filter.type;
}

std::optional<std::int64_t> type_code(const SearchFilter& filter) {
  if (!filter.type) return std::nullopt;
  return code(*filter.type);
}

// A place in an item's title, in its statement; in an exchange's request, its replies, its work.
constexpr double kItemWeights[] = {1.0, 2.0};
constexpr double kExchangeWeights[] = {2.0, 1.0, 0.5};

// More than kCommonShare of all documents hold the term.
Result<bool> is_common(TermReader& reader, const std::string& term) {
  const auto postings = TACIT_TRY(reader.postings(term));
  if (postings->documents() <= kNeverCommon) return false;
  const TextTotals all = TACIT_TRY(reader.totals(term, *postings));
  return static_cast<double>(postings->documents()) >
         kCommonShare * static_cast<double>(all.documents);
}

}  // namespace

Result<std::vector<std::string>> query_terms(ReadTxn& txn, HitKind kind, const std::string& text) {
  std::vector<std::string> all;
  std::vector<std::string> telling;  // without function words
  each_token(text, [&](const Token& token) {
    if (std::find(all.begin(), all.end(), token.text) != all.end()) return true;
    all.push_back(token.text);
    const std::string word =
        lower_ascii(std::string_view(text).substr(token.begin, token.end - token.begin));
    if (!is_function_word(word)) telling.push_back(token.text);
    return true;
  });
  if (telling.empty()) telling = all;
  TermReader reader(txn, kind);
  TACIT_TRY(reader.open());
  std::vector<std::string> rare;
  for (const std::string& term : telling) {
    if (!TACIT_TRY(is_common(reader, term))) rare.push_back(term);
  }
  return rare.empty() ? telling : rare;
}

Result<std::vector<TextHit>> search_text(ReadTxn& txn, HitKind kind,
                                         const std::vector<std::string>& terms,
                                         const SearchFilter& filter, std::size_t limit,
                                         const std::optional<Passing>& named) {
  if (named && named->numbers.empty()) return std::vector<TextHit>();
  if (terms.empty() || limit == 0 || !can_pass(kind, filter)) return std::vector<TextHit>();
  TermReader reader(txn, kind);
  TACIT_TRY(reader.open());
  TextRanking ranking;
  std::vector<std::shared_ptr<const Postings>> lists;
  for (const std::string& term : terms) {
    lists.push_back(TACIT_TRY(reader.postings(term)));
    if (ranking.totals.documents == 0 && lists.back()->documents() > 0)
      ranking.totals = TACIT_TRY(reader.totals(term, *lists.back()));
  }
  if (ranking.totals.documents == 0) return std::vector<TextHit>();
  const bool is_item = kind == HitKind::kItem;
  ranking.terms = lists;
  ranking.weights = is_item ? std::span<const double>(kItemWeights) : kExchangeWeights;
  ranking.most = limit;
  const bool is_open = filter.project.empty() && !filter.type && !filter.since && !filter.as_of;
  const auto best = TACIT_TRY(best_documents(ranking, [&](std::int64_t number) -> Result<bool> {
    if (is_open) return true;
    if (named) return std::ranges::binary_search(named->numbers, number);
    return TACIT_TRY(txn.integer(is_item ? hot::kItemNumberPasses : hot::kExchangeNumberPasses,
                                 number, filter.project, filter.since, filter.as_of,
                                 type_code(filter))) != 0;
  }));
  std::vector<TextMemory::Id> ids;
  for (const RankedDocument& document : best) ids.push_back({document.number, 0});
  TACIT_TRY(reader.fill_ids(ids));
  std::vector<TextHit> hits;
  for (std::size_t i = 0; i < best.size(); ++i) {
    if (ids[i].id != 0) hits.push_back({kind, ids[i].id, best[i].score, best[i].closeness});
  }
  return hits;
}

Result<void> warm_text(ReadTxn& txn) {
  for (const HitKind kind : {HitKind::kItem, HitKind::kExchange}) {
    TermReader reader(txn, kind);
    TACIT_TRY(reader.open());
    TACIT_TRY(reader.read_documents());
  }
  return {};
}

Result<std::vector<std::string>> matched_terms(ReadTxn& txn, HitKind kind, std::uint64_t id,
                                               const std::vector<std::string>& terms) {
  const std::int64_t number = TACIT_TRY(
      txn.integer(kind == HitKind::kItem ? hot::kNumberOfItem : hot::kNumberOfExchange, id));
  TermReader reader(txn, kind);
  TACIT_TRY(reader.open());
  std::vector<std::string> found;
  for (const std::string& term : terms) {
    if (TACIT_TRY(reader.postings(term))->hold(number)) found.push_back(term);
  }
  return found;
}

std::vector<std::string> as_written(const std::string& text,
                                    const std::vector<std::string>& terms) {
  std::vector<std::string> words;
  std::vector<bool> is_written(terms.size(), false);
  each_token(text, [&](const Token& token) {
    const auto term = std::find(terms.begin(), terms.end(), token.text);
    if (term == terms.end()) return true;
    const auto number = static_cast<std::size_t>(term - terms.begin());
    std::string word = text.substr(token.begin, token.end - token.begin);
    const bool is_known = std::find(words.begin(), words.end(), word) != words.end();
    if (!is_written[number] && !is_known) words.push_back(std::move(word));
    is_written[number] = true;
    return true;
  });
  return words;
}

Result<std::optional<ExchangePlace>> place_of(ReadTxn& txn, ExchangeId id) {
  auto rows = TACIT_TRY(txn.query(kPlace, id));
  if (!TACIT_TRY(rows.step())) return std::optional<ExchangePlace>();
  return std::optional(
      ExchangePlace{SessionId{rows.id(0)}, static_cast<int>(rows.integer(1)), rows.integer(2)});
}

Result<bool> passes(ReadTxn& txn, HitKind kind, std::uint64_t id, const SearchFilter& filter) {
  if (!can_pass(kind, filter)) return false;
  return TACIT_TRY(txn.integer(kind == HitKind::kItem ? hot::kItemPasses : hot::kExchangePasses, id,
                               filter.project, filter.since, filter.as_of, type_code(filter))) != 0;
}

Result<std::optional<Passing>> all_passing(ReadTxn& txn, HitKind kind, const SearchFilter& filter,
                                           std::size_t most) {
  std::optional<Passing> named;
  if (filter.project.empty()) return named;
  const bool is_item = kind == HitKind::kItem;
  const std::string name = project_name(filter.project);
  const std::int64_t count =
      TACIT_TRY(txn.integer(is_item ? hot::kCountItemsOfProject : hot::kCountExchangesOfProject,
                            name, static_cast<std::int64_t>(most) + 1));
  if (count > static_cast<std::int64_t>(most)) return named;
  named.emplace();
  if (!can_pass(kind, filter)) return named;
  auto rows = TACIT_TRY(txn.query(is_item ? hot::kItemsPassing : hot::kExchangesPassing, name,
                                  filter.project, filter.since, filter.as_of, type_code(filter)));
  while (TACIT_TRY(rows.step())) {
    named->ids.push_back(rows.id(0));
    named->numbers.push_back(rows.integer(1));
  }
  std::ranges::sort(named->numbers);
  return named;
}

Result<std::int64_t> content_generation(ReadTxn& txn) {
  return txn.integer(hot::kContentGeneration);
}

}  // namespace tacit::store
