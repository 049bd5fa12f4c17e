#include "bench/eval_set.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"

namespace tacit::bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMaxFileBytes = 512U << 20U;
constexpr double kPairShare = 0.98;  // of the rows must be scored pairs

struct Judgement {
  std::string query;
  std::string document;
  double grade = 0;
};

// A file of JSON lines with ids and texts: documents or queries, the judgements tell.
struct TextFile {
  fs::path file;
  std::vector<EvalDocument> rows;
};

struct Finds {
  std::vector<Judgement> judgements;
  std::vector<TextFile> texts;
  std::map<std::string, std::vector<ScoredPair>> pairs;
  std::vector<GoldRow> gold;
};

std::optional<double> number_of(std::string_view text) {
  text = trim(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::string text_field(const Json& row, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = row.find(name);
    if (found == row.end()) continue;
    if (found->is_string()) return found->get<std::string>();
    if (found->is_number_integer()) return std::to_string(found->get<std::int64_t>());
  }
  return {};
}

std::optional<GoldRow> gold_of(const Json& row) {
  const auto label = row.find("label");
  if (label == row.end() || !label->is_object() || !label->value("keep", false))
    return std::nullopt;
  GoldRow gold;
  gold.query = text_field(*label, {"query"});
  if (gold.query.empty()) return std::nullopt;
  const std::string id = text_field(row, {"id"});
  gold.source = id.substr(0, id.find('#'));
  gold.format = text_field(row, {"fmt"});
  gold.hash = text_field(row, {"hash"});
  return gold;
}

void read_json_lines(const fs::path& file, const std::string& bytes, Finds& finds) {
  TextFile texts{file, {}};
  for (const std::string_view line : split_lines(bytes)) {
    if (trim(line).empty()) continue;
    const Json row = Json::parse(line, nullptr, false);
    if (!row.is_object()) return;
    if (row.contains("label") && row.contains("hash")) {
      if (auto gold = gold_of(row)) finds.gold.push_back(std::move(*gold));
      continue;
    }
    EvalDocument document;
    document.id = text_field(row, {"id", "_id"});
    document.title = text_field(row, {"title"});
    document.text = text_field(row, {"text"});
    if (document.id.empty() || (document.title.empty() && document.text.empty())) return;
    texts.rows.push_back(std::move(document));
  }
  if (!texts.rows.empty()) finds.texts.push_back(std::move(texts));
}

bool read_judgements(const std::vector<std::vector<std::string>>& rows, Finds& finds) {
  std::vector<Judgement> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    if (row.size() < 3 || row.size() > 4) return false;
    const auto grade = number_of(row.back());
    if (!grade && i == 0) continue;  // a header
    const bool has_blank = std::any_of(row.begin(), row.end(), [](const std::string& cell) {
      return cell.empty() || cell.find(' ') != std::string::npos;
    });
    if (!grade || has_blank) return false;
    found.push_back({row[0], row[row.size() - 2], *grade});
  }
  if (found.empty()) return false;
  std::move(found.begin(), found.end(), std::back_inserter(finds.judgements));
  return true;
}

bool read_two_columns(const fs::path& file, const std::vector<std::vector<std::string>>& rows,
                      Finds& finds) {
  TextFile texts{file, {}};
  for (const auto& row : rows) {
    if (row.size() != 2 || row[0].empty()) return false;
    texts.rows.push_back({row[0], {}, row[1]});
  }
  if (texts.rows.empty()) return false;
  finds.texts.push_back(std::move(texts));
  return true;
}

struct PairColumns {
  std::size_t first = 0;
  std::size_t second = 0;
  std::size_t score = 0;
};

// The score is the column of numbers whose header names a score, else the only one beside two
// texts.
std::optional<PairColumns> pair_columns(const std::vector<std::vector<std::string>>& rows) {
  const std::size_t width = rows.front().size();
  if (width < 3 || rows.size() < 2) return std::nullopt;
  std::vector<std::size_t> numeric(width, 0);
  std::vector<std::size_t> length(width, 0);
  std::size_t counted = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].size() != width) continue;
    ++counted;
    for (std::size_t column = 0; column < width; ++column) {
      if (number_of(rows[i][column])) ++numeric[column];
      length[column] += rows[i][column].size();
    }
  }
  if (static_cast<double>(counted) < kPairShare * static_cast<double>(rows.size() - 1))
    return std::nullopt;
  std::vector<std::size_t> scores;
  std::vector<std::size_t> texts;
  for (std::size_t column = 0; column < width; ++column) {
    if (counted > 0 && numeric[column] == counted)
      scores.push_back(column);
    else
      texts.push_back(column);
  }
  if (texts.size() < 2 || scores.empty()) return std::nullopt;
  std::stable_sort(texts.begin(), texts.end(),
                   [&](std::size_t a, std::size_t b) { return length[a] > length[b]; });
  std::size_t score = scores.back();
  for (const std::size_t column : scores) {
    if (contains_ignoring_case(rows.front()[column], "score")) score = column;
  }
  return PairColumns{std::min(texts[0], texts[1]), std::max(texts[0], texts[1]), score};
}

