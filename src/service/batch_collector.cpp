#include "service/batch_collector.h"

#include <fmt/format.h>

#include "base/log.h"

namespace tacit::service {
namespace {

constexpr std::size_t kGroup = 200;  // lines of one durable write

}  // namespace

std::string name_of_line(std::int64_t number) {
  return fmt::format("line-{}", number);
}

BatchCollector::BatchCollector(const Parts& parts, const inference::Route& route,
                               const store::BatchRow& batch,
                               const std::vector<store::BatchLineRow>& lines)
    : parts_(parts), route_(route), batch_(batch) {
  for (const store::BatchLineRow& line : lines) {
    if (line.hold == 0) continue;  // never sent
    order_.push_back(name_of_line(line.number));
    lines_[order_.back()].row = &line;
  }
}

BatchCollector::Open* BatchCollector::find(const inference::BatchResult& result) {
  std::string name = result.id;
  if (name.empty() && result.place && *result.place < order_.size()) name = order_[*result.place];
  const auto found = lines_.find(name);
  return found == lines_.end() || found->second.is_seen ? nullptr : &found->second;
}

bool BatchCollector::take(inference::BatchResult&& result) {
  Open* const open = find(result);
  if (open == nullptr) {
    ++strange_;
    return true;
  }
  open->is_seen = true;
  if (result.reply) ++answered_;
  if (open->row->stage == store::LineStage::kWaits) end(*open->row, result);
  if (ends_.size() < kGroup) return true;
  written_ = flush();
  return written_.has_value();
}

void BatchCollector::end(const store::BatchLineRow& line, const inference::BatchResult& result) {
  inference::Ending ending = ending_of(result);
  HoldEnd hold;
  hold.hold = line.hold;
  if (ending == inference::Ending::kSettle) {
    const auto price = parts_.desk.cost(route_, *result.reply->usage, batch_.created);
    if (price) {
      hold.kind = HoldEnd::Kind::kSettle;
      hold.cost = *price;
      hold.use = *result.reply->usage;
    }
  }
  if (ending == inference::Ending::kRelease) hold.kind = HoldEnd::Kind::kRelease;
  hold.reason = result.fault ? std::string(name_of(result.fault->kind)) : "no usage";
  const auto fail_with = [&](ErrorKind kind, const std::string& why) {
    fail_line(line, hold.kind, kind, why);
    ends_.back() = hold;
  };
  if (!result.reply)
    return fail_with(ErrorKind::kUnavailable, result.fault ? result.fault->message : "no answer");
  if (result.reply->finish == inference::Finish::kContentFilter)
    return fail_with(ErrorKind::kForbidden, "the provider's filter withheld the answer");
  if (!line.schema.empty()) {
    const std::string complaint =
        inference::BatchDesk::complaint_about(result.reply->text, line.schema);
    if (!complaint.empty())
      return fail_with(ErrorKind::kUnavailable, "the answer breaks its schema: " + complaint);
  }
  store::BatchLineRow row;
  row.number = line.number;
  row.stage = store::LineStage::kAnswered;
  row.finish = name_of(result.reply->finish);
  row.text = parts_.redactor.redact(result.reply->text).text;
  ends_.push_back(std::move(hold));
  rows_.push_back(std::move(row));
}

void BatchCollector::fail_line(const store::BatchLineRow& line, HoldEnd::Kind kind, ErrorKind error,
                               const std::string& why) {
  ends_.push_back({line.hold, kind, Money(), {}, why});
  store::BatchLineRow row;
  row.number = line.number;
  row.stage = store::LineStage::kFailed;
  row.error_kind = name_of(error);
  row.error = why;
  rows_.push_back(std::move(row));
}

Result<void> BatchCollector::finish(const std::optional<std::int64_t>& answered,
                                    const std::string& outcome) {
  TACIT_TRY(Result<void>(written_));
  const bool is_unrun = answered && answered_ >= *answered;
  for (const auto& [name, open] : lines_) {
    if (open.is_seen || open.row->stage != store::LineStage::kWaits) continue;
    fail_line(*open.row, is_unrun ? HoldEnd::Kind::kRelease : HoldEnd::Kind::kSuspend,
              ErrorKind::kUnavailable,
              is_unrun ? "the batch ended before it was run: " + outcome
                       : "the batch has no result for it: " + outcome);
  }
  if (strange_ > 0)
    log::warn("service", "strange_batch_results", {{"batch", batch_.id}, {"results", strange_}});
  return flush();
}

Result<void> BatchCollector::flush() {
  if (ends_.empty()) return {};
  TACIT_TRY(parts_.ledger.end_all(ends_));
  TACIT_TRY(parts_.store.write(
      [&](store::WriteTxn& txn) { return store::finish_batch_lines(txn, batch_.id, rows_); }));
  ends_.clear();
  rows_.clear();
  return {};
}

}  // namespace tacit::service
