#include "inference/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

extern "C" {
extern const char tacit_catalogue_begin[];
extern const char tacit_catalogue_end[];
}

namespace tacit::inference {
namespace {

using Json = nlohmann::json;

constexpr int kMostFactor = 4000;                  // no byte-level encoding is wronger than this
constexpr int kMostBatchRate = 1000;               // no batch costs more than its calls
constexpr std::int64_t kMostRate = 1'000'000'000;  // $1000 for a million tokens: a slip of units

// Reads one object's fields and remembers the first mistake.
class Fields {
 public:
  Fields(const Json& object, std::string place) : object_(object), place_(std::move(place)) {}

  std::string text(const char* key, bool required = true) {
    const auto found = object_.find(key);
    if (found == object_.end() && !required) return {};
    if (found == object_.end() || !found->is_string() || found->get<std::string>().empty()) {
      note(key, "must be a text");
      return {};
    }
    return found->get<std::string>();
  }
  std::optional<std::int64_t> number(const char* key, std::int64_t most) {
    const auto found = object_.find(key);
    if (found == object_.end()) return std::nullopt;
    if (!found->is_number_unsigned() ||
        found->get<std::uint64_t>() > static_cast<std::uint64_t>(most)) {
      note(key, fmt::format("must be a whole number up to {}", most));
      return std::nullopt;
    }
    return found->get<std::int64_t>();
  }
  std::int64_t needed(const char* key, std::int64_t most) {
    if (!object_.contains(key)) note(key, "is missing");
    return number(key, most).value_or(0);
  }
  std::optional<Instant> date(const char* key, bool required) {
    const std::string text_of_date = text(key, required);
    if (text_of_date.empty()) return std::nullopt;
    const auto instant = parse_time(text_of_date);
    if (!instant) note(key, "must be a date");
    return instant;
  }
  bool flag(const char* key, bool otherwise) const {
    const auto found = object_.find(key);
    return found != object_.end() && found->is_boolean() ? found->get<bool>() : otherwise;
  }
  void note(const std::string& key, const std::string& what) {
    if (mistake_.empty()) mistake_ = fmt::format("catalogue: {}: {} {}", place_, key, what);
  }
  Result<void> done() const {
    return mistake_.empty() ? Result<void>{} : fail(ErrorKind::kCorrupt, mistake_);
  }

