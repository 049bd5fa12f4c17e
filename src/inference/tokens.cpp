#include "inference/tokens.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "inference/code_points.h"
#include "inference/merge.h"
#include "inference/pieces.h"
#include "inference/ranks.h"

namespace tacit::inference {
namespace {

constexpr std::string_view kNames[] = {"o200k_base", "cl100k_base"};
constexpr std::size_t kFewestSlots = 64;
constexpr std::size_t kMostSlots = 16'384;    // 256 KiB: half of a core's second cache
constexpr std::size_t kMostRemembered = 256;  // bytes of a piece
constexpr std::size_t kBytesASlot = 16;  // so that clearing the slots costs little beside counting

// Counts of pieces, remembered while one text is counted: texts repeat themselves, and this is
// smaller than the ranks. A slot is compared with all bytes of the piece, so it cannot be wrong.
class PieceCounts {
 public:
  PieceCounts(const Ranks& ranks, std::size_t text_size)
      : ranks_(ranks),
        merger_(ranks),
        mask_(std::bit_ceil(std::clamp(text_size / kBytesASlot, kFewestSlots, kMostSlots)) - 1),
        slots_(mask_ + 1),
        long_slots_(mask_ + 1) {}

  // `piece` lies in the text, which stays where it is.
  std::size_t count(std::string_view piece) {
    if (piece.size() > Ranks::kShort) return count_long(piece);
    const std::uint64_t key = Ranks::short_key(piece);
    Slot& slot = slots_[Ranks::mix(key, piece.size()) & mask_];
    if (slot.key != key || slot.size != piece.size()) {
      slot = {key, static_cast<std::uint32_t>(piece.size()),
              static_cast<std::uint32_t>(count_anew(piece))};
    }
    return slot.tokens;
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t size = 0;
    std::uint32_t tokens = 0;
  };
  // Its first place in the text stands for its bytes.
  struct LongSlot {
    const char* bytes = nullptr;
    std::uint32_t size = 0;
    std::uint32_t tokens = 0;
  };

  std::size_t count_long(std::string_view piece) {
    if (piece.size() > kMostRemembered) return count_anew(piece);
    LongSlot& slot = long_slots_[Ranks::hash(piece) & mask_];
    if (slot.size != piece.size() || std::memcmp(slot.bytes, piece.data(), piece.size()) != 0) {
      slot = {piece.data(), static_cast<std::uint32_t>(piece.size()),
              static_cast<std::uint32_t>(count_anew(piece))};
    }
    return slot.tokens;
  }
  std::size_t count_anew(std::string_view piece) {
    return ranks_.find(piece) != kNoRank ? 1 : merger_.merge(piece, nullptr);
  }

  const Ranks& ranks_;
  Merger merger_;
  std::size_t mask_;
  std::vector<Slot> slots_;
  std::vector<LongSlot> long_slots_;
};

}  // namespace

std::string_view name_of(Encoding encoding) {
  return kNames[static_cast<std::size_t>(encoding)];
}

std::optional<Encoding> parse_encoding(std::string_view name) {
  for (const Encoding encoding : {Encoding::kO200kBase, Encoding::kCl100kBase}) {
    if (name == name_of(encoding)) return encoding;
  }
  return std::nullopt;
}

TokenCounter::TokenCounter(Encoding encoding, std::unique_ptr<const Ranks> ranks)
    : encoding_(encoding), ranks_(std::move(ranks)) {}
TokenCounter::~TokenCounter() = default;

Result<std::unique_ptr<TokenCounter>> TokenCounter::open(const std::filesystem::path& folder,
                                                         Encoding encoding) {
  auto ranks =
      TACIT_TRY(Ranks::open(folder / (std::string(name_of(encoding)) + ".json"), encoding));
  return std::unique_ptr<TokenCounter>(new TokenCounter(encoding, std::move(ranks)));
}

const TokenCounter* TokenCounters::of(Encoding encoding) {
  if (!folder_) return nullptr;
  const MutexLock lock(mutex_);
  Opened& opened = opened_[encoding];
  if (!opened.was_tried) {
    opened.was_tried = true;
    auto counter = TokenCounter::open(*folder_, encoding);
    if (counter)
      opened.counter = std::move(*counter);
    else
      log::warn("inference", "token_ranks_unusable", {{"why", counter.error().message()}});
  }
  return opened.counter.get();
}

std::size_t TokenCounter::count(std::string_view text) const {
  PieceCounts counts(*ranks_, text.size());
  std::size_t tokens = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = piece_end(encoding_, text, at);
    tokens += counts.count(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

std::vector<std::uint32_t> TokenCounter::ids(std::string_view text) const {
  Merger merger(*ranks_);
  std::vector<Rank> ids;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = piece_end(encoding_, text, at);
    const std::string_view piece = text.substr(at, end - at);
    const Rank rank = ranks_->find(piece);
    if (rank != kNoRank) {
      ids.push_back(rank);
    } else {
      merger.merge(piece, &ids);
    }
    at = end;
  }
  return ids;
}

std::size_t estimate_tokens(Encoding encoding, std::string_view text) {
  // Measured over the sessions of coding agents: a token of a word that is none itself has about
  // four bytes of Latin text, and about three of any other script.
  constexpr std::size_t kWholeWord = 6;
  constexpr std::size_t kLatinBytes = 4;
  constexpr std::size_t kOtherBytes = 3;
  std::size_t tokens = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = piece_end(encoding, text, at);
    const std::size_t size = end - at;
    const bool is_ascii = static_cast<unsigned char>(text[end - 1]) < 0x80;
    const std::size_t per_token = is_ascii ? kLatinBytes : kOtherBytes;
    tokens += is_ascii && size <= kWholeWord ? 1 : (size + per_token - 1) / per_token;
    at = end;
  }
  return tokens;
}

std::optional<std::filesystem::path> find_token_ranks() {
  const auto variable = [](const char* name) -> std::string_view {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  std::filesystem::path folder;
  if (const auto chosen = variable("TACIT_TOKEN_RANKS"); !chosen.empty()) {
    folder = chosen;
  } else if (const auto assets = variable("TACIT_ASSETS"); !assets.empty()) {
    folder = std::filesystem::path(assets) / "tiktoken";
  } else if (const auto cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
    folder = std::filesystem::path(cache) / "tacit/assets/tiktoken";
  } else if (const auto home = variable("HOME"); !home.empty()) {
    folder = std::filesystem::path(home) / ".cache/tacit/assets/tiktoken";
  } else {
    return std::nullopt;
  }
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "o200k_base.json", ignored)) return std::nullopt;
  return folder;
}

}  // namespace tacit::inference
