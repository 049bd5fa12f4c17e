#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <xxhash.h>

#include "base/assert.h"

namespace tacit {

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

// RFC 2104 over the digest above: the library's own fetches its parts anew at each call, which
// costs ten times the hash of a short text.
Digest hmac_sha256(std::string_view key, std::string_view bytes) {
  constexpr std::size_t kBlock = 64;
  constexpr char kInner = 0x36;
  constexpr char kOuter = 0x5C;
  const auto text_of = [](const Digest& digest) {
    return std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size());
  };
  Digest short_key{};
  if (key.size() > kBlock) {
    short_key = sha256(key);
    key = text_of(short_key);
  }
  const auto padded = [&](char pad) {
    std::string block(kBlock, pad);
    for (std::size_t i = 0; i < key.size(); ++i) block[i] = static_cast<char>(key[i] ^ pad);
    return block;
  };
  const Digest inner = sha256(padded(kInner).append(bytes));
  return sha256(padded(kOuter).append(text_of(inner)));
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
