#pragma once
// The durable truth: one SQLite database (WAL, synchronous FULL) in the data folder. All SQL of
// Tacit lives in this module. One writer connection, whose turns make write() calls one after
// another and commit them in groups, and which alone checkpoints; readers have a small pool of
// connections. write() returns after its FULL commit: what it reported is acknowledged and survives
// a power cut. All calls are safe from any thread; a write function runs on its caller's thread or
// on that of another caller of write(), and must not call write() or read(). Full text is derived
// and kept by triggers or by the same transaction. A database of a newer schema is refused with
// invalid_input; a damaged one with corrupt, and is left as it is.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/function_ref.h"
#include "base/result.h"
#include "cache/cache.h"

namespace tacit::store {

struct StoreOptions {
  std::filesystem::path directory;  // the data folder; tacit.db inside
  bool read_only = false;           // another process owns the folder: no writes, no checkpoints
  bool durable = true;  // false only in the power-cut test's negative control (synchronous NORMAL)
  const char* vfs = nullptr;  // a test's SQLite VFS by name
};

// What readers remember of the full text between writes (text_memory.h): where terms stand, and of
// documents their sizes and ids.
inline constexpr std::size_t kMostTerms = 10'000;
inline constexpr std::size_t kMostTermBytes = 5U << 20U;
inline constexpr std::size_t kMostDocuments = 1U << 17U;  // of a kind, by number
inline constexpr std::size_t kMostDocumentBytes =
    2 * kMostDocuments * (sizeof(std::uint16_t) + sizeof(std::uint64_t));

class ReadTxn;   // store/txn.h, private to the module's query files
class WriteTxn;  // is a ReadTxn

class Store {
 public:
  // Creates folder (0700) and database when missing unless read_only; then a missing one is
  // not_found.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  ~Store();  // waits for queued writes, checkpoints when it owns the folder
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // A consistent snapshot. Keep it short: an open reader keeps the WAL from shrinking.
  Result<void> read(FunctionRef<Result<void>(ReadTxn&)> body) const;
  // Runs body in a transaction; an error rolls back this body alone. Blocks until durable.
  Result<void> write(FunctionRef<Result<void>(WriteTxn&)> body);
  // Moves the WAL into the database and truncates it, and remembers nothing of texts (after forget,
  // on quiet).
  Result<void> checkpoint();
  cache::CacheStats text_memory() const;  // entries are terms; bytes are of documents too

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A write transaction read from within its body.
ReadTxn& as_read(WriteTxn& txn);

}  // namespace tacit::store
