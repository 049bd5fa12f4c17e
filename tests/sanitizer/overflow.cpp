// Adds one to the largest integer. Under the undefined-behaviour sanitizer this must end the
// program with a status other than zero; a build in which a finding is only printed passes tests
// that it should fail.
#include <limits>

int main(int argc, char**) {
  int most = std::numeric_limits<int>::max() - 1 + argc;  // argc is 1, which no compiler knows
  most += argc;
  return most == 0 ? 2 : 0;
}