bool read_pairs(const fs::path& file, const std::vector<std::vector<std::string>>& rows,
                Finds& finds) {
  if (rows.empty()) return false;
  const auto columns = pair_columns(rows);
  if (!columns) return false;
  std::vector<ScoredPair> found;
  for (const auto& row : rows) {
    if (row.size() != rows.front().size()) continue;
    if (const auto score = number_of(row[columns->score])) {
      found.push_back({row[columns->first], row[columns->second], *score});
    }
  }
  finds.pairs[file.filename().string()] = std::move(found);
  return true;
}

void read_table(const fs::path& file, const std::string& bytes, Finds& finds) {
  const bool has_tabs = bytes.substr(0, bytes.find('\n')).find('\t') != std::string::npos;
  if (has_tabs) {
    const auto rows = split_rows(bytes, '\t');
    if (read_judgements(rows, finds) || read_two_columns(file, rows, finds)) return;
    read_pairs(file, rows, finds);
    return;
  }
  const auto words = split_rows(bytes, ' ');
  if (words.front().size() == 4 && read_judgements(words, finds)) return;
  read_pairs(file, split_rows(bytes, ','), finds);
}

bool is_half(const fs::path& folder) {
  return folder.filename() == "open" || folder.filename() == "blind";
}

enum class Reach { kFolderAndBelow, kFolder, kSharedDocuments };

Result<void> read_files_of(const fs::path& folder, Reach reach, Finds& finds) {
  std::error_code ignored;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.is_regular_file(ignored)) files.push_back(entry.path());
    const bool is_below = reach == Reach::kFolderAndBelow && entry.is_directory(ignored);
    if (is_below && !is_half(entry.path())) {
      TACIT_TRY(read_files_of(entry.path(), Reach::kFolder, finds));
    }
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string name = lower_ascii(file.filename().string());
    if (name.ends_with(".md") || name.starts_with("license")) continue;
    const bool is_json = name.find(".json") != std::string::npos;
    if (reach == Reach::kSharedDocuments && !is_json) continue;
    const std::string bytes = TACIT_TRY(read_maybe_gzip(file));
    const std::string_view start = trim(std::string_view(bytes).substr(0, 4096));
    if (start.empty()) continue;
    if (start.front() == '{')
      read_json_lines(file, bytes, finds);
    else
      read_table(file, bytes, finds);
  }
  return {};
}

// How many rows of the file the given ids name.
std::size_t named(const TextFile& file, const std::unordered_set<std::string>& ids) {
  return static_cast<std::size_t>(
      std::count_if(file.rows.begin(), file.rows.end(),
                    [&](const EvalDocument& row) { return ids.contains(row.id); }));
}

void join_retrieval(Finds& finds, EvalSet& set) {
  std::unordered_set<std::string> query_ids;
  std::unordered_set<std::string> document_ids;
  std::unordered_map<std::string, std::vector<std::string>> relevant;
  for (const Judgement& judgement : finds.judgements) {
    query_ids.insert(judgement.query);
    document_ids.insert(judgement.document);
    if (judgement.grade > 0) relevant[judgement.query].push_back(judgement.document);
  }
  std::unordered_set<std::string> taken_documents;
  std::unordered_set<std::string> taken_queries;
  for (TextFile& file : finds.texts) {
    const bool titled = std::any_of(file.rows.begin(), file.rows.end(),
                                    [](const EvalDocument& row) { return !row.title.empty(); });
    const std::size_t as_document = named(file, document_ids);
    const std::size_t as_query = named(file, query_ids);
    if (as_document == 0 && as_query == 0) continue;
    if (titled || as_document > as_query) {
      for (EvalDocument& row : file.rows) {
        if (taken_documents.insert(row.id).second) set.documents.push_back(std::move(row));
      }
      continue;
    }
    for (EvalDocument& row : file.rows) {
      const auto found = relevant.find(row.id);
      if (found == relevant.end() || !taken_queries.insert(row.id).second) continue;
      set.queries.push_back({row.id, std::move(row.text), found->second});
    }
  }
}

