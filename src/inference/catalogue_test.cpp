#include "inference/catalogue.h"

#include <gtest/gtest.h>

namespace tacit::inference {
namespace {

Instant on(std::string_view date) {
  return parse_time(date).value();
}

const Catalogue& built_in() {
  static const Catalogue kCatalogue = [] {
    auto parsed = Catalogue::built_in();
    EXPECT_TRUE(parsed.has_value()) << parsed.error().message();
    return std::move(*parsed);
  }();
  return kCatalogue;
}

const ModelFacts& model(std::string_view id) {
  const ModelFacts* facts = built_in().find(id);
  EXPECT_NE(facts, nullptr) << id;
  return *facts;
}

Result<Catalogue> with(const std::string& models) {
  return Catalogue::parse(R"({"dated": "2026-01-01", "models": [)" + models + "]}");
}

TEST(Catalogue, TheBuiltInOnePasses) {
  EXPECT_GT(built_in().models().size(), 30U);
  for (const ModelFacts& facts : built_in().models()) {
    EXPECT_EQ(facts.retired && built_in().usable(facts.id(), on("2026-11-25")).has_value(), false);
  }
}

TEST(Catalogue, ARetiredModelIsRefusedFromItsDayOn) {
  const auto refused = built_in().usable("groq/llama-3.1-8b-instant", on("2026-11-25"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kUnavailable);
  EXPECT_NE(refused.error().message().find("2026-08-16"), std::string::npos);
}

TEST(Catalogue, AModelWithoutAPriceIsRefused) {
  const auto refused = built_in().usable("qwen/qwen3.8-27b", on("2026-11-25"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message().find("no known price"), std::string::npos);
  EXPECT_FALSE(quote(model("qwen/qwen3.8-27b"), 10, 10, on("2026-11-25")).has_value());
  EXPECT_FALSE(cost(model("qwen/qwen3.8-27b"), {10, 0, 0, 0, 10}, on("2026-11-25")).has_value());
}

TEST(Catalogue, AnUnknownModelIsRefused) {
  const auto refused = built_in().usable("openai/gpt-99", on("2026-11-25"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kNotFound);
}

TEST(Catalogue, ACallIsPricedToThePicoDollar) {
  // 2000 in at $0.075 and 400 out at $0.30 a million.
  EXPECT_EQ(cost(model("openai/gpt-oss-20b"), {2000, 0, 0, 0, 400}, on("2026-11-25")).value(),
            Money::parse("0.00027"));
  EXPECT_EQ(cost(model("openai/gpt-oss-20b"), {0, 1, 0, 0, 0}, on("2026-11-25")).value(),
            Money::pico(37'500));
  EXPECT_EQ(cost(model("claude-haiku-5-5"), {1, 1, 1, 1, 1}, on("2026-11-25")).value(),
            Money::pico(100'000 + 10'000 + 125'000 + 200'000 + 500'000));
}

TEST(Catalogue, ABatchHasAShareOfThePriceOrIsNotSent) {
  const Instant now = on("2026-11-25");
  EXPECT_EQ(batch_per_mille(model("gpt-5-nano"), now), 500);
  EXPECT_EQ(batch_per_mille(model("claude-haiku-5-5"), now), 500);
  EXPECT_EQ(batch_per_mille(model("gemini-2.5-flash-lite"), now), 500);
  EXPECT_EQ(batch_per_mille(model("openai/gpt-oss-20b"), now), 750);
  EXPECT_EQ(batch_per_mille(model("gpt-5-nano"), on("2020-01-01")), std::nullopt);
  for (const char* const wrong :
       {R"({"provider":"x","from":"2026-01-01","per_mille":0,"source":"s"})",
        R"({"provider":"x","from":"2026-01-01","per_mille":1001,"source":"s"})",
        R"({"provider":"x","from":"2026-01-01","per_mille":500})",
        R"({"provider":"x","per_mille":500,"source":"s"})", "7"})
    EXPECT_FALSE(Catalogue::parse(R"({"dated":"2026-01-01","models":[],"batches":[)" +
                                  std::string(wrong) + "]}")
                     .has_value())
        << wrong;
}

TEST(Catalogue, ALengthTierAppliesToTheWholeCall) {
  const ModelFacts& haiku = model("claude-haiku-5-5");
  const Instant now = on("2026-11-25");
  EXPECT_EQ(cost(haiku, {100'000, 0, 0, 0, 0}, now).value(), Money::parse("0.01"));
  EXPECT_EQ(cost(haiku, {100'001, 0, 0, 0, 0}, now).value(), Money::pico(500'000) * 100'001);
  EXPECT_EQ(cost(haiku, {1, 100'000, 0, 0, 1}, now).value(),
            Money::pico(500'000) + Money::pico(50'000) * 100'000 + Money::pico(2'500'000));
}

TEST(Catalogue, APriceChangesOnItsDay) {
  const ModelFacts& flash = model("gemini-3.6-flash");
  EXPECT_EQ(cost(flash, {1, 0, 0, 0, 0}, on("2026-12-31T23:59:59Z")).value(), Money::pico(750'000));
  EXPECT_EQ(cost(flash, {1, 0, 0, 0, 0}, on("2027-01-01")).value(), Money::pico(1'500'000));
}

TEST(Catalogue, AQuoteIsNeverBelowTheCost) {
  const Instant now = on("2026-11-25");
  for (const ModelFacts& facts : built_in().models()) {
    if (!built_in().usable(facts.id(), now)) continue;
    for (const std::int64_t prompt : {1LL, 1999LL, 120'000LL}) {
      const std::int64_t output = facts.is_embedding ? 0 : 400;
      const auto held = quote(facts, prompt, output, now);
      if (!held) continue;  // does not fit the model
      EXPECT_FALSE(held->price.empty());
      for (const BilledTokens& use :
           {BilledTokens{prompt, 0, 0, 0, output}, BilledTokens{0, prompt, 0, 0, output},
            BilledTokens{0, 0, prompt, 0, output}, BilledTokens{0, 0, 0, prompt, output}}) {
        EXPECT_GE(held->amount, cost(facts, use, now).value()) << facts.id();
      }
    }
  }
}

TEST(Catalogue, ALearnedFactorOnlyRaisesAQuote) {
  const Instant now = on("2026-11-25");
  const ModelFacts& oss = model("openai/gpt-oss-20b");
  EXPECT_EQ(quote(oss, 1000, 0, now)->tokens, 1020);
  EXPECT_EQ(quote(oss, 1000, 0, now, 1500)->tokens, 1500);
  EXPECT_EQ(quote(oss, 1000, 0, now, 900)->tokens, 1020);
}

TEST(Catalogue, AQuoteRefusesWhatDoesNotFit) {
  const Instant now = on("2026-11-25");
  EXPECT_FALSE(quote(model("openai/gpt-oss-20b"), 131'000, 1000, now).has_value());
  EXPECT_FALSE(quote(model("openai/gpt-oss-20b"), 10, 70'000, now).has_value());
  EXPECT_FALSE(quote(model("openai/gpt-oss-20b"), -1, 10, now).has_value());
}

TEST(Catalogue, AnUnconfirmedPriceOnlyRaisesWhatIsHeld) {
  const auto catalogue = with(
      R"({"provider": "p", "model": "m", "encoding": "o200k_base", "token_factor_per_mille": 1000,
          "prices": [{"from": "2026-01-01", "input": 10, "output": 20, "source": "s"},
                     {"from": "2026-01-01", "input": 30, "output": 20, "confirmed": false,
                      "source": "announced"}]})");
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().message();
  const ModelFacts& facts = *catalogue->find("p/m");
  EXPECT_EQ(quote(facts, 1, 1, on("2026-02-01"))->amount, Money::pico(50));
  EXPECT_EQ(cost(facts, {1, 0, 0, 0, 1}, on("2026-02-01")).value(), Money::pico(30));
}

TEST(Catalogue, MistakesAreRefusedWithTheirPlace) {
  const std::string head =
      R"({"provider": "p", "model": "m", "encoding": "o200k_base", "token_factor_per_mille": 1000, )";
  for (
      const std::string& wrong :
      {head + R"("prices": [{"from": "2026-01-01", "input": 1, "source": "s"}]})",
       head + R"("prices": [{"from": "2026-01-01", "input": -1, "output": 1, "source": "s"}]})",
       head + R"("prices": [{"from": "2026-01-01", "input": 0.5, "output": 1, "source": "s"}]})",
       head + R"("prices": [{"from": "soon", "input": 1, "output": 1, "source": "s"}]})",
       head + R"("prices": [{"from": "2026-01-01", "input": 0, "output": 1, "source": "s"}]})",
       head +
           R"("prices": [{"from": "2026-01-01", "input": 2000000000, "output": 1, "source": "s"}]})",
       head + R"("prices": 1})", head + R"("prices": []}, )" + head + R"("prices": []})",
       std::string(R"({"provider": "p"})"), std::string("7")}) {
    const auto parsed = with(wrong);
    ASSERT_FALSE(parsed.has_value()) << wrong;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kCorrupt);
    EXPECT_TRUE(parsed.error().message().starts_with("catalogue: ")) << parsed.error().message();
  }
  EXPECT_FALSE(Catalogue::parse("{").has_value());
}

}  // namespace
}  // namespace tacit::inference
