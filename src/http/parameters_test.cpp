#include "http/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tacit::http {
namespace {

using ::testing::HasSubstr;

net::Request with(std::map<std::string, std::string> query) {
  net::Request request;
  request.query = std::move(query);
  return request;
}

TEST(Parameters, AQueryIsReadWhole) {
  const auto query = read_query(with({{"q", "webhook"},
                                      {"k", "7"},
                                      {"mode", "text"},
                                      {"project", "shop"},
                                      {"type", "bug_solution"},
                                      {"kind", "item"},
                                      {"since", "2026-01-28"},
                                      {"explain", ""}}));
  ASSERT_TRUE(query.has_value()) << query.error().message();
  EXPECT_EQ(query->text, "webhook");
  EXPECT_EQ(query->limit, 7U);
  EXPECT_EQ(query->mode, SearchMode::kText);
  EXPECT_EQ(query->filter.project, "shop");
  EXPECT_EQ(query->filter.type, ItemType::kBugSolution);
  EXPECT_EQ(query->filter.kind, HitKind::kItem);
  EXPECT_TRUE(query->filter.since.has_value());
  EXPECT_FALSE(query->filter.as_of.has_value());
  EXPECT_TRUE(query->explain);
}

TEST(Parameters, RefusalsNameTheParameterAndWhatIsAllowed) {
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"k", "0", "1 to 100"},           {"k", "101", "1 to 100"},
      {"k", "1e3", "1 to 100"},         {"k", "-1", "1 to 100"},
      {"mode", "psychic", "hybrid"},    {"type", "gossip", "bug_solution"},
      {"kind", "rumour", "item"},       {"since", "soon", "2026-01-28"},
      {"as_of", "never", "2026-01-28"}, {"explain", "maybe", "1, 0"},
  };
  for (const auto& [name, value, expected] : cases) {
    const auto query = read_query(with({{"q", "x"}, {name, value}}));
    ASSERT_FALSE(query.has_value()) << name;
    EXPECT_EQ(query.error().kind(), ErrorKind::kInvalidInput);
    EXPECT_THAT(query.error().message(), HasSubstr(name));
    EXPECT_THAT(query.error().message(), HasSubstr(expected));
  }
  EXPECT_THAT(read_query(with({})).error().message(), HasSubstr("q: is missing"));
  EXPECT_THAT(read_query(with({{"q", "  "}})).error().message(), HasSubstr("q: is missing"));
}

TEST(Parameters, TheNewestAreNoRanking) {
  for (const auto& query : {std::map<std::string, std::string>{},
                            {{"order", "newest"}, {"project", "shop"}, {"type", "convention"}}}) {
    const auto ranking = read_ranking(with(query));
    ASSERT_TRUE(ranking.has_value());
    EXPECT_FALSE(ranking->has_value());
  }
}

TEST(Parameters, ARankingIsReadWhole) {
  const auto fresh = read_ranking(with({{"order", "freshness"}, {"project", "shop"}}));
  ASSERT_TRUE(fresh.has_value() && fresh->has_value());
  EXPECT_EQ((*fresh)->order, store::ItemOrder::kFreshness);
  EXPECT_EQ((*fresh)->project, "shop");
  const auto debugging = read_ranking(with({{"intent", "debugging"}}));
  ASSERT_TRUE(debugging.has_value() && debugging->has_value());
  EXPECT_EQ((*debugging)->order, store::ItemOrder::kConfidence);
  EXPECT_EQ((*debugging)->intent, Intent::kDebugging);
}

TEST(Parameters, ARankingRefusesWhatItWouldIgnore) {
  const std::tuple<std::map<std::string, std::string>, std::string> cases[] = {
      {{{"order", "beauty"}}, "confidence or freshness"},
      {{{"intent", "mischief"}}, "debugging"},
      {{{"order", "newest"}, {"intent", "testing"}}, "intent: goes with"},
      {{{"order", "confidence"}, {"type", "convention"}}, "type: goes with"},
      {{{"order", "freshness"}, {"before", "k1"}}, "before: goes with"},
  };
  for (const auto& [query, expected] : cases) {
    const auto ranking = read_ranking(with(query));
    ASSERT_FALSE(ranking.has_value()) << expected;
    EXPECT_EQ(ranking.error().kind(), ErrorKind::kInvalidInput);
    EXPECT_THAT(ranking.error().message(), HasSubstr(expected));
  }
}

TEST(Parameters, OnlyKnownNamesAreTaken) {
  const net::Request request = with({{"projet", "shop"}});
  const auto refused = Parameters(request).refuse_unknown("project limit");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message(), HasSubstr("\"projet\"; there are project limit"));
  EXPECT_TRUE(Parameters(request).refuse_unknown("limit projet").has_value());
  EXPECT_TRUE(Parameters(request).refuse_unknown("").has_value());
  for (const char* name : {"project limit", "", "proj", "t"}) {
    const net::Request strange = with({{name, "x"}});
    EXPECT_FALSE(Parameters(strange).refuse_unknown("project limit").has_value()) << name;
  }
}

}  // namespace
}  // namespace tacit::http
