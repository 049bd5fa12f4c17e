// The fake provider of src/testing as a process of its own, for tests that start the real program.
//
// usage: fake_provider SCRIPT LOG [PORT]
// SCRIPT is a file of JSON (testing/fake_provider.h), LOG gets a line for each event. Prints its
// port, then takes a new script from each line of its input and answers "taken" or what is wrong;
// ends with its input.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "testing/fake_provider.h"
#include "testing/fixtures.h"

namespace tacit::testing {
namespace {

int serve(const std::string& script_file, const std::string& log, unsigned short port) {
  auto script = read_fake_script(read_file(script_file));
  if (!script) {
    fmt::print(stderr, "{}: {}\n", script_file, script.error().message());
    return 2;
  }
  const auto provider = FakeProvider::start(std::move(*script), port, log);
  if (!provider) {
    fmt::print(stderr, "{}\n", provider.error().message());
    return 1;
  }
  const auto say = [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  say(fmt::format("{}", (*provider)->port()));
  std::string line;
  for (int byte = 0; (byte = std::getc(stdin)) != EOF;) {
    if (byte != '\n') {
      line += static_cast<char>(byte);
      continue;
    }
    auto next = read_fake_script(line);
    line.clear();
    if (next) (*provider)->set_script(std::move(*next));
    say(next ? "taken" : next.error().message());
  }
  return 0;
}

}  // namespace
}  // namespace tacit::testing

int main(int count, char** arguments) {
  if (count != 3 && count != 4) {
    fmt::print(stderr, "usage: fake_provider SCRIPT LOG [PORT]\n");
    return 2;
  }
  const long port = count == 4 ? std::strtol(arguments[3], nullptr, 10) : 0;
  return tacit::testing::serve(arguments[1], arguments[2], static_cast<unsigned short>(port));
}
