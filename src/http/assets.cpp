#include "http/assets.h"

#include <cstddef>

extern "C" {
extern const char tacit_page_index_begin[];
extern const char tacit_page_index_end[];
extern const char tacit_page_script_begin[];
extern const char tacit_page_script_end[];
extern const char tacit_page_style_begin[];
extern const char tacit_page_style_end[];
extern const char tacit_page_icon_begin[];
extern const char tacit_page_icon_end[];
extern const char tacit_api_schemas_begin[];
extern const char tacit_api_schemas_end[];
}

namespace tacit::http {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::string_view api_schemas() {
  return between(tacit_api_schemas_begin, tacit_api_schemas_end);
}

std::optional<Asset> find_asset(std::string_view path) {
  if (path == "/") {
    return Asset{"text/html; charset=utf-8", between(tacit_page_index_begin, tacit_page_index_end)};
  }
  if (path == "/app.js") {
    return Asset{"text/javascript; charset=utf-8",
                 between(tacit_page_script_begin, tacit_page_script_end)};
  }
  if (path == "/style.css") {
    return Asset{"text/css; charset=utf-8", between(tacit_page_style_begin, tacit_page_style_end)};
  }
  if (path == "/favicon.svg") {
    return Asset{"image/svg+xml", between(tacit_page_icon_begin, tacit_page_icon_end)};
  }
  return std::nullopt;
}

}  // namespace tacit::http
