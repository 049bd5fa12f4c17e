#pragma once
// The JSON shapes of model calls and money, version 1 (commands.md). Money is a decimal string of
// dollars, never a float. Pure functions, safe from any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "service/inference_service.h"

namespace tacit::wire {

// {"text","provider","model","cached","finish","usage":{…},"cost_usd","attempts":[…],
// "sensitivity","reason"}
std::string encode(const service::InferAnswer& answer);
std::string encode(const service::BudgetView& view);
// {"by":"provider","period":"2026-11","rows":[{"key","spent_usd","calls","tokens","suspended",
// "avoided_usd","avoided_calls"}]}
std::string encode_usage(SpendKey key, const std::string& period,
                         const std::vector<SpendRow>& rows);
// {"providers":[…]}
std::string encode(const std::vector<inference::ProviderView>& views);

// {"caches":[{"name","policy","entries","most_entries","bytes","most_bytes","life_s","hits",
// "misses","evictions","expirations","saved_usd"}]}
std::string encode(const std::vector<service::CacheView>& caches);

// "developer", "project", "provider", "model" or "operation".
std::optional<SpendKey> parse_spend_key(std::string_view name);

// The body of POST /v1/infer; invalid_input names the field. Unknown fields are refused: a limit
// that is not understood must not be ignored.
Result<service::InferRequest> decode_infer(std::string_view json);
std::string encode(const service::InferRequest& request);

// {"id","provider","model","state","outcome","cancelled","created","ended","waiting","answered",
// "failed","held_usd","cost_usd","lines":[{"line","answer":{…}} or {"line","error":{…}}]}
std::string encode(const service::BatchView& view);
std::string encode(const std::vector<service::BatchView>& views);  // {"batches":[…]} without lines
// The body of POST /v1/batches: {"requests":[{"line":1,"request":{…}}]}.
Result<std::vector<service::BatchItem>> decode_batch(std::string_view json);
std::string encode(const std::vector<service::BatchItem>& items);

}  // namespace tacit::wire
