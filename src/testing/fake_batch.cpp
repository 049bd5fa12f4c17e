#include "testing/fake_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/mutex.h"
#include "testing/fake_dialect.h"

namespace tacit::testing {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kFileStart = "application/jsonl\r\n\r\n";

enum class Kind { kOpenAi, kAnthropic, kGemini };

struct Request {
  std::string id;
  std::string body;
};

struct Batch {
  Kind kind = Kind::kOpenAi;
  std::string id;
  std::vector<Request> requests;
  int looks = 0;
  bool is_cancelled = false;
  bool is_billed = false;
};

Kind kind_of(const std::string& path) {
  if (path.find("/messages/batches") != std::string::npos) return Kind::kAnthropic;
  if (path.find("GenerateContent") != std::string::npos || path.find("/v1beta/") == 0)
    return Kind::kGemini;
  return Kind::kOpenAi;
}

// The last part of a path, or the one before `after`.
std::string id_in(const std::string& path, const std::string& after = "") {
  std::string rest = path.substr(0, path.size() - (path.ends_with(after) ? after.size() : 0));
  return rest.substr(rest.rfind('/') + 1);
}

std::vector<Request> requests_of(Kind kind, const Json& body) {
  std::vector<Request> requests;
  if (kind == Kind::kAnthropic) {
    for (const Json& one : body["requests"])
      requests.push_back({one["custom_id"].get<std::string>(), one["params"].dump()});
  } else {
    for (const Json& one : body["batch"]["inputConfig"]["requests"]["requests"])
      requests.push_back({one["metadata"]["key"].get<std::string>(), one["request"].dump()});
  }
  return requests;
}

std::vector<Request> requests_of_file(const std::string& file) {
  std::vector<Request> requests;
  for (std::size_t at = 0; at < file.size();) {
    const std::size_t end = std::min(file.find('\n', at), file.size());
    const Json line = Json::parse(file.substr(at, end - at), nullptr, false);
    if (line.is_object())
      requests.push_back({line["custom_id"].get<std::string>(), line["body"].dump()});
    at = end + 1;
  }
  return requests;
}

}  // namespace

bool FakeBatches::is_batch_path(const std::string& path) {
  return path.find("/batches") != std::string::npos || path.find("/files") != std::string::npos ||
         path.ends_with(":batchGenerateContent");
}

struct FakeBatches::State {
  using Fate = FakeBatchScript::Fate;

  Fate fate_of(const std::string& id) {
    const auto found = script.fates.find(id);
    return found == script.fates.end() ? Fate::kAnswered : found->second;
  }

  bool has_ended(const Batch& batch) const {
    return batch.is_cancelled || batch.looks > script.running_looks;
  }

  int answered(const Batch& batch) {
    return static_cast<int>(std::ranges::count_if(batch.requests, [&](const Request& request) {
      return fate_of(request.id) == Fate::kAnswered || fate_of(request.id) == Fate::kHidden;
    }));
  }

  Said make(Kind kind, std::vector<Request> requests) {
    Batch batch;
    batch.kind = kind;
    batch.id = fmt::format("batch_{}", batches.size() + 1);
    batch.requests = std::move(requests);
    batches[batch.id] = batch;
    return {200, "application/json", {status_of(batch)}, 0};
  }

  std::string status_of(const Batch& batch) {
    const bool ended = has_ended(batch);
    const std::string outcome = batch.is_cancelled ? "cancelled" : script.outcome;
    const auto total = static_cast<int>(batch.requests.size());
    if (batch.kind == Kind::kAnthropic)
      return Json{{"id", batch.id},
                  {"type", "message_batch"},
                  {"processing_status", ended ? "ended" : "in_progress"},
                  {"results_url", ended ? Json("https://elsewhere.example/results") : Json()}}
          .dump();
    if (batch.kind == Kind::kGemini) return gemini_status(batch, ended, outcome);
    Json json = {
        {"id", batch.id},
        {"object", "batch"},
        {"status", ended ? outcome : "in_progress"},
        {"request_counts", {{"total", total}, {"completed", answered(batch)}, {"failed", 0}}}};
    if (ended && outcome != "failed") {
      json["output_file_id"] = "out-" + batch.id;
      json["error_file_id"] = "err-" + batch.id;
    }
    return json.dump();
  }

  std::string gemini_status(const Batch& batch, bool ended, const std::string& outcome) {
    std::string state = "RUNNING";
    if (ended) state = outcome == "completed" ? "SUCCEEDED" : outcome;
    std::ranges::transform(state, state.begin(), [](char c) {
      return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    });
    Json json = {{"name", "batches/" + batch.id},
                 {"done", ended},
                 {"metadata", {{"state", "BATCH_STATE_" + state}}}};
    if (!ended) return json.dump();
    Json list = Json::array();
    for (const Request& request : batch.requests) {
      const Json reply = Json::parse(reply_to(batch, request));
      if (fate_of(request.id) == Fate::kAnswered)
        list.push_back({{"response", reply}});
      else
        list.push_back({{"error", {{"code", 13}, {"message", "fake"}}}});
    }
    json["response"] = {{"inlinedResponses", {{"inlinedResponses", list}}}};
    return json.dump();
  }

