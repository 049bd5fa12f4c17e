#include "bench/eval_set.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "bench/eval_finds.h"

namespace tacit::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 512U << 20U;

bool is_half(const fs::path& folder) {
  return folder.filename() == "open" || folder.filename() == "blind";
}

enum class Reach { kFolderAndBelow, kFolder, kSharedDocuments };

Result<void> read_files_of(const fs::path& folder, Reach reach, Finds& finds) {
  std::error_code ignored;
  std::vector<fs::path> files;
  std::vector<fs::path> below;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.is_regular_file(ignored)) files.push_back(entry.path());
    const bool is_below = reach == Reach::kFolderAndBelow && entry.is_directory(ignored);
    if (is_below && !is_half(entry.path())) below.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::sort(below.begin(), below.end());
  for (const fs::path& one : below) TACIT_TRY(read_files_of(one, Reach::kFolder, finds));
  for (const fs::path& file : files) {
    const std::string name = lower_ascii(file.filename().string());
    if (name.ends_with(".md") || name.starts_with("license")) continue;
    const bool is_json = name.find(".json") != std::string::npos;
    if (reach == Reach::kSharedDocuments && !is_json) continue;
    recognise(file, TACIT_TRY(read_maybe_gzip(file)), finds);
  }
  return {};
}

// How many rows of the file the given ids name.
template <class Ids>
std::size_t named(const TextFile& file, const Ids& ids) {
  return static_cast<std::size_t>(
      std::count_if(file.rows.begin(), file.rows.end(),
                    [&](const TextRow& row) { return ids.contains(row.id); }));
}

struct Judged {
  std::unordered_map<std::string, std::vector<EvalJudgement>> by_query;  // also those with none
  std::unordered_set<std::string> documents;
};

Judged judged_of(const std::vector<Judgement>& judgements) {
  Judged judged;
  for (const Judgement& judgement : judgements) {
    judged.documents.insert(judgement.document);
    auto& relevant = judged.by_query[judgement.query];
    const bool is_known =
        std::any_of(relevant.begin(), relevant.end(),
                    [&](const EvalJudgement& one) { return one.document == judgement.document; });
    if (judgement.grade > 0 && !is_known) relevant.push_back({judgement.document, judgement.grade});
  }
  return judged;
}

EvalCollection join_retrieval(std::vector<TextFile>& texts, const Judged& judged) {
  EvalCollection collection;
  std::unordered_set<std::string> taken_documents;
  std::unordered_set<std::string> taken_queries;
  for (TextFile& file : texts) {
    const bool titled = std::any_of(file.rows.begin(), file.rows.end(),
                                    [](const TextRow& row) { return !row.title.empty(); });
    const std::size_t as_document = named(file, judged.documents);
    const std::size_t as_query = named(file, judged.by_query);
    if (as_document == 0 && as_query == 0) continue;
    if (titled || as_document > as_query) {
      for (TextRow& row : file.rows) {
        if (!taken_documents.insert(row.id).second) continue;
        collection.documents.push_back({row.id, std::move(row.title), std::move(row.text), {}});
      }
      continue;
    }
    for (TextRow& row : file.rows) {
      const auto found = judged.by_query.find(row.id);
      if (found == judged.by_query.end() || found->second.empty()) continue;
      if (!taken_queries.insert(row.id).second) continue;
      collection.queries.push_back({row.id, std::move(row.text), row.kind, found->second});
    }
  }
  return collection;
}

// Questions in files of their own go to the talk of their folder.
std::vector<Talk> whole_talks(Finds& finds) {
  for (Talk& talk : finds.talks) {
    const auto found = finds.questions.find(talk.folder);
    if (found == finds.questions.end()) continue;
    std::move(found->second.begin(), found->second.end(), std::back_inserter(talk.questions));
    finds.questions.erase(found);
  }
  return std::move(finds.talks);
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
      return !set.views.empty() &&
             std::all_of(set.views.begin(), set.views.end(), [](const EvalView& view) {
               return !view.collections.front().documents.empty() &&
                      !view.collections.front().queries.empty();
             });
  }
  return false;
}

bool is_nothing(const Finds& finds) {
  return finds.judgements.empty() && finds.talks.empty() && finds.pairs.empty() &&
         finds.gold.empty();
}

EvalSet set_of(Finds& finds, const std::string& half) {
  EvalSet set;
  set.half = half;
  if (!finds.gold.empty()) {
    set.layout = EvalLayout::kLabels;
    set.gold = std::move(finds.gold);
  } else if (!finds.talks.empty()) {
    set.views = views_of(whole_talks(finds));
  } else if (!finds.judgements.empty()) {
    set.views.push_back({{}, {join_retrieval(finds.texts, judged_of(finds.judgements))}});
  } else {
    set.layout = EvalLayout::kPairs;
    set.pairs = std::move(finds.pairs);
  }
  return set;
}

std::string lack_of(const EvalSet& set) {
  if (set.views.empty()) return "conversations were found, but no questions with evidence in them";
  return set.views.front().collections.front().documents.empty()
             ? "judgements were found, but no documents that they name"
             : "judgements were found, but no queries that they name";
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
      if (is_nothing(finds)) continue;
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
      missing = lack_of(set);
    }
  }
  return fail(
      ErrorKind::kNotFound,
      fmt::format("no evaluation set: {} (looked in: {}). A set holds documents, queries and "
                  "judgements, or conversations with questions, or scored sentence pairs, or "
                  "labelled exchanges",
                  missing, looked));
}

}  // namespace tacit::bench
