#include "mcp/http_endpoint.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tacit::mcp {
namespace {

constexpr const char* kNewest = "2026-07-28";

Json no_arguments() {
  return {{"type", "object"}};
}

// "echo" repeats its arguments; "picky" needs a client that can sample.
std::vector<Tool> two_tools() {
  const auto echo = [](const Json& arguments) {
    return Json{{"content", Json::array({{{"type", "text"}, {"text", arguments.dump()}}})},
                {"structuredContent", arguments}};
  };
  return {{"echo", "Echo", "Repeats.", no_arguments, nullptr, echo, {}},
          {"picky", "Picky", "Wants sampling.", no_arguments, nullptr, echo, {"sampling"}}};
}

class HttpEndpointTest : public ::testing::Test {
 protected:
  using Headers = std::map<std::string, std::string>;

  net::Response send(const std::string& body, const Headers& headers = {}) {
    net::Request request;
    request.method = "POST";
    request.path = "/mcp";
    request.body = body;
    request.headers = {{"content-type", "application/json"},
                       {"accept", "application/json, text/event-stream"}};
    for (const auto& [name, value] : headers) request.headers[name] = value;
    return endpoint_.handle(request);
  }
  static Json message(const std::string& method, Json params = Json::object()) {
    return {{"jsonrpc", "2.0"}, {"id", 7}, {"method", method}, {"params", std::move(params)}};
  }
  // A request of the stateless era with the headers that it demands; `headers` replaces some, an
  // empty value leaves one out.
  net::Response send_stateless(const std::string& method, Json params = Json::object(),
                               const Headers& headers = {},
                               const Json& capabilities = Json::object(),
                               const std::string& version = kNewest) {
    params["_meta"] = {{"io.modelcontextprotocol/protocolVersion", version},
                       {"io.modelcontextprotocol/clientCapabilities", capabilities}};
    Headers all = {{"mcp-protocol-version", version}, {"mcp-method", method}};
    if (params.contains("name")) all["mcp-name"] = params["name"].get<std::string>();
    for (const auto& [name, value] : headers) all[name] = value;
    std::erase_if(all, [](const auto& header) { return header.second.empty(); });
    return send(message(method, std::move(params)).dump(), all);
  }
  static int code_of(const net::Response& response) {
    const Json answer = Json::parse(response.body);
    return answer.contains("error") ? answer["error"]["code"].get<int>() : 0;
  }

  HttpEndpoint endpoint_{two_tools()};
};

TEST_F(HttpEndpointTest, InitializeNeedsNoHeaderAndOpensNoSession) {
  const net::Response response =
      send(message("initialize", {{"protocolVersion", "2025-11-25"}}).dump());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(Json::parse(response.body)["result"]["protocolVersion"], "2025-11-25");
  for (const auto& [name, value] : response.headers) EXPECT_NE(name, "Mcp-Session-Id");
  const std::string initialized = R"({"jsonrpc":"2.0","method":"notifications/initialized"})";
  const net::Response accepted = send(initialized, {{"mcp-protocol-version", "2025-11-25"}});
  EXPECT_EQ(accepted.status, 202);
  EXPECT_EQ(accepted.body, "");
}

TEST_F(HttpEndpointTest, TheHeaderSaysWhichRevisionASessionAgreedTo) {
  const std::string call = message("tools/call", {{"name", "echo"}}).dump();
  const auto structured = [&](const Headers& headers) {
    const net::Response response = send(call, headers);
    EXPECT_EQ(response.status, 200) << response.body;
    return Json::parse(response.body)["result"].contains("structuredContent");
  };
  EXPECT_TRUE(structured({{"mcp-protocol-version", "2025-11-25"}}));
  EXPECT_TRUE(structured({{"mcp-protocol-version", "2025-06-18"}}));
  EXPECT_FALSE(structured({{"mcp-protocol-version", "2025-03-26"}}));
  EXPECT_FALSE(structured({})) << "without a header it is 2025-03-26";
  const net::Response unknown = send(call, {{"mcp-protocol-version", "1999-01-01"}});
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(code_of(unknown), -32022);
  EXPECT_EQ(Json::parse(unknown.body)["id"], 7);
}

TEST_F(HttpEndpointTest, BatchesBelongToOneRevision) {
  const std::string batch = "[" + message("ping").dump() + "," + message("ping").dump() + "]";
  const net::Response response = send(batch);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Json::parse(response.body).size(), 2U);
  EXPECT_EQ(send(batch, {{"mcp-protocol-version", "2025-11-25"}}).status, 400);
  EXPECT_EQ(send("[]").status, 400);
  EXPECT_EQ(send(R"([{"jsonrpc":"2.0","method":"notifications/initialized"}])").status, 202);
}

