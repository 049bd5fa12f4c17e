// Tacit's encoder beside ONNX Runtime, f32 and int8, on the same weights and texts, in alternating
// rounds. ONNX Runtime is given word pieces ready made, and for each row the fastest of its ways:
// the graph as exported or as its optimizer joins it, texts in one call or one by one, threads that
// spin or sleep. Its f32 vectors have to be those of Tacit.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <span>
#include <sstream>
#include <string_view>

#include "base/worker.h"
#include "domain/embedding.h"
#include "embed/encoder.h"
#include "rivals/onnx_runtime.h"
#include "rivals/row.h"

namespace tacit::rivals {
namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kLengths[] = {16, 64, 128, 256};
constexpr std::size_t kRounds = 5;
constexpr std::size_t kSingles = 10;      // calls of one text in a round
constexpr std::size_t kShortLength = 16;  // reported without a goal
constexpr double kSameCosine = 0.999;     // of f32 vectors
constexpr std::size_t kWarmUps = 1;
constexpr std::size_t kTrials = 2;  // of each way before the rounds

struct Kind {
  const char* name;
  std::array<const char*, 2> models;  // as exported, as joined by the optimizer
  double least_ratio;
  bool is_exact;
};
constexpr Kind kKinds[] = {{"ONNX Runtime, f32", {"f32", "f32-fused"}, 2.5, true},
                           {"ONNX Runtime, int8", {"int8", "int8-fused"}, 1.2, false}};

struct Workload {
  std::size_t length = 0;
  std::size_t texts = 0;
  std::size_t threads = 1;
  std::string name() const {
    return fmt::format("{} of {} word pieces, {} {}",
                       texts == 1 ? "one text" : fmt::format("{} texts", texts), length, threads,
                       threads == 1 ? "thread" : "threads");
  }
};

// One way to embed the texts of a turn.
using Call = std::function<Result<void>(std::size_t turn)>;
struct Way {
  std::string name;
  Call call;
};

// Other texts each turn, so that nobody gains by remembering.
struct Material {
  std::vector<std::string> texts;
  std::vector<std::string_view> views;
  std::vector<Pieces> turns;
};

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

Result<double> time(const Call& call, std::size_t turn) {
  const auto start = std::chrono::steady_clock::now();
  TACIT_TRY(call(turn));
  return ms_since(start);
}

// The numbers of the words: each of the generated ones is one piece.
Result<std::map<std::string, std::int64_t>> read_vocabulary(const std::filesystem::path& folder) {
  std::ifstream stream(folder / "vocab.txt");
  std::map<std::string, std::int64_t> numbers;
  std::int64_t number = 0;
  for (std::string word; std::getline(stream, word);) numbers.emplace(word, number++);
  if (numbers.empty()) return fail(ErrorKind::kNotFound, "the model has no vocab.txt");
  return numbers;
}

Result<Pieces> cut(const std::map<std::string, std::int64_t>& numbers,
                   std::span<const std::string> texts, std::size_t length) {
  Pieces pieces;
  pieces.texts = texts.size();
  pieces.length = length;
  const auto put = [&](const std::string& word) -> Result<void> {
    const auto known = numbers.find(word);
    if (known == numbers.end()) return fail(ErrorKind::kInternal, word + " is not one piece");
    pieces.ids.push_back(known->second);
    return {};
  };
  for (const std::string& text : texts) {
    TACIT_TRY(put("[CLS]"));
    std::istringstream words(text);
    for (std::string word; words >> word;) TACIT_TRY(put(word));
    TACIT_TRY(put("[SEP]"));
  }
  return pieces;
}

Result<Material> make_material(const std::map<std::string, std::int64_t>& numbers,
                               const Workload& load, std::size_t turns) {
  Material material;
  const auto seed = static_cast<unsigned>(load.length * 1000 + load.texts * 10 + load.threads);
  material.texts = bench::make_sentences(load.texts * turns, load.length - 2, seed);
  material.views = {material.texts.begin(), material.texts.end()};
  for (std::size_t turn = 0; turn < turns; ++turn) {
    material.turns.push_back(TACIT_TRY(cut(
        numbers, std::span(material.texts).subspan(turn * load.texts, load.texts), load.length)));
  }
  return material;
}

class Race {
 public:
  static Result<Race> open(const std::filesystem::path& library,
                           const std::filesystem::path& models) {
    Race race;
    const auto folder = embed::find_model_dir();
    if (!folder) return fail(ErrorKind::kNotFound, "no model weights (tools/assets fetch)");
    race.numbers_ = TACIT_TRY(read_vocabulary(*folder));
    for (std::size_t threads = 1; threads <= 2; ++threads) {
      embed::EncoderOptions options;
      options.model_dir = *folder;
      options.threads = threads;
      race.encoders_.push_back(TACIT_TRY(embed::open_encoder(options)));
      race.pools_.push_back(std::make_unique<WorkerPool>(threads));
    }
    race.runtime_ = TACIT_TRY(load_onnx_runtime(library));
    race.models_ = models;
    return race;
  }

