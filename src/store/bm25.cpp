#include "store/bm25.h"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

#include "store/text_queries.h"

namespace tacit::store {
namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;
constexpr double kLeastIdf = 1e-6;
constexpr int kAllColumns = -1;

using Api = Fts5ExtensionApi;

// Length normalisation of a document; `size` over the average.
double saturate(double frequency, double relative_size) {
  return frequency * (kK1 + 1) / (frequency + kK1 * (1 - kB + kB * relative_size));
}

int set_up(Bm25Run& run, const Api& api, Fts5Context* context) {
  sqlite3_int64 documents = 0;
  sqlite3_int64 tokens = 0;
  if (const int code = api.xRowCount(context, &documents); code != SQLITE_OK) return code;
  if (const int code = api.xColumnTotalSize(context, kAllColumns, &tokens); code != SQLITE_OK)
    return code;
  const auto all = static_cast<double>(documents);
  run.average_size = static_cast<double>(tokens) / all;
  for (const std::int64_t count : run.holding) {
    const auto with = static_cast<double>(count);
    const double idf = std::log((all - with + 0.5) / (with + 0.5));
    run.idf.push_back(idf > 0 ? idf : kLeastIdf);
  }
  return SQLITE_OK;
}

// How often the document holds a phrase, each place counted by its column's weight.
int frequency_of(const Api& api, Fts5Context* context, int phrase,
                 std::span<sqlite3_value* const> weights, double& frequency) {
  Fts5PhraseIter places{};
  int column = 0;
  int offset = 0;
  const int code = api.xPhraseFirst(context, phrase, &places, &column, &offset);
  while (code == SQLITE_OK && column >= 0) {
    const auto at = static_cast<std::size_t>(column);
    frequency += at < weights.size() ? sqlite3_value_double(weights[at]) : 1.0;
    api.xPhraseNext(context, &places, &column, &offset);
  }
  return code;
}

int size_of(const Bm25Run& run, const Api& api, Fts5Context* context, int& size) {
  KnownDocument* const known =
      run.memory == nullptr ? nullptr : run.memory->at(api.xRowid(context));
  if (known != nullptr && known->size != 0) {
    size = static_cast<int>(known->size);
    return SQLITE_OK;
  }
  const int code = api.xColumnSize(context, kAllColumns, &size);
  if (code == SQLITE_OK && known != nullptr) known->size = static_cast<std::uint32_t>(size);
  return code;
}

// A term where it stands in the row.
struct Place {
  int term = 0;  // below zero: of a phrase that does not count
  int column = 0;
  int word = 0;
};

int place_at(const Bm25Run& run, const Api& api, Fts5Context* context, int i, Place& place) {
  const int code = api.xInst(context, i, &place.term, &place.column, &place.word);
  place.term -= run.first;
  return code;
}

// What a term adds to a window; nothing when no document holds it.
double weight_of(const Bm25Run& run, std::size_t term) {
  return run.holding[term] > 0 ? run.idf[term] : 0;
}

// The heaviest window of the row, over the weight of all terms. FTS5 gives the places in order.
int closeness_of(Bm25Run& run, const Api& api, Fts5Context* context, double& closeness) {
  int count = 0;
  int code = api.xInstCount(context, &count);
  run.together.assign(run.idf.size(), 0);
  double now = 0;
  double best = 0;
  Place first;
  int opening = 0;
  if (code == SQLITE_OK && count > 0) code = place_at(run, api, context, 0, first);
  for (int i = 0; i < count && code == SQLITE_OK; ++i) {
    Place place;
    code = place_at(run, api, context, i, place);
    if (place.term < 0) continue;
    const auto term = static_cast<std::size_t>(place.term);
    if (run.together[term]++ == 0) now += weight_of(run, term);
    while (code == SQLITE_OK &&
           (first.column != place.column || place.word - first.word > kCloseWords)) {
      const auto left = static_cast<std::size_t>(std::max(first.term, 0));
      if (first.term >= 0 && --run.together[left] == 0) now -= weight_of(run, left);
      code = place_at(run, api, context, ++opening, first);
    }
    best = std::max(best, now);
  }
  double all = 0;
  for (std::size_t term = 0; term < run.idf.size(); ++term) all += weight_of(run, term);
  closeness = all > 0 ? std::min(best / all, 1.0) : 0;
  return code;
}

// Notes the score; true while it is one of the kCloseRows highest.
bool is_among_highest(Bm25Run& run, double score) {
  std::vector<double>& highest = run.highest;
  if (highest.size() == kCloseRows) {
    if (score < highest.front()) return false;
    std::pop_heap(highest.begin(), highest.end(), std::greater<>());
    highest.pop_back();
  }
  highest.push_back(score);
  std::push_heap(highest.begin(), highest.end(), std::greater<>());
  return true;
}

bool is_better(const Bm25Run::Row& a, const Bm25Run::Row& b) {
  return a.score != b.score ? a.score > b.score : a.number < b.number;
}

bool is_kept(const Bm25Run& run, const Bm25Run::Row& row) {
  return run.best.size() < run.most || is_better(row, run.best.front());
}

void keep(Bm25Run& run, const Bm25Run::Row& row) {
  if (run.best.size() == run.most) {
    std::pop_heap(run.best.begin(), run.best.end(), is_better);
    run.best.pop_back();
  }
  run.best.push_back(row);
  std::push_heap(run.best.begin(), run.best.end(), is_better);
}

int look_at(Bm25Run& run, const Api& api, Fts5Context* context,
            std::span<sqlite3_value* const> weights) {
  if (run.idf.empty()) {
    if (const int code = set_up(run, api, context); code != SQLITE_OK) return code;
  }
  std::vector<double>& frequencies = run.frequencies;
  frequencies.assign(run.idf.size(), 0);
  double bound = 0;
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const int code =
        frequency_of(api, context, run.first + static_cast<int>(i), weights, frequencies[i]);
    if (code != SQLITE_OK) return code;
    if (frequencies[i] > 0) bound += run.idf[i] * saturate(frequencies[i], 0);
  }
  if (bound < run.least()) return SQLITE_OK;
  int size = 0;
  if (const int code = size_of(run, api, context, size); code != SQLITE_OK) return code;
  double sum = 0;
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    if (frequencies[i] > 0)
      sum += run.idf[i] * saturate(frequencies[i], static_cast<double>(size) / run.average_size);
  }
  Bm25Run::Row row{api.xRowid(context), sum, 0};
  if (!is_kept(run, row)) return SQLITE_OK;
  if (is_among_highest(run, sum)) {
    const int code = closeness_of(run, api, context, row.closeness);
    if (code != SQLITE_OK) return code;
  }
  keep(run, row);
  return SQLITE_OK;
}

