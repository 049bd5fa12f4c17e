#include "cli/text_input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

namespace tacit::cli {
namespace {

constexpr std::size_t kMaxInputBytes = 1U << 30U;

Result<std::string> read_all(int file, const std::string& name) {
  std::string text;
  std::array<char, 1U << 16U> buffer{};
  while (true) {
    const ssize_t size = ::read(file, buffer.data(), buffer.size());
    if (size == 0) return text;
    if (size < 0) return fail(ErrorKind::kUnavailable, "cannot read " + name);
    text.append(buffer.data(), static_cast<std::size_t>(size));
    if (text.size() > kMaxInputBytes)
      return fail(ErrorKind::kInvalidInput, name + " is over 1 GiB; cut it into parts");
  }
}

}  // namespace

Result<std::string> read_input() {
  return read_all(STDIN_FILENO, "standard input");
}

Result<std::string> read_text_file(const std::filesystem::path& file) {
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return fail(ErrorKind::kNotFound, "cannot open " + file.string());
  auto text = read_all(opened, file.string());
  ::close(opened);
  return text;
}

Result<std::string> line_text(std::string_view line, std::size_t number) {
  if (line.empty() || line.front() != '"') return std::string(line);
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_string())
    return fail(ErrorKind::kInvalidInput,
                fmt::format("line {}: starts with a quotation mark but is no JSON string", number));
  return json.get<std::string>();
}

}  // namespace tacit::cli
