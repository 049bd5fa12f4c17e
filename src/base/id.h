#pragma once
// Typed identifiers. Every id is 60 bits, so it fits an SQLite rowid and prints as twelve
// characters of Crockford base32 behind a letter for its kind: "x4v0k2m9q4x1a". Ids of different
// kinds are different types. Ids are derived from keyed hashes (domain/identity.h), so equal input
// gives equal ids within one data folder and nothing can be guessed from outside. Zero means "no
// id".

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tacit {

inline constexpr std::uint64_t kIdMask = (std::uint64_t{1} << 60) - 1;

// Twelve base32 characters and back. Reading accepts upper case and refuses every other alphabet.
std::string id_text(std::uint64_t value);
std::optional<std::uint64_t> parse_id_text(std::string_view text);

template <class Tag>
struct Id {
  std::uint64_t value = 0;

  static constexpr char kPrefix = Tag::kPrefix;
  explicit operator bool() const { return value != 0; }
  auto operator<=>(const Id&) const = default;

  std::string text() const { return std::string(1, kPrefix) + id_text(value); }
  static std::optional<Id> parse(std::string_view text) {
    if (text.empty() || text.front() != kPrefix) return std::nullopt;
    const auto value = parse_id_text(text.substr(1));
    if (!value) return std::nullopt;
    return Id{*value};
  }
};

struct SessionTag {
  static constexpr char kPrefix = 's';
};
struct ExchangeTag {
  static constexpr char kPrefix = 'x';
};
struct ObservationTag {
  static constexpr char kPrefix = 'o';
};
struct ItemTag {
  static constexpr char kPrefix = 'k';
};

using SessionId = Id<SessionTag>;
using ExchangeId = Id<ExchangeTag>;
using ObservationId = Id<ObservationTag>;
using ItemId = Id<ItemTag>;

}  // namespace tacit

template <class Tag>
struct std::hash<tacit::Id<Tag>> {
  std::size_t operator()(tacit::Id<Tag> id) const noexcept {
    return std::hash<std::uint64_t>()(id.value);
  }
};
