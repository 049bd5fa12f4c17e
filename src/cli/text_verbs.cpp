// redact and embed: text in, text out, no store.
#include <fmt/format.h>

#include "base/hash.h"
#include "base/json_text.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "cli/verbs.h"
#include "privacy/redactor.h"
#include "wire/errors.h"

namespace tacit::cli {
namespace {

constexpr std::size_t kEmbedBatch = 32;

std::string vector_line(const EmbeddingSpace& space, const Embedding& values) {
  std::string text = fmt::format("{{\"space\":{},\"vector\":[", json_quote(space.text()));
  for (std::size_t i = 0; i < values.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ",", values[i]);
  return text + "]}\n";
}

Result<void> embed_lines(const Arguments& arguments, const Settings& settings) {
  if (!arguments.kind.empty() && arguments.kind != "384") {
    return fail(
        ErrorKind::kInvalidInput,
        fmt::format("--space: this version has the space 384 only, not \"{}\"", arguments.kind));
  }
  auto embedder = TACIT_TRY(open_embedder(settings));
  const std::string input = TACIT_TRY(read_input());
  std::vector<std::string> texts;
  std::size_t number = 0;
  for (const std::string_view line : split_lines(input))
    texts.push_back(TACIT_TRY(line_text(line, ++number)));
  for (std::size_t start = 0; start < texts.size(); start += kEmbedBatch) {
    const std::size_t end = std::min(texts.size(), start + kEmbedBatch);
    const std::vector<std::string_view> batch(texts.begin() + static_cast<std::ptrdiff_t>(start),
                                              texts.begin() + static_cast<std::ptrdiff_t>(end));
    for (const Embedding& values : TACIT_TRY(embedder->embed(batch, Deadline::none())))
      print(vector_line(embedder->space(), values));
  }
  return {};
}

Result<void> redact_input(const Arguments& arguments, const Settings& settings) {
  // The folder's key gives the fingerprints that imports give; without one a key of the moment
  // serves.
  auto folder_key = service::open_data_folder(settings.data_dir, false);
  const IdentityKey key = folder_key ? *folder_key : IdentityKey(random_bytes(32));
  auto redactor = TACIT_TRY(privacy::Redactor::make(key));
  const privacy::Redaction redaction = redactor->redact(TACIT_TRY(read_input()));
  if (!arguments.json) {
    print(redaction.text);
    return {};
  }
  std::string found;
  for (const privacy::Finding& finding : redaction.found) {
    found += fmt::format("{}{{\"type\":{},\"start\":{},\"end\":{}}}", found.empty() ? "" : ",",
                         json_quote(finding.type), finding.start, finding.end);
  }
  print(fmt::format("{{\"text\":{},\"found\":[{}]}}\n", json_quote(redaction.text), found));
  return {};
}

}  // namespace

int run_embed(const Arguments& arguments, const Settings& settings) {
  const auto done = embed_lines(arguments, settings);
  return done ? wire::kExitDone : report(done.error(), arguments.json);
}

int run_redact(const Arguments& arguments, const Settings& settings) {
  const auto done = redact_input(arguments, settings);
  return done ? wire::kExitDone : report(done.error(), arguments.json);
}

}  // namespace tacit::cli