// A folder's halves, the folder itself last; shared files are read with each.
std::vector<std::pair<std::string, fs::path>> halves_of(const fs::path& folder) {
  std::vector<std::pair<std::string, fs::path>> halves;
  std::error_code ignored;
  for (const char* half : {"blind", "open"}) {
    if (fs::is_directory(folder / half, ignored)) halves.emplace_back(half, folder / half);
  }
  halves.emplace_back(is_half(folder) ? folder.filename().string() : std::string(), folder);
  return halves;
}

bool is_whole(const EvalSet& set) {
  switch (set.layout) {
    case EvalLayout::kLabels:
      return !set.gold.empty();
    case EvalLayout::kPairs:
      return !set.pairs.empty();
    case EvalLayout::kRetrieval:
      return !set.documents.empty() && !set.queries.empty();
  }
  return false;
}

EvalSet set_of(Finds& finds, const std::string& half) {
  EvalSet set;
  set.half = half;
  if (!finds.gold.empty()) {
    set.layout = EvalLayout::kLabels;
    set.gold = std::move(finds.gold);
  } else if (!finds.judgements.empty()) {
    join_retrieval(finds, set);
  } else {
    set.layout = EvalLayout::kPairs;
    set.pairs = std::move(finds.pairs);
  }
  return set;
}

}  // namespace

Result<std::string> read_maybe_gzip(const fs::path& file) {
  gzFile stream = gzopen(file.c_str(), "rb");  // reads plain files as they are
  if (stream == nullptr)
    return fail(ErrorKind::kUnavailable, fmt::format("cannot open {}", file.string()));
  std::string bytes;
  std::string buffer(1U << 18U, '\0');
  int count = 0;
  while ((count = gzread(stream, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
    bytes.append(buffer, 0, static_cast<std::size_t>(count));
    if (bytes.size() > kMaxFileBytes) break;
  }
  // A file cut short reads well and closes badly.
  const bool is_closed_well = gzclose(stream) == Z_OK;
  const bool is_damaged = count < 0 || (!is_closed_well && bytes.size() <= kMaxFileBytes);
  if (is_damaged)
    return fail(ErrorKind::kCorrupt, fmt::format("{} is damaged gzip", file.string()));
  if (bytes.size() > kMaxFileBytes) {
    return fail(ErrorKind::kInvalidInput, fmt::format("{} is larger than 512 MiB", file.string()));
  }
  return bytes;
}

std::vector<std::vector<std::string>> split_rows(const std::string& text, char separator) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string cell;
  bool quoted = false;
  const auto end_row = [&] {
    if (row.empty() && cell.empty()) return;
    row.push_back(std::move(cell));
    cell.clear();
    rows.push_back(std::move(row));
    row.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (separator == ',' && c == '"' && (quoted || cell.empty())) {
      if (quoted && i + 1 < text.size() && text[i + 1] == '"')
        cell += text[++i];
      else
        quoted = !quoted;
    } else if (!quoted && c == separator) {
      row.push_back(std::move(cell));
      cell.clear();
    } else if (!quoted && c == '\n') {
      end_row();
    } else if (c != '\r') {
      cell += c;
    }
  }
  end_row();
  return rows;
}

Result<EvalSet> load_eval_set(const std::vector<fs::path>& folders,
                              const std::vector<fs::path>& shared) {
  std::error_code ignored;
  std::string looked;
  std::string missing = "none of the folders holds one";
  for (const fs::path& candidate : folders) {
    looked += (looked.empty() ? "" : ", ") + candidate.string();
    if (!fs::is_directory(candidate, ignored)) continue;
    for (const auto& [half, folder] : halves_of(candidate)) {
      Finds finds;
      TACIT_TRY(read_files_of(folder, Reach::kFolderAndBelow, finds));
      if (finds.judgements.empty() && finds.pairs.empty() && finds.gold.empty()) continue;
      EvalSet set = set_of(finds, half);
      // Documents that both halves share lie beside the half, above it, or with the other half.
      std::vector<fs::path> others{candidate, candidate.parent_path()};
      others.insert(others.end(), shared.begin(), shared.end());
      for (const fs::path& other : others) {
        if (is_whole(set)) break;
        if (other == folder || !fs::is_directory(other, ignored)) continue;
        Finds again;
        TACIT_TRY(read_files_of(folder, Reach::kFolderAndBelow, again));
        TACIT_TRY(read_files_of(other, Reach::kSharedDocuments, again));
        set = set_of(again, half);
      }
      if (is_whole(set)) return set;
      missing = set.documents.empty() ? "judgements were found, but no documents that they name"
                                      : "judgements were found, but no queries that they name";
    }
  }
  return fail(
      ErrorKind::kNotFound,
      fmt::format("no evaluation set: {} (looked in: {}). A set holds documents, queries and "
                  "judgements, or scored sentence pairs, or labelled exchanges",
                  missing, looked));
}

}  // namespace tacit::bench
