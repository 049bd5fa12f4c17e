#pragma once
// The environment for a program that a case starts: that of this process, with TACIT_CPU cut to
// what computes in f32 where that is to be measured.

#include <string>
#include <string_view>
#include <vector>

extern char** environ;

namespace tacit::bench {

inline constexpr const char* kF32 = ", in f32";  // in the name of a case

class ProgramEnvironment {
 public:
  explicit ProgramEnvironment(bool in_f32) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      if (!in_f32 || !std::string_view(*entry).starts_with("TACIT_CPU="))
        entries_.push_back(*entry);
    }
    if (in_f32) entries_.push_back(cpu_.data());
    entries_.push_back(nullptr);
  }
  ProgramEnvironment(const ProgramEnvironment&) = delete;
  ProgramEnvironment& operator=(const ProgramEnvironment&) = delete;

  char** data() { return entries_.data(); }

 private:
  std::string cpu_ = "TACIT_CPU=avx512-vnni";
  std::vector<char*> entries_;
};

}  // namespace tacit::bench
