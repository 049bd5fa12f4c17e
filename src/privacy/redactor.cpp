#include "privacy/redactor.h"

#include <fmt/format.h>

#include <algorithm>

#include "privacy/finder.h"
#include "privacy/rules.h"

namespace tacit::privacy {

namespace {

// A text with marks, and the way back to the text as it was given.
struct Masked {
  std::string text;
  std::vector<Span> found;  // in the text as given
  std::vector<Span> marks;  // one for each, in the masked text; `rule` says for which

  // Of a finding in the masked text: where it begins or ends in the text as given. Within a mark
  // that is where the mark's secret does.
  std::size_t start_below(std::size_t place) const {
    const Span* mark = mark_before(place);
    if (mark == nullptr) return place;
    const Span& secret = found[mark->rule];
    return place < mark->end ? secret.start : place - mark->end + secret.end;
  }
  std::size_t end_below(std::size_t place) const {
    const Span* mark = mark_before(place - 1);
    if (mark == nullptr) return place;
    const Span& secret = found[mark->rule];
    return place <= mark->end ? secret.end : place - mark->end + secret.end;
  }

 private:
  const Span* mark_before(std::size_t place) const {
    const auto behind =
        std::upper_bound(marks.begin(), marks.end(), place,
                         [](std::size_t at, const Span& mark) { return at < mark.start; });
    return behind == marks.begin() ? nullptr : &*(behind - 1);
  }
};

}  // namespace

struct Redactor::Rules {
  IdentityKey key;
  std::unique_ptr<Finder> finder;

  Masked masked(std::string_view text, std::vector<Span> found) const {
    Masked result;
    result.text.reserve(text.size() + found.size() * kMaxMarkBytes);
    std::size_t position = 0;
    for (const Span& one : found) {
      result.text += text.substr(position, one.start - position);
      const std::size_t start = result.text.size();
      result.text +=
          fmt::format("{}{}:{}]", kMarkStart, rules()[one.rule].type,
                      key.secret_fingerprint(text.substr(one.start, one.end - one.start)));
      result.marks.push_back({result.marks.size(), start, result.text.size()});
      position = one.end;
    }
    result.text += text.substr(position);
    result.found = std::move(found);
    return result;
  }

  // A mark is an edge for what stood right beside the secret, and a token is told by its edges: so
  // the masked text is looked through again until nothing more is found.
  Masked settled(std::string_view text, std::vector<Span> found) const {
    Masked result = masked(text, std::move(found));
    for (int round = 1; round < kMaxRounds; ++round) {
      const std::vector<Span> more = finder->find(result.text);
      if (more.empty()) break;
      std::vector<Span> all = result.found;
      for (const Span& one : more)
        all.push_back({one.rule, result.start_below(one.start), result.end_below(one.end)});
      result = masked(text, united(std::move(all)));
    }
    return result;
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
  Redaction redaction;
  auto found = rules_->finder->find(text);
  if (found.empty()) {
    redaction.text = text;
    return redaction;
  }
  Masked masked = rules_->settled(text, std::move(found));
  for (const Span& one : masked.found)
    redaction.found.push_back({rules()[one.rule].type, one.start, one.end});
  redaction.text = std::move(masked.text);
  return redaction;
}

std::size_t Redactor::redact_in_place(std::string& text) const {
  auto found = rules_->finder->find(text);
  if (found.empty()) return 0;
  Masked masked = rules_->settled(text, std::move(found));
  text = std::move(masked.text);
  return masked.found.size();
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
