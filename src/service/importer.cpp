#include "service/importer.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <unordered_set>

#include "base/hash.h"

namespace tacit::service {
namespace {

constexpr std::size_t kSignatureHeadBytes = 4096;

// Path, size, time of change and a hash of the first bytes: equal means nothing has been written
// since.
std::string signature_of(const std::filesystem::path& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return {};
  std::string head(kSignatureHeadBytes, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(stream.gcount()));
  return fmt::format("{}:{}.{}:{:016x}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                     xxh3(head));
}

std::size_t size_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : static_cast<std::size_t>(size);
}

std::size_t bytes_of(const Incoming& incoming) {
  std::size_t bytes = 0;
  for (const Step& step : incoming.exchange.steps) bytes += step.text.size();
  return bytes;
}

class Import {
 public:
  Import(const ImportPorts& ports, ImportReport& report) : ports_(ports), report_(report) {}

  Result<void> run(const std::vector<std::filesystem::path>& files) {
    progress_.files = files.size();
    for (const auto& file : files) progress_.bytes += size_of(file);
    for (const auto& file : files) {
      if (is_stopped()) break;
      tell();
      TACIT_TRY(read(file));
      ++progress_.files_done;
      progress_.bytes_done += size_of(file);
    }
    tell();
    report_.interrupted = is_stopped();
    return {};
  }

 private:
  bool is_stopped() const { return ports_.stop != nullptr && ports_.stop->load(); }

  void tell() const {
    if (ports_.progress) ports_.progress(progress_);
  }

  Result<void> read(const std::filesystem::path& file) {
    const std::string path = std::filesystem::absolute(file).lexically_normal().string();
    const std::string signature = signature_of(file);
    if (ports_.is_done && TACIT_TRY(ports_.is_done(path, signature))) return {};
    current_ = ImportFile{path, "", 0, 0};
    auto read = transcript::read_file(
        file, [&](const Session& session, Exchange&& exchange) -> Result<void> {
          if (is_stopped()) return fail(ErrorKind::kCancelled, "interrupted");
          batch_.push_back({session, std::move(exchange)});
          batch_bytes_ += bytes_of(batch_.back());
          if (batch_.size() >= kBatchExchanges || batch_bytes_ >= kBatchBytes) return flush();
          return {};
        });
    if (!read) {
      batch_.clear();
      batch_bytes_ = 0;
      if (read.error().kind() == ErrorKind::kCancelled) return {};
      if (port_failed_) return std::unexpected(std::move(read).error());
      report_.skipped.push_back({file, 0, read.error().message()});
      return {};
    }
    TACIT_TRY(flush());
    report_.skipped.insert(report_.skipped.end(), read->notices.begin(), read->notices.end());
    report_.bytes += read->bytes;
    if (!read->format.empty()) {
      current_.format = read->format;
      ++report_.files;
      report_.per_file.push_back(current_);
    }
    // A file that holds an unfinished line is still being written: its signature will change with
    // it.
    if (ports_.mark_done) TACIT_TRY(ports_.mark_done(path, signature));
    return {};
  }

  Result<void> flush() {
    if (batch_.empty()) return {};
    auto ingested = ports_.ingest(std::exchange(batch_, {}));
    batch_bytes_ = 0;
    if (!ingested) {
      port_failed_ = true;
      return std::unexpected(std::move(ingested).error());
    }
    current_.sessions += ingested->sessions;
    current_.exchanges += ingested->exchanges;
    report_.sessions += ingested->sessions;
    report_.exchanges += ingested->exchanges;
    report_.grown += ingested->grown;
    report_.duplicates += ingested->duplicates;
    report_.forgotten += ingested->forgotten;
    report_.redactions += ingested->redactions;
    return {};
  }

  const ImportPorts& ports_;
  ImportReport& report_;
  ImportProgress progress_;
  ImportFile current_;
  std::vector<Incoming> batch_;
  std::size_t batch_bytes_ = 0;
  bool port_failed_ = false;
};

}  // namespace

Result<ImportReport> import_paths(const std::vector<std::filesystem::path>& paths,
                                  const ImportPorts& ports) {
  ImportReport report;
  std::vector<std::filesystem::path> files;
  for (const auto& path : paths) {
    auto listed = transcript::list_files(path);
    if (listed)
      files.insert(files.end(), listed->begin(), listed->end());
    else
      report.skipped.push_back({path, 0, listed.error().message()});
  }
  TACIT_TRY(Import(ports, report).run(files));
  return report;
}

std::function<Result<IngestReport>(std::vector<Incoming>)> dry_run_port(
    const store::Store* store, const privacy::Redactor& redactor, const IdentityKey& key) {
  struct Seen {
    std::unordered_set<ExchangeId> exchanges;
    std::unordered_set<SessionId> sessions;
  };
  auto seen = std::make_shared<Seen>();
  return [=, &redactor, &key](std::vector<Incoming> batch) -> Result<IngestReport> {
    IngestReport report;
    for (Incoming& incoming : batch) {
      const SessionId session = key.session(incoming.session.agent, incoming.session.native_id);
      incoming.exchange.id = key.exchange(incoming.session.agent, incoming.exchange.identity);
      for (Step& step : incoming.exchange.steps)
        report.redactions += redactor.redact_in_place(step.text);
      auto outcome = seen->exchanges.insert(incoming.exchange.id).second
                         ? store::PutOutcome::kAdded
                         : store::PutOutcome::kUnchanged;
      bool known = !seen->sessions.insert(session).second;
      if (store != nullptr && outcome == store::PutOutcome::kAdded) {
        TACIT_TRY(store->read([&](store::ReadTxn& txn) -> Result<void> {
          outcome = TACIT_TRY(store::probe_exchange(txn, incoming.exchange));
          known = known || TACIT_TRY(store::find_session(txn, session)).has_value();
          return {};
        }));
      }
      switch (outcome) {
        case store::PutOutcome::kAdded:
          ++report.exchanges;
          if (!known) ++report.sessions;
          break;
        case store::PutOutcome::kGrown:
          ++report.grown;
          break;
        case store::PutOutcome::kUnchanged:
          ++report.duplicates;
          break;
        case store::PutOutcome::kForgotten:
          ++report.forgotten;
          break;
      }
    }
    return report;
  };
}

}  // namespace tacit::service