void tacit_bm25(const Api* api, Fts5Context* context, sqlite3_context* result, int count,
                sqlite3_value** values) {
  auto* run =
      count > 0 ? static_cast<Bm25Run*>(sqlite3_value_pointer(values[0], Bm25Run::kType)) : nullptr;
  if (run == nullptr) return sqlite3_result_error_code(result, SQLITE_MISUSE);
  const std::span weights(values + 1, static_cast<std::size_t>(count - 1));
  const int code = look_at(*run, *api, context, weights);
  if (code != SQLITE_OK) return sqlite3_result_error_code(result, code);
  sqlite3_result_int(result, 0);
}

}  // namespace

double Bm25Run::least() const {
  return best.size() < most ? known_least : std::max(best.front().score, known_least);
}

double Bm25Run::most_of_term(std::size_t term) const {
  return idf[term] * (kK1 + 1);
}

std::vector<Bm25Run::Row> Bm25Run::in_order() const {
  std::vector<Row> rows = best;
  std::sort_heap(rows.begin(), rows.end(), is_better);
  for (std::size_t i = kCloseRows; i < rows.size(); ++i) rows[i].closeness = 0;
  return rows;
}

Result<void> register_bm25(fts5_api& fts5) {
  if (fts5.xCreateFunction(&fts5, Bm25Run::kType, nullptr, tacit_bm25, nullptr) != SQLITE_OK)
    return fail(ErrorKind::kInternal, "SQLite refused the function of BM25");
  return {};
}

}  // namespace tacit::store
