#include <fmt/format.h>

#include "base/json_text.h"
#include "cli/render.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "wire/codec.h"
#include "wire/errors.h"

namespace tacit::cli {
namespace {

Result<std::optional<Instant>> read_date(const std::string& text, const char* flag) {
  if (text.empty()) return std::optional<Instant>();
  const auto time = parse_time(text);
  if (!time) {
    return fail(
        ErrorKind::kInvalidInput,
        fmt::format("{}: \"{}\" is no date; write 2026-01-28 or 2026-01-28T13:10:29Z", flag, text));
  }
  return time;
}

std::string all_types() {
  std::string names;
  for (int i = 0; i < kItemTypeCount; ++i)
    names += fmt::format("{}{}", i == 0 ? "" : ", ", name_of(static_cast<ItemType>(i)));
  return names;
}

Result<Query> query_of(const Arguments& arguments) {
  Query query;
  for (const std::string& word : arguments.words)
    query.text += (query.text.empty() ? "" : " ") + word;
  query.limit = arguments.limit;
  query.explain = arguments.explain;
  const auto mode = parse_search_mode(arguments.mode);
  if (!mode)
    return fail(ErrorKind::kInvalidInput,
                fmt::format("--mode: \"{}\" is not hybrid, text or vector", arguments.mode));
  query.mode = *mode;
  query.filter.project = arguments.project;
  if (!arguments.type.empty()) {
    query.filter.type = parse_item_type(arguments.type);
    if (!query.filter.type) {
      return fail(ErrorKind::kInvalidInput,
                  fmt::format("--type: \"{}\" is none of {}", arguments.type, all_types()));
    }
  }
  if (arguments.kind == "item")
    query.filter.kind = HitKind::kItem;
  else if (arguments.kind == "exchange")
    query.filter.kind = HitKind::kExchange;
  else if (!arguments.kind.empty())
    return fail(ErrorKind::kInvalidInput,
                fmt::format("--kind: \"{}\" is not item or exchange", arguments.kind));
  query.filter.since = TACIT_TRY(read_date(arguments.since, "--since"));
  query.filter.as_of = TACIT_TRY(read_date(arguments.as_of, "--as-of"));
  return query;
}

Result<Answer> search(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  const Query query = TACIT_TRY(query_of(arguments));
  const auto options = reader_options(settings, clock, query.mode != SearchMode::kText);
  auto workspace = TACIT_TRY(service::Workspace::open(options, service::Access::kReader, clock));
  return workspace->service().search(query);
}

Result<service::Record> show(const Arguments& arguments, const Settings& settings,
                             const Clock& clock) {
  if (arguments.words.size() != 1) return fail(ErrorKind::kInvalidInput, "show one id at a time");
  auto workspace = TACIT_TRY(service::Workspace::open(reader_options(settings, clock, false),
                                                      service::Access::kReader, clock));
  auto record = TACIT_TRY(workspace->service().get(arguments.words.front()));
  if (const auto* item = std::get_if<service::ItemRecord>(&record)) {
    // A use that cannot be counted does not spoil the answer.
    if (auto counted = workspace->service().record_use({item->item.id}); !counted) {
      print_error("this use was not counted: " + counted.error().message());
    }
  }
  return record;
}

Result<service::Status> status(const Settings& settings, const Clock& clock) {
  auto workspace = TACIT_TRY(service::Workspace::open(reader_options(settings, clock, true),
                                                      service::Access::kReader, clock));
  return workspace->service().status();
}

}  // namespace

int run_search(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  const auto answer = search(arguments, settings, clock);
  if (!answer) return report(answer.error(), arguments.json);
  print(arguments.json ? wire::encode(*answer) + "\n" : render(*answer, arguments.explain));
  return wire::kExitDone;
}

int run_show(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  const auto record = show(arguments, settings, clock);
  if (!record) return report(record.error(), arguments.json);
  print(arguments.json ? wire::encode(*record) + "\n" : render(*record));
  return wire::kExitDone;
}

int run_status(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  const auto state = status(settings, clock);
  if (!state) return report(state.error(), arguments.json);
  print(arguments.json ? wire::encode(*state) + "\n" : render(*state));
  return wire::kExitDone;
}

}  // namespace tacit::cli