  std::string reply_to(const Batch& batch, const Request& request) {
    const char* path = "/v1/chat/completions";
    if (batch.kind == Kind::kAnthropic) path = "/v1/messages";
    if (batch.kind == Kind::kGemini) path = "/v1beta/models/m:generateContent";
    return fake_reply(rule, path, request.body).pieces.at(0);
  }

  std::string openai_line(const Batch& batch, const Request& request, bool in_errors) {
    const Fate fate = fate_of(request.id);
    Json line = {{"custom_id", request.id}, {"response", nullptr}, {"error", nullptr}};
    if (fate == Fate::kUnrun && in_errors) {
      line["error"] = {{"code", "batch_expired"}, {"message", "fake"}};
    } else if (fate == Fate::kRefused && in_errors) {
      line["response"] = {{"status_code", 400}, {"body", {{"error", {{"code", "bad"}}}}}};
    } else if (fate == Fate::kFailed && in_errors) {
      line["response"] = {{"status_code", 500}, {"body", Json::object()}};
    } else if (fate == Fate::kAnswered && !in_errors) {
      line["response"] = {{"status_code", 200}, {"body", Json::parse(reply_to(batch, request))}};
    } else {
      return "";
    }
    return line.dump() + "\n";
  }

  std::string anthropic_line(const Batch& batch, const Request& request) {
    const Fate fate = fate_of(request.id);
    if (fate == Fate::kMissing || fate == Fate::kHidden) return "";
    Json result = {{"type", "succeeded"}};
    if (fate == Fate::kAnswered)
      result["message"] = Json::parse(reply_to(batch, request));
    else
      result["type"] = fate == Fate::kUnrun ? "expired" : "errored";
    return Json{{"custom_id", request.id}, {"result", result}}.dump() + "\n";
  }

  Said results(Batch& batch, bool in_errors) {
    Said said{200, "application/jsonl", {}, 0};
    if (!in_errors) said.pieces = script.first_lines;
    for (auto request = batch.requests.rbegin(); request != batch.requests.rend(); ++request) {
      std::string line = batch.kind == Kind::kAnthropic ? anthropic_line(batch, *request)
                                                        : openai_line(batch, *request, in_errors);
      if (!line.empty()) said.pieces.push_back(std::move(line));
    }
    if (said.pieces.empty()) said.pieces = {"\n"};
    return said;
  }

  Said look(const std::string& id) {
    const auto found = batches.find(id);
    if (found == batches.end()) return {404, "application/json", {"{\"error\":{}}"}, 0};
    Batch& batch = found->second;
    ++batch.looks;
    Said said{200, "application/json", {status_of(batch)}, 0};
    if (has_ended(batch) && !batch.is_billed) {
      batch.is_billed = true;
      said.answered = answered(batch);
    }
    return said;
  }

  Mutex mutex;
  FakeBatchScript script;
  FakeRule rule;
  std::map<std::string, std::string> files;
  std::map<std::string, Batch> batches;
};

FakeBatches::FakeBatches() : state_(std::make_unique<State>()) {}
FakeBatches::~FakeBatches() = default;

void FakeBatches::set_script(FakeBatchScript script) {
  const MutexLock lock(state_->mutex);
  state_->script = std::move(script);
}

FakeBatches::Said FakeBatches::answer(const std::string& path, const std::string& body,
                                      const FakeRule& rule) {
  const MutexLock lock(state_->mutex);
  state_->rule = rule;
  const Kind kind = kind_of(path);
  if (path.ends_with("/files")) {
    const std::size_t start = body.find(kFileStart) + kFileStart.size();
    const std::string id = fmt::format("file-{}", state_->files.size() + 1);
    state_->files[id] = body.substr(start, body.rfind("\r\n--tacit-") - start);
    return {200, "application/json", {Json{{"id", id}}.dump()}, 0};
  }
  if (path.ends_with("/content")) {
    const std::string file = id_in(path, "/content");
    const auto batch = state_->batches.find(file.substr(file.find('-') + 1));
    if (batch != state_->batches.end())
      return state_->results(batch->second, file.starts_with("err-"));
  }
  if (path.ends_with("/results")) {
    const auto batch = state_->batches.find(id_in(path, "/results"));
    if (batch != state_->batches.end()) return state_->results(batch->second, false);
  }
  for (const char* const cancel : {"/cancel", ":cancel"}) {
    if (!path.ends_with(cancel)) continue;
    const auto batch = state_->batches.find(id_in(path, cancel));
    if (batch == state_->batches.end()) break;
    batch->second.is_cancelled = true;
    return {200, "application/json", {state_->status_of(batch->second)}, 0};
  }
  const Json json = Json::parse(body, nullptr, false);
  if (json.is_object() && json.contains("input_file_id"))
    return state_->make(kind,
                        requests_of_file(state_->files[json["input_file_id"].get<std::string>()]));
  if (json.is_object() && (json.contains("requests") || json.contains("batch")))
    return state_->make(kind, requests_of(kind, json));
  return state_->look(id_in(path));
}

}  // namespace tacit::testing
