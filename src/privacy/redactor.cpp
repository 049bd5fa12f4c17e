#include "privacy/redactor.h"

#include <fmt/format.h>

#include <algorithm>

#include "privacy/finder.h"
#include "privacy/rules.h"

namespace tacit::privacy {

struct Redactor::Rules {
  IdentityKey key;
  std::unique_ptr<Finder> finder;

  std::string masked(std::string_view text, const std::vector<Span>& found) const {
    std::string result;
    result.reserve(text.size() + found.size() * kMaxMarkBytes);
    std::size_t position = 0;
    for (const Span& one : found) {
      result += text.substr(position, one.start - position);
      result += fmt::format("{}{}:{}]", kMarkStart, rules()[one.rule].type,
                            key.secret_fingerprint(text.substr(one.start, one.end - one.start)));
      position = one.end;
    }
    return result += text.substr(position);
  }
};

Result<std::unique_ptr<Redactor>> Redactor::make(const IdentityKey& key) {
  auto finder = TACIT_TRY(Finder::make());
  auto rules = std::make_unique<Rules>(Rules{key, std::move(finder)});
  return std::unique_ptr<Redactor>(new Redactor(std::move(rules)));
}

Redactor::Redactor(std::unique_ptr<Rules> rules) : rules_(std::move(rules)) {}
Redactor::~Redactor() = default;

Redaction Redactor::redact(std::string_view text) const {
  const auto found = rules_->finder->find(text);
  Redaction redaction;
  for (const Span& one : found)
    redaction.found.push_back({rules()[one.rule].type, one.start, one.end});
  redaction.text = found.empty() ? std::string(text) : rules_->masked(text, found);
  return redaction;
}

std::size_t Redactor::redact_in_place(std::string& text) const {
  const auto found = rules_->finder->find(text);
  if (!found.empty()) text = rules_->masked(text, found);
  return found.size();
}

std::size_t Redactor::count_candidates(std::string_view text) const {
  return rules_->finder->count_candidates(text);
}

std::vector<std::string> redaction_types() {
  std::vector<std::string> types;
  for (const Rule& rule : rules()) types.emplace_back(rule.type);
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  return types;
}

}  // namespace tacit::privacy
