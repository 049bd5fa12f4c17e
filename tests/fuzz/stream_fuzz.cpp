// Reads mutated streams for a while: no input may crash a reader or hang it, and it must say the
// same at every cut of the bytes. Events and lines are also held against a reading of the whole
// text that is written down here plainly.
//
// usage: stream_fuzz sse | json_lines | openai | anthropic | gemini | ollama
// TACIT_FUZZ_SECONDS (default 3) and TACIT_FUZZ_SEED (default 1) choose how long and which inputs.
// The input at work lies in fuzz_stream_NAME.input in the current folder, so a crash leaves it
// there.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "inference/provider.h"
#include "mutator.h"
#include "net/event_stream.h"
#include "testing/fake_dialect.h"
#include "testing/fixtures.h"

namespace tacit {
namespace {

using fuzz::Mutator;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMostPiece = 64;

// What a reader says of the bytes cut into pieces of at most so many; the last word is the rest.
using Said = std::vector<std::string>;
using Pieces = std::vector<std::string_view>;

Pieces cut(std::string_view bytes, const std::function<std::size_t()>& size) {
  Pieces pieces;
  while (!bytes.empty()) {
    pieces.push_back(bytes.substr(0, size()));
    bytes.remove_prefix(pieces.back().size());
  }
  return pieces;
}

Said read_events(const Pieces& pieces) {
  net::EventStream stream;
  Said said;
  for (const std::string_view piece : pieces) {
    const auto fed = stream.feed(piece, [&](const net::ServerEvent& event) -> Result<void> {
      said.push_back(event.name + "|" + event.data);
      return {};
    });
    if (!fed) said.push_back("fails: " + fed.error().message());
  }
  said.push_back(stream.take_rest());
  return said;
}

Said read_lines(const Pieces& pieces) {
  net::LineStream stream;
  Said said;
  for (const std::string_view piece : pieces) {
    const auto fed = stream.feed(piece, [&](std::string_view line) -> Result<void> {
      said.emplace_back(line);
      return {};
    });
    if (!fed) said.push_back("fails: " + fed.error().message());
  }
  said.push_back(stream.take_rest());
  return said;
}

// Lines of the whole text; the last one has no end.
std::vector<std::string> lines_of(const std::string& text, bool has_lone_cr) {
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (is_crlf) ++i;
    if (is_crlf || text[i] == '\n' || (has_lone_cr && text[i] == '\r'))
      lines.emplace_back();
    else
      lines.back() += text[i];
  }
  return lines;
}

Said plain_events(std::string text) {
  auto lines = lines_of(text, true);
  const std::string rest = lines.back();
  lines.pop_back();
  if (!lines.empty() && lines.front().starts_with("\xEF\xBB\xBF")) lines.front().erase(0, 3);
  Said said;
  std::string name;
  std::vector<std::string> data;
  std::string unframed;
  for (const std::string& line : lines) {
    const std::string field = line.substr(0, line.find(':'));
    std::string value = field.size() == line.size() ? "" : line.substr(field.size() + 1);
    if (value.starts_with(' ')) value.erase(0, 1);
    if (line.empty()) {
      if (!data.empty()) said.push_back(fmt::format("{}|{}", name, fmt::join(data, "\n")));
      name.clear();
      data.clear();
      unframed.clear();
    } else if (field == "data") {
      data.push_back(value);
    } else if (field == "event") {
      name = value;
    } else if (!field.empty() && field != "id" && field != "retry") {
      unframed += line + "\n";
    }
  }
  said.push_back(unframed + rest);
  return said;
}

Said plain_lines(const std::string& text) {
  Said said;
  for (const std::string& line : lines_of(text, false))
    if (!line.empty()) said.push_back(line);
  const auto lines = lines_of(text, false);
  if (lines.back().empty()) said.emplace_back();
  return said;
}

Said read_reply(inference::Protocol protocol, const Pieces& pieces) {
  const auto reader = inference::provider_of(protocol).reader(true);
  std::string text;
  for (const std::string_view piece : pieces) {
    const auto fed = reader->feed(piece, [&](std::string_view more) { text += more; });
    if (!fed) return {text, std::string(name_of(fed.error().kind))};
  }
  const auto reply = reader->finish();
  if (!reply) return {text, std::string(name_of(reply.error().kind)), reader->partial().text};
  const auto usage = reply->usage.value_or(BilledTokens());
  return {text, reply->text,
          fmt::format("{} {} {}", static_cast<int>(reply->finish), usage.prompt(), usage.output)};
}

std::vector<std::string> event_seeds() {
  return {"data: one\n\nevent: delta\ndata: two\n\n",
          "\xEF\xBB\xBF: hello\r\ndata: gr\xC3\xBC\xC3\x9F\r\ndata: {\"a\":1}\r\n\r\n",
          "event: x\rdata: y\r\rdata: z\r\rid: 7\rretry: 10\r\r",
          "data\n\ndata:\n\ndata:  b\n: ping\n\n:\n\n\n\n",
          "data: a\n\n{\n  \"error\": {\"message\": \"no\"}\n}",
          "data: cut of"};
}
std::vector<std::string> line_seeds() {
  return {"{\"a\":1}\n{\"b\":\"\xC3\xBC\"}\n", "{\"a\":1}\r\n\r\n\n{\"done\":true}\r\n", "{\"cut",
          ""};
}

// Replies as the fake provider says them, whole and broken.
std::vector<std::string> reply_seeds(const std::string& path) {
  std::vector<std::string> seeds;
  for (const auto fault : {testing::Fault::kNone, testing::Fault::kNoTerminator,
                           testing::Fault::kNoUsage, testing::Fault::kUsageTwice}) {
    testing::FakeRule rule;
    rule.fault = fault;
    rule.model = "m";
    std::string& seed = seeds.emplace_back();
    for (const std::string& piece : testing::fake_reply(rule, path, R"({"stream": true})").pieces)
      seed += piece;
  }
  seeds.push_back(testing::fake_error_piece(testing::dialect_of(path)));
  return seeds;
}

struct Target {
  std::vector<std::string> seeds;
  std::function<Said(const Pieces&)> read;
  std::function<Said(const std::string&)> plain;  // none: only the cuts are compared
};

Target target_of(const std::string& name) {
  using inference::Protocol;
  const auto reply = [](Protocol protocol, const std::string& path) {
    return Target{reply_seeds(path),
                  [protocol](const Pieces& pieces) { return read_reply(protocol, pieces); },
                  {}};
  };
  if (name == "sse") return {event_seeds(), read_events, plain_events};
  if (name == "json_lines") return {line_seeds(), read_lines, plain_lines};
  if (name == "openai") return reply(Protocol::kOpenAi, "/v1/chat/completions");
  if (name == "anthropic") return reply(Protocol::kAnthropic, "/v1/messages");
  if (name == "gemini") return reply(Protocol::kGemini, "/v1/models/m:streamGenerateContent");
  if (name == "ollama") return reply(Protocol::kOllama, "/api/chat");
  return {};
}

std::string check(const Target& target, const std::string& text, Mutator& mutator,
                  std::size_t& words) {
  const Said whole = target.read(cut(text, [&] { return text.size(); }));
  words += whole.size() - 1;
  if (target.plain && whole != target.plain(text)) return "is not what the text says";
  if (target.read(cut(text, [] { return 1; })) != whole) return "reads otherwise byte by byte";
  if (target.read(cut(text, [&] { return 1 + mutator.below(kMostPiece); })) != whole)
    return "reads otherwise in pieces";
  return "";
}

int run(const std::string& name) {
  const Target target = target_of(name);
  if (target.seeds.empty()) {
    fmt::print("there is no stream {}\n", name);
    return 2;
  }
  const unsigned seed = fuzz::environment_number("TACIT_FUZZ_SEED", 1);
  const auto end =
      SteadyClock::now() + std::chrono::seconds(fuzz::environment_number("TACIT_FUZZ_SECONDS", 3));
  const std::filesystem::path file = std::filesystem::absolute("fuzz_stream_" + name + ".input");
  Mutator mutator(target.seeds, seed);
  std::size_t inputs = 0;
  std::size_t words = 0;
  for (; SteadyClock::now() < end; ++inputs) {
    const std::string text = mutator.next();
    testing::write_file(file, text);
    const std::string found = check(target, text, mutator, words);
    if (found.empty()) continue;
    fmt::print("{} input {} of seed {}, kept in {}: {}\n", name, inputs, seed, file.string(),
               found);
    return 1;
  }
  std::filesystem::remove(file);
  fmt::print("{}: {} inputs of seed {}, {} messages\n", name, inputs, seed, words);
  // Mutations that leave nothing to read would test nothing.
  return inputs > 0 && words > 0 ? 0 : 1;
}

}  // namespace
}  // namespace tacit

int main(int count, char** arguments) {
  if (count != 2) {
    fmt::print("usage: stream_fuzz sse | json_lines | openai | anthropic | gemini | ollama\n");
    return 2;
  }
  return tacit::run(arguments[1]);
}
