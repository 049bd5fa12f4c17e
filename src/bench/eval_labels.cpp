#include "bench/eval_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/hash.h"
#include "base/text.h"
#include "bench/eval_cache.h"
#include "domain/identity.h"
#include "learn/learner.h"
#include "privacy/redactor.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"
#include "transcript/reader.h"

namespace tacit::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHashBytes = 6;  // 12 hexadecimal digits
constexpr std::size_t kCopyBytes =
    200;  // of the reply: equal requests with equal openings are copies
constexpr std::size_t kExchangesABatch = 64;

struct Seen {
  std::string file;
  std::uint64_t copy_key = 0;
  ExchangeId id;
};

struct Incoming {
  Session session;
  Exchange exchange;
};

class Importer {
 public:
  Importer(store::Store& store, const privacy::Redactor& redactor, const IdentityKey& key,
           Instant now)
      : store_(store), redactor_(redactor), key_(key), now_(now) {}

  // True when an adapter knows the file's format.
  Result<bool> read(const fs::path& file, const std::string& name) {
    const auto report = TACIT_TRY(transcript::read_file(
        file, [&](const Session& session, Exchange&& exchange) -> Result<void> {
          return take(session, std::move(exchange), name);
        }));
    TACIT_TRY(flush());
    return !report.format.empty();
  }

  const std::unordered_multimap<std::string, Seen>& seen() const { return seen_; }

 private:
  Result<void> take(Session session, Exchange&& exchange, const std::string& name) {
    const std::string hash = hex(sha256(trim(exchange.request())), kHashBytes);
    session.id = key_.session(session.agent, session.native_id);
    exchange.id = key_.exchange(session.agent, exchange.identity);
    exchange.session = session.id;
    for (Step& step : exchange.steps) redactor_.redact_in_place(step.text);
    const std::string reply = normalise_space(exchange.reply());
    seen_.emplace(hash, Seen{name, xxh3(clip_utf8(reply, kCopyBytes)), exchange.id});
    batch_.push_back({std::move(session), std::move(exchange)});
    return batch_.size() < kExchangesABatch ? Result<void>() : flush();
  }

  Result<void> flush() {
    TACIT_TRY(store_.write([&](store::WriteTxn& txn) -> Result<void> {
      for (const Incoming& one : batch_) {
        TACIT_TRY(store::put_session(txn, one.session));
        TACIT_TRY(store::put_exchange(txn, one.exchange, now_, false));
      }
      return {};
    }));
    batch_.clear();
    return {};
  }

  store::Store& store_;
  const privacy::Redactor& redactor_;
  const IdentityKey& key_;
  Instant now_;
  std::vector<Incoming> batch_;
  std::unordered_multimap<std::string, Seen> seen_;  // by hash
};

Result<void> learn_all(store::Store& store, Embedder* embedder, const IdentityKey& key,
                       bool progress) {
  const SystemClock clock;
  learn::Learner learner(store, embedder, key, clock);
  const std::size_t total = TACIT_TRY(learner.remaining());
  Progress shown("learning and embedding", total, progress);
  for (;;) {
    const learn::StepReport report = TACIT_TRY(learner.step());
    if (report.idle) return {};
    const std::size_t left = TACIT_TRY(learner.remaining());
    shown.reach(total - std::min(total, left));
  }
}

// Manifest id → file below the sessions folder.
Result<std::unordered_map<std::string, std::string>> read_manifest(const fs::path& sessions) {
  std::unordered_map<std::string, std::string> files;
  const fs::path manifest = sessions / "MANIFEST.tsv";
  std::error_code ignored;
  if (!fs::exists(manifest, ignored)) return files;
  const auto rows = split_rows(TACIT_TRY(read_maybe_gzip(manifest)), '\t');
  if (rows.empty()) return files;
  const auto column = [&](std::string_view name) {
    return static_cast<std::size_t>(std::find(rows.front().begin(), rows.front().end(), name) -
                                    rows.front().begin());
  };
  const std::size_t id = column("id");
  const std::size_t file = column("file");
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].size() > std::max(id, file)) files[rows[i][id]] = rows[i][file];
  }
  return files;
}

bool is_within(const std::string& file, const std::string& place) {
  return file == place || (file.size() > place.size() && file.starts_with(place) &&
                           (place.empty() || place.back() == '/' || file[place.size()] == '/'));
}

// Everything that counts as found for the row: the exchange, its copies, the items they support.
// Empty when no exchange of the row's file has its hash.
Result<std::unordered_set<std::uint64_t>> targets_of(store::ReadTxn& txn, const Importer& importer,
                                                     const GoldRow& row, const std::string& file) {
  std::set<std::uint64_t> copy_keys;
  const auto [first, last] = importer.seen().equal_range(row.hash);
  for (auto it = first; it != last; ++it) {
    if (file.empty() || is_within(it->second.file, file)) copy_keys.insert(it->second.copy_key);
  }
  std::unordered_set<std::uint64_t> found;
  for (auto it = first; it != last; ++it) {
    if (!copy_keys.contains(it->second.copy_key)) continue;
    found.insert(it->second.id.value);
    for (const ItemId item : TACIT_TRY(store::items_of_exchange(txn, it->second.id))) {
      found.insert(item.value);
    }
  }
  return found;
}

}  // namespace

Result<LabelRun> load_labelled_sessions(store::Store& store, Embedder* embedder,
                                        const std::vector<GoldRow>& gold, const fs::path& sessions,
                                        bool progress) {
  const IdentityKey key("evaluation");
  const auto redactor = TACIT_TRY(privacy::Redactor::make(key));
  const auto manifest = TACIT_TRY(read_manifest(sessions));
  Importer importer(store, *redactor, key, SystemClock().now());
  std::set<std::string> read_files;
  for (const fs::path& file : TACIT_TRY(transcript::list_files(sessions))) {
    const std::string name = fs::relative(file, sessions).generic_string();
    if (TACIT_TRY(importer.read(file, name))) read_files.insert(name);
  }
  TACIT_TRY(learn_all(store, embedder, key, progress));

  LabelRun run;
  TACIT_TRY(store.read([&](store::ReadTxn& txn) -> Result<void> {
    for (const GoldRow& row : gold) {
      const auto place = manifest.find(row.source);
      const std::string file = place == manifest.end() ? std::string() : place->second;
      const bool is_read =
          std::any_of(read_files.begin(), read_files.end(),
                      [&](const std::string& name) { return is_within(name, file); });
      if (!file.empty() && !is_read) {
        ++run.rows_of_others;
        continue;
      }
      ++run.rows;
      auto found = TACIT_TRY(targets_of(txn, importer, row, file));
      if (found.empty())
        ++run.unmapped;
      else
        run.queries.push_back({row.query, {{std::move(found), 1}}, {}});
    }
    const store::StoreCounts counts = TACIT_TRY(store::count_all(txn));
    run.exchanges = static_cast<std::size_t>(counts.exchanges);
    run.items = static_cast<std::size_t>(counts.items);
    return {};
  }));
  return run;
}

}  // namespace tacit::bench
