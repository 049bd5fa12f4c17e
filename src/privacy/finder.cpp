#include "privacy/finder.h"

#include <fmt/format.h>
#include <hs/hs.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>

#include "base/assert.h"
#include "base/mutex.h"
#include "privacy/assignment_reader.h"
#include "privacy/disguise.h"
#include "privacy/key_block.h"
#include "privacy/rules.h"

namespace tacit::privacy {
namespace {

constexpr int kGroups = 2;                        // the match and the secret
constexpr std::size_t kMaxScanBytes = 1U << 30U;  // Vectorscan counts in 32 bits
constexpr std::size_t kMinCutTail = 6;            // of a secret that might end before it
constexpr int kMaxLayers = 3;                     // of disguise over disguise
constexpr std::size_t kMaxLayerShare = 4;         // layers together, as a multiple of the text

struct Candidate {
  unsigned int rule = 0;
  std::size_t end = 0;
};

using Groups = re2::StringPiece[kGroups];

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

bool is_continuation(std::string_view text, std::size_t place) {
  return place < text.size() && (static_cast<unsigned char>(text[place]) & 0xC0U) == 0x80U;
}

// The secret of a confirmed match; an empty view when entropy or context speak against it.
std::string_view secret_of(std::string_view text, const Rule& rule, const Groups& groups) {
  const std::string_view value = view(groups[1]);
  if (value.empty() || is_in_mark(text, static_cast<std::size_t>(value.data() - text.data())))
    return {};
  if (rule.kind == RuleKind::kContext) {
    if (is_stand_in(value)) return {};
    return entropy(value) >= rule.min_entropy ? value : std::string_view{};
  }
  const std::string_view behind =
      text.substr(static_cast<std::size_t>(value.data() - text.data()) + value.size());
  const bool is_crossed_out = behind.starts_with("####") || behind.starts_with("****");
  if (is_crossed_out || is_token_placeholder(value)) return {};
  return entropy(value) >= std::max(rule.min_entropy, kMinTokenBits) ? value : std::string_view{};
}

struct Places {  // of spans, in order
  std::vector<std::size_t> starts;
  std::vector<std::size_t> ends;
};

Places places_of(const std::vector<Span>& spans) {
  Places places;
  for (const Span& span : spans) {
    places.starts.push_back(span.start);
    places.ends.push_back(span.end);
  }
  std::sort(places.starts.begin(), places.starts.end());
  std::sort(places.ends.begin(), places.ends.end());
  return places;
}

// Text that goes on with a secret, and no word.
bool looks_like_rest(std::string_view text, std::size_t place) {
  std::size_t digits = 0;
  std::size_t capitals = 0;
  const std::size_t start = place;
  for (; place < text.size() && std::isalnum(static_cast<unsigned char>(text[place])) != 0;
       ++place) {
    if (text[place] <= '9') ++digits;
    if (text[place] <= 'Z' && text[place] >= 'A' && place > start) ++capitals;
  }
  const std::size_t length = place - start;
  return length > digits &&
         ((digits >= 2 && length >= kMinCutTail) || (digits > 0 && capitals > 0));
}

// Where a secret ends that was found in joined lines: at its end, or at a join behind which stands
// a word or another secret. Zero when it was not cut at all. `known` was found in the lines as they
// stand.
std::size_t end_of_joined(std::string_view text, const Layer& layer, const Span& span,
                          const Places& known, Work& work) {
  std::size_t place = span.start;
  for (;;) {
    ++work.joins;
    const std::size_t join = layer.join_within(place, span.end);
    const bool is_first = place == span.start;
    if (join == std::string::npos) return is_first ? 0 : span.end;
    const std::size_t head_end = layer.below(span.start, join).end;
    const std::size_t tail = layer.below(join, join + 1).start;
    const bool is_whole = !is_first || rules()[span.rule].kind == RuleKind::kAssignment ||
                          std::binary_search(known.ends.begin(), known.ends.end(), head_end);
    const bool goes_on = !std::binary_search(known.starts.begin(), known.starts.end(), tail) &&
                         (!is_whole || looks_like_rest(text, tail));
    if (!goes_on) return is_first ? 0 : join;
    place = join;
  }
}

}  // namespace

std::vector<Span> united(std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return a.start != b.start ? a.start < b.start : a.rule < b.rule;
  });
  std::vector<Span> kept;
  for (const Span& span : spans) {
    if (kept.empty() || kept.back().end <= span.start) {
      kept.push_back(span);
      continue;
    }
    kept.back().rule = std::min(kept.back().rule, span.rule);
    kept.back().end = std::max(kept.back().end, span.end);
  }
  return kept;
}

