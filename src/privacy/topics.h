#pragma once
// The topics that are known without any configuration: topics.txt, which is part of the program.

#include <string>
#include <vector>

#include "base/result.h"
#include "privacy/sensitivity.h"

namespace tacit::privacy {

struct KnownTopics {
  std::vector<SensitivityTopic> topics;
  std::vector<std::string> people;    // words for persons, company of every topic's hints
  std::vector<std::string> ordinary;  // sentences as requests usually say them
};

// internal: the file is not as it must be.
Result<KnownTopics> known_topics();

}  // namespace tacit::privacy
