#include "app/serve.h"

#include <fmt/format.h>
#include <poll.h>

#include <atomic>
#include <cstdlib>

#include "base/json_text.h"
#include "base/log.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "http/api.h"
#include "mcp/http_endpoint.h"
#include "net/http_server.h"
#include "service/inference_service.h"
#include "service/learner_thread.h"
#include "service/workspace.h"
#include "wire/errors.h"

namespace tacit::app {
namespace {

net::ServerOptions server_options(const cli::Settings& settings) {
  const auto colon = settings.listen.rfind(':');
  net::ServerOptions options;
  options.address = settings.listen.substr(0, colon);
  if (options.address == "localhost") options.address = "127.0.0.1";
  if (options.address == "[::1]") options.address = "::1";
  options.port = static_cast<unsigned short>(std::atoi(settings.listen.c_str() + colon + 1));
  options.workers = settings.http_workers;
  return options;
}

std::string url_of(const net::ServerOptions& options, unsigned short port) {
  const bool v6 = options.address.find(':') != std::string::npos;
  return fmt::format("http://{}:{}", v6 ? "[" + options.address + "]" : options.address, port);
}

// Blocks until a signal asks to stop. poll() returns at once when one arrives.
void wait_for_stop() {
  constexpr int kRecheckMs = 200;
  while (!cli::stop_requested()) ::poll(nullptr, 0, kRecheckMs);
}

Result<void> run(const cli::Settings& settings, bool json, const Clock& clock) {
  std::atomic<service::LearnerThread*> learner_thread{nullptr};
  service::WorkspaceOptions options;
  options.stays = true;
  options.data_dir = settings.data_dir;
  options.model_dir = settings.model_dir;
  options.threads = settings.threads;
  options.on_ingest = [&] {
    if (auto* thread = learner_thread.load()) thread->wake();
  };
  auto workspace = TACIT_TRY(service::Workspace::open(options, service::Access::kWriter, clock));
  TACIT_TRY(workspace->retriever().warm());
  service::LearnerThread learner(workspace->learner());
  learner_thread = &learner;
  const auto inference = TACIT_TRY(service::InferenceService::open(
      settings.inference,
      {workspace->store(), workspace->redactor(), workspace->key(), clock, workspace->embedder()}));
  inference->batches().keep_asking();
  const mcp::HttpEndpoint mcp(mcp::memory_tools(workspace->service()));
  http::Api api(workspace->service(), *inference,
                [&](const net::Request& message) { return mcp.handle(message); });
  const net::ServerOptions http = server_options(settings);
  auto server = TACIT_TRY(net::HttpServer::start(
      http, [&](const net::Request& request) { return api.handle(request); }));
  const std::string url = url_of(http, server->port());
  TACIT_TRY(workspace->lock().publish(url));
  cli::print(json ? fmt::format("{{\"url\":{}}}\n", json_quote(url))
                  : fmt::format("serving on {} (data in {}); Ctrl-C stops\n", url,
                                settings.data_dir.string()));
  if (!workspace->model_note().empty()) cli::print_error(workspace->model_note());
  wait_for_stop();
  TACIT_TRY(workspace->lock().publish(""));
  server->stop();
  learner_thread = nullptr;
  return {};
}

}  // namespace

int serve(const cli::Settings& settings, bool json, const Clock& clock) {
  cli::watch_signals();
  const auto done = run(settings, json, clock);
  if (!done) return cli::report(done.error(), json);
  cli::print_error("stopped; everything acknowledged is on disk");
  return wire::kExitDone;
}

}  // namespace tacit::app
