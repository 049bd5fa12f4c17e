#pragma once
// The one catalogue of models and prices: dated data (catalogue.json, embedded), checked whole when
// it is read. A model is callable only while it is not retired and has a price in force: what
// cannot be priced is refused with the reason, never taken as free. Local models are not in it,
// they cost nothing. Immutable after parse.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/spend.h"
#include "inference/tokens.h"

namespace tacit::inference {

// Money for one token of each kind.
struct PriceRow {
  Instant from;
  std::optional<Instant> to;
  std::int64_t prompt_above = 0;  // for calls with more prompt tokens than this
  Money input;
  Money cache_read;        // as input where the provider names none
  Money cache_write;       // as input where the provider names none
  Money cache_write_long;  // as cache_write where the provider names none
  Money output;
  bool confirmed = true;  // else it can only raise what is held
  std::string source;
};

// What a batch costs, in thousandths of the price of single calls.
struct BatchRate {
  Instant from;
  std::optional<Instant> to;
  int per_mille = 1000;
  std::string source;
};

struct ModelFacts {
  std::string provider;
  std::string model;
  bool is_embedding = false;
  Encoding encoding = Encoding::kO200kBase;  // nearest to the model's own
  int factor_per_mille = 1000;  // tokens held for a thousand counted: the encoding's error at worst
  std::optional<std::int64_t> context;
  std::optional<std::int64_t> max_output;
  std::optional<Instant> retired;
  std::string note;
  std::vector<PriceRow> prices;
  std::vector<BatchRate> batches;  // of its provider; empty: its batches are not used

  std::string id() const { return provider + "/" + model; }
};

// The most that a call can cost, and which row says so.
struct Quote {
  Money amount;
  std::int64_t tokens = 0;
  std::string price;  // "groq/openai/gpt-oss-20b@2026-06-01"
};

class Catalogue {
 public:
  // Fails with corrupt and every mistake's place when a row is wrong.
  static Result<Catalogue> parse(std::string_view json);
  static Result<Catalogue> built_in();

  Instant dated() const { return dated_; }
  const std::vector<ModelFacts>& models() const { return models_; }
  // By "provider/model", or by the model's name alone.
  const ModelFacts* find(std::string_view id) const;
  // The model if it can be called at this time; else why not (not_found, unavailable).
  Result<const ModelFacts*> usable(std::string_view id, Instant now) const;

 private:
  Instant dated_;
  std::vector<ModelFacts> models_;
};

// What to hold for a call of a usable model: the counted prompt with the model's factor and the
// output cap, each at the highest rate that can apply. Refuses what does not fit the model.
// `learned_per_mille` (correction.h) counts where it is above the model's own factor.
Result<Quote> quote(const ModelFacts& model, std::int64_t counted_prompt, std::int64_t max_output,
                    Instant now, int learned_per_mille = 0);
// In force at this time; none: its price is not known, so no batch is sent.
std::optional<int> batch_per_mille(const ModelFacts& model, Instant now);
// What a call cost that was made at this time.
Result<Money> cost(const ModelFacts& model, const BilledTokens& use, Instant made);

}  // namespace tacit::inference
