#pragma once
// Personal data that has a form of its own: addresses of mail, telephone numbers, bank accounts and
// payment cards (with their check digits), identity numbers of several countries, dates of birth,
// street addresses, and passwords told in a sentence. Reads plain characters (folded_text.h) in
// linear time; immutable after construction, safe from any thread.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tacit::privacy {

class PersonalData {
 public:
  static Result<std::unique_ptr<PersonalData>> make();
  ~PersonalData();
  PersonalData(const PersonalData&) = delete;
  PersonalData& operator=(const PersonalData&) = delete;

  // The kind of the first that is found: "e-mail address", "telephone number" …; "" for none.
  std::string_view kind_in(std::string_view plain) const;

 private:
  struct Patterns;
  explicit PersonalData(std::unique_ptr<Patterns> patterns);
  std::unique_ptr<Patterns> patterns_;
};

// The kind that is a secret, not a personal matter.
inline constexpr std::string_view kToldPassword = "password in a sentence";

}  // namespace tacit::privacy
