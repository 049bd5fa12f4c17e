// The product's MCP endpoint with the tools that the official conformance suite calls. Never
// shipped. Prints its address and serves until its standard input ends.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "mcp/http_endpoint.h"
#include "net/http_server.h"

namespace tacit::mcp {
namespace {

// The smallest PNG (one red pixel) and a WAV header without samples.
constexpr const char* kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJg"
    "gg==";
constexpr const char* kWav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

Json no_arguments() {
  return {{"type", "object"}, {"additionalProperties", false}};
}

// Every kind of keyword that a tool list must hand on unchanged.
Json schema_of_many_keywords() {
  return Json::parse(R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": {"$anchor": "addressDef", "type": "object",
      "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
      "contactMethod": {"type": "string", "enum": ["phone", "email"]},
      "phone": {"type": "string"}, "email": {"type": "string"}},
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]}, "else": {"required": ["email"]},
    "additionalProperties": false})");
}

Json text(const char* words) {
  return {{"type", "text"}, {"text", words}};
}
Json image() {
  return {{"type", "image"}, {"data", kPng}, {"mimeType", "image/png"}};
}
Json resource(const char* uri, const char* type, const char* words) {
  return {{"type", "resource"}, {"resource", {{"uri", uri}, {"mimeType", type}, {"text", words}}}};
}

Tool giving(const char* name, Json content, bool is_error = false) {
  Json result = {{"content", std::move(content)}};
  if (is_error) result["isError"] = true;
  return {name, name, "A fixture.", no_arguments, nullptr, [result](const Json&) { return result; },
          {}};
}

std::vector<Tool> fixtures() {
  std::vector<Tool> tools = {
      giving("test_simple_text", Json::array({text("This is a simple text response.")})),
      giving("test_image_content", Json::array({image()})),
      giving("test_audio_content",
             Json::array({{{"type", "audio"}, {"data", kWav}, {"mimeType", "audio/wav"}}})),
      giving("test_embedded_resource",
             Json::array({resource("test://embedded-resource", "text/plain", "Embedded.")})),
      giving("test_multiple_content_types",
             Json::array({text("Several:"), image(),
                          resource("test://mixed", "application/json", R"({"value":123})")})),
      giving("test_error_handling", Json::array({text("It fails on purpose.")}), true),
      giving("test_missing_capability", Json::array({text("The client can sample.")})),
      giving("test_streaming_elicitation", Json::array({text("One answer, no stream.")})),
      giving("test_logging_tool", Json::array({text("Nothing was logged.")})),
      giving("json_schema_2020_12_tool", Json::array({text("Called.")})),
  };
  for (Tool& tool : tools) {
    if (tool.name == "test_missing_capability") tool.needs = {"sampling"};
    if (tool.name == "json_schema_2020_12_tool") tool.input = schema_of_many_keywords;
  }
  return tools;
}

}  // namespace
}  // namespace tacit::mcp

int main() {
  const tacit::mcp::HttpEndpoint endpoint(tacit::mcp::fixtures());
  tacit::net::ServerOptions options;
  options.port = 0;
  auto server = tacit::net::HttpServer::start(
      options, [&](const tacit::net::Request& request) { return endpoint.handle(request); });
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message().c_str());
    return 1;
  }
  std::printf("serving on http://127.0.0.1:%d\n", (*server)->port());
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
  return 0;
}
