#include "store/text_queries.h"

#include <algorithm>

#include "base/text.h"
#include "store/hot_queries.h"
#include "store/rows.h"
#include "store/txn.h"
#include "store/words.h"

namespace tacit::store {
namespace {

// A term in no more documents than this is never common: in a small store a share says little.
constexpr std::int64_t kNeverCommon = 50;

constexpr Sql kPlace("SELECT session, ordinal, text_bytes FROM exchange WHERE id = ?1");

Result<bool> is_common(ReadTxn& txn, HitKind kind, const std::string& term,
                       std::int64_t documents) {
  const std::int64_t holding =
      TACIT_TRY(kind == HitKind::kItem ? txn.integer(hot::kItemsWithTerm, term)
                                       : txn.integer(hot::kExchangesWithTerm, term));
  return holding > kNeverCommon &&
         static_cast<double>(holding) > kCommonShare * static_cast<double>(documents);
}

std::string quoted(const std::string& term) {
  std::string text = "\"";
  for (const char c : term) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

std::string any_of(const std::vector<std::string>& terms) {
  std::string expression;
  for (const std::string& term : terms) {
    if (!expression.empty()) expression += " OR ";
    expression += quoted(term);
  }
  return expression;
}

bool can_pass(HitKind kind, const SearchFilter& filter) {
  if (filter.kind && *filter.kind != kind) return false;
  return kind == HitKind::kItem || !filter.type;
}

std::optional<std::int64_t> type_code(const SearchFilter& filter) {
  if (!filter.type) return std::nullopt;
  return code(*filter.type);
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
  const std::int64_t documents =
      TACIT_TRY(kind == HitKind::kItem ? txn.integer("SELECT count(*) FROM item")
                                       : txn.integer("SELECT count(*) FROM exchange"));
  std::vector<std::string> rare;
  for (const std::string& term : telling) {
    if (!TACIT_TRY(is_common(txn, kind, term, documents))) rare.push_back(term);
  }
  return rare.empty() ? telling : rare;
}

Result<std::vector<TextHit>> search_text(ReadTxn& txn, HitKind kind,
                                         const std::vector<std::string>& terms,
                                         const SearchFilter& filter, std::size_t limit) {
  std::vector<TextHit> hits;
  if (terms.empty() || !can_pass(kind, filter)) return hits;
  const bool is_item = kind == HitKind::kItem;
  const bool is_open = filter.project.empty() && !filter.type && !filter.since && !filter.as_of;
  const auto most = static_cast<std::int64_t>(limit);
  auto rows = TACIT_TRY(
      is_open ? txn.query(is_item ? hot::kSearchAllItems : hot::kSearchAllExchanges, any_of(terms),
                          most)
              : txn.query(is_item ? hot::kSearchItems : hot::kSearchExchanges, any_of(terms),
                          filter.project, filter.since, filter.as_of, type_code(filter), most));
  while (TACIT_TRY(rows.step())) hits.push_back({kind, rows.id(0), rows.real(1)});
  return hits;
}

Result<std::vector<std::string>> matched_terms(ReadTxn& txn, HitKind kind, std::uint64_t id,
                                               const std::vector<std::string>& terms) {
  std::vector<std::string> found;
  for (const std::string& term : terms) {
    const bool holds =
        TACIT_TRY(kind == HitKind::kItem
                      ? txn.integer("SELECT 1 FROM item_fts WHERE item_fts MATCH ?1 AND rowid = "
                                    "(SELECT number FROM item WHERE id = ?2)",
                                    quoted(term), id)
                      : txn.integer("SELECT 1 FROM exchange_fts WHERE exchange_fts MATCH ?1 AND "
                                    "rowid = (SELECT number FROM exchange WHERE id = ?2)",
                                    quoted(term), id)) != 0;
    if (holds) found.push_back(term);
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

Result<std::optional<std::vector<std::uint64_t>>> all_passing(ReadTxn& txn, HitKind kind,
                                                              const SearchFilter& filter,
                                                              std::size_t most) {
  std::optional<std::vector<std::uint64_t>> ids;
  if (filter.project.empty()) return ids;
  const bool is_item = kind == HitKind::kItem;
  const std::string name = project_name(filter.project);
  const std::int64_t count =
      TACIT_TRY(txn.integer(is_item ? hot::kCountItemsOfProject : hot::kCountExchangesOfProject,
                            name, static_cast<std::int64_t>(most) + 1));
  if (count > static_cast<std::int64_t>(most)) return ids;
  ids.emplace();
  if (!can_pass(kind, filter)) return ids;
  auto rows = TACIT_TRY(txn.query(is_item ? hot::kItemsPassing : hot::kExchangesPassing, name,
                                  filter.project, filter.since, filter.as_of, type_code(filter)));
  while (TACIT_TRY(rows.step())) ids->push_back(rows.id(0));
  return ids;
}

Result<std::int64_t> content_generation(ReadTxn& txn) {
  return txn.integer(hot::kContentGeneration);
}

}  // namespace tacit::store
