#pragma once
// Private to inference: the tokens of one encoding. A token is a string of bytes; its rank is both
// its id and its turn in merging. Two open-addressing tables: tokens of up to eight bytes lie in
// the table itself, longer ones are compared in one block of bytes. Immutable after open.

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "inference/tokens.h"

namespace tacit::inference {

using Rank = std::uint32_t;
inline constexpr Rank kNoRank = 0xFFFFFFFF;

class Ranks {
 public:
  // Reads the JSON of npm's tiktoken and holds it against the published SHA-256 of the encoding.
  static Result<std::unique_ptr<const Ranks>> open(const std::filesystem::path& file,
                                                   Encoding encoding);

  // The rank of these bytes, or kNoRank when they are no token. `bytes` is not empty.
  Rank find(std::string_view bytes) const {
    if (bytes.size() <= kShort) return find_short(bytes);
    return bytes.size() <= longest_ ? find_long(bytes) : kNoRank;
  }
  Rank of_byte(char byte) const { return bytes_[static_cast<unsigned char>(byte)]; }
  Rank of_pair(char first, char second) const { return pairs_[pair_slot(first, second)]; }

  static constexpr std::size_t kShort = 8;
  // One to eight bytes as a number, padded with zeros.
  static std::uint64_t short_key(std::string_view bytes) {
    const std::size_t size = bytes.size();
    const char* data = bytes.data();
    if (size >= 4) return load_half(data) | load_half(data + size - 4) << (8 * (size - 4));
    const auto one = [&](std::size_t i) {
      return std::uint64_t{static_cast<unsigned char>(data[i])} << (8 * i);
    };
    return one(0) | one(size / 2) | one(size - 1);
  }
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a ^ 0x9E3779B97F4A7C15ULL) * (b ^ 0xD6E8FEB86659FD93ULL);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }
  static std::uint64_t hash(std::string_view bytes) {
    if (bytes.size() <= kShort) return mix(short_key(bytes), bytes.size());
    if (bytes.size() > 2 * kShort) return xxh3(bytes);
    return mix(load(bytes.data()) + bytes.size(), load(bytes.data() + bytes.size() - kShort));
  }

 private:
  struct ShortToken {
    std::uint64_t bytes = 0;  // padded with zeros
    Rank rank = 0;
    std::uint32_t size = 0;  // 0: the slot is free
  };
  struct LongToken {
    std::uint32_t tag = 0;  // upper half of the hash
    std::uint32_t start = 0;
    Rank rank = 0;
    std::uint32_t size = 0;  // 0: the slot is free
  };

  // Fills the tables from block_; token i lies from starts[i] to starts[i + 1].
  void build(const std::vector<std::size_t>& starts);

  static std::uint64_t load(const char* bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  static std::uint64_t load_half(const char* bytes) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  static std::size_t pair_slot(char first, char second) {
    return std::size_t{static_cast<unsigned char>(first)} << 8U |
           static_cast<unsigned char>(second);
  }

  Rank find_short(std::string_view bytes) const {
    const std::uint64_t value = short_key(bytes);
    for (std::size_t at = mix(value, bytes.size()) & short_mask_;; at = (at + 1) & short_mask_) {
      const ShortToken& token = short_[at];
      if (token.bytes == value && token.size == bytes.size()) return token.rank;
      if (token.size == 0) return kNoRank;
    }
  }
  Rank find_long(std::string_view bytes) const {
    const std::uint64_t key = hash(bytes);
    const auto tag = static_cast<std::uint32_t>(key >> 32U);
    for (std::size_t at = key & long_mask_;; at = (at + 1) & long_mask_) {
      const LongToken& token = long_[at];
      if (token.size == 0) return kNoRank;
      if (token.tag == tag && token.size == bytes.size() &&
          std::memcmp(block_.data() + token.start, bytes.data(), bytes.size()) == 0) {
        return token.rank;
      }
    }
  }

  std::vector<ShortToken> short_;
  std::vector<LongToken> long_;
  std::size_t short_mask_ = 0;
  std::size_t long_mask_ = 0;
  std::size_t longest_ = 0;
  std::string block_;
  Rank bytes_[256] = {};
  std::vector<Rank> pairs_;  // of every two bytes
};

}  // namespace tacit::inference
