#include "http/api_metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace tacit::http {
namespace {

void print_gauge(std::string_view name, std::string_view help, std::int64_t value,
                 std::string& out) {
  Gauge gauge;
  gauge.set(value);
  print_metric(name, help, gauge, out);
}

void print_counts(const service::Status& status, std::string& out) {
  const store::StoreCounts& counts = status.counts;
  print_gauge("tacit_store_sessions", "Sessions in the store.", counts.sessions, out);
  print_gauge("tacit_store_exchanges", "Exchanges in the store.", counts.exchanges, out);
  print_gauge("tacit_store_exchanges_to_learn", "Exchanges not learned from yet.", counts.to_learn,
              out);
  print_gauge("tacit_store_observations", "Observations in the store.", counts.observations, out);
  print_gauge("tacit_store_items", "Knowledge items in the store.", counts.items, out);
  print_gauge("tacit_store_item_uses", "Uses of knowledge items.", counts.uses, out);
  print_gauge("tacit_store_vectors", "Vectors in the store.", counts.vectors, out);
  print_gauge("tacit_store_texts_without_vectors", "Texts that wait for vectors.",
              status.without_vectors, out);
  print_gauge("tacit_store_database_bytes", "Size of the database.", counts.database_bytes, out);
  print_gauge("tacit_store_items_fresh", "Items used or confirmed lately.", status.freshness.fresh,
              out);
  print_gauge("tacit_store_items_aging", "Items not used for a while.", status.freshness.aging,
              out);
  print_gauge("tacit_store_items_stale", "Items not used for long.", status.freshness.stale, out);
  print_gauge("tacit_embed_has_model", "1 when the embedding model is loaded.",
              status.has_model ? 1 : 0, out);
}

void print_total(std::string_view name, std::string_view help, std::uint64_t value,
                 std::string& out) {
  Counter counter;
  counter.add(value);
  print_metric(name, help, counter, out);
}

void print_cache(const service::AnswerCacheStats& cache, std::string& out) {
  print_total("tacit_service_query_cache_hits_total", "Searches answered from memory.", cache.hits,
              out);
  print_total("tacit_service_query_cache_misses_total", "Searches that were worked out.",
              cache.misses, out);
  print_total("tacit_service_query_cache_evictions_total", "Answers dropped for want of room.",
              cache.evictions, out);
  print_total("tacit_service_query_cache_invalidations_total",
              "Answers dropped because something was written.", cache.invalidations, out);
  print_gauge("tacit_service_query_cache_answers", "Answers in memory.",
              static_cast<std::int64_t>(cache.answers), out);
  print_gauge("tacit_service_query_cache_bytes", "Size of the answers in memory.",
              static_cast<std::int64_t>(cache.bytes), out);
}

}  // namespace

void ApiMetrics::count(int status, double took_seconds) {
  constexpr int kPerClass = 100;
  requests[static_cast<std::size_t>(std::clamp(status / kPerClass, 0, kClasses - 1))].add();
  seconds.observe(took_seconds);
}

std::string ApiMetrics::print(const Result<service::Status>& status) const {
  std::string out =
      "# HELP tacit_http_requests_total Requests answered, by class of status.\n"
      "# TYPE tacit_http_requests_total counter\n";
  for (int i = 1; i < kClasses; ++i) {
    out += fmt::format("tacit_http_requests_total{{class=\"{}xx\"}} {}\n", i,
                       requests[static_cast<std::size_t>(i)].value());
  }
  print_metric("tacit_http_streams_total", "Streams opened.", streams, out);
  print_metric("tacit_http_replays_total", "Answers repeated for an idempotency key.", replays,
               out);
  print_metric("tacit_http_request_seconds", "Time to answer.", seconds, out);
  print_gauge("tacit_process_resident_bytes", "Resident memory.",
              static_cast<std::int64_t>(resident_bytes()), out);
  if (status) {
    print_counts(*status, out);
    print_cache(status->cache, out);
  }
  return out;
}

}  // namespace tacit::http
