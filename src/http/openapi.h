#pragma once
// The OpenAPI description of the REST face, made from the table that dispatches (api.cpp), so that
// a route cannot be served without standing in it. Shapes of answers: schemas.json beside. Pure.

#include <span>
#include <string>
#include <string_view>

namespace tacit::http {

struct RouteText {
  std::string_view method;
  std::string_view path;        // "/v1/items/{id}": one segment where {id} stands
  std::string_view name;        // operationId
  std::string_view summary;     // empty: not an interface (the page's files)
  std::string_view parameters;  // of the query, with a blank between; others are refused
  std::string_view takes;       // schema of the body; empty: none
  std::string_view gives;       // a schema, or a media type such as "text/plain"
};

// One JSON document, indented, ending with a line feed.
std::string openapi(std::span<const RouteText> routes);

}  // namespace tacit::http
