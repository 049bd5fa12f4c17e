#include "store/text_queries.h"

#include <algorithm>
#include <span>
#include <unordered_map>

#include "base/text.h"
#include "store/bm25.h"
#include "store/hot_queries.h"
#include "store/rows.h"
#include "store/txn.h"
#include "store/words.h"

namespace tacit::store {
namespace {

// A term in no more documents than this is never common: in a small store a share says little.
constexpr std::int64_t kNeverCommon = 50;

constexpr Sql kPlace("SELECT session, ordinal, text_bytes FROM exchange WHERE id = ?1");

// What is known of the documents of a kind as the transaction sees them.
Result<TextMemory::OfKind*> memory_of(ReadTxn& txn, HitKind kind) {
  TextMemory& memory = txn.text_memory();
  const std::int64_t generation = TACIT_TRY(txn.integer(hot::kContentGeneration));
  if (memory.generation != generation) memory = {generation, {}, {}};
  return kind == HitKind::kItem ? &memory.items : &memory.exchanges;
}

Result<std::int64_t> documents_of(ReadTxn& txn, HitKind kind) {
  TextMemory::OfKind& memory = *TACIT_TRY(memory_of(txn, kind));
  if (!memory.documents) {
    memory.documents =
        TACIT_TRY(kind == HitKind::kItem ? txn.integer("SELECT count(*) FROM item")
                                         : txn.integer("SELECT count(*) FROM exchange"));
  }
  return *memory.documents;
}

Result<std::int64_t> documents_with(ReadTxn& txn, HitKind kind, const std::string& term) {
  TextMemory::OfKind& memory = *TACIT_TRY(memory_of(txn, kind));
  if (const auto known = memory.holding.find(term); known != memory.holding.end())
    return known->second;
  const std::int64_t holding =
      TACIT_TRY(kind == HitKind::kItem ? txn.integer(hot::kItemsWithTerm, term)
                                       : txn.integer(hot::kExchangesWithTerm, term));
  if (memory.holding.size() >= kMaxTermCounts) memory.holding.clear();
  memory.holding.emplace(term, holding);
  return holding;
}

Result<bool> is_common(ReadTxn& txn, HitKind kind, const std::string& term) {
  const std::int64_t holding = TACIT_TRY(documents_with(txn, kind, term));
  return holding > kNeverCommon &&
         static_cast<double>(holding) >
             kCommonShare * static_cast<double>(TACIT_TRY(documents_of(txn, kind)));
}

std::string quoted(const std::string& term) {
  std::string text = "\"";
  for (const char c : term) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

std::string any_of(std::span<const std::string> terms) {
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

// The best documents by words, looking at few of those that hold common words only: first at the
// documents that hold one of the rarest terms. What a document without these could gain by all
// others is mostly less than the last of the best has by then; else a second run looks at as many
// terms as it takes (MaxScore, Turtle and Flood 1995).
class TextSearch {
 public:
  TextSearch(ReadTxn& txn, HitKind kind, const SearchFilter& filter, std::size_t limit)
      : txn_(txn), kind_(kind), filter_(filter), limit_(limit) {}

  // Puts the terms in the order of their rarity.
  Result<void> weigh(const std::vector<std::string>& terms) {
    memory_ = TACIT_TRY(memory_of(txn_, kind_));
    std::vector<std::pair<std::int64_t, std::string>> weighed;
    for (const std::string& term : terms)
      weighed.emplace_back(TACIT_TRY(documents_with(txn_, kind_, term)), term);
    std::sort(weighed.begin(), weighed.end());
    for (auto& [holding, term] : weighed) {
      holding_.push_back(holding);
      terms_.push_back(std::move(term));
    }
    return {};
  }

  Result<std::vector<TextHit>> run() {
    std::size_t leading = 0;
    auto rows = static_cast<std::int64_t>(limit_ * kRowsForAHit);
    while (leading < terms_.size() && rows > 0) rows -= holding_[leading++];
    Bm25Run first = TACIT_TRY(run_led_by(leading, 0));
    const std::size_t needed = leading == terms_.size() ? leading : needed_after(first);
    if (needed <= leading) return hits_of(first);
    return hits_of(TACIT_TRY(run_led_by(needed, first.least())));
  }

 private:
  static constexpr std::size_t kRowsForAHit = 4;

  // How many of the rarest terms a document among the best holds at least one of.
  std::size_t needed_after(const Bm25Run& run) const {
    std::size_t needed = terms_.size();
    if (run.best.size() < limit_) return needed;
    double others = 0;
    while (needed > 0 && others + run.most_of_term(needed - 1) < run.least())
      others += run.most_of_term(--needed);
    return needed;
  }

  // Of the documents that hold one of the first `leading` terms; all terms count.
  Result<Bm25Run> run_led_by(std::size_t leading, double known_least) {
    Bm25Run run;
    run.holding = holding_;
    run.most = limit_;
    run.known_least = known_least;
    run.memory = memory_;
    std::string expression = any_of(terms_);
    if (leading < terms_.size()) {
      run.first = static_cast<int>(leading);
      expression = "(" + any_of(std::span(terms_).first(leading)) + ") AND (" + expression + ")";
    }
    const bool is_item = kind_ == HitKind::kItem;
    const bool is_open =
        filter_.project.empty() && !filter_.type && !filter_.since && !filter_.as_of;
    TACIT_TRY(is_open ? txn_.integer(is_item ? hot::kSearchAllItems : hot::kSearchAllExchanges,
                                     expression, run.pointer())
                      : txn_.integer(is_item ? hot::kSearchItems : hot::kSearchExchanges,
                                     expression, filter_.project, filter_.since, filter_.as_of,
                                     type_code(filter_), run.pointer()));
    return run;
  }

  Result<std::vector<TextHit>> hits_of(const Bm25Run& run) {
    const std::vector<Bm25Run::Row> best = run.in_order();
    const auto ids = TACIT_TRY(unknown_ids(best));
    std::vector<TextHit> hits;
    for (const Bm25Run::Row& row : best) {
      const KnownDocument* const known = memory_->at(row.number);
      if (known != nullptr && known->id != 0) {
        hits.push_back({kind_, known->id, row.score, row.closeness});
      } else if (const auto found = ids.find(row.number); found != ids.end()) {
        hits.push_back({kind_, found->second, row.score, row.closeness});
      }
    }
    return hits;
  }

  // By number, of the rows whose ids are not remembered.
  Result<std::unordered_map<std::int64_t, std::uint64_t>> unknown_ids(
      std::span<const Bm25Run::Row> rows) {
    std::string numbers;
    for (const Bm25Run::Row& row : rows) {
      const KnownDocument* const known = memory_->at(row.number);
      if (known != nullptr && known->id != 0) continue;
      numbers += numbers.empty() ? '[' : ',';
      numbers += std::to_string(row.number);
    }
    std::unordered_map<std::int64_t, std::uint64_t> ids;
    if (numbers.empty()) return ids;
    auto found = TACIT_TRY(txn_.query(
        kind_ == HitKind::kItem ? hot::kItemsOfNumbers : hot::kExchangesOfNumbers, numbers + ']'));
    while (TACIT_TRY(found.step())) {
      ids.emplace(found.integer(0), found.id(1));
      if (KnownDocument* known = memory_->at(found.integer(0))) known->id = found.id(1);
    }
    return ids;
  }

  ReadTxn& txn_;
  HitKind kind_;
  const SearchFilter& filter_;
  std::size_t limit_;
  TextMemory::OfKind* memory_ = nullptr;
  std::vector<std::string> terms_;
  std::vector<std::int64_t> holding_;  // of each term
};

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
  std::vector<std::string> rare;
  for (const std::string& term : telling) {
    if (!TACIT_TRY(is_common(txn, kind, term))) rare.push_back(term);
  }
  return rare.empty() ? telling : rare;
}

Result<std::vector<TextHit>> search_text(ReadTxn& txn, HitKind kind,
                                         const std::vector<std::string>& terms,
                                         const SearchFilter& filter, std::size_t limit) {
  if (terms.empty() || limit == 0 || !can_pass(kind, filter)) return std::vector<TextHit>();
  TextSearch search(txn, kind, filter, limit);
  TACIT_TRY(search.weigh(terms));
  return search.run();
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
