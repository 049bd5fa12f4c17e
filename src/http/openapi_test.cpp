#include "http/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "domain/knowledge.h"
#include "http/api_fixture_test.h"

namespace tacit::http {
namespace {

using ::testing::HasSubstr;

// Compares answers with the schemas of the document: what a schema does not name is a finding, so
// that a new field cannot be served without standing in it.
class Checker {
 public:
  explicit Checker(const json& document) : schemas_(document["components"]["schemas"]) {}

  std::string check(const json& value, const json& schema, const std::string& where) const {
    if (schema.contains("$ref")) {
      const std::string name = schema["$ref"];
      return check(value, schemas_.at(name.substr(name.rfind('/') + 1)), where);
    }
    if (schema.contains("oneOf")) {
      int fits = 0;
      for (const json& one : schema["oneOf"]) fits += check(value, one, where).empty() ? 1 : 0;
      return fits == 1 ? "" : where + ": fits not one of oneOf; ";
    }
    if (schema.contains("const") && value != schema["const"]) return where + ": another constant; ";
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) {
      return where + ": not in the enum; ";
    }
    if (schema.contains("type") && !has_type(value, schema["type"])) return where + ": type; ";
    if (value.is_array() && schema.contains("items")) {
      std::string found;
      for (const json& entry : value) found += check(entry, schema["items"], where + "[]");
      return found;
    }
    return value.is_object() ? check_object(value, schema, where) : "";
  }

 private:
  static bool has_type(const json& value, const json& type) {
    if (type.is_array()) {
      return std::any_of(type.begin(), type.end(),
                         [&](const json& one) { return has_type(value, one); });
    }
    const std::string name = type;
    return (name == "object" && value.is_object()) || (name == "array" && value.is_array()) ||
           (name == "string" && value.is_string()) || (name == "boolean" && value.is_boolean()) ||
           (name == "integer" && value.is_number_integer()) ||
           (name == "number" && value.is_number()) || (name == "null" && value.is_null());
  }

  std::string check_object(const json& value, const json& schema, const std::string& where) const {
    std::string found;
    for (const json& name : schema.value("required", json::array())) {
      if (!value.contains(name.get<std::string>()))
        found += where + ": lacks " + name.get<std::string>() + "; ";
    }
    const json properties = schema.value("properties", json::object());
    for (const auto& [name, member] : value.items()) {
      const std::string at = where + "." + name;
      if (properties.contains(name))
        found += check(member, properties[name], at);
      else if (schema.contains("additionalProperties"))
        found += check(member, schema["additionalProperties"], at);
      else
        found += at + ": not in the schema; ";
    }
    return found;
  }

