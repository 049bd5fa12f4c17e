#include "bench/eval_finds.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"

namespace tacit::bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

constexpr double kPairShare = 0.98;  // of the rows must be scored pairs

std::optional<double> number_of(std::string_view text) {
  text = trim(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  return {};
}

std::string text_field(const Json& row, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = row.find(name);
    if (found == row.end()) continue;
    if (std::string text = text_of(*found); !text.empty()) return text;
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

// What a query's own line judges.
void add_own_judgements(const Json& row, const std::string& query, Finds& finds) {
  for (const auto& [name, value] : row.items()) {
    if (name.starts_with("gold") && name.ends_with("_id")) {
      finds.judgements.push_back({query, text_of(value), 1});
    }
  }
  const auto relevant = row.find("relevant");
  if (relevant == row.end() || !relevant->is_array()) return;
  for (const Json& one : *relevant) {
    if (!one.is_object()) {
      finds.judgements.push_back({query, text_of(one), 1});
      continue;
    }
    const auto score = one.find("score");
    const bool is_graded = score != one.end() && score->is_number();
    finds.judgements.push_back(
        {query, text_field(one, {"id"}), is_graded ? score->get<double>() : 1.0});
  }
}

// A question that names the turns which answer it.
std::optional<Question> question_of(const Json& row) {
  Question question;
  question.text = text_field(row, {"question"});
  if (question.text.empty()) return std::nullopt;
  question.kind = text_field(row, {"type", "category", "kind"});
  for (const auto& [name, value] : row.items()) {
    if (name.find("evidence") == std::string::npos || !value.is_array()) continue;
    for (const Json& id : value) question.evidence.push_back(text_of(id));
    return question;
  }
  return std::nullopt;
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
    if (auto question = question_of(row)) {
      finds.questions[file.parent_path()].push_back(std::move(*question));
      continue;
    }
    TextRow text;
    text.id = text_field(row, {"id", "_id", "idx", "query_id"});
    text.title = text_field(row, {"title"});
    text.text = text_field(row, {"text", "code", "query"});
    text.kind = text_field(row, {"tier", "kind"});
    if (text.id.empty() || (text.title.empty() && text.text.empty())) return;
    add_own_judgements(row, text.id, finds);
    texts.rows.push_back(std::move(text));
  }
  if (!texts.rows.empty()) finds.texts.push_back(std::move(texts));
}

// The values of all fields of an object, a line a step.
std::string steps_text(const Json& steps) {
  std::string text;
  for (const Json& step : steps) {
    if (!step.is_object()) continue;
    std::string line;
    for (const auto& [name, value] : step.items()) {
      if (!value.is_string()) continue;
      line += (line.empty() ? "" : " ") + value.get<std::string>();
    }
    text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

std::optional<TextRow> procedure_of(const Json& row) {
  if (!row.is_object()) return std::nullopt;
  TextRow procedure;
  for (const auto& [name, value] : row.items()) {
    const bool is_steps = value.is_array() && !value.empty() && value.front().is_object();
    if (is_steps) procedure.text = steps_text(value);
    if (name == "id" || name.ends_with("_id")) procedure.id = text_of(value);
    if (name.ends_with("description")) procedure.title = text_of(value);
  }
  if (procedure.id.empty() || procedure.text.empty()) return std::nullopt;
  return procedure;
}

void read_procedures(const fs::path& file, const Json& root, Finds& finds) {
  for (const auto& [name, value] : root.items()) {
    if (!value.is_array()) continue;
    TextFile texts{file, {}};
    for (const Json& row : value) {
      auto procedure = procedure_of(row);
      if (!procedure) break;
      texts.rows.push_back(std::move(*procedure));
    }
    if (texts.rows.size() == value.size() && !value.empty())
      finds.texts.push_back(std::move(texts));
  }
}

Turn turn_of(const Json& row) {
  Turn turn;
  turn.id = text_field(row, {"dia_id", "id"});
  const std::string speaker = text_field(row, {"speaker"});
  const std::string caption = text_field(row, {"blip_caption", "caption"});
  const std::string role = text_field(row, {"role"});
  turn.text = (speaker.empty() ? "" : speaker + ": ") + text_field(row, {"text", "content"});
  if (!caption.empty()) turn.text += " [" + caption + "]";
  turn.opens = role == "user";
  return turn;
}

// {"conversation": {"session_1": [turns], "session_1_date_time": "…"}, "qa": [questions]}
std::optional<Talk> talk_of(const Json& root) {
  const auto conversation = root.find("conversation");
  const auto questions = root.find("qa");
  const bool is_talk = conversation != root.end() && conversation->is_object() &&
                       questions != root.end() && questions->is_array();
  if (!is_talk) return std::nullopt;
  Talk talk;
  for (std::size_t number = 1;; ++number) {  // the order of names is not that of sessions
    const std::string name = fmt::format("session_{}", number);
    const auto turns = conversation->find(name);
    const auto date = conversation->find(name + "_date_time");
    if (turns == conversation->end() && date == conversation->end()) break;
    if (turns == conversation->end() || !turns->is_array()) continue;
    TalkSession session;
    if (date != conversation->end()) session.date = text_of(*date);
    for (const Json& row : *turns) {
      if (row.is_object()) session.turns.push_back(turn_of(row));
    }
    talk.sessions.push_back(std::move(session));
  }
  for (const Json& row : *questions) {
    if (auto question = row.is_object() ? question_of(row) : std::nullopt) {
      talk.questions.push_back(std::move(*question));
    }
  }
  return talk;
}

// [{"turns": [[{"role": "user", "id": 0, "content": "…"}, …], …]}, …]: a batch is a session.
std::optional<Talk> talk_of_batches(const Json& root) {
  Talk talk;
  talk.has_exchanges = true;
  for (const Json& batch : root) {
    const auto turns = batch.is_object() ? batch.find("turns") : batch.end();
    if (!batch.is_object() || turns == batch.end() || !turns->is_array()) return std::nullopt;
    TalkSession session;
    for (const Json& group : *turns) {
      if (!group.is_array()) return std::nullopt;
      for (const Json& row : group) {
        if (!row.is_object() || !row.contains("role")) return std::nullopt;
        session.turns.push_back(turn_of(row));
      }
    }
    talk.sessions.push_back(std::move(session));
  }
  if (talk.sessions.empty()) return std::nullopt;
  return talk;
}

void read_json(const fs::path& file, const std::string& bytes, Finds& finds) {
  const Json root = Json::parse(bytes, nullptr, false);
  if (root.is_discarded()) {
    read_json_lines(file, bytes, finds);
    return;
  }
  auto talk = root.is_array() ? talk_of_batches(root) : talk_of(root);
  if (talk) {
    talk->folder = file.parent_path();
    finds.talks.push_back(std::move(*talk));
    return;
  }
  if (!root.is_object()) return;
  const std::size_t before = finds.texts.size();
  read_procedures(file, root, finds);
  if (finds.texts.size() == before) read_json_lines(file, bytes, finds);  // one line is a row too
}

bool read_judgements(const Rows& rows, Finds& finds) {
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

bool read_two_columns(const fs::path& file, const Rows& rows, Finds& finds) {
  TextFile texts{file, {}};
  for (const auto& row : rows) {
    if (row.size() != 2 || row[0].empty()) return false;
    texts.rows.push_back({row[0], {}, row[1], {}});
  }
  if (texts.rows.empty()) return false;
  finds.texts.push_back(std::move(texts));
  return true;
}

struct PairColumns {
  std::size_t first = 0;
  std::size_t second = 0;
  std::size_t score = 0;
  std::optional<std::size_t> relation;  // a column of few short words, once and again
};

// The score is the column of numbers whose header names a score, else the only one beside two
// texts.
std::optional<PairColumns> pair_columns(const Rows& rows) {
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
  PairColumns columns{std::min(texts[0], texts[1]), std::max(texts[0], texts[1]), scores.back(),
                      std::nullopt};
  for (const std::size_t column : scores) {
    if (contains_ignoring_case(rows.front()[column], "score")) columns.score = column;
  }
  if (texts.size() > 2) columns.relation = texts[2];
  return columns;
}

bool read_pairs(const fs::path& file, const Rows& rows, Finds& finds) {
  if (rows.empty()) return false;
  const auto columns = pair_columns(rows);
  if (!columns) return false;
  std::vector<ScoredPair> found;
  for (const auto& row : rows) {
    if (row.size() != rows.front().size()) continue;
    const auto score = number_of(row[columns->score]);
    if (!score) continue;
    found.push_back({row[columns->first], row[columns->second], *score,
                     columns->relation ? row[*columns->relation] : std::string()});
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

}  // namespace

void recognise(const fs::path& file, const std::string& bytes, Finds& finds) {
  const std::string_view start = trim(std::string_view(bytes).substr(0, 4096));
  if (start.empty()) return;
  if (start.front() == '{' || start.front() == '[')
    read_json(file, bytes, finds);
  else
    read_table(file, bytes, finds);
}

}  // namespace tacit::bench
