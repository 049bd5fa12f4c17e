#pragma once
// Identities: ids derived from keyed hashes. The key is a secret of the data folder, so an id (or
// the tombstone of a forgotten exchange, which is nothing but its id) tells nothing about the text
// it stands for.

#include <string>
#include <string_view>

#include "base/id.h"

namespace tacit {

class IdentityKey {
 public:
  explicit IdentityKey(std::string secret) : secret_(std::move(secret)) {}

  SessionId session(std::string_view agent, std::string_view native_id) const;
  ExchangeId exchange(std::string_view agent, std::string_view identity) const;
  ObservationId observation(ExchangeId exchange, std::string_view statement) const;
  ItemId item(ObservationId first) const;
  // Fingerprint of a secret for typed marks: eight hexadecimal digits.
  std::string secret_fingerprint(std::string_view secret_text) const;
  // What stands for a text in the audit log: 64 hexadecimal digits.
  std::string content_hash(std::string_view text) const;

 private:
  std::uint64_t derive(std::string_view purpose, std::string_view a, std::string_view b) const;
  std::string secret_;
};

}  // namespace tacit
