#include "http/openapi.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/assert.h"
#include "base/version.h"
#include "domain/query.h"
#include "http/assets.h"
#include "http/parameters.h"
#include "http/replays.h"
#include "service/knowledge_service.h"

namespace tacit::http {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kIndent = 2;

Json reference(std::string_view schema) {
  return {{"$ref", "#/components/schemas/" + std::string(schema)}};
}

Json text() {
  return {{"type", "string"}};
}

Json one_of(std::initializer_list<const char*> names) {
  return {{"type", "string"}, {"enum", names}};
}

Json intents() {
  Json names = Json::array();
  for (int i = 0; i < kIntentCount; ++i) names.push_back(name_of(static_cast<Intent>(i)));
  return {{"type", "string"}, {"enum", std::move(names)}};
}

Json up_to(std::size_t most) {
  return {{"type", "integer"}, {"minimum", 1}, {"maximum", most}};
}

struct Parameter {
  std::string_view name;
  std::string_view description;
  Json schema;
};

const Parameter& parameter(std::string_view name) {
  static const std::vector<Parameter> kParameters = {
      {"q", "What to search for: a question or the words of an error message or symbol.", text()},
      {"k", "How many hits at most.", up_to(kMaxHits)},
      {"limit", "How many at most; of hits no more than 100.", up_to(service::kMaxPage)},
      {"mode", "By words, by meaning or both (the default).", one_of({"hybrid", "text", "vector"})},
      {"project", "Only this project: its path or the last part of it.", text()},
      {"type", "Only knowledge items of this type.", reference("ItemType")},
      {"kind", "Only knowledge items, or only exchanges.", one_of({"item", "exchange"})},
      {"since", "Only what was seen since this date or time.", text()},
      {"as_of", "Nothing that was learned after this date or time.", text()},
      {"explain", "Adds to each hit why it is one.", one_of({"0", "1", "true", "false"})},
      {"before", "`next` of the page before.", text()},
      {"order",
       "newest (the default) in pages of all items; confidence or freshness: the first of those "
       "that are not stale, without `type` and `before`. A ranking needs a project, the one by "
       "confidence a project or an intent.",
       {{"type", "string"}, {"enum", kItemOrders}}},
      {"intent",
       "Only items of exchanges that were for this, by confidence. Items whose exchange was not "
       "classified have no intent.",
       intents()},
      {"developer", "Whose budget; the configured developer's when left out.", text()},
      {"by", "What spending is summed by; the provider when left out.",
       one_of({"developer", "project", "provider", "model", "operation"})},
      {"period", "A calendar month of UTC, such as 2026-11; this one when left out.", text()},
  };
  for (const Parameter& one : kParameters) {
    if (one.name == name) return one;
  }
  TACIT_UNREACHABLE();
}

Json query_parameters(std::string_view names) {
  Json list = Json::array();
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(' '));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    const Parameter& one = parameter(name);
    list.push_back({{"name", one.name},
                    {"in", "query"},
                    {"required", name == "q"},
                    {"description", one.description},
                    {"schema", one.schema}});
  }
  return list;
}

Json content(std::string_view schema_or_type) {
  const bool is_type = schema_or_type.find('/') != std::string_view::npos;
  const std::string media = is_type ? std::string(schema_or_type) : "application/json";
  return {{media, {{"schema", is_type ? text() : reference(schema_or_type)}}}};
}

Json operation(const RouteText& route) {
  Json json;
  json["operationId"] = route.name;
  json["summary"] = route.summary;
  Json parameters = query_parameters(route.parameters);
  if (route.path.find("{id}") != std::string_view::npos) {
    parameters.push_back({{"name", "id"}, {"in", "path"}, {"required", true}, {"schema", text()}});
  }
  if (route.takes == "EventBatch") {
    parameters.push_back(
        {{"name", "Idempotency-Key"},
         {"in", "header"},
         {"description", "A request that is repeated with it gets the same answer."},
         {"schema", {{"type", "string"}, {"maxLength", kMaxKeyBytes}}}});
  }
  if (!parameters.empty()) json["parameters"] = std::move(parameters);
  if (!route.takes.empty()) {
    json["requestBody"] = {{"required", true}, {"content", content(route.takes)}};
  }
  json["responses"] = {
      {"200", {{"description", "The answer."}, {"content", content(route.gives)}}},
      {"default", {{"description", "Why there is none."}, {"content", content("Error")}}}};
  return json;
}

std::string lower(std::string_view method) {
  std::string text(method);
  for (char& c : text) c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

std::string openapi(std::span<const RouteText> routes) {
  Json json;
  json["openapi"] = "3.1.0";
  json["info"] = {{"title", "Tacit"},
                  {"version", kVersion},
                  {"description",
                   "The memory of a team that works with coding agents. Served on loopback alone. "
                   "Fields may be added, never renamed; a reader ignores what it does not know."}};
  json["paths"] = Json::object();
  for (const RouteText& route : routes) {
    if (route.summary.empty()) continue;
    json["paths"][std::string(route.path)][lower(route.method)] = operation(route);
  }
  json["components"]["schemas"] = Json::parse(api_schemas());
  return json.dump(kIndent) + "\n";
}

}  // namespace tacit::http
