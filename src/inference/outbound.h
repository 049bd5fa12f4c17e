#pragma once
// The one door out. A remote call needs a Hold, which only the ledger makes, so no code path can
// send anything to a provider without money set aside; a local call is verified to be one: its
// address is of this machine, no proxy and no redirect can carry it away, and a model that a local
// server would pass on to its vendor is refused before the text is sent. The only file of the
// engine that opens connections. Safe from any thread.

#include <memory>
#include <stop_token>
#include <string>

#include "domain/spend.h"
#include "inference/provider.h"
#include "net/http_client.h"

namespace tacit::inference {

class Outbound {
 public:
  static Result<std::unique_ptr<Outbound>> start(const net::HttpClientOptions& options);

  net::HttpOutcome remote(const Hold& hold, const net::HttpCall& call,
                          FunctionRef<bool(const net::HttpHead&)> on_head,
                          FunctionRef<bool(std::string_view)> on_data, std::stop_token stop);
  net::HttpOutcome local(net::HttpCall call, FunctionRef<bool(const net::HttpHead&)> on_head,
                         FunctionRef<bool(std::string_view)> on_data, std::stop_token stop);

  // forbidden: the name or the server says that this model does not run here. Asks the server each
  // time where it can tell; unavailable when it does not answer.
  Result<void> verify_local(const Endpoint& endpoint, const std::string& model,
                            std::stop_token stop);

  net::HttpClient::Statistics statistics() const { return client_->statistics(); }

 private:
  explicit Outbound(std::unique_ptr<net::HttpClient> client) : client_(std::move(client)) {}
  std::unique_ptr<net::HttpClient> client_;
};

// Does the name say that the model runs at its vendor's ("…:cloud", "…-cloud")?
bool is_cloud_name(std::string_view model);
// Is the host of this URL a loopback address or localhost?
bool is_loopback_url(std::string_view url);

}  // namespace tacit::inference
