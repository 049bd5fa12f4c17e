#pragma once
// Hashes. SHA-256 and HMAC-SHA-256 (OpenSSL) for identities and fingerprints that must not be
// guessable, XXH3 for cache keys and equality of content. Free functions, safe from any thread, no
// failure.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tacit {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view bytes);
std::uint64_t xxh3(std::string_view bytes);

// Lower-case hexadecimal of the first `bytes` bytes.
std::string hex(const Digest& digest, std::size_t bytes = 32);
// The first eight bytes, big-endian.
std::uint64_t first_u64(const Digest& digest);

// Cryptographically random bytes from the system.
std::string random_bytes(std::size_t count);

}  // namespace tacit