  std::string version() const { return runtime_->version(); }

  Result<void> run(std::size_t length) {
    std::vector<double> cosines;
    for (const Kind& kind : kKinds) cosines.push_back(TACIT_TRY(compare(kind, length)));
    for (const Workload& load :
         {Workload{length, 1, 1}, Workload{length, kBatch, 1}, Workload{length, kBatch, 2}})
      TACIT_TRY(run(load, cosines));
    return {};
  }

 private:
  Race() = default;

  // Opened when first asked for.
  Result<const OnnxSession*> session(const std::string& model, const SessionOptions& options) {
    auto& known = sessions_[fmt::format("{} {} {}", model, options.threads, options.spins)];
    if (known == nullptr) {
      known = TACIT_TRY(runtime_->open(models_ / (model + ".onnx"),
                                       encoders_.front()->space().dimension, options));
    }
    return known.get();
  }

  // The lowest cosine of a vector of this kind with that of Tacit.
  Result<double> compare(const Kind& kind, std::size_t length) {
    const Material material = TACIT_TRY(make_material(numbers_, {length, kBatch, 0}, 1));
    const auto ours = TACIT_TRY(encoders_[0]->embed(material.views, Deadline::none()));
    const std::size_t dimension = ours.front().size();
    float lowest = 1;
    for (const char* model : kind.models) {
      const OnnxSession* const opened = TACIT_TRY(session(model, {}));
      const std::vector<float> theirs = TACIT_TRY(opened->run(material.turns.front()));
      for (std::size_t i = 0; i < ours.size(); ++i) {
        const auto vector = std::span(theirs).subspan(i * dimension, dimension);
        lowest = std::min(lowest, dot(ours[i], vector));
      }
    }
    if (kind.is_exact && lowest < kSameCosine) {
      return fail(ErrorKind::kCorrupt,
                  fmt::format("{} and Tacit differ: cosine {}", kind.name, lowest));
    }
    return lowest;
  }

  // Each text a call, on as many threads as the workload has.
  Way one_by_one(const std::string& graph, const OnnxSession& session, const Workload& load,
                 const Material& material) {
    WorkerPool* const pool = pools_[load.threads - 1].get();
    return {graph + ", one by one", [&session, &material, pool](std::size_t turn) -> Result<void> {
              const Pieces& pieces = material.turns[turn];
              std::atomic<bool> is_whole = true;
              pool->parallel_for(pieces.texts, [&](std::size_t text, std::size_t) {
                if (!session.run(pieces.one(text))) is_whole = false;
              });
              if (!is_whole) return fail(ErrorKind::kInternal, "ONNX Runtime failed");
              return {};
            }};
  }

  Result<std::vector<Way>> ways(const Kind& kind, const Workload& load, const Material& material) {
    std::vector<Way> all;
    for (std::size_t i = 0; i < kind.models.size(); ++i) {
      const std::string graph = i == 0 ? "graph as exported" : "graph joined";
      const OnnxSession* const alone = TACIT_TRY(session(kind.models[i], {}));
      all.push_back(one_by_one(graph, *alone, load, material));
      if (load.texts == 1) continue;
      for (const bool spins : {false, true}) {
        if (spins && load.threads == 1) continue;
        const OnnxSession* const opened = TACIT_TRY(session(kind.models[i], {load.threads, spins}));
        all.push_back({fmt::format("{}, one call{}", graph, spins ? ", spinning" : ""),
                       [opened, &material](std::size_t turn) -> Result<void> {
                         TACIT_TRY(opened->run(material.turns[turn]));
                         return {};
                       }});
      }
    }
    return all;
  }

