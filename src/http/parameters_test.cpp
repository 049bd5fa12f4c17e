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
