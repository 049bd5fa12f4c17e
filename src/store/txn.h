#pragma once
// Private to store: transactions as the query files see them. A ReadTxn reads one snapshot; a
// WriteTxn is one body within a group on the writer's connection. Both borrow the connection for
// their life.

#include <string>

#include "domain/session.h"
#include "store/connection.h"

namespace tacit::store {

class ReadTxn {
 public:
  explicit ReadTxn(Connection& connection) : connection_(connection) {}
  ReadTxn(const ReadTxn&) = delete;
  ReadTxn& operator=(const ReadTxn&) = delete;

  template <class... Values>
  Result<Statement> query(Sql sql, const Values&... values) {
    return connection_.query(sql, values...);
  }
  template <class... Values>
  Result<std::int64_t> integer(Sql sql, const Values&... values) {
    return connection_.integer(sql, values...);
  }

  // Null in a write: what it sees may be rolled back.
  TextMemory* text_memory() { return connection_.text_memory(); }

 protected:
  Connection& connection_;
};

class WriteTxn : public ReadTxn {
 public:
  explicit WriteTxn(Connection& connection) : ReadTxn(connection) {}

  template <class... Values>
  Result<void> run(Sql sql, const Values&... values) {
    return connection_.run(sql, values...);
  }
  std::int64_t changes() const { return connection_.changes(); }
  std::int64_t last_id() const { return connection_.last_id(); }  // of the last row inserted

  // The last session put in this body. A forgotten one is written only with an exchange that
  // counts.
  std::optional<Session> last_session;
};

}  // namespace tacit::store
