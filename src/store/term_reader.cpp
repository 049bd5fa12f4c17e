#include "store/term_reader.h"

#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "store/hot_queries.h"
#include "store/txn.h"

namespace tacit::store {
namespace {

constexpr const char* kFunction = "tacit_postings";
constexpr int kAllColumns = -1;
constexpr int kPhrase = 0;  // of the expression, which is one term

// Once, when a server starts.
constexpr Sql kSizesOfItems("SELECT id, sz FROM item_fts_docsize");
constexpr Sql kSizesOfExchanges("SELECT id, sz FROM exchange_fts_docsize");

using Api = Fts5ExtensionApi;

// One walk along a term's documents; lives until its statement is done.
struct Run {
  Postings* postings = nullptr;
  TextMemory::Sizes* sizes = nullptr;  // known ones; read ones are added
  bool is_size_added = false;
  std::optional<TextTotals> totals;
  std::vector<TermPlace> places;  // of the document at hand

  Pointer pointer() { return {this, kFunction}; }
};

int read_totals(Run& run, const Api& api, Fts5Context* context) {
  sqlite3_int64 documents = 0;
  sqlite3_int64 tokens = 0;
  if (const int code = api.xRowCount(context, &documents); code != SQLITE_OK) return code;
  if (const int code = api.xColumnTotalSize(context, kAllColumns, &tokens); code != SQLITE_OK)
    return code;
  run.totals = {documents, tokens};
  return SQLITE_OK;
}

// False: it is not kept.
bool keep_size(TextMemory::Sizes& sizes, std::int64_t number, std::uint32_t size) {
  const auto place = static_cast<std::size_t>(number);
  if (place >= kMostDocuments || size > std::numeric_limits<std::uint16_t>::max()) return false;
  if (place >= sizes.size()) sizes.resize(std::min(place + place / 4 + 1, kMostDocuments));
  sizes[place] = static_cast<std::uint16_t>(size);
  return true;
}

// Of a row of FTS5's docsize table: the tokens of each column in base 128, highest digits first
// (fts5_storage.c of SQLite).
std::uint32_t tokens_of(std::string_view columns) {
  std::uint32_t all = 0;
  std::uint32_t column = 0;
  for (const char byte : columns) {
    const auto digit = static_cast<unsigned char>(byte);
    column = column << 7U | (digit & 0x7FU);
    if ((digit & 0x80U) == 0) all += std::exchange(column, 0);
  }
  return all;
}

int read_size(Run& run, const Api& api, Fts5Context* context, std::int64_t number,
              std::uint32_t& size) {
  const auto place = static_cast<std::size_t>(number);
  TextMemory::Sizes& known = *run.sizes;
  if (place < known.size() && known[place] != 0) {
    size = known[place];
    return SQLITE_OK;
  }
  int tokens = 0;
  const int code = api.xColumnSize(context, kAllColumns, &tokens);
  if (code != SQLITE_OK) return code;
  size = static_cast<std::uint32_t>(tokens);
  run.is_size_added |= keep_size(known, number, size);
  return code;
}

int read_places(Run& run, const Api& api, Fts5Context* context) {
  run.places.clear();
  Fts5PhraseIter places{};
  TermPlace place;
  const int code = api.xPhraseFirst(context, kPhrase, &places, &place.column, &place.word);
  while (code == SQLITE_OK && place.column >= 0) {
    run.places.push_back(place);
    api.xPhraseNext(context, &places, &place.column, &place.word);
  }
  return code;
}

int note_document(Run& run, const Api& api, Fts5Context* context) {
  if (!run.totals) {
    if (const int code = read_totals(run, api, context); code != SQLITE_OK) return code;
  }
  const std::int64_t number = api.xRowid(context);
  std::uint32_t size = 0;
  if (const int code = read_size(run, api, context, number, size); code != SQLITE_OK) return code;
  if (const int code = read_places(run, api, context); code != SQLITE_OK) return code;
  run.postings->add(number, size, run.places);
  return SQLITE_OK;
}

void tacit_postings(const Api* api, Fts5Context* context, sqlite3_context* result, int count,
                    sqlite3_value** values) {
  auto* run = count == 1 ? static_cast<Run*>(sqlite3_value_pointer(values[0], kFunction)) : nullptr;
  if (run == nullptr) return sqlite3_result_error_code(result, SQLITE_MISUSE);
  const int code = note_document(*run, *api, context);
  if (code != SQLITE_OK) return sqlite3_result_error_code(result, code);
  sqlite3_result_int(result, 0);
}

std::string quoted(const std::string& term) {
  std::string text = "\"";
  for (const char c : term) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

}  // namespace

Result<void> register_postings(fts5_api& fts5) {
  if (fts5.xCreateFunction(&fts5, kFunction, nullptr, tacit_postings, nullptr) != SQLITE_OK)
    return fail(ErrorKind::kInternal, "SQLite refused the function of postings");
  return {};
}

TermReader::TermReader(ReadTxn& txn, HitKind kind)
    : txn_(txn),
      kind_(kind),
      own_(txn.text_memory() == nullptr ? std::make_unique<TextMemory>() : nullptr),
      memory_(own_ != nullptr ? *own_ : *txn.text_memory()) {}

TermReader::~TermReader() {
  if (is_size_added_)
    memory_.keep_sizes(kind_, generation_,
                       std::make_shared<const TextMemory::Sizes>(std::move(*grown_)));
}

Result<void> TermReader::open() {
  generation_ = TACIT_TRY(txn_.integer(hot::kContentGeneration));
  sizes_ = memory_.sizes(kind_, generation_);
  return {};
}

Result<void> TermReader::read(const std::string& term, std::int64_t from, Postings& postings) {
  if (!grown_) grown_ = *sizes_;
  Run run;
  run.postings = &postings;
  run.sizes = &*grown_;
  TACIT_TRY(
      txn_.integer(kind_ == HitKind::kItem ? hot::kPostingsOfItems : hot::kPostingsOfExchanges,
                   quoted(term), from, run.pointer()));
  is_size_added_ = is_size_added_ || run.is_size_added;
  if (!run.totals) return {};
  totals_ = run.totals;
  memory_.keep_totals(kind_, generation_, *totals_);
  return {};
}

Result<std::shared_ptr<const Postings>> TermReader::postings(const std::string& term) {
  const auto known = memory_.find(kind_, term);
  if (known != nullptr && known->generation == generation_) return known->postings;
  const std::int64_t stale =
      known == nullptr ? 0 : memory_.lowest_changed(kind_, known->generation, generation_);
  std::shared_ptr<const Postings> found;
  if (stale == kNoDocument) {
    found = known->postings;
  } else {
    Postings postings = stale == 0 ? Postings() : known->postings->below(stale);
    TACIT_TRY(read(term, stale, postings));
    found = std::make_shared<const Postings>(std::move(postings));
  }
  if (known == nullptr || known->generation < generation_)
    memory_.keep(kind_, term, {generation_, found});
  return found;
}

Result<TextTotals> TermReader::totals(const std::string& term, const Postings& postings) {
  if (!totals_) totals_ = memory_.totals(kind_, generation_);
  Postings last;
  if (!totals_) TACIT_TRY(read(term, postings.last(), last));
  if (!totals_) return fail(ErrorKind::kInternal, "FTS5 lost the last document of " + term);
  return *totals_;
}

Result<void> TermReader::read_documents() {
  TextMemory::Sizes sizes;
  auto sized = TACIT_TRY(txn_.query(kind_ == HitKind::kItem ? kSizesOfItems : kSizesOfExchanges));
  while (TACIT_TRY(sized.step())) keep_size(sizes, sized.integer(0), tokens_of(sized.blob(1)));
  memory_.keep_sizes(kind_, generation_,
                     std::make_shared<const TextMemory::Sizes>(std::move(sizes)));
  std::vector<TextMemory::Id> ids;
  auto rows =
      TACIT_TRY(txn_.query(kind_ == HitKind::kItem ? hot::kIdsOfItems : hot::kIdsOfExchanges));
  while (TACIT_TRY(rows.step())) ids.push_back({rows.integer(0), rows.id(1)});
  memory_.keep_ids(kind_, generation_, ids);
  return {};
}

Result<void> TermReader::fill_ids(std::span<TextMemory::Id> ids) {
  memory_.fill_ids(kind_, generation_, ids);
  std::string numbers;
  for (const TextMemory::Id& id : ids) {
    if (id.id != 0) continue;
    numbers += numbers.empty() ? '[' : ',';
    numbers += std::to_string(id.number);
  }
  if (numbers.empty()) return {};
  std::unordered_map<std::int64_t, std::uint64_t> found;
  auto rows = TACIT_TRY(txn_.query(
      kind_ == HitKind::kItem ? hot::kItemsOfNumbers : hot::kExchangesOfNumbers, numbers + ']'));
  while (TACIT_TRY(rows.step())) found.emplace(rows.integer(0), rows.id(1));
  for (TextMemory::Id& id : ids) {
    if (const auto place = found.find(id.number); place != found.end()) id.id = place->second;
  }
  memory_.keep_ids(kind_, generation_, ids);
  return {};
}

}  // namespace tacit::store
