#include "privacy/redactor.h"

#include <fmt/format.h>
#include <hs/hs.h>
#include <re2/re2.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/mutex.h"
#include "privacy/rules.h"

namespace tacit::privacy {
namespace {

constexpr std::string_view kMarkStart = "[redacted:";
constexpr std::size_t kMaxMarkBytes = 80;
constexpr int kGroups = 5;                        // the match and the four of an assignment
constexpr std::size_t kMaxScanBytes = 1U << 30U;  // Vectorscan counts in 32 bits

struct Candidate {
  unsigned int rule = 0;
  std::size_t end = 0;
};

struct Found {
  unsigned int rule = 0;
  std::size_t start = 0;
  std::size_t end = 0;
};

std::string_view view(const re2::StringPiece& piece) {
  return {piece.data(), piece.size()};
}

// Is this place inside a mark of ours?
bool is_in_mark(std::string_view text, std::size_t place) {
  if (text.substr(place).starts_with(kMarkStart)) return true;
  const std::size_t from = place > kMaxMarkBytes ? place - kMaxMarkBytes : 0;
  const std::string_view before = text.substr(from, place - from + 1);
  const auto open = before.rfind(kMarkStart);
  return open != std::string_view::npos && before.find(']', open) == std::string_view::npos;
}

// The whole block from its BEGIN line to its END line, or as far as key text goes when it was cut.
Found key_block(std::string_view text, const Candidate& candidate) {
  const std::size_t from = candidate.end > kKeyBlockHead ? candidate.end - kKeyBlockHead : 0;
  const std::size_t begin = text.substr(0, candidate.end).rfind("-----BEGIN ");
  Found found{candidate.rule, begin == std::string_view::npos ? from : begin, candidate.end};
  const std::string_view rest = text.substr(candidate.end, kMaxKeyBlockBytes);
  const auto end = rest.find("-----END ");
  if (end != std::string_view::npos) {
    const auto close = rest.find("-----", end + 9);
    found.end = candidate.end + (close == std::string_view::npos ? end + 9 : close + 5);
    return found;
  }
  std::size_t length = 0;
  while (length < rest.size() && (std::isalnum(static_cast<unsigned char>(rest[length])) != 0 ||
                                  std::strchr("+/=-\n\r\\: ,.", rest[length]) != nullptr)) {
    ++length;
  }
  found.end = candidate.end + length;
  return found;
}

}  // namespace

struct Redactor::Rules {
  IdentityKey key;
  hs_database_t* database = nullptr;
  std::vector<std::unique_ptr<re2::RE2>> confirm;
  // Scratch spaces not in use; one is made when none is free.
  mutable Mutex mutex;
  mutable std::vector<hs_scratch_t*> free_scratch TACIT_GUARDED_BY(mutex);

  explicit Rules(const IdentityKey& identity_key) : key(identity_key) {}
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;
  ~Rules() {
    for (hs_scratch_t* scratch : free_scratch) hs_free_scratch(scratch);
    hs_free_database(database);
  }

  hs_scratch_t* take_scratch() const {
    {
      MutexLock lock(mutex);
      if (!free_scratch.empty()) {
        hs_scratch_t* scratch = free_scratch.back();
        free_scratch.pop_back();
        return scratch;
      }
    }
    hs_scratch_t* scratch = nullptr;
    TACIT_ASSERT(hs_alloc_scratch(database, &scratch) == HS_SUCCESS);
    return scratch;
  }

  std::vector<Candidate> candidates(std::string_view text) const {
    std::vector<Candidate> result;
    hs_scratch_t* scratch = take_scratch();
    const auto on_match = [](unsigned int id, unsigned long long, unsigned long long to,
                             unsigned int, void* context) {
      auto& list = *static_cast<std::vector<Candidate>*>(context);
      // A pattern that matches at several ends in a row is one candidate, its last end.
      if (!list.empty() && list.back().rule == id && to - list.back().end <= 1)
        list.back().end = to;
      else
        list.push_back({id, static_cast<std::size_t>(to)});
      return 0;
    };
    const hs_error_t error = hs_scan(database, text.data(), static_cast<unsigned int>(text.size()),
                                     0, scratch, on_match, &result);
    TACIT_ASSERT(error == HS_SUCCESS);
    MutexLock lock(mutex);
    free_scratch.push_back(scratch);
    return result;
  }

  // Confirms one candidate; nothing when the text around it is no secret.
  bool confirm_span(std::string_view text, const Candidate& candidate, Found& found) const {
    const Rule& rule = rules()[candidate.rule];
    if (rule.kind == RuleKind::kKeyBlock) {
      found = key_block(text, candidate);
      return true;
    }
    const Window around = window_of(rule.kind);
    const std::size_t from = candidate.end > around.before ? candidate.end - around.before : 0;
    const std::size_t to = std::min(text.size(), candidate.end + around.after);
    std::size_t position = from;
    // The window may hold earlier matches: take the one that covers the candidate's end.
    while (position < candidate.end) {
      re2::StringPiece groups[kGroups];
      const re2::StringPiece window(text.data(), to);
      if (!confirm[candidate.rule]->Match(window, position, to, re2::RE2::UNANCHORED, groups,
                                          kGroups))
        return false;
      const auto match_start = static_cast<std::size_t>(groups[0].data() - text.data());
      const std::size_t match_end = match_start + groups[0].size();
      if (match_start >= candidate.end) return false;
      if (match_end >= candidate.end) return accept(text, candidate.rule, groups, found);
      position = std::max(match_end, position + 1);
    }
    return false;
  }

