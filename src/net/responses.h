#pragma once
// The answers that the server gives by itself, and the headers that go on every answer. Plain
// values.

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "net/http_server.h"

namespace tacit::net {

inline constexpr std::string_view kServerName = "tacit";

// A page of ours loads from us alone, runs no inline script and is shown in no frame; nothing is
// cached.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kSecurityHeaders = {{
    {"Content-Security-Policy",
     "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
     "object-src 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
    {"Server", kServerName},
}};

// {"error":{"kind":…,"message":…}} as wire/codec.h writes it.
Response refusal(int status, std::string_view kind, std::string_view message);

// Each with its reason and what to do.
Response bad_request(std::string_view message);
Response strange_host(std::string_view host);
Response strange_origin(std::string_view origin);
Response header_too_large(std::size_t limit);
Response body_too_large(std::size_t limit);
Response too_busy(std::string_view what);
Response handler_failed();

}  // namespace tacit::net
