#include "inference/ranks.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

namespace tacit::inference {
namespace {

// SHA-256 of the files that OpenAI publishes: a line "<base64> <rank>" for each token.
std::string_view published_digest(Encoding encoding) {
  return encoding == Encoding::kO200kBase
             ? "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
             : "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7";
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> base64_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kBase64.size(); ++i)
    values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::int8_t>(i);
  return values;
}
constexpr auto kBase64Values = base64_values();

// Appends the bytes of a base64 text; false when it is none.
bool decode_base64(std::string_view text, std::string& out) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::uint32_t bits = 0;
  unsigned filled = 0;
  for (const char c : text) {
    const int value = kBase64Values[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    filled += 6;
    if (filled < 8) continue;
    filled -= 8;
    out += static_cast<char>(bits >> filled & 0xFFU);
  }
  return true;
}

// The tokens of "! 0 IQ== Ig== …" in order of rank.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Result<std::string> read_ranks(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return fail(ErrorKind::kNotFound, "there are no token ranks at " + file.string() +
                                          "; `tools/assets fetch` gets them");
  }
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("bpe_ranks") || !json["bpe_ranks"].is_string())
    return fail(ErrorKind::kCorrupt, file.string() + " holds no token ranks: fetch it again");
  return json["bpe_ranks"].get<std::string>();
}

std::string published_form(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t rank = 0; rank < words.size(); ++rank)
    fmt::format_to(std::back_inserter(text), "{} {}\n", words[rank], rank);
  return text;
}

}  // namespace

Result<std::unique_ptr<const Ranks>> Ranks::open(const std::filesystem::path& file,
                                                 Encoding encoding) {
  const std::string text = TACIT_TRY(read_ranks(file));
  std::vector<std::string_view> words = words_of(text);
  const bool has_head = words.size() > 2 && words[0] == "!" && words[1] == "0";
  if (has_head) words.erase(words.begin(), words.begin() + 2);
  if (!has_head || hex(sha256(published_form(words))) != published_digest(encoding)) {
    return fail(ErrorKind::kCorrupt, fmt::format("{} does not hold the ranks of {}: fetch it again",
                                                 file.string(), name_of(encoding)));
  }
  auto ranks = std::make_unique<Ranks>();
  std::vector<std::size_t> starts;
  for (const std::string_view word : words) {
    starts.push_back(ranks->block_.size());
    if (!decode_base64(word, ranks->block_))
      return fail(ErrorKind::kCorrupt, file.string() + " holds a token that is no base64");
  }
  starts.push_back(ranks->block_.size());
  ranks->build(starts);
  return ranks;
}

void Ranks::build(const std::vector<std::size_t>& starts) {
  std::size_t short_count = 0;
  const std::size_t count = starts.size() - 1;
  for (std::size_t i = 0; i < count; ++i) short_count += starts[i + 1] - starts[i] <= kShort;
  // At most two thirds full, so that a search ends soon.
  short_.resize(std::bit_ceil(short_count + short_count / 2));
  long_.resize(std::bit_ceil((count - short_count) + (count - short_count) / 2));
  short_mask_ = short_.size() - 1;
  long_mask_ = long_.size() - 1;
  pairs_.assign(65536, kNoRank);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view token =
        std::string_view(block_).substr(starts[i], starts[i + 1] - starts[i]);
    longest_ = std::max(longest_, token.size());
    const auto size = static_cast<std::uint32_t>(token.size());
    const std::uint64_t key = hash(token);
    if (token.size() == 1) bytes_[static_cast<unsigned char>(token[0])] = static_cast<Rank>(i);
    if (token.size() == 2) pairs_[pair_slot(token[0], token[1])] = static_cast<Rank>(i);
    if (token.size() <= kShort) {
      std::size_t at = key & short_mask_;
      while (short_[at].size != 0) at = (at + 1) & short_mask_;
      short_[at] = {short_key(token), static_cast<Rank>(i), size};
    } else {
      std::size_t at = key & long_mask_;
      while (long_[at].size != 0) at = (at + 1) & long_mask_;
      long_[at] = {static_cast<std::uint32_t>(key >> 32U), static_cast<std::uint32_t>(starts[i]),
                   static_cast<Rank>(i), size};
    }
  }
}

}  // namespace tacit::inference
