// count-tokens: text in, token counts out; no store.
#include <fmt/format.h>

#include <optional>

#include "base/json_text.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "cli/verbs.h"
#include "inference/catalogue.h"
#include "inference/tokens.h"
#include "wire/errors.h"

namespace tacit::cli {
namespace {

constexpr int kOwnEncoding = 1020;  // a model's factor up to here is for message frames alone

struct Way {
  inference::Encoding encoding = inference::Encoding::kO200kBase;
  bool is_own = true;                                // the encoding is the model's
  std::unique_ptr<inference::TokenCounter> counter;  // none: estimates
  bool is_exact() const { return is_own && counter != nullptr; }
};

Result<Way> choose_way(const Arguments& arguments) {
  Way way;
  if (!arguments.encoding.empty() && !arguments.model.empty())
    return fail(ErrorKind::kInvalidInput, "give --encoding or --model, not both");
  if (!arguments.encoding.empty()) {
    const auto encoding = inference::parse_encoding(arguments.encoding);
    if (!encoding) {
      return fail(ErrorKind::kInvalidInput,
                  "--encoding: \"" + arguments.encoding + "\" is none of o200k_base, cl100k_base");
    }
    way.encoding = *encoding;
  }
  if (!arguments.model.empty()) {
    const auto catalogue = TACIT_TRY(inference::Catalogue::built_in());
    const inference::ModelFacts* model = catalogue.find(arguments.model);
    if (model == nullptr) {
      return fail(ErrorKind::kNotFound, "--model: \"" + arguments.model +
                                            "\" is not in the catalogue; name an --encoding");
    }
    way.encoding = model->encoding;
    way.is_own = model->factor_per_mille <= kOwnEncoding;
  }
  if (const auto folder = inference::find_token_ranks())
    way.counter = TACIT_TRY(inference::TokenCounter::open(*folder, way.encoding));
  return way;
}

std::string count_text(const Way& way, std::string_view text, bool with_ids,
                       const std::string& file) {
  const std::size_t tokens =
      way.counter ? way.counter->count(text) : inference::estimate_tokens(way.encoding, text);
  std::string line = "{";
  if (!file.empty()) line += fmt::format("\"file\":{},", json_quote(file));
  line += fmt::format("\"tokens\":{}", tokens);
  if (with_ids && way.counter)
    line += fmt::format(",\"ids\":[{}]", fmt::join(way.counter->ids(text), ","));
  return line + fmt::format(",\"exact\":{}}}\n", way.is_exact());
}

Result<void> count_tokens(const Arguments& arguments) {
  const Way way = TACIT_TRY(choose_way(arguments));
  if (!way.counter) {
    if (arguments.ids) {
      return fail(ErrorKind::kNotFound,
                  "--ids needs the token ranks; `tools/assets fetch` gets them");
    }
    print_error(
        "there are no token ranks on this machine (`tools/assets fetch` gets them): these "
        "counts are estimates");
  } else if (!way.is_own) {
    print_error(fmt::format("the encoding of {} is not public: counted with {}", arguments.model,
                            name_of(way.encoding)));
  }
  const bool from_input = arguments.words.empty() || arguments.words.front() == "-";
  if (from_input) {
    const std::string input = TACIT_TRY(read_input());
    std::size_t number = 0;
    for (const std::string_view line : split_lines(input))
      print(count_text(way, TACIT_TRY(line_text(line, ++number)), arguments.ids, ""));
    return {};
  }
  for (const std::string& file : arguments.words) {
    const std::string text = TACIT_TRY(read_text_file(file));
    print(count_text(way, text, arguments.ids, file));
  }
  return {};
}

}  // namespace

int run_count_tokens(const Arguments& arguments) {
  const auto done = count_tokens(arguments);
  return done ? wire::kExitDone : report(done.error(), arguments.json);
}

}  // namespace tacit::cli
