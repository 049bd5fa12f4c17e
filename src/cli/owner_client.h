#pragma once
// Speaks to the server that owns the data folder, so that verbs work while `tacit serve` runs.
// Blocking, one request at a time, over loopback only.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "service/data_folder.h"
#include "service/knowledge_service.h"

namespace tacit::cli {

class OwnerClient {
 public:
  // `owner.url` must not be empty.
  explicit OwnerClient(const service::Owner& owner);
  Result<service::IngestReport> ingest(std::vector<service::Incoming> batch, bool again) const;
  Result<void> record_use(const std::vector<ItemId>& items) const;
  Result<store::StoreCounts> counts() const;
  // The body of the answer; an error keeps the kind that the server gave it.
  Result<std::string> ask(const std::string& method, const std::string& target,
                          const std::string& body, std::chrono::milliseconds timeout) const;
  // Posts and hands on the pieces of the answer as they come; the whole answer at the end.
  Result<std::string> ask_aloud(const std::string& target, const std::string& body,
                                std::chrono::milliseconds timeout,
                                FunctionRef<void(std::string_view)> on_text) const;

 private:
  Result<std::string> post(const std::string& target, const std::string& body) const;
  std::string host_;
  unsigned short port_ = 0;
};

}  // namespace tacit::cli