 private:
  const Json& object_;
  std::string place_;
  std::string mistake_;
};

Result<PriceRow> parse_price(const Json& json, const std::string& place) {
  if (!json.is_object()) return fail(ErrorKind::kCorrupt, "catalogue: " + place + ": no object");
  Fields fields(json, place);
  PriceRow row;
  row.from = fields.date("from", true).value_or(Instant());
  row.to = fields.date("to", false);
  row.prompt_above = fields.number("prompt_above", 1'000'000'000).value_or(0);
  row.input = Money::pico(fields.needed("input", kMostRate));
  row.output = Money::pico(fields.needed("output", kMostRate));
  const auto rate = [&](const char* key, Money otherwise) {
    const auto pico = fields.number(key, kMostRate);
    return pico ? Money::pico(*pico) : otherwise;
  };
  row.cache_read = rate("cache_read", row.input);
  row.cache_write = rate("cache_write", row.input);
  row.cache_write_long = rate("cache_write_long", row.cache_write);
  row.confirmed = fields.flag("confirmed", true);
  row.source = fields.text("source");
  if (row.to && *row.to <= row.from) fields.note("to", "must be after from");
  if (row.input == Money()) fields.note("input", "must cost something");
  TACIT_TRY(fields.done());
  return row;
}

Result<ModelFacts> parse_model(const Json& json, std::size_t index) {
  const std::string place = fmt::format("models[{}]", index);
  if (!json.is_object()) return fail(ErrorKind::kCorrupt, "catalogue: " + place + ": no object");
  Fields fields(json, place);
  ModelFacts facts;
  facts.provider = fields.text("provider");
  facts.model = fields.text("model");
  facts.is_embedding = fields.text("kind", false) == "embedding";
  const auto encoding = parse_encoding(fields.text("encoding"));
  if (!encoding) fields.note("encoding", "must be o200k_base or cl100k_base");
  facts.encoding = encoding.value_or(Encoding::kO200kBase);
  facts.factor_per_mille = static_cast<int>(fields.needed("token_factor_per_mille", kMostFactor));
  if (facts.factor_per_mille < 1000) fields.note("token_factor_per_mille", "must be 1000 or more");
  facts.context = fields.number("context", 1'000'000'000);
  facts.max_output = fields.number("max_output", 1'000'000'000);
  facts.retired = fields.date("retired", false);
  facts.note = fields.text("note", false);
  if (!json.contains("prices") || !json["prices"].is_array())
    fields.note("prices", "must be a list");
  TACIT_TRY(fields.done());
  for (std::size_t i = 0; i < json["prices"].size(); ++i) {
    facts.prices.push_back(
        TACIT_TRY(parse_price(json["prices"][i], fmt::format("{}: prices[{}]", facts.id(), i))));
  }
  return facts;
}

Result<std::pair<std::string, BatchRate>> parse_batch(const Json& json, std::size_t index) {
  const std::string place = fmt::format("batches[{}]", index);
  if (!json.is_object()) return fail(ErrorKind::kCorrupt, "catalogue: " + place + ": no object");
  Fields fields(json, place);
  BatchRate rate;
  std::string provider = fields.text("provider");
  rate.from = fields.date("from", true).value_or(Instant());
  rate.to = fields.date("to", false);
  rate.per_mille = static_cast<int>(fields.needed("per_mille", kMostBatchRate));
  rate.source = fields.text("source");
  if (rate.per_mille == 0) fields.note("per_mille", "must cost something");
  TACIT_TRY(fields.done());
  return std::pair(std::move(provider), std::move(rate));
}

template <class Row>
bool is_in_force(const Row& row, Instant now) {
  return row.from <= now && (!row.to || now < *row.to);
}

bool has_price(const ModelFacts& model, Instant now) {
  return std::any_of(model.prices.begin(), model.prices.end(), [&](const PriceRow& row) {
    return row.confirmed && row.prompt_above == 0 && is_in_force(row, now);
  });
}

std::string date_of(Instant instant) {
  return format_time(instant).substr(0, 10);
}

std::unexpected<Error> no_price(const ModelFacts& model, Instant now) {
  return fail(ErrorKind::kUnavailable,
              fmt::format("{} has no known price on {}{}: it is not called", model.id(),
                          date_of(now), model.note.empty() ? "" : " (" + model.note + ")"));
}

// With a count rounded up by a factor in thousandths.
std::int64_t scaled(std::int64_t count, int per_mille) {
  return Money::pico(count).per_mille(per_mille).pico();
}

}  // namespace

Result<Catalogue> Catalogue::parse(std::string_view json) {
  const Json document = Json::parse(json, nullptr, false);
  if (!document.is_object() || !document.contains("models") || !document["models"].is_array())
    return fail(ErrorKind::kCorrupt, "catalogue: it is no JSON object with a list of models");
  Fields fields(document, "head");
  Catalogue catalogue;
  catalogue.dated_ = fields.date("dated", true).value_or(Instant());
  TACIT_TRY(fields.done());
  std::set<std::string> seen;
  for (std::size_t i = 0; i < document["models"].size(); ++i) {
    ModelFacts facts = TACIT_TRY(parse_model(document["models"][i], i));
    if (!seen.insert(facts.id()).second)
      return fail(ErrorKind::kCorrupt, "catalogue: " + facts.id() + " stands in it twice");
    catalogue.models_.push_back(std::move(facts));
  }
  const Json batches = document.value("batches", Json::array());
  if (!batches.is_array()) return fail(ErrorKind::kCorrupt, "catalogue: batches must be a list");
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const auto [provider, rate] = TACIT_TRY(parse_batch(batches[i], i));
    for (ModelFacts& facts : catalogue.models_)
      if (facts.provider == provider) facts.batches.push_back(rate);
  }
  return catalogue;
}

Result<Catalogue> Catalogue::built_in() {
  return parse({tacit_catalogue_begin, tacit_catalogue_end});
}

const ModelFacts* Catalogue::find(std::string_view id) const {
  for (const ModelFacts& facts : models_) {
    if (facts.id() == id || facts.model == id) return &facts;
  }
  return nullptr;
}

Result<const ModelFacts*> Catalogue::usable(std::string_view id, Instant now) const {
  const ModelFacts* facts = find(id);
  if (facts == nullptr) {
    return fail(ErrorKind::kNotFound,
                fmt::format("no model \"{}\" is in the catalogue of {}: it is not called", id,
                            date_of(dated_)));
  }
  if (facts->retired && *facts->retired <= now) {
    return fail(ErrorKind::kUnavailable,
                fmt::format("{} was retired by its provider on {}: choose another model",
                            facts->id(), date_of(*facts->retired)));
  }
  if (!has_price(*facts, now)) return no_price(*facts, now);
  return facts;
}

Result<Quote> quote(const ModelFacts& model, std::int64_t counted_prompt, std::int64_t max_output,
                    Instant now, int learned_per_mille) {
  if (counted_prompt < 0 || max_output < 0)
    return fail(ErrorKind::kInvalidInput, "a call has no negative number of tokens");
  const std::int64_t prompt =
      scaled(counted_prompt, std::max(model.factor_per_mille, learned_per_mille));
  if (model.context && prompt + max_output > *model.context) {
    return fail(ErrorKind::kInvalidInput,
                fmt::format("{} takes {} tokens, this call may need {}", model.id(), *model.context,
                            prompt + max_output));
  }
  if (model.max_output && max_output > *model.max_output) {
    return fail(ErrorKind::kInvalidInput, fmt::format("{} answers with at most {} tokens, not {}",
                                                      model.id(), *model.max_output, max_output));
  }
  if (!has_price(model, now)) return no_price(model, now);
  Quote best;
  for (const PriceRow& row : model.prices) {
    if (!is_in_force(row, now) || (row.prompt_above > 0 && prompt <= row.prompt_above)) continue;
    const Money highest = std::max({row.input, row.cache_write, row.cache_write_long});
    const Money amount = highest * prompt + row.output * max_output;
    if (amount < best.amount) continue;
    best.amount = amount;
    best.price = model.id() + "@" + date_of(row.from);
    if (row.prompt_above > 0) best.price += fmt::format(">{}", row.prompt_above);
  }
  best.tokens = prompt + max_output;
  return best;
}

std::optional<int> batch_per_mille(const ModelFacts& model, Instant now) {
  std::optional<int> dearest;
  for (const BatchRate& rate : model.batches)
    if (is_in_force(rate, now)) dearest = std::max(dearest.value_or(0), rate.per_mille);
  return dearest;
}

Result<Money> cost(const ModelFacts& model, const BilledTokens& use, Instant made) {
  const PriceRow* chosen = nullptr;
  for (const PriceRow& row : model.prices) {
    if (!row.confirmed || !is_in_force(row, made)) continue;
    if (row.prompt_above > 0 && use.prompt() <= row.prompt_above) continue;
    if (chosen == nullptr || row.prompt_above >= chosen->prompt_above) chosen = &row;
  }
  if (chosen == nullptr) return no_price(model, made);
  return chosen->input * use.input + chosen->cache_read * use.cache_read +
         chosen->cache_write * use.cache_write + chosen->cache_write_long * use.cache_write_long +
         chosen->output * use.output;
}

}  // namespace tacit::inference
