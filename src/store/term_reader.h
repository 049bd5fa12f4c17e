#pragma once
// Private to store: gives the postings of terms as a transaction sees them: from the memory of the
// store, brought up to date by what changed since, or from FTS5, through the function
//
//   tacit_postings(table, run)
//
// which notes the document at hand in its run; its value is always 0, so that as a condition it
// lets none through. Costs one walk along a term's list where nothing is remembered. Lives no
// longer than its transaction.

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "store/text_memory.h"

struct fts5_api;

namespace tacit::store {

class ReadTxn;

Result<void> register_postings(fts5_api& fts5);

class TermReader {
 public:
  TermReader(ReadTxn& txn, HitKind kind);
  ~TermReader();  // remembers the sizes that were read
  TermReader(const TermReader&) = delete;
  TermReader& operator=(const TermReader&) = delete;

  Result<void> open();
  Result<std::shared_ptr<const Postings>> postings(const std::string& term);
  // Of all documents; `term` stands in some of them.
  Result<TextTotals> totals(const std::string& term, const Postings& postings);
  // Ids of the documents by number; 0 where there is none.
  Result<void> fill_ids(std::span<TextMemory::Id> ids);
  // Ids and sizes of all documents: the first searches would look them up one by one.
  Result<void> read_documents();

 private:
  Result<void> read(const std::string& term, std::int64_t from, Postings& postings);

  ReadTxn& txn_;
  const HitKind kind_;
  std::unique_ptr<TextMemory> own_;  // where nothing may be remembered for others
  TextMemory& memory_;
  std::int64_t generation_ = 0;
  std::shared_ptr<const TextMemory::Sizes> sizes_;
  std::optional<TextMemory::Sizes> grown_;  // a copy that takes what is read
  bool is_size_added_ = false;
  std::optional<TextTotals> totals_;
};

}  // namespace tacit::store
