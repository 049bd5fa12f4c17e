#include "bench/eval_cache.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <unordered_map>

#include "base/hash.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kEmbedBatch = 64;

std::string key_of(std::string_view text) {
  const Digest digest = sha256(text);
  std::string key(kKeyBytes, '\0');
  std::memcpy(key.data(), digest.data(), kKeyBytes);
  return key;
}

std::string file_name_of(const EmbeddingSpace& space) {
  std::string name = space.text();
  for (char& c : name) {
    if (c == '/' || c == ':') c = '_';
  }
  return name + ".vectors";
}

}  // namespace

struct CachedEmbedder::State {
  Embedder& inner;
  std::unordered_map<std::string, Embedding> known;
  std::ofstream out;
  std::size_t computed = 0;

  void load(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string key(kKeyBytes, '\0');
    Embedding values(inner.space().dimension);
    const auto bytes = static_cast<std::streamsize>(values.size() * sizeof(float));
    std::uintmax_t whole = 0;
    std::string buffer(values.size() * sizeof(float), '\0');
    while (in.read(key.data(), kKeyBytes) && in.read(buffer.data(), bytes)) {
      std::memcpy(values.data(), buffer.data(), buffer.size());
      known.emplace(key, values);
      whole += kKeyBytes + buffer.size();
    }
    in.close();
    std::error_code ignored;  // an interrupted run's tail goes, so that what follows stays aligned
    if (std::filesystem::exists(file, ignored)) std::filesystem::resize_file(file, whole, ignored);
  }

  void keep(const std::string& key, const Embedding& values) {
    out.write(key.data(), static_cast<std::streamsize>(key.size()));
    std::string bytes(values.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    known.emplace(key, values);
  }
};

CachedEmbedder::CachedEmbedder(Embedder& inner, const std::filesystem::path& folder)
    : state_(new State{inner, {}, {}, 0}) {
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  const std::filesystem::path file = folder / file_name_of(inner.space());
  state_->load(file);
  state_->out.open(file, std::ios::binary | std::ios::app);
}

CachedEmbedder::~CachedEmbedder() = default;

const EmbeddingSpace& CachedEmbedder::space() const {
  return state_->inner.space();
}

std::size_t CachedEmbedder::computed() const {
  return state_->computed;
}

Result<std::vector<Embedding>> CachedEmbedder::embed(std::span<const std::string_view> texts,
                                                     Deadline deadline) {
  std::vector<std::string> keys;
  std::vector<std::string_view> missing;
  std::vector<std::string> missing_keys;
  for (const std::string_view text : texts) {
    keys.push_back(key_of(text));
    if (state_->known.contains(keys.back())) continue;
    missing.push_back(text);
    missing_keys.push_back(keys.back());
  }
  for (std::size_t start = 0; start < missing.size(); start += kEmbedBatch) {
    const std::size_t count = std::min(kEmbedBatch, missing.size() - start);
    const auto vectors =
        TACIT_TRY(state_->inner.embed(std::span(missing).subspan(start, count), deadline));
    for (std::size_t i = 0; i < count; ++i) {
      if (!state_->known.contains(missing_keys[start + i])) {
        state_->keep(missing_keys[start + i], vectors[i]);
      }
    }
    state_->computed += count;
  }
  state_->out.flush();
  std::vector<Embedding> result;
  result.reserve(texts.size());
  for (const std::string& key : keys) result.push_back(state_->known.at(key));
  return result;
}

Result<Embedding> CachedEmbedder::embed_query(std::string_view text, Deadline deadline) {
  const std::string key = key_of(std::string("query") + '\0' + std::string(text));
  if (const auto known = state_->known.find(key); known != state_->known.end())
    return known->second;
  Embedding vector = TACIT_TRY(state_->inner.embed_query(text, deadline));
  state_->keep(key, vector);
  ++state_->computed;
  return vector;
}

std::filesystem::path eval_cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return std::filesystem::path(cache) / "tacit" / "eval-vectors";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "." : home) / ".cache" / "tacit" / "eval-vectors";
}

Progress::Progress(std::string what, std::size_t total, bool shown)
    : what_(std::move(what)),
      total_(total),
      shown_(shown),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (shown_ && last_ != start_) std::fputc('\n', stderr);
}

void Progress::reach(std::size_t done) {
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || now - last_ < std::chrono::seconds(1)) return;
  last_ = now;
  print(done);
}

void Progress::print(std::size_t done) {
  const double spent = std::chrono::duration<double>(last_ - start_).count();
  const double left = done == 0 ? 0
                                : spent / static_cast<double>(done) *
                                      static_cast<double>(total_ - std::min(done, total_));
  fmt::print(stderr, "\r{}: {} of {}, {:.0f} s left   ", what_, done, total_, left);
  std::fflush(stderr);
}

}  // namespace tacit::bench
