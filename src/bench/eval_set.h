#pragma once
// Recognises an evaluation set by what its files hold, never by their names (eval_finds.h says how
// one file is recognised). A set's folder may have the halves `open` and `blind` below it; what
// both share lies above.

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
  std::string session;  // documents of one session stand in order; empty: one of its own
};

struct EvalJudgement {
  std::string document;
  double grade = 1;  // above zero: the gain in nDCG
};

struct EvalQuery {
  std::string id;
  std::string text;
  std::string kind;                     // the set's own classes, measured apart; may be empty
  std::vector<EvalJudgement> relevant;  // those with a grade above zero, each document once
};

// Documents that are searched together.
struct EvalCollection {
  std::vector<EvalDocument> documents;
  std::vector<EvalQuery> queries;  // those with a judgement above zero
};

// One way to cut a set into documents: conversations can be asked for sessions, for turns or for
// exchanges.
struct EvalView {
  std::string name;  // empty when there is one only
  std::vector<EvalCollection> collections;
};

struct ScoredPair {
  std::string first;
  std::string second;
  double score = 0;
  std::string relation;  // the set's own word for how the two relate; may be empty
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
  std::vector<EvalView> views;
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