struct Finder::Engines {
  hs_database_t* database = nullptr;
  std::vector<std::unique_ptr<re2::RE2>> confirm;
  // Scratch spaces not in use; one is made when none is free.
  mutable Mutex mutex;
  mutable std::vector<hs_scratch_t*> free_scratch TACIT_GUARDED_BY(mutex);

  Engines() = default;
  Engines(const Engines&) = delete;
  Engines& operator=(const Engines&) = delete;
  ~Engines() {
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
    const hs_error_t error = hs_alloc_scratch(database, &scratch);
    TACIT_ASSERT(error == HS_SUCCESS);
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
        list.back().end = static_cast<std::size_t>(to);
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

  // All secrets of one rule whose match begins in [from, to); returns the place up to which it
  // looked, which is beyond `to` where a secret reaches beyond it.
  std::size_t confirm_range(std::string_view text, std::size_t rule_index, std::size_t from,
                            std::size_t to, std::vector<Span>& spans, Work& work) const {
    const Rule& rule = rules()[rule_index];
    std::size_t position = from;
    while (position < to) {
      Groups groups;
      ++work.confirmations;
      const re2::StringPiece whole(text.data(), to);
      const bool matched =
          confirm[rule_index]->Match(whole, position, to, re2::RE2::UNANCHORED, groups, kGroups);
      const std::size_t match_end =
          matched ? static_cast<std::size_t>(groups[0].data() - text.data()) + groups[0].size()
                  : to;
      work.confirmed_bytes += match_end - position;
      if (!matched) break;
      if (match_end == to && to < text.size()) {  // the window cut it: twice the match decides
        position = static_cast<std::size_t>(groups[0].data() - text.data());
        to = std::min(text.size(), to + std::max<std::size_t>(to - position, 64));
        continue;
      }
      const std::string_view secret = secret_of(text, rule, groups);
      if (!secret.empty()) {
        Span span{rule_index, static_cast<std::size_t>(secret.data() - text.data()), 0};
        span.end = span.start + secret.size();
        // A bounded repeat may end within a character: take the whole of it.
        while (is_continuation(text, span.end)) ++span.end;
        spans.push_back(span);
        position = std::max(span.end, position + 1);
        continue;
      }
      position = std::max(match_end, position + 1);
    }
    return std::max(position, to);
  }

  // `candidates` are of one rule, in order: their windows are merged before RE2 reads them.
  void confirm_all(std::string_view text, const std::vector<Candidate>& list, std::size_t first,
                   std::size_t last, std::vector<Span>& spans, Work& work) const {
    const std::size_t rule = list[first].rule;
    const Window around = window_of(rules()[rule].kind);
    std::size_t i = first;
    std::size_t seen = 0;
    while (i < last) {
      const std::size_t begin = list[i].end > around.before ? list[i].end - around.before : 0;
      std::size_t to = 0;
      for (; i < last && (to == 0 || list[i].end <= to + around.before); ++i)
        to = std::min(text.size(), list[i].end + around.after);
      if (to > seen) seen = confirm_range(text, rule, std::max(begin, seen), to, spans, work);
    }
  }

  static void confirm_assignments(std::string_view text, const std::vector<Candidate>& list,
                                  std::size_t first, std::size_t last, std::vector<Span>& spans,
                                  Work& work) {
    std::size_t masked = 0;
    for (std::size_t i = first; i < last; ++i) {
      if (list[i].end < masked) continue;  // within the secret before it
      const Assignment assignment = assignment_at(text, list[i].end);
      ++work.confirmations;
      work.confirmed_bytes += assignment.name.size() + assignment.value.size();
      if (assignment.name.empty() || assignment.value.empty()) continue;
      const auto start = static_cast<std::size_t>(assignment.value.data() - text.data());
      if (is_in_mark(text, start)) continue;
      const std::string_view secret = assigned_secret(assignment);
      if (secret.empty()) continue;
      Span span{list[i].rule, static_cast<std::size_t>(secret.data() - text.data()), 0};
      const bool is_whole = secret.size() == assignment.value.size();
      span.end = is_whole ? end_of_long_value(text, assignment) : span.start + secret.size();
      while (is_continuation(text, span.end)) ++span.end;
      spans.push_back(span);
      masked = span.end;
    }
  }

  void find_in(std::string_view text, std::vector<Span>& spans, Work& work) const {
    work.scanned_bytes += text.size();
    std::vector<Candidate> list = candidates(text);
    if (list.empty()) return;
    work.candidates += list.size();
    std::sort(list.begin(), list.end(), [](const Candidate& a, const Candidate& b) {
      return a.rule != b.rule ? a.rule < b.rule : a.end < b.end;
    });
    for (std::size_t first = 0; first < list.size();) {
      std::size_t last = first;
      while (last < list.size() && list[last].rule == list[first].rule) ++last;
      const RuleKind kind = rules()[list[first].rule].kind;
      if (kind == RuleKind::kAssignment) {
        confirm_assignments(text, list, first, last, spans, work);
      } else if (kind == RuleKind::kKeyBlock) {
        KeyBlocks blocks(text);
        for (std::size_t i = first; i < last; ++i) {
          const auto block = blocks.at(list[i].end);
          if (block.end > block.start) spans.push_back({list[i].rule, block.start, block.end});
        }
      } else {
        confirm_all(text, list, first, last, spans, work);
      }
      first = last;
    }
  }

  // The text, then what is left of it without its disguises. `budget`: bytes of layers to come.
  void find_layers(std::string_view text, int layers, std::size_t& budget, std::vector<Span>& spans,
                   Work& work) const {
    find_in(text, spans, work);
    if (layers == 0) return;
    const Places known = places_of(spans);
    for (const auto make_layer : {&unescaped, &from_base64, &unwrapped}) {
      const Layer layer = make_layer(text);
      if (layer.text().empty() || layer.text().size() > budget) continue;
      budget -= layer.text().size();
      std::vector<Span> inner;
      find_layers(layer.text(), layers - 1, budget, inner, work);
      for (const Span& span : united(std::move(inner))) {  // disjoint: the walk below stays linear
        const std::size_t end =
            make_layer == &unwrapped ? end_of_joined(text, layer, span, known, work) : span.end;
        if (end == 0) continue;
        const Layer::Range range = layer.below(span.start, end);
        spans.push_back({span.rule, range.start, range.end});
      }
    }
  }
};

Result<std::unique_ptr<Finder>> Finder::make() {
  auto engines = std::make_unique<Engines>();
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
    engines->confirm.push_back(std::make_unique<re2::RE2>(rule.confirm, options));
    TACIT_ASSERT(engines->confirm.back()->ok());
  }
  hs_compile_error_t* error = nullptr;
  if (hs_compile_multi(patterns.data(), flags.data(), ids.data(),
                       static_cast<unsigned int>(ids.size()), HS_MODE_BLOCK, nullptr,
                       &engines->database, &error) != HS_SUCCESS) {
    std::string reason = fmt::format("the redaction rules do not compile: rule {}: {}",
                                     error->expression, error->message);
    hs_free_compile_error(error);
    return fail(ErrorKind::kInternal, std::move(reason));
  }
  return std::unique_ptr<Finder>(new Finder(std::move(engines)));
}

Finder::Finder(std::unique_ptr<Engines> engines) : engines_(std::move(engines)) {}
Finder::~Finder() = default;

std::size_t Finder::count_candidates(std::string_view text) const {
  return engines_->candidates(text.substr(0, kMaxScanBytes)).size();
}

std::vector<Span> Finder::find(std::string_view text, Work* work) const {
  std::vector<Span> spans;
  Work spent;
  for (std::size_t start = 0; start < text.size(); start += kMaxScanBytes) {
    const std::size_t known = spans.size();
    const std::string_view part = text.substr(start, kMaxScanBytes);
    std::size_t budget = part.size() * kMaxLayerShare;
    engines_->find_layers(part, kMaxLayers, budget, spans, spent);
    for (std::size_t i = known; i < spans.size(); ++i) {
      spans[i].start += start;
      spans[i].end += start;
    }
  }
  if (work != nullptr) {
    work->scanned_bytes += spent.scanned_bytes;
    work->joins += spent.joins;
    work->candidates += spent.candidates;
    work->confirmations += spent.confirmations;
    work->confirmed_bytes += spent.confirmed_bytes;
  }
  return spans.empty() ? spans : united(std::move(spans));
}

}  // namespace tacit::privacy
