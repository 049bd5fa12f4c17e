#include "base/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <xxhash.h>

#include "base/assert.h"

namespace tacit {
namespace {

// Never null: OpenSSL takes a null key for the one it has.
const unsigned char* data_of(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data() == nullptr ? "" : bytes.data());
}

}  // namespace

Digest sha256(std::string_view bytes) {
  // Fetched once: an implicit fetch at each call costs three times the hash of a short text.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Digest digest{};
  unsigned int size = 0;
  TACIT_ASSERT(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, algorithm, nullptr) ==
               1);
  TACIT_ASSERT(size == digest.size());
  return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view bytes) {
  // Made once, for the same reason.
  static EVP_MAC_CTX* const kOfSha256 = [] {
    EVP_MAC_CTX* made = EVP_MAC_CTX_new(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    std::string digest = "SHA256";
    const OSSL_PARAM choice[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    TACIT_ASSERT(EVP_MAC_CTX_set_params(made, choice) == 1);
    return made;
  }();
  EVP_MAC_CTX* const context = EVP_MAC_CTX_dup(kOfSha256);
  Digest digest{};
  std::size_t size = 0;
  TACIT_ASSERT(EVP_MAC_init(context, data_of(key), key.size(), nullptr) == 1);
  TACIT_ASSERT(EVP_MAC_update(context, data_of(bytes), bytes.size()) == 1);
  TACIT_ASSERT(EVP_MAC_final(context, digest.data(), &size, digest.size()) == 1);
  TACIT_ASSERT(size == digest.size());
  EVP_MAC_CTX_free(context);
  return digest;
}

std::uint64_t xxh3(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::string hex(const Digest& digest, std::size_t bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes && i < digest.size(); ++i) {
    text += kDigits[digest[i] >> 4U];
    text += kDigits[digest[i] & 15U];
  }
  return text;
}

std::uint64_t first_u64(const Digest& digest) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = (value << 8U) | digest[i];
  return value;
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  TACIT_ASSERT(
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  return bytes;
}

}  // namespace tacit
