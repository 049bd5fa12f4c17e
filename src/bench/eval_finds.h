#pragma once
// Private to bench. What the files of an evaluation set hold, told by their content:
//
//   judgements   three or four columns (query, document, grade), or fields of a query's JSON line:
//                `relevant` (ids, or objects with id and score) or `gold…_id`
//   texts        two columns, or JSON lines with an id and a text, code or query: documents or
//                queries, the judgements tell
//   procedures   one JSON object with a list of objects that have an id and a list of steps
//   talks        a conversation in one JSON object (`conversation` with lists of turns, `qa` with
//                evidence), or a JSON list of batches of messages beside JSON lines of questions
//                that name their evidence; each is searched alone
//   pairs        rows of two texts and a number
//   gold rows    JSON lines with `hash` and `label`

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/eval_set.h"

namespace tacit::bench {

struct Judgement {
  std::string query;
  std::string document;
  double grade = 0;
};

struct TextRow {
  std::string id;
  std::string title;
  std::string text;
  std::string kind;
};

struct TextFile {
  std::filesystem::path file;
  std::vector<TextRow> rows;
};

struct Turn {
  std::string id;
  std::string text;    // with date and speaker where the set tells them
  bool opens = false;  // begins an exchange
};

struct TalkSession {
  std::string date;  // as written; may be empty
  std::vector<Turn> turns;
};

struct Question {
  std::string text;
  std::string kind;
  std::vector<std::string> evidence;  // ids of turns; ids that do not exist are possible
};

struct Talk {
  std::filesystem::path folder;  // questions in files beside it belong to it
  bool has_exchanges = false;    // roles tell where an exchange begins
  std::vector<TalkSession> sessions;
  std::vector<Question> questions;
};

struct Finds {
  std::vector<Judgement> judgements;
  std::vector<TextFile> texts;
  std::vector<Talk> talks;
  std::map<std::filesystem::path, std::vector<Question>> questions;  // by folder
  std::map<std::string, std::vector<ScoredPair>> pairs;
  std::vector<GoldRow> gold;
};

// Adds what the file's bytes hold; a file of no known content adds nothing.
void recognise(const std::filesystem::path& file, const std::string& bytes, Finds& finds);

// Talks as views. A talk whose roles tell exchanges has one view of exchanges (a request and its
// answers); others have a view of sessions and one of turns. Questions without usable evidence are
// left out, and talks without questions.
std::vector<EvalView> views_of(std::vector<Talk> talks);

}  // namespace tacit::bench
