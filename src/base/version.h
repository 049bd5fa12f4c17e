#pragma once
// The version that every surface reports. CMake sets it from the project's version.

namespace tacit {
extern const char* const kVersion;
}
