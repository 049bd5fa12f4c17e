#pragma once
// Private to learn. What the rule families share: the exchange as sentences, its goal, and
// findings. Each family looks at the context alone and knows nothing of the others; extract()
// chooses among their findings.

#include <string>
#include <string_view>
#include <vector>

#include "domain/knowledge.h"
#include "domain/session.h"
#include "learn/passages.h"

namespace tacit::learn {

struct Context {
  const Exchange& exchange;
  std::vector<Sentence> sentences;
  std::string goal;             // what the request is about, short; may be empty
  bool reports_defect = false;  // the request tells of something that does not work
};

struct Finding {
  ItemType type = ItemType::kBugSolution;
  std::string statement;
  double confidence = 0.5;
  std::vector<Span> spans;
};

Context context_of(const Exchange& exchange, const Exchange* previous);

std::vector<Finding> find_fixes(const Context& context);      // error → cause → fix
std::vector<Finding> find_decisions(const Context& context);  // a choice with its reason
std::vector<Finding> find_conventions(
    const Context& context);  // rules and corrections by the developer
std::vector<Finding> find_gotchas(const Context& context);    // behaviour that surprises, explained
std::vector<Finding> find_commands(const Context& context);   // one that failed, one that worked
std::vector<Finding> find_dead_ends(const Context& context);  // what did not work, and why
// What running, testing, deploying or connecting something takes.
std::vector<Finding> find_know_how(const Context& context);

// An assertion in English that can be kept: no question, plan, guess, narration or scrap.
bool is_claim(const Sentence& sentence);
// The claim so that it stands alone: a leading "it" or "this" is led in by the goal. Empty when it
// cannot.
std::string standing_alone(const Sentence& sentence, const Context& context);
Span span_of(const Sentence& sentence);
// The type that the words of a statement speak of, else `otherwise`.
ItemType type_of(std::string_view statement, ItemType otherwise);

}  // namespace tacit::learn
