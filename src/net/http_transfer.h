#pragma once
// One call of the HTTP client as libcurl sees it: the handle, what its callbacks have heard, and
// what its end means. Filled by the driver thread, read by the caller under the mutex. Internal to
// the client.

#include <curl/curl.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "net/http_client.h"

namespace tacit::net {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// One call, shared by its caller and the driver thread.
struct Transfer {
  Transfer(const HttpCall& with, std::uint64_t number) : call(with), id(number) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  const HttpCall& call;
  const std::uint64_t id;  // an address may come again while an order for it is under way
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::unique_ptr<curl_slist, ListDeleter> headers;
  std::array<char, CURL_ERROR_SIZE> reason{};
  HttpHead arriving;  // driver only, until it is complete
  std::size_t body_bytes = 0;
  bool is_elsewhere = false;  // a call that must stay local would have left

  Mutex mutex;
  CondVar changed;
  std::optional<HttpHead> head TACIT_GUARDED_BY(mutex);
  std::deque<std::string> pieces TACIT_GUARDED_BY(mutex);
  std::optional<SteadyTime> requested TACIT_GUARDED_BY(mutex);
  std::optional<SteadyTime> heard TACIT_GUARDED_BY(mutex);  // the last piece of the body
  bool is_too_long TACIT_GUARDED_BY(mutex) = false;
  bool is_done TACIT_GUARDED_BY(mutex) = false;
  CURLcode result TACIT_GUARDED_BY(mutex) = CURLE_OK;
};

// Makes the handle of a transfer.
void prepare(Transfer& transfer, const HttpClientOptions& options);

// Of a call that did not end well.
Error error_of(const Transfer& transfer, CURLcode result, bool is_requested);

}  // namespace tacit::net