TEST_F(HttpEndpointTest, MistakesOfASessionAreAnsweredAndBodiesThatAreNoMessageRefused) {
  EXPECT_EQ(send(message("nope").dump()).status, 200);
  EXPECT_EQ(code_of(send(message("nope").dump())), -32601);
  EXPECT_EQ(send("{oops").status, 400);
  EXPECT_EQ(code_of(send("{oops")), -32700);
  EXPECT_EQ(send(std::string(100, '[') + std::string(100, ']')).status, 400);
  EXPECT_EQ(send(std::string((4U << 20U) + 1, ' ')).status, 400);
  EXPECT_EQ(send("7").status, 400);
  EXPECT_EQ(send(R"({"jsonrpc":"2.0","id":1,"result":{}})").status, 202);
}

TEST_F(HttpEndpointTest, TheStatelessEraIsServedWithoutInitialize) {
  const net::Response discover = send_stateless("server/discover");
  EXPECT_EQ(discover.status, 200);
  EXPECT_EQ(Json::parse(discover.body)["result"]["supportedVersions"], Json::array({kNewest}));
  EXPECT_EQ(send_stateless("tools/list").status, 200);
  const net::Response call =
      send_stateless("tools/call", {{"name", "echo"}, {"arguments", {{"a", 1}}}});
  EXPECT_EQ(call.status, 200);
  EXPECT_EQ(Json::parse(call.body)["result"]["structuredContent"]["a"], 1);
}

TEST_F(HttpEndpointTest, HeadersOfTheStatelessEraMustSayWhatTheBodySays) {
  const Json echo = {{"name", "echo"}};
  const Headers wrong[] = {
      {{"mcp-protocol-version", ""}}, {{"mcp-protocol-version", "2025-11-25"}},
      {{"mcp-method", ""}},           {{"mcp-method", "tools/list"}},
      {{"mcp-method", "TOOLS/CALL"}}, {{"mcp-name", ""}},
      {{"mcp-name", "picky"}},        {{"mcp-name", "=?base64?ZWNobw?="}},
  };
  for (const Headers& headers : wrong) {
    const net::Response response = send_stateless("tools/call", echo, headers);
    EXPECT_EQ(response.status, 400) << response.body;
    EXPECT_EQ(code_of(response), -32020) << response.body;
    EXPECT_EQ(Json::parse(response.body)["id"], 7);
  }
  EXPECT_EQ(send_stateless("tools/call", echo, {{"mcp-name", " echo "}}).status, 200);
  EXPECT_EQ(send_stateless("tools/call", echo, {{"mcp-name", "=?base64?ZWNobw==?="}}).status, 200);
}

TEST_F(HttpEndpointTest, MistakesOfTheStatelessEraHaveTheirStatus) {
  const net::Response unknown = send_stateless("ping");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(code_of(unknown), -32601);
  const net::Response version =
      send_stateless("tools/list", Json::object(), {}, Json::object(), "v999");
  EXPECT_EQ(version.status, 400);
  EXPECT_EQ(code_of(version), -32022);
  const net::Response bare =
      send(message("server/discover").dump(), {{"mcp-protocol-version", kNewest}});
  EXPECT_EQ(bare.status, 400);
  EXPECT_EQ(code_of(bare), -32602);
  const net::Response no_meta =
      send(message("tools/list").dump(), {{"mcp-protocol-version", kNewest}});
  EXPECT_EQ(no_meta.status, 400);
  EXPECT_EQ(code_of(no_meta), -32602);
  EXPECT_EQ(send_stateless("tools/call", {{"name", "rm"}}).status, 400);
}

TEST_F(HttpEndpointTest, AToolMayNeedACapabilityOfTheClient) {
  const Json picky = {{"name", "picky"}};
  const net::Response refused = send_stateless("tools/call", picky);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(code_of(refused), -32021);
  EXPECT_EQ(Json::parse(refused.body)["error"]["data"]["requiredCapabilities"],
            Json({{"sampling", Json::object()}}));
  const Json able = {{"sampling", Json::object()}};
  EXPECT_EQ(send_stateless("tools/call", picky, {}, able).status, 200);
}

TEST_F(HttpEndpointTest, OnlyPostIsServedAndOnlyJson) {
  for (const char* method : {"GET", "DELETE", "PUT"}) {
    net::Request request;
    request.method = method;
    request.path = "/mcp";
    request.headers["mcp-session-id"] = "of-another-server";
    const net::Response response = endpoint_.handle(request);
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.headers.front(), (std::pair<std::string, std::string>("Allow", "POST")));
  }
  const std::string ping = message("ping").dump();
  EXPECT_EQ(send(ping, {{"content-type", "text/plain"}}).status, 415);
  EXPECT_EQ(send(ping, {{"content-type", "application/json; charset=utf-8"}}).status, 200);
  EXPECT_EQ(send(ping, {{"accept", "text/html"}}).status, 406);
  EXPECT_EQ(send(ping, {{"accept", "*/*"}}).status, 200);
  EXPECT_EQ(send(ping, {{"accept", ""}}).status, 200);
  EXPECT_EQ(send(ping, {{"mcp-session-id", "of-another-server"}}).status, 200);
}

}  // namespace
}  // namespace tacit::mcp
