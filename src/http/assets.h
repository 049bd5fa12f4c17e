#pragma once
// The web page's files, linked into the program from src/dashboard. Constant.

#include <optional>
#include <string_view>

namespace tacit::http {

struct Asset {
  std::string_view content_type;
  std::string_view bytes;
};
// "/", "/app.js", "/style.css", "/favicon.svg".
std::optional<Asset> find_asset(std::string_view path);

}  // namespace tacit::http
