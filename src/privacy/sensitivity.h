#pragma once
// Decides how sensitive a request is, once for all its messages and paths, in layers from cheap to
// dear: the paths of files; words, patterns and personal data, below disguises; nearness to written
// example sentences (only with an Embedder); a local model (only for what is still in doubt). The
// first layer that finds something decides. What could not be looked at whole, and every error,
// timeout or empty answer, is confidential. Nothing here sends text anywhere but to the given
// Embedder and model, which must be local. The reason names a topic, never the text. The work of
// the first two layers is linear. Immutable after make(), but for the vectors of the examples,
// which are made at the first use; safe from any thread. docs/privacy.md lists topics and
// measurements.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/embedding.h"
#include "domain/sensitivity.h"
#include "privacy/redactor.h"

namespace tacit::privacy {

// What is looked for. Words are written in lower case without accents: "salary list"; a star stands
// for any letters ("kundenlist*"), a tilde for up to four words ("fired ~ employee"), a number sign
// for a number of four and more digits ("salary ~ #").
struct SensitivityTopic {
  std::string name;  // in reasons: "health"
  Sensitivity label = Sensitivity::kConfidential;
  std::vector<std::string> words;     // any of them decides
  std::vector<std::string> hints;     // two different ones near each other decide
  std::vector<std::string> company;   // decides near a hint, not near another of its kind
  std::vector<std::string> paths;     // names of files and folders, with stars: "*.pem", "payroll*"
  std::vector<std::string> examples;  // sentences; what says the same is sensitive
};

inline constexpr std::size_t kMaxDecidedBytes = 4U << 20U;    // longer is confidential
inline constexpr std::size_t kMaxEmbeddedBytes = 64U << 10U;  // the same, where the layer is on
inline constexpr double kSensitiveSimilarity = 0.5;           // cosine with an example
inline constexpr double kDoubtSimilarity = 0.42;              // from here on a model is asked
inline constexpr std::size_t kMaxOwnTopics = 64;
inline constexpr std::size_t kMaxTopicWords = 512;  // of one topic of one's own
inline constexpr std::size_t kMaxWordBytes = 120;

struct SensitivityOptions {
  std::vector<SensitivityTopic> topics;  // one with the name of a known topic adds to it
  std::vector<std::string> without;      // known topics that are not looked for
  double sensitive_similarity = kSensitiveSimilarity;
  double doubt_similarity = kDoubtSimilarity;
  std::size_t max_bytes = kMaxDecidedBytes;
  std::size_t max_embedded_bytes = kMaxEmbeddedBytes;
};

enum class SensitivityLayer { kNone, kPath, kPattern, kEmbedding, kModel };
std::string_view name_of(SensitivityLayer layer);  // "none", "path", …

struct SensitivityDecision {
  Sensitivity label = Sensitivity::kConfidential;
  SensitivityLayer layer = SensitivityLayer::kNone;
  std::string reason = "undecided";  // a topic, "too long", "unknown language", "nothing found" …
  std::chrono::microseconds took{0};
};

// A whole request; decided together, since what one message opens another may end.
struct SensitivityQuestion {
  std::vector<std::string_view> texts;
  std::vector<std::string_view> paths;
};

// Asks a model that runs on this machine. Anything but a label is taken as confidential.
using LocalSensitivityModel = std::function<Result<Sensitivity>(std::string_view text)>;

class Sensitivities {
 public:
  struct Parts {
    const Redactor& redactor;       // must outlive this
    Embedder* embedder = nullptr;   // the same; null: the layer is left out
    LocalSensitivityModel model{};  // empty: what is in doubt is confidential
  };
  // invalid_input: an own topic without a name or with a word that is too long or says nothing; a
  // name in `without` that is not known.
  static Result<std::unique_ptr<Sensitivities>> make(SensitivityOptions options, Parts parts);
  ~Sensitivities();
  Sensitivities(const Sensitivities&) = delete;
  Sensitivities& operator=(const Sensitivities&) = delete;

  SensitivityDecision decide(const SensitivityQuestion& question, Deadline deadline) const;

 private:
  struct State;
  explicit Sensitivities(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The names of the topics that are known without any configuration, in the order of looking.
std::vector<std::string> known_sensitivity_topics();

}  // namespace tacit::privacy
