#pragma once
// Reads the query string of a request. Each reader names the parameter in its refusal;
// refuse_unknown() turns a misspelt filter into an error, where ignoring it would answer another
// question. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/query.h"
#include "net/http_server.h"
#include "service/knowledge_service.h"

namespace tacit::http {

class Parameters {
 public:
  explicit Parameters(const net::Request& request) : values_(request.query) {}

  // `known`: names with a blank between; empty knows none and refuses none.
  Result<void> refuse_unknown(std::string_view known) const;
  std::string text(const char* name) const;
  Result<std::size_t> number(const char* name, std::size_t fallback, std::size_t highest) const;
  Result<bool> flag(const char* name) const;
  Result<std::optional<Instant>> time(const char* name) const;
  Result<std::optional<ItemType>> type() const;
  Result<std::optional<Intent>> intent() const;

 private:
  const std::map<std::string, std::string>& values_;
};

// q, k or limit, mode, project, type, kind, since, as_of, explain.
Result<Query> read_query(const net::Request& request);

// The orders of items: the newest first in pages, or a ranking of those that are not stale.
inline constexpr const char* kItemOrders[] = {"newest", "confidence", "freshness"};
// project, order, intent; nothing for the newest. An intent alone asks for the order of confidence.
// A ranking takes no `type` and has no page after the first, so `before` is refused.
Result<std::optional<store::ItemRanking>> read_ranking(const net::Request& request);

}  // namespace tacit::http