  bool accept(std::string_view text, unsigned int index, const re2::StringPiece* groups,
              Found& found) const {
    const Rule& rule = rules()[index];
    const re2::StringPiece& secret = rule.kind == RuleKind::kAssignment ? groups[4] : groups[1];
    const std::string_view value(secret.data(), secret.size());
    found = {index, static_cast<std::size_t>(secret.data() - text.data()), 0};
    found.end = found.start + value.size();
    // A bounded repeat may end within a character: take the whole of it.
    while (found.end < text.size() &&
           (static_cast<unsigned char>(text[found.end]) & 0xC0U) == 0x80U)
      ++found.end;
    if (value.empty() || is_in_mark(text, found.start)) return false;
    if (rule.kind == RuleKind::kAssignment) {
      return is_assigned_secret(view(groups[1]), view(groups[2]), !groups[3].empty(), value);
    }
    if (rule.kind == RuleKind::kContext && is_stand_in(value)) return false;
    return rule.min_entropy == 0 || entropy(value) >= rule.min_entropy;
  }

  std::vector<Found> find(std::string_view text) const {
    std::vector<Found> found;
    for (std::size_t start = 0; start < text.size(); start += kMaxScanBytes) {
      const std::string_view part = text.substr(start, kMaxScanBytes);
      std::size_t block_end = 0;  // candidates inside a key block are part of it
      for (const Candidate& candidate : candidates(part)) {
        if (candidate.end <= block_end) continue;
        Found one;
        if (!confirm_span(part, candidate, one)) continue;
        if (rules()[candidate.rule].kind == RuleKind::kKeyBlock) block_end = one.end;
        one.start += start;
        one.end += start;
        found.push_back(one);
      }
    }
    return without_overlaps(std::move(found));
  }

  // Of overlapping findings the rule that stands first in the table wins; equal rules keep the
  // longer.
  static std::vector<Found> without_overlaps(std::vector<Found> found) {
    std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
      if (a.rule != b.rule) return a.rule < b.rule;
      return a.end - a.start > b.end - b.start;
    });
    std::vector<Found> kept;
    const auto by_start = [](const Found& a, const Found& b) { return a.start < b.start; };
    for (const Found& one : found) {
      auto after = std::upper_bound(kept.begin(), kept.end(), one, by_start);
      if (after != kept.end() && after->start < one.end) continue;
      if (after != kept.begin() && std::prev(after)->end > one.start) continue;
      kept.insert(after, one);
    }
    return kept;
  }

  std::string masked(std::string_view text, const std::vector<Found>& found) const {
    std::string result;
    result.reserve(text.size() + found.size() * kMaxMarkBytes);
    std::size_t position = 0;
    for (const Found& one : found) {
      result += text.substr(position, one.start - position);
      result += fmt::format("{}{}:{}]", kMarkStart, rules()[one.rule].type,
                            key.secret_fingerprint(text.substr(one.start, one.end - one.start)));
      position = one.end;
    }
    return result += text.substr(position);
  }
};

Result<std::unique_ptr<Redactor>> Redactor::make(const IdentityKey& key) {
  auto made = std::make_unique<Rules>(key);
  std::vector<const char*> patterns;
  std::vector<unsigned int> flags;
  std::vector<unsigned int> ids;
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // any bytes; offsets are bytes
  options.set_log_errors(false);
  for (const Rule& rule : rules()) {
    const bool caseless = std::string_view(rule.candidate).starts_with("(?i)");
    patterns.push_back(rule.candidate + (caseless ? 4 : 0));
    flags.push_back(caseless ? HS_FLAG_CASELESS : 0);
    ids.push_back(static_cast<unsigned int>(ids.size()));
    made->confirm.push_back(std::make_unique<re2::RE2>(rule.confirm, options));
    TACIT_ASSERT(made->confirm.back()->ok());
  }
  hs_compile_error_t* error = nullptr;
  if (hs_compile_multi(patterns.data(), flags.data(), ids.data(),
                       static_cast<unsigned int>(ids.size()), HS_MODE_BLOCK, nullptr,
                       &made->database, &error) != HS_SUCCESS) {
    std::string reason = fmt::format("the redaction rules do not compile: rule {}: {}",
                                     error->expression, error->message);
    hs_free_compile_error(error);
    return fail(ErrorKind::kInternal, std::move(reason));
  }
  return std::unique_ptr<Redactor>(new Redactor(std::move(made)));
}

Redactor::Redactor(std::unique_ptr<Rules> rules) : rules_(std::move(rules)) {}
Redactor::~Redactor() = default;

Redaction Redactor::redact(std::string_view text) const {
  const auto found = rules_->find(text);
  Redaction redaction;
  for (const Found& one : found)
    redaction.found.push_back({rules()[one.rule].type, one.start, one.end});
  redaction.text = found.empty() ? std::string(text) : rules_->masked(text, found);
  return redaction;
}

std::size_t Redactor::redact_in_place(std::string& text) const {
  const auto found = rules_->find(text);
  if (!found.empty()) text = rules_->masked(text, found);
  return found.size();
}

std::vector<std::string> redaction_types() {
  std::vector<std::string> types;
  for (const Rule& rule : rules()) types.emplace_back(rule.type);
  std::sort(types.begin(), types.end());
  return types;
}

}  // namespace tacit::privacy
