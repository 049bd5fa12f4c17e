#include "bench/eval_secrets.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "bench/eval_secret_set.h"
#include "bench/provenance.h"
#include "domain/identity.h"
#include "privacy/redactor.h"
#include "privacy/sensitivity.h"

namespace tacit::bench {
namespace {

using Json = nlohmann::ordered_json;
using Masks = std::vector<privacy::Finding>;

struct Count {
  std::size_t marked = 0;     // places or texts that hold a secret
  std::size_t found = 0;      // of these, touched by a mask
  std::size_t whole = 0;      // of these, masked from end to end
  std::size_t located = 0;    // marked, and the set says where
  std::size_t innocent = 0;   // texts or lines without a secret
  std::size_t disturbed = 0;  // of these, masked
  std::size_t texts = 0;      // about people: that hold a place of the kind
  std::size_t kept = 0;       // of these, such as may not leave the machine
};

struct Tally {
  Count all;
  std::map<std::string, Count> by_kind;
};

double share(std::size_t part, std::size_t whole) {
  if (whole == 0) return 0;
  return std::round(1e4 * static_cast<double>(part) / static_cast<double>(whole)) / 1e4;
}

bool touches(const Masks& masks, const MarkedSpan& span) {
  return std::any_of(masks.begin(), masks.end(), [&](const privacy::Finding& mask) {
    return mask.start < span.end && span.start < mask.end;
  });
}

// Masks are in order and do not overlap; two that meet cover together.
bool covers(const Masks& masks, const MarkedSpan& span) {
  std::size_t place = span.start;
  for (const privacy::Finding& mask : masks)
    if (mask.start <= place && mask.end > place) place = mask.end;
  return place >= span.end;
}

void add_span(Tally& tally, const Masks& masks, const MarkedSpan& span) {
  for (Count* count : {&tally.all, &tally.by_kind[span.kind]}) {
    ++count->marked;
    ++count->located;
    if (touches(masks, span)) ++count->found;
    if (covers(masks, span)) ++count->whole;
  }
}

void add_case(Tally& tally, const Masks& masks, const SecretText& text) {
  std::vector<MarkedSpan> spans;
  std::copy_if(text.spans.begin(), text.spans.end(), std::back_inserter(spans),
               [](const MarkedSpan& span) { return span.end > span.start; });
  const bool is_found =
      spans.empty() ? !masks.empty()
                    : std::any_of(spans.begin(), spans.end(),
                                  [&](const MarkedSpan& span) { return touches(masks, span); });
  const bool is_whole = std::all_of(spans.begin(), spans.end(),
                                    [&](const MarkedSpan& span) { return covers(masks, span); });
  for (Count* count : {&tally.all, &tally.by_kind[text.kind]}) {
    if (!text.is_secret) {
      ++count->innocent;
      if (!masks.empty()) ++count->disturbed;
      continue;
    }
    ++count->marked;
    if (is_found) ++count->found;
    if (spans.empty()) continue;
    ++count->located;
    if (is_whole) ++count->whole;
  }
}

// Once for each kind that the text holds; a text without any is innocent.
void add_decision(Tally& tally, const SecretText& text, bool is_kept) {
  std::set<std::string> kinds;
  for (const MarkedSpan& span : text.spans) kinds.insert(span.kind);
  const auto add = [&](Count& count) {
    ++count.texts;
    if (is_kept) ++count.kept;
  };
  for (const std::string& kind : kinds) add(tally.by_kind[kind]);
  if (!kinds.empty()) return add(tally.all);
  ++tally.all.innocent;
  if (is_kept) ++tally.all.disturbed;
}

// Lines, counted from one, that a mask touches.
std::set<std::size_t> masked_lines(const Masks& masks, const std::string& text) {
  std::set<std::size_t> lines;
  for (const privacy::Finding& mask : masks) {
    const auto at = [&](std::size_t place) {
      return text.begin() + static_cast<std::ptrdiff_t>(place);
    };
    const auto first = std::count(text.begin(), at(mask.start), '\n') + 1;
    const auto last = first + std::count(at(mask.start), at(mask.end), '\n');
    for (auto line = first; line <= last; ++line) lines.insert(static_cast<std::size_t>(line));
  }
  return lines;
}

struct Lines {
  std::size_t expected = 0, found = 0, other = 0;
  std::size_t quiet_files = 0, quiet_files_masked = 0;  // files in which nothing is expected
};

void add_file(Tally& tally, Lines& lines, const Masks& masks, const SecretText& text) {
  const std::set<std::size_t> masked = masked_lines(masks, text.text);
  std::set<std::size_t> expected;
  std::set<std::tuple<std::string, std::size_t, std::size_t>> seen;
  for (const MarkedSpan& span : text.spans) {
    expected.insert(span.line);
    // One value may be listed once for each of its lines.
    if (seen.insert({span.kind, span.start, span.end}).second) add_span(tally, masks, span);
  }
  lines.expected += expected.size();
  for (const std::size_t line : masked) ++(expected.contains(line) ? lines.found : lines.other);
  if (!expected.empty()) return;
  ++lines.quiet_files;
  if (!masks.empty()) ++lines.quiet_files_masked;
}

Json count_json(const Count& count) {
  Json json;
  if (count.marked > 0) {
    json["marked"] = count.marked;
    json["found"] = count.found;
    if (count.located > 0) json["masked_whole"] = count.whole;
  }
  if (count.texts > 0) {
    json["texts"] = count.texts;
    json["kept_here"] = count.kept;
  }
  if (count.innocent > 0) {
    json["innocent"] = count.innocent;
    json["falsely_masked"] = count.disturbed;
  }
  return json;
}

// A kind named after its purpose instead of a service or format: the value tells nothing.
bool is_generic(const std::string& kind) {
  constexpr std::array<std::string_view, 12> kWords = {"password", "secret", "token",      "key",
                                                       "api",      "auth",   "credential", "nonce",
                                                       "salt",     "cmd",    "curl",       "uuid"};
  const std::string first = lower_ascii(kind.substr(0, kind.find(' ')));
  const bool is_alone = kind.find(' ') == std::string::npos;
  const bool is_command = first == "cmd" || first == "curl";
  return (is_alone || is_command) && std::find(kWords.begin(), kWords.end(), first) != kWords.end();
}

Json case_metrics(const Tally& tally) {
  const Count& all = tally.all;
  Json metrics;
  metrics["recall"] = share(all.found, all.marked);
  metrics["precision"] = share(all.found, all.found + all.disturbed);
  metrics["false_mask_rate"] = share(all.disturbed, all.innocent);
  metrics["masked_whole"] = share(all.whole, all.located);
  return metrics;
}

Json file_metrics(const Tally& tally, const Lines& lines) {
  Json metrics;
  metrics["line_recall"] = share(lines.found, lines.expected);
  metrics["line_precision"] = share(lines.found, lines.found + lines.other);
  metrics["lines_expected"] = lines.expected;
  metrics["lines_found"] = lines.found;
  metrics["lines_not_expected"] = lines.other;
  metrics["files_without_secrets"] = lines.quiet_files;
  metrics["of_these_masked"] = lines.quiet_files_masked;
  Count structured;
  Count generic;
  Count blocks;
  for (const auto& [kind, count] : tally.by_kind) {
    const bool is_block = kind.find("PEM") != std::string::npos;  // one mark a line of a key
    Count& group = is_block ? blocks : is_generic(kind) ? generic : structured;
    group.marked += count.marked;
    group.whole += count.whole;
  }
  metrics["structured_masked_whole"] = share(structured.whole, structured.marked);
  metrics["structured"] = structured.marked;
  metrics["generic_masked_whole"] = share(generic.whole, generic.marked);
  metrics["generic"] = generic.marked;
  metrics["key_block_lines_masked_whole"] = share(blocks.whole, blocks.marked);
  metrics["key_block_lines"] = blocks.marked;
  return metrics;
}

Json people_metrics(const Tally& tally, std::size_t masks, std::size_t right) {
  Json metrics;
  metrics["recall"] = share(tally.all.found, tally.all.marked);
  metrics["precision"] = masks == 0 ? Json(nullptr) : Json(share(right, masks));
  metrics["masks"] = masks;
  metrics["texts_with_marks_kept_here"] = share(tally.all.kept, tally.all.texts);
  metrics["texts_without_marks"] = tally.all.innocent;
  metrics["of_these_kept_here"] = tally.all.disturbed;
  return metrics;
}

}  // namespace

Result<std::optional<std::string>> evaluate_secrets(
    const std::vector<std::filesystem::path>& folders, const std::string& name) {
  const auto set = TACIT_TRY(load_secret_set(folders));
  if (!set) return std::optional<std::string>();
  const IdentityKey key("eval");
  const auto redactor = TACIT_TRY(privacy::Redactor::make(key));
  const auto decider = TACIT_TRY(privacy::Sensitivities::make({}, {*redactor}));
  const auto start = std::chrono::steady_clock::now();
  Tally tally;
  Lines lines;
  std::size_t all_masks = 0;
  std::size_t right_masks = 0;
  for (const SecretText& text : set->texts) {
    const Masks masks = redactor->redact(text.text).found;
    all_masks += masks.size();
    for (const privacy::Finding& mask : masks) {
      if (std::any_of(text.spans.begin(), text.spans.end(),
                      [&](const MarkedSpan& span) { return touches({mask}, span); }))
        ++right_masks;
    }
    if (set->layout == SecretLayout::kCases) add_case(tally, masks, text);
    if (set->layout == SecretLayout::kFiles) add_file(tally, lines, masks, text);
    if (set->layout != SecretLayout::kPeople) continue;
    for (const MarkedSpan& span : text.spans) add_span(tally, masks, span);
    const auto decision = decider->decide({{text.text}, {}}, Deadline::none());
    add_decision(tally, text, !may_leave(decision.label, PrivacyMode::kAuto));
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Json line;
  line["set"] = name;
  if (!set->half.empty()) line["half"] = set->half;
  line["system"] = "redactor";
  line["metrics"] = set->layout == SecretLayout::kCases ? case_metrics(tally)
                    : set->layout == SecretLayout::kFiles
                        ? file_metrics(tally, lines)
                        : people_metrics(tally, all_masks, right_masks);
  Json kinds = Json::object();
  for (const auto& [kind, count] : tally.by_kind) kinds[kind] = count_json(count);
  line["kinds"] = std::move(kinds);
  line["n"] = set->texts.size();
  line["seconds"] = std::round(seconds * 100.0) / 100.0;
  line["commit"] = current_commit();
  line["machine"] = machine_name();
  return line.dump();
}

}  // namespace tacit::bench
