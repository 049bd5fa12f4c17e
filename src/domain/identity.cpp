#include "domain/identity.h"

#include "base/hash.h"

namespace tacit {

std::uint64_t IdentityKey::derive(std::string_view purpose, std::string_view a,
                                  std::string_view b) const {
  std::string bytes(purpose);
  bytes += '\0';
  bytes += std::to_string(a.size());
  bytes += ':';
  bytes += a;
  bytes += b;
  const std::uint64_t value = first_u64(hmac_sha256(secret_, bytes)) & kIdMask;
  return value == 0 ? 1 : value;
}

SessionId IdentityKey::session(std::string_view agent, std::string_view native_id) const {
  return {derive("session", agent, native_id)};
}
ExchangeId IdentityKey::exchange(std::string_view agent, std::string_view identity) const {
  return {derive("exchange", agent, identity)};
}
ObservationId IdentityKey::observation(ExchangeId exchange, std::string_view statement) const {
  return {derive("observation", exchange.text(), statement)};
}
ItemId IdentityKey::item(ObservationId first) const {
  return {derive("item", first.text(), {})};
}

std::string IdentityKey::secret_fingerprint(std::string_view secret_text) const {
  return hex(hmac_sha256(secret_, std::string("secret") + '\0' + std::string(secret_text)), 4);
}

std::string IdentityKey::content_hash(std::string_view text) const {
  return hex(hmac_sha256(secret_, std::string("content") + '\0' + std::string(text)));
}

}  // namespace tacit
