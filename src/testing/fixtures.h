#pragma once
// Fixtures for tests: a clock moved by hand, a deterministic lexical embedder, a temporary folder
// that removes itself, and builders for sessions and exchanges. Linked by tests only.

#include <atomic>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <utility>

#include "base/clock.h"
#include "domain/embedding.h"
#include "domain/identity.h"
#include "domain/session.h"

namespace tacit::testing {

// Whoever waits moves it on. Safe from any thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start = from_millis(1'767'225'600'000))
      : now_(to_millis(start)) {}  // 2026-01-01
  Instant now() const override { return from_millis(now_); }
  SteadyTime steady() const override { return SteadyTime(Duration(now_.load())); }
  bool wait(Duration time, const std::stop_token& stop) const override {
    if (!stop.stop_requested()) now_ += time.count();
    return !stop.stop_requested();
  }
  void advance(Duration by) { now_ += by.count(); }

 private:
  mutable std::atomic<std::int64_t> now_;
};

// Bag of hashed words, 64 dimensions: equal texts are equal, shared words raise the cosine.
class HashEmbedder final : public Embedder {
 public:
  const EmbeddingSpace& space() const override { return space_; }
  Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                       Deadline deadline) override;

 private:
  EmbeddingSpace space_{"hash-for-tests", 64};
};

class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

IdentityKey test_key();
Session make_session(const std::string& native_id, const std::string& project = "/home/dev/shop");
// An exchange with a request and one reply; ids set with test_key(). identity = native_id#ordinal.
Exchange make_exchange(const Session& session, int ordinal, const std::string& request,
                       const std::string& reply);

void write_file(const std::filesystem::path& file, std::string_view text);
std::string read_file(const std::filesystem::path& file);

}  // namespace tacit::testing
