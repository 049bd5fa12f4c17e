#pragma once
// Import: reads transcripts of any known format, redacts, stores what is new and reports what
// happened to every file. Reading and storing go file by file in batches that are durable when
// acknowledged, so an interrupted import is resumed by running it again: known exchanges count as
// duplicates, files done whole are skipped by their signature. Where the exchanges go is the
// caller's IngestPort (this process's store, or the server that owns the folder). Memory stays
// bounded by kBatchBytes and one file's longest exchange. One thread.

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "service/knowledge_service.h"
#include "transcript/reader.h"

namespace tacit::service {

inline constexpr std::size_t kBatchExchanges = 100;
inline constexpr std::size_t kBatchBytes = 8U << 20U;

struct ImportFile {
  std::string file;
  std::string format;
  std::size_t sessions = 0;
  std::size_t exchanges = 0;  // new ones
};

struct ImportReport {
  std::size_t files = 0;  // of a known format
  std::size_t sessions = 0;
  std::size_t exchanges = 0;
  std::size_t grown = 0;
  std::size_t duplicates = 0;
  std::size_t forgotten = 0;
  std::size_t redactions = 0;
  std::size_t bytes = 0;
  std::vector<transcript::Notice> skipped;  // lines and files, each with its reason
  std::vector<ImportFile> per_file;
  bool interrupted = false;
};

struct ImportProgress {
  std::size_t files_done = 0;
  std::size_t files = 0;
  std::size_t bytes_done = 0;
  std::size_t bytes = 0;
};

struct ImportPorts {
  std::function<Result<IngestReport>(std::vector<Incoming>)> ingest;
  // Both may be empty: then every file is read.
  std::function<Result<bool>(const std::string& path, const std::string& signature)> is_done;
  std::function<Result<void>(const std::string& path, const std::string& signature)> mark_done;
  std::function<void(const ImportProgress&)> progress;  // may be empty
  const std::atomic<bool>* stop = nullptr;              // set by Ctrl-C
};

// A path that does not exist is named in `skipped`; the others are imported.
Result<ImportReport> import_paths(const std::vector<std::filesystem::path>& paths,
                                  const ImportPorts& ports);

// A port that counts against the store without writing: what an import would report.
std::function<Result<IngestReport>(std::vector<Incoming>)> dry_run_port(
    const store::Store* store, const privacy::Redactor& redactor, const IdentityKey& key);

}  // namespace tacit::service
