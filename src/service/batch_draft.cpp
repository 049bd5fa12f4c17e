#include "service/batch_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/worker.h"

namespace tacit::service {
namespace {

void draft_one(BatchDraft& draft, const std::string& id, const inference::Route& route, int factor,
               const BatchService::Parts& parts) {
  const InferRequest& request = draft.item->request;
  const auto prepare = [&]() -> Result<void> {
    draft.judged = TACIT_TRY(parts.judge(request, id));
    draft.judged.audit.attempt = static_cast<int>(draft.item->line);
    if (!may_leave(draft.judged.audit.label, request.mode))
      return fail(ErrorKind::kForbidden,
                  fmt::format("this line stays on this machine ({}, {}): ask it without --batch",
                              request.mode == PrivacyMode::kLocal
                                  ? "local"
                                  : tacit::name_of(draft.judged.audit.label),
                              draft.judged.audit.reason));
    if (!request.schema.empty()) {
      TACIT_TRY(inference::BatchDesk::check_schema(request.schema));
      // It is kept until the answer is there.
      if (parts.redactor.redact(request.schema).text != request.schema)
        return fail(ErrorKind::kForbidden, "the schema holds a secret");
    }
    const auto quoted = TACIT_TRY(parts.desk.quote(route, draft.judged.prompt, factor));
    HoldRequest& wanted = draft.wanted;
    wanted.request = id;
    wanted.attempt = static_cast<int>(draft.item->line);
    wanted.developer = request.developer.empty() ? parts.developer : request.developer;
    wanted.project = request.project;
    wanted.provider = route.endpoint.provider;
    wanted.model = route.model;
    wanted.operation = request.operation;
    wanted.price = quoted.most.price;
    wanted.amount = quoted.most.amount;
    wanted.tokens = quoted.most.tokens;
    wanted.counted_prompt = quoted.counted_prompt;
    wanted.urgency = Urgency::kBackground;
    return {};
  };
  if (auto done = prepare(); !done) draft.refused = std::move(done).error();
}

}  // namespace

Result<std::vector<BatchDraft>> draft_batch(const std::vector<BatchItem>& items,
                                            const std::string& id, const inference::Route& route,
                                            const BatchService::Parts& parts) {
  if (items.empty() || items.size() > kMostBatchLines)
    return fail(ErrorKind::kInvalidInput,
                fmt::format("a batch has 1 to {} lines, not {}", kMostBatchLines, items.size()));
  std::vector<BatchDraft> drafts(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) drafts[i].item = &items[i];
  std::ranges::sort(drafts, {}, [](const BatchDraft& one) { return one.item->line; });
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const BatchItem& item = *drafts[i].item;
    bytes += item.request.prompt.size() + item.request.system.size() + item.request.schema.size();
    if (item.line < 1 || item.line > std::numeric_limits<int>::max() ||
        (i > 0 && drafts[i - 1].item->line == item.line))
      return fail(ErrorKind::kInvalidInput,
                  fmt::format("line {} stands twice, or is none", item.line));
  }
  if (bytes > inference::kMostBatchBytes)
    return fail(ErrorKind::kInvalidInput, fmt::format("a batch has {} bytes at most, not {}",
                                                      inference::kMostBatchBytes, bytes));
  const int factor = parts.desk.learned_factor(route);
  WorkerPool pool(usable_cores());
  pool.parallel_for(drafts.size(), [&](std::size_t i, std::size_t) {
    draft_one(drafts[i], id, route, factor, parts);
  });
  return drafts;
}

}  // namespace tacit::service
