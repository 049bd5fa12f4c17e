#pragma once
// Recognises an evaluation set by what its files hold, never by their names. A file (gzip or plain)
// is judgements (three or four columns: query, document, grade), queries (two columns, or JSON
// lines with id and text whose ids the judgements name), documents (JSON lines whose ids the
// judgements name on their other side), scored pairs (rows of two texts and a number) or labelled
// exchanges (JSON lines with `hash` and `label`). A set's folder may have the halves `open` and
// `blind` below it; what both share lies above.

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tacit::bench {

struct EvalDocument {
  std::string id;
  std::string title;
  std::string text;
};

struct EvalQuery {
  std::string id;
  std::string text;
  std::vector<std::string> relevant;  // document ids with a grade above zero
};

struct ScoredPair {
  std::string first;
  std::string second;
  double score = 0;
};

// One labelled exchange worth finding: `query` is what a colleague would type.
struct GoldRow {
  std::string source;  // the manifest's id of the transcript file
  std::string format;
  std::string hash;  // first 12 hexadecimal digits of SHA-256 of the raw trimmed request
  std::string query;
};

enum class EvalLayout { kRetrieval, kPairs, kLabels };

struct EvalSet {
  EvalLayout layout = EvalLayout::kRetrieval;
  std::string half;  // "open", "blind" or empty
  std::vector<EvalDocument> documents;
  std::vector<EvalQuery> queries;                        // those with a judgement above zero
  std::map<std::string, std::vector<ScoredPair>> pairs;  // by file name
  std::vector<GoldRow> gold;
};

// Reads the first of `folders` that makes a whole set (of two halves the blind one). Documents that
// it lacks may lie in the folder above or in one of `shared`; those give nothing else. Fails with
// not_found and says where it looked and what is missing.
Result<EvalSet> load_eval_set(const std::vector<std::filesystem::path>& folders,
                              const std::vector<std::filesystem::path>& shared = {});

// A whole file, unpacked when it is gzip. Fails with unavailable or corrupt; refuses more than 512
// MiB.
Result<std::string> read_maybe_gzip(const std::filesystem::path& file);

// Rows of a comma- or tab-separated text; quotes as in RFC 4180 for commas, none for tabs.
std::vector<std::vector<std::string>> split_rows(const std::string& text, char separator);

}  // namespace tacit::bench
