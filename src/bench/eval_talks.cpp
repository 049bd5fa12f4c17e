// Conversations as evaluation views.

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "bench/eval_finds.h"

namespace tacit::bench {
namespace {

// Adds the talk's questions, evidence given in documents; those that have none are left out.
void add_questions(const Talk& talk,
                   const std::unordered_map<std::string, std::string>& document_of,
                   EvalCollection& collection) {
  for (std::size_t i = 0; i < talk.questions.size(); ++i) {
    const Question& question = talk.questions[i];
    EvalQuery query{std::to_string(i), question.text, question.kind, {}};
    std::unordered_set<std::string> seen;
    for (const std::string& turn : question.evidence) {
      const auto document = document_of.find(turn);
      if (document == document_of.end() || !seen.insert(document->second).second) continue;
      query.relevant.push_back({document->second, 1});
    }
    if (!query.relevant.empty()) collection.queries.push_back(std::move(query));
  }
}

std::string dated(const std::string& date, const std::string& text) {
  return date.empty() ? text : date + " " + text;
}

EvalCollection by_session(const Talk& talk) {
  EvalCollection collection;
  std::unordered_map<std::string, std::string> document_of;
  for (std::size_t i = 0; i < talk.sessions.size(); ++i) {
    const TalkSession& session = talk.sessions[i];
    EvalDocument document{fmt::format("session {}", i), session.date, {}, {}};
    for (const Turn& turn : session.turns) {
      if (!document.text.empty()) document.text += '\n';
      document.text += turn.text;
      document_of[turn.id] = document.id;
    }
    collection.documents.push_back(std::move(document));
  }
  add_questions(talk, document_of, collection);
  return collection;
}

EvalCollection by_turn(const Talk& talk) {
  EvalCollection collection;
  std::unordered_map<std::string, std::string> document_of;
  for (std::size_t i = 0; i < talk.sessions.size(); ++i) {
    for (const Turn& turn : talk.sessions[i].turns) {
      document_of[turn.id] = turn.id;
      collection.documents.push_back(
          {turn.id, dated(talk.sessions[i].date, turn.text), {}, fmt::format("session {}", i)});
    }
  }
  add_questions(talk, document_of, collection);
  return collection;
}

EvalCollection by_exchange(const Talk& talk) {
  EvalCollection collection;
  std::unordered_map<std::string, std::string> document_of;
  for (std::size_t i = 0; i < talk.sessions.size(); ++i) {
    const std::string session = fmt::format("session {}", i);
    for (const Turn& turn : talk.sessions[i].turns) {
      const bool is_new = turn.opens || collection.documents.empty() ||
                          collection.documents.back().session != session;
      if (is_new) {
        collection.documents.push_back({turn.id, turn.text, {}, session});
      } else {
        std::string& replies = collection.documents.back().text;
        replies += (replies.empty() ? "" : "\n\n") + turn.text;
      }
      document_of[turn.id] = collection.documents.back().id;
    }
  }
  add_questions(talk, document_of, collection);
  return collection;
}

void add_view(std::vector<EvalView>& views, const char* name, EvalCollection collection) {
  if (collection.queries.empty()) return;
  const auto known = std::find_if(views.begin(), views.end(),
                                  [&](const EvalView& view) { return view.name == name; });
  EvalView& view = known == views.end() ? views.emplace_back(EvalView{name, {}}) : *known;
  view.collections.push_back(std::move(collection));
}

}  // namespace

std::vector<EvalView> views_of(std::vector<Talk> talks) {
  std::vector<EvalView> views;
  for (const Talk& talk : talks) {
    if (talk.has_exchanges) {
      add_view(views, "exchanges", by_exchange(talk));
      continue;
    }
    add_view(views, "sessions", by_session(talk));
    add_view(views, "turns", by_turn(talk));
  }
  return views;
}

}  // namespace tacit::bench
