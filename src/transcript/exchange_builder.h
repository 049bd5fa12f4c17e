#pragma once
// ExchangeBuilder: collects the steps of one exchange at a time and hands it to the sink once it is
// over. It keeps the rules that all formats share: an exchange without an answer is dropped, texts
// and steps are clipped with visible marks, ordinals count within a session, a session counts once.
// One adapter, one file, one thread.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/session.h"
#include "transcript/reader.h"

namespace tacit::transcript {

class ExchangeBuilder {
 public:
  ExchangeBuilder(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), sink_(sink), report_(report) {}

  // What the next exchange's session is; filled by the adapter before begin().
  Session& session() { return session_; }

  // Ends the exchange before it and opens the next; `line` is where its request stands.
  Result<void> begin(std::string_view request, std::string identity, std::optional<Instant> time,
                     std::size_t line);
  bool is_open() const { return exchange_.has_value(); }
  bool is_answered() const { return is_answered_; }
  std::string_view request() const;

  // Does nothing when no exchange is open. A reply, call or result answers the request.
  void add(Step step);
  // An assistant record that has no text of its own (reasoning, an empty block).
  void mark_answered(std::optional<Instant> time);
  void set_model(std::string_view model);
  void add_tokens(const TokenUse& tokens);

  // Hands the open exchange to the sink, if it was answered.
  Result<void> finish();

 private:
  void note(std::string reason);

  const std::filesystem::path& file_;
  Sink sink_;
  FileReport& report_;
  Session session_;
  Session open_session_;
  std::optional<Exchange> exchange_;
  std::size_t line_ = 0;
  std::size_t bytes_ = 0;
  std::size_t dropped_steps_ = 0;
  std::size_t reduced_steps_ = 0;
  bool is_answered_ = false;
  std::map<std::string, int> next_ordinal_;
};

// Lower-case hexadecimal of a hash of text; short, for parts of identities.
std::string short_hash(std::string_view text);

// The first line of a request, clipped: a title where the agent gave none.
std::string title_from(std::string_view request);

}  // namespace tacit::transcript
