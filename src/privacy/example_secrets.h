#pragma once
// One invented secret of every type, for tests. All are assembled at run time from characters
// without meaning; nothing here is or was a credential.

#include <string>
#include <string_view>
#include <vector>

namespace tacit::privacy {

struct Example {
  std::string type;
  std::string before;
  std::string secret;
  std::string after;

  std::string text() const { return before + secret + after; }
};

std::vector<Example> example_secrets();

inline constexpr std::string_view kAlnum =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
// Characters of the alphabet in no order, different for each seed.
std::string noise(std::size_t length, std::string_view alphabet, unsigned seed = 7);

}  // namespace tacit::privacy
