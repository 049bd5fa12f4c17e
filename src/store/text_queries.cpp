#include "store/text_queries.h"

#include <algorithm>

#include "base/text.h"
#include "store/rows.h"
#include "store/txn.h"
#include "store/words.h"

namespace tacit::store {
namespace {

// A term in no more documents than this is never common: in a small store a share says little.
constexpr std::int64_t kNeverCommon = 50;

Result<bool> is_common(ReadTxn& txn, HitKind kind, const std::string& term,
                       std::int64_t documents) {
  const std::int64_t holding = TACIT_TRY(
      kind == HitKind::kItem ? txn.integer("SELECT doc FROM item_terms WHERE term = ?1", term)
                             : txn.integer("SELECT doc FROM exchange_terms WHERE term = ?1", term));
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

// The weights of the columns stand in bm25(): an item's title, its statement; an exchange's
// request, its replies, its work. Filters: ?2 project, ?3 since, ?4 as of, ?5 type. Times an
// exchange or item lacks are replaced by when it was added.
constexpr Sql kSearchItems(
    "SELECT item.id, -bm25(item_fts, 1.0, 2.0) AS score FROM item_fts "
    "JOIN item ON item.number = item_fts.rowid WHERE item_fts MATCH ?1 "
    "AND (?2 = '' OR project = ?2 OR project_name = ?2) "
    "AND (?3 IS NULL OR coalesce(last_seen, first_seen, added) >= ?3) "
    "AND (?4 IS NULL OR coalesce(first_seen, added) <= ?4) AND (?5 IS NULL OR type = ?5) "
    "ORDER BY score DESC, item.number LIMIT ?6");
constexpr Sql kSearchExchanges(
    "SELECT exchange.id, -bm25(exchange_fts, 2.0, 1.0, 0.5) AS score FROM exchange_fts "
    "JOIN exchange ON exchange.number = exchange_fts.rowid "
    "JOIN session ON session.id = exchange.session WHERE exchange_fts MATCH ?1 "
    "AND (?2 = '' OR project = ?2 OR project_name = ?2) "
    "AND (?3 IS NULL OR coalesce(time, added) >= ?3) "
    "AND (?4 IS NULL OR coalesce(time, added) <= ?4) AND ?5 IS NULL "
    "ORDER BY score DESC, exchange.number LIMIT ?6");
constexpr Sql kItemPasses(
    "SELECT 1 FROM item WHERE id = ?1 AND (?2 = '' OR project = ?2 OR project_name = ?2) "
    "AND (?3 IS NULL OR coalesce(last_seen, first_seen, added) >= ?3) "
    "AND (?4 IS NULL OR coalesce(first_seen, added) <= ?4) AND (?5 IS NULL OR type = ?5)");
constexpr Sql kExchangePasses(
    "SELECT 1 FROM exchange JOIN session ON session.id = exchange.session WHERE exchange.id = ?1 "
    "AND (?2 = '' OR project = ?2 OR project_name = ?2) "
    "AND (?3 IS NULL OR coalesce(time, added) >= ?3) "
    "AND (?4 IS NULL OR coalesce(time, added) <= ?4) AND ?5 IS NULL");

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
  auto rows = TACIT_TRY(txn.query(kind == HitKind::kItem ? kSearchItems : kSearchExchanges,
                                  any_of(terms), filter.project, filter.since, filter.as_of,
                                  type_code(filter), static_cast<std::int64_t>(limit)));
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

Result<bool> passes(ReadTxn& txn, HitKind kind, std::uint64_t id, const SearchFilter& filter) {
  if (!can_pass(kind, filter)) return false;
  return TACIT_TRY(txn.integer(kind == HitKind::kItem ? kItemPasses : kExchangePasses, id,
                               filter.project, filter.since, filter.as_of, type_code(filter))) != 0;
}

}  // namespace tacit::store
