#pragma once
// Token counts as OpenAI's encodings make them: exact, with the same ids as tiktoken. A
// TokenCounter is immutable and safe from any thread; counting takes no lock and its time is linear
// in the text but for a logarithm of the longest piece. The ranks are an asset (tools/assets);
// without them estimate_tokens() gives a count that says of itself that it is none. Special tokens
// such as
// "<|endoftext|>" are plain text here: what a transcript or a prompt says never becomes control.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace tacit::inference {

class Ranks;  // inference/ranks.h, private

enum class Encoding { kO200kBase, kCl100kBase };
std::string_view name_of(Encoding encoding);  // "o200k_base", "cl100k_base"
std::optional<Encoding> parse_encoding(std::string_view name);

class TokenCounter {
 public:
  // Reads <folder>/<encoding>.json. Fails with not_found when it is missing and with corrupt when
  // it does not hold exactly the ranks of this encoding.
  static Result<std::unique_ptr<TokenCounter>> open(const std::filesystem::path& folder,
                                                    Encoding encoding);
  ~TokenCounter();
  TokenCounter(const TokenCounter&) = delete;
  TokenCounter& operator=(const TokenCounter&) = delete;

  Encoding encoding() const { return encoding_; }
  std::size_t count(std::string_view text) const;
  std::vector<std::uint32_t> ids(std::string_view text) const;

 private:
  TokenCounter(Encoding encoding, std::unique_ptr<const Ranks> ranks);
  Encoding encoding_;
  std::unique_ptr<const Ranks> ranks_;
};

// The counters of a folder, each opened when it is first asked for, which takes some 60 ms. Safe
// from any thread.
class TokenCounters {
 public:
  // Without a folder there are none.
  explicit TokenCounters(std::optional<std::filesystem::path> folder)
      : folder_(std::move(folder)) {}
  // Null where its ranks are missing or damaged, which is logged once. Lives as long as this.
  const TokenCounter* of(Encoding encoding);

 private:
  struct Opened {
    bool was_tried = false;
    std::unique_ptr<TokenCounter> counter;
  };
  std::optional<std::filesystem::path> folder_;
  Mutex mutex_;
  std::map<Encoding, Opened> opened_ TACIT_GUARDED_BY(mutex_);
};

// A count without ranks: the exact pieces, each with a guess from its length and script.
std::size_t estimate_tokens(Encoding encoding, std::string_view text);

// $TACIT_TOKEN_RANKS, else the folder where tools/assets puts them (tiktoken below $TACIT_ASSETS,
// else below $XDG_CACHE_HOME/tacit/assets or ~/.cache/tacit/assets), if it holds ranks.
std::optional<std::filesystem::path> find_token_ranks();

}  // namespace tacit::inference
