#pragma once
// Files that are linked into the program: the web page of src/dashboard, the schemas. Constant.

#include <optional>
#include <string_view>

namespace tacit::http {

struct Asset {
  std::string_view content_type;
  std::string_view bytes;
};
// "/", "/app.js", "/style.css", "/favicon.svg".
std::optional<Asset> find_asset(std::string_view path);
// schemas.json: the shapes of the REST face, a JSON object of JSON Schemas.
std::string_view api_schemas();

}  // namespace tacit::http
