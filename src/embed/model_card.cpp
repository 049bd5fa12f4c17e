#include "embed/model_card.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/hash.h"

namespace tacit::embed {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxCardBytes = 64U << 10U;
constexpr std::size_t kMaxPrefixBytes = 1000;
constexpr std::size_t kMostPieces = 16384;

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorKind::kCorrupt, fmt::format("{}: {}", kModelCardFile, what));
}

Result<void> read_pooling(const Json& value, Pooling& pooling) {
  if (value == "mean")
    pooling = Pooling::kMean;
  else if (value == "cls")
    pooling = Pooling::kFirst;
  else
    return corrupt("pooling must be \"mean\" or \"cls\"");
  return {};
}

Result<void> read_prefix(const Json& value, std::string_view key, std::string& prefix) {
  if (!value.is_string() || value.get_ref<const std::string&>().size() > kMaxPrefixBytes)
    return corrupt(fmt::format("{} must be a text of at most {} bytes", key, kMaxPrefixBytes));
  prefix = value.get<std::string>();
  return {};
}

}  // namespace

std::string ModelCard::suffix() const {
  std::string result = pooling == Pooling::kFirst ? "+cls" : "";
  if (!query_prefix.empty() || !passage_prefix.empty())
    result += fmt::format("+{:08x}", xxh3(query_prefix + '\0' + passage_prefix) >> 32U);
  return result;
}

Result<ModelCard> read_model_card(const std::filesystem::path& file) {
  ModelCard card;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return card;
  std::string text(kMaxCardBytes, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return corrupt("is not a JSON object");
  for (const auto& [key, value] : json.items()) {
    if (key == "pooling") {
      TACIT_TRY(read_pooling(value, card.pooling));
    } else if (key == "query_prefix") {
      TACIT_TRY(read_prefix(value, key, card.query_prefix));
    } else if (key == "passage_prefix") {
      TACIT_TRY(read_prefix(value, key, card.passage_prefix));
    } else if (key == "max_pieces") {
      if (!value.is_number_unsigned() || value.get<std::uint64_t>() < 2 ||
          value.get<std::uint64_t>() > kMostPieces) {
        return corrupt(fmt::format("max_pieces must be a number from 2 to {}", kMostPieces));
      }
      card.max_pieces = value.get<std::size_t>();
    } else {
      return corrupt(
          fmt::format("\"{}\" is not known; there are pooling, query_prefix, "
                      "passage_prefix and max_pieces",
                      key));
    }
  }
  return card;
}

}  // namespace tacit::embed
