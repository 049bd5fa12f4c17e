#pragma once
// The version that every surface reports. CMake sets it from the project's version.

namespace tacit::service {
inline constexpr const char* kVersion = TACIT_VERSION;
}