  json schemas_;
};

using OpenApiTest = ApiTest;

TEST_F(OpenApiTest, TheDocumentIsTheCommittedOne) {
  const std::string file = std::string(TACIT_API_DOCS) + "/openapi.json";
  std::string served = ask("/v1/openapi.json").body;
  if (std::getenv("TACIT_UPDATE_GOLDEN") != nullptr) testing::write_file(file, served);
  EXPECT_EQ(served, testing::read_file(file)) << "TACIT_UPDATE_GOLDEN=1 renews it";
}

TEST_F(OpenApiTest, EveryDescribedRouteIsDispatchedAndNothingElseOfTheInterface) {
  const json document = ask_json("/v1/openapi.json");
  EXPECT_GE(document["paths"].size(), 14U);
  for (const auto& [path, methods] : document["paths"].items()) {
    std::string asked = path;
    if (const auto at = asked.find("{id}"); at != std::string::npos) asked.replace(at, 4, "k1");
    for (const char* method : {"GET", "POST"}) {
      std::string lower = method;
      for (char& c : lower) c = static_cast<char>(std::tolower(c));
      const net::Response response = ask(asked, {}, method);
      if (methods.contains(lower)) {
        EXPECT_NE(response.status, 405) << method << " " << path;
        EXPECT_THAT(response.body, ::testing::Not(HasSubstr("there is nothing at"))) << path;
      } else {
        EXPECT_EQ(response.status, 405) << method << " " << path;
      }
    }
  }
}

TEST_F(OpenApiTest, DescribedParametersAreTakenAndOthersRefused) {
  const json document = ask_json("/v1/openapi.json");
  for (const char* path : {"/v1/search", "/v1/items", "/v1/sessions"}) {
    for (const json& parameter : document["paths"][path]["get"]["parameters"]) {
      const net::Response response = ask(path, {{parameter["name"], "strange value"}});
      EXPECT_THAT(response.body, ::testing::Not(HasSubstr("unknown parameter")))
          << path << " " << parameter["name"];
    }
    EXPECT_THAT(ask(path, {{"surprise", "1"}}).body, HasSubstr("unknown parameter"));
  }
}

TEST_F(OpenApiTest, AnswersHaveTheDescribedShape) {
  const ItemId id = put_item();
  ASSERT_EQ(post(event("e1", "because of frobnication")).status, 200);
  const json document = ask_json("/v1/openapi.json");
  const Checker checker(document);
  const json sessions = ask_json("/v1/sessions");
  const std::string session = sessions["sessions"][0]["id"];
  const std::string exchange = ask_json("/v1/sessions/" + session)["exchanges"][0]["id"];
  const std::tuple<std::string, std::string, std::map<std::string, std::string>> cases[] = {
      {"/health", "/health", {}},
      {"/ready", "/ready", {}},
      {"/v1/search", "/v1/search", {{"q", "webhook"}, {"mode", "text"}, {"explain", "1"}}},
      {"/v1/search", "/v1/search", {{"q", "qqxyzzy"}, {"mode", "text"}}},
      {"/v1/items", "/v1/items", {{"limit", "1"}}},
      {"/v1/items", "/v1/items", {{"intent", "testing"}}},
      {"/v1/items/{id}", "/v1/items/" + id.text(), {}},
      {"/v1/sessions", "/v1/sessions", {}},
      {"/v1/sessions/{id}", "/v1/sessions/" + session, {}},
      {"/v1/exchanges/{id}", "/v1/exchanges/" + exchange, {}},
      {"/v1/status", "/v1/status", {}},
      {"/v1/budget", "/v1/budget", {{"developer", "bob"}}},
      {"/v1/usage", "/v1/usage", {{"by", "model"}}},
      {"/v1/providers", "/v1/providers", {}},
      {"/v1/cache", "/v1/cache", {}},
  };
  for (const auto& [described, path, query] : cases) {
    const json& answers = document["paths"][described]["get"]["responses"];
    const json& schema = answers["200"]["content"]["application/json"]["schema"];
    ASSERT_TRUE(schema.contains("$ref")) << described;
    EXPECT_EQ(checker.check(ask_json(path, query), schema, path), "");
  }
  const json report = json::parse(post(event("e2", "another")).body);
  EXPECT_EQ(checker.check(report, {{"$ref", "#/IngestReport"}}, "report"), "");
  EXPECT_EQ(checker.check(event("e3", "x"), {{"$ref", "#/EventBatch"}}, "batch"), "");
  const json refusal = json::parse(ask("/v1/items/k000000000001").body);
  EXPECT_EQ(checker.check(refusal, {{"$ref", "#/Error"}}, "error"), "");
  EXPECT_NE(checker.check({{"extra", 1}}, {{"$ref", "#/Error"}}, "error"), "") << "it can fail";
}

TEST_F(OpenApiTest, TheTypesOfItemsAreThoseOfTheDomain) {
  json names = json::array();
  for (int i = 0; i < kItemTypeCount; ++i) names.push_back(name_of(static_cast<ItemType>(i)));
  EXPECT_EQ(ask_json("/v1/openapi.json")["components"]["schemas"]["ItemType"]["enum"], names);
}

}  // namespace
}  // namespace tacit::http
