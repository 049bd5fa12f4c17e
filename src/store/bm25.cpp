#include "store/bm25.h"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <span>

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

bool is_better(const Bm25Run::Row& a, const Bm25Run::Row& b) {
  return a.score != b.score ? a.score > b.score : a.number < b.number;
}

void keep(Bm25Run& run, const Bm25Run::Row& row) {
  if (run.best.size() == run.most) {
    if (!is_better(row, run.best.front())) return;
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
  keep(run, {api.xRowid(context), sum});
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
  return rows;
}

Result<void> register_bm25(fts5_api& fts5) {
  if (fts5.xCreateFunction(&fts5, Bm25Run::kType, nullptr, tacit_bm25, nullptr) != SQLITE_OK)
    return fail(ErrorKind::kInternal, "SQLite refused the function of BM25");
  return {};
}

}  // namespace tacit::store