  static Result<Way> fastest(const std::vector<Way>& ways) {
    const Way* best = nullptr;
    double least = 0;
    for (const Way& way : ways) {
      TACIT_TRY(way.call(0));
      double ms = TACIT_TRY(time(way.call, 0));
      for (std::size_t trial = 1; trial < kTrials; ++trial)
        ms = std::min(ms, TACIT_TRY(time(way.call, 0)));
      if (best == nullptr || ms < least) {
        best = &way;
        least = ms;
      }
    }
    return *best;
  }

  Result<void> run(const Workload& load, const std::vector<double>& cosines) {
    const std::size_t calls = load.texts == 1 ? kSingles : 1;
    const Material material =
        TACIT_TRY(make_material(numbers_, load, kRounds * (calls + kWarmUps)));
    Embedder* const encoder = encoders_[load.threads - 1].get();
    std::vector<Way> contenders = {
        {"", [&](std::size_t turn) -> Result<void> {
           const auto texts = std::span(material.views).subspan(turn * load.texts, load.texts);
           TACIT_TRY(encoder->embed(texts, Deadline::none()));
           return {};
         }}};
    for (const Kind& kind : kKinds) {
      const std::vector<Way> all = TACIT_TRY(ways(kind, load, material));
      contenders.push_back(TACIT_TRY(fastest(all)));
    }
    std::vector<bench::Sample> samples(contenders.size());
    std::size_t turn = 0;
    for (std::size_t round = 0; round < kRounds; ++round) {
      // A batch warms itself up, but for the first one.
      const bool is_warmed = load.texts == 1 || round == 0;
      for (std::size_t i = 0; i < contenders.size(); ++i) {
        const Call& call = contenders[i].call;
        if (is_warmed) TACIT_TRY(call(turn));
        for (std::size_t k = 0; k < calls; ++k)
          samples[i].ms.push_back(TACIT_TRY(time(call, turn + kWarmUps + k)));
      }
      turn += calls + kWarmUps;
    }
    print(load, contenders, samples, cosines);
    return {};
  }

  static void print(const Workload& load, const std::vector<Way>& contenders,
                    std::vector<bench::Sample>& samples, const std::vector<double>& cosines) {
    const double ours = median(samples.front().ms);
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      bench::Sample& sample = samples[i];
      const double ms = median(sample.ms);
      sample.throughput = static_cast<double>(load.texts) * 1000 / ms;
      sample.unit = "texts/s";
      sample.setting = contenders[i].name;
      if (i == 0) {
        print_row(load.name(), kTacit, sample);
        continue;
      }
      const Kind& kind = kKinds[i - 1];
      sample.ratio = ms / ours;
      sample.cosine = cosines[i - 1];
      print_row(load.name(), kind.name, sample,
                load.length == kShortLength ? std::nullopt : std::optional(kind.least_ratio));
    }
  }

  std::map<std::string, std::int64_t> numbers_;
  std::vector<std::unique_ptr<Embedder>> encoders_;  // of one thread, of two
  std::vector<std::unique_ptr<WorkerPool>> pools_;
  std::unique_ptr<OnnxRuntime> runtime_;
  std::map<std::string, std::unique_ptr<OnnxSession>> sessions_;  // gone before the runtime
  std::filesystem::path models_;
};

Result<void> run(const char* library, const char* models, std::size_t only) {
  Race race = TACIT_TRY(Race::open(library, models));
  fmt::print(stderr, "  ONNX Runtime {}\n", race.version());
  for (const std::size_t length : kLengths) {
    if (only == 0 || only == length) TACIT_TRY(race.run(length));
  }
  return {};
}

}  // namespace
}  // namespace tacit::rivals

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    fmt::print(stderr, "usage: embedding_rivals LIBRARY MODELS [WORD PIECES]\n");
    return 2;
  }
  const auto done =
      tacit::rivals::run(argv[1], argv[2], argc == 4 ? std::strtoul(argv[3], nullptr, 10) : 0);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message());
  return 1;
}
