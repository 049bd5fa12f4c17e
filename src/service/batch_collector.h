#pragma once
// Takes the results of an ended batch: each line ends once, by its first result; what belongs to no
// line is passed over. Holds are ended before the answers are written, both in groups, so a crash
// between them pays nothing twice: told again, an ended hold stays as it is. Private to service.
// Lives for one collection.

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "inference/engine.h"
#include "privacy/redactor.h"
#include "store/ledger.h"

namespace tacit::service {

// "line-17": the name of a line at the provider.
std::string name_of_line(std::int64_t number);

class BatchCollector {
 public:
  struct Parts {
    store::Store& store;
    Ledger& ledger;
    const privacy::Redactor& redactor;
    const Clock& clock;
    const inference::BatchDesk& desk;
  };
  BatchCollector(const Parts& parts, const inference::Route& route, const store::BatchRow& batch,
                 const std::vector<store::BatchLineRow>& lines);

  // One result; false when it cannot be written.
  bool take(inference::BatchResult&& result);
  // The provider has told all. Lines without a result were not run when `answered` says so, and
  // else count as spent.
  Result<void> finish(const std::optional<std::int64_t>& answered, const std::string& outcome);
  // The results that were taken so far.
  Result<void> flush();

 private:
  struct Open {
    const store::BatchLineRow* row = nullptr;
    bool is_seen = false;
  };
  Open* find(const inference::BatchResult& result);
  void end(const store::BatchLineRow& line, const inference::BatchResult& result);
  void fail_line(const store::BatchLineRow& line, HoldEnd::Kind kind, ErrorKind error,
                 const std::string& why);

  const Parts parts_;
  const inference::Route& route_;
  const store::BatchRow& batch_;
  std::map<std::string, Open> lines_;
  std::vector<std::string> order_;  // names of the lines that were sent
  std::int64_t answered_ = 0;
  std::size_t strange_ = 0;  // results that belong to no line, or to one that has its own
  std::vector<HoldEnd> ends_;
  std::vector<store::BatchLineRow> rows_;
  Result<void> written_;
};

}  // namespace tacit::service
