// Tacit's index beside usearch and hnswlib, on the same vectors and in the same run. Each rival has
// the fastest setting that finds as much as Tacit's index does, f32 rescoring included where it
// helps it.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "rivals/row.h"
#include "rivals/vector_bed.h"

namespace tacit::rivals {
namespace {

constexpr std::size_t kRounds = 5;
constexpr std::size_t kTimes = 5;  // that each question is asked in a round
constexpr double kLeastRatio = 1.5;
constexpr double kSameRecall = 0.0005;  // what is shown as the same number
constexpr std::size_t kSettings[] = {16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};
constexpr std::size_t kRescored = 3 * kWanted;

struct Contender {
  std::string name;
  std::unique_ptr<VectorRival> rival;
  std::optional<double> least_ratio;
  bool has_codes = false;  // int8, so rescoring by f32 rows finds more
};

struct Options {
  std::size_t count = 100'000;
  std::vector<std::size_t> dimensions = {384, 1536};
  std::string rival;  // its name begins so; all
};

struct Ours {
  std::unique_ptr<vector::VectorIndex> index;
  double recall = 0;
  std::vector<bench::Sample> samples{kLanes};  // by threads, of the rounds with all rivals
  std::vector<std::vector<double>> rates{kLanes};
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string threads_of(std::size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "thread" : "threads");
}

std::string size_of(const Bed& bed) {
  return fmt::format("{} x {}", bed.rows.count(), bed.rows.dimension);
}

void print_build(const Bed& bed, const std::string& who, std::size_t threads, double seconds,
                 std::size_t bytes) {
  bench::Sample sample;
  sample.ms = {seconds * 1000};
  sample.throughput = static_cast<double>(bed.rows.count()) / seconds;
  sample.unit = "vectors/s";
  sample.rss_mb = static_cast<double>(bytes) / 1e6;
  print_row(fmt::format("link {}, {}", size_of(bed), threads_of(threads)), who, sample);
}

Result<Ours> build_ours(const Bed& bed) {
  Ours ours;
  ours.index = vector::make_index(bed.rows.dimension);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < bed.rows.count(); ++i) {
    const vector::IndexEntry entry{{i, 0}, {bed.rows.row(i), bed.rows.dimension}};
    TACIT_TRY(ours.index->upsert({&entry, 1}));
  }
  ours.index->settle();
  print_build(bed, kTacit, 1, seconds_since(start), ours.index->bytes());
  ours.recall = recall_of(bed, ask_ours(bed, *ours.index));
  return ours;
}

Result<void> build_rival(const Bed& bed, const Contender& contender) {
  for (const std::size_t threads : {kLanes, std::size_t{1}}) {  // the last one is asked
    WorkerPool pool(threads);
    const auto start = std::chrono::steady_clock::now();
    TACIT_TRY(contender.rival->build(bed.rows, pool));
    print_build(bed, contender.name, threads, seconds_since(start), contender.rival->bytes());
  }
  return {};
}

struct Choice {
  Setting setting;
  double recall = 0;
  double rate = 0;
};

// The fastest setting that finds as much as `recall`; where none does, the one that finds most.
Choice choose(const Bed& bed, const Contender& contender, double recall) {
  Choice best;
  Choice most;
  WorkerPool pool(1);
  for (const std::size_t rescored : {std::size_t{0}, kRescored}) {
    if (rescored > 0 && !contender.has_codes) continue;
    for (const std::size_t candidates : kSettings) {
      const Setting setting{std::max(candidates, rescored), rescored};
      contender.rival->look_at(setting.candidates);
      const Ask ask = ask_rival(bed, *contender.rival, setting);
      const Choice here{setting, recall_of(bed, ask), ask_all(ask, pool, 2).rate};
      fmt::print(stderr, "  {} x {}, {}: {} candidates, {} rescored: recall {:.4f}, {:.0f}/s\n",
                 bed.rows.count(), bed.rows.dimension, contender.name, setting.candidates, rescored,
                 here.recall, here.rate);
      if (here.recall > most.recall) most = here;
      if (here.recall < recall - kSameRecall) continue;
      if (here.rate > best.rate) best = here;
      break;  // more candidates only take longer
    }
  }
  return best.rate > 0 ? best : most;
}

std::string text_of(const Choice& choice, double recall) {
  std::string text = fmt::format("ef {}", choice.setting.candidates);
  if (choice.setting.rescored > 0) text += fmt::format(", {} rescored", choice.setting.rescored);
  if (choice.recall < recall - kSameRecall) text += ", finds less than Tacit";
  return text;
}

void race(const Bed& bed, Ours& ours, const Contender& contender) {
  const Choice choice = choose(bed, contender, ours.recall);
  contender.rival->look_at(choice.setting.candidates);
  const Ask ask_them = ask_rival(bed, *contender.rival, choice.setting);
  const Ask ask_us = ask_ours(bed, *ours.index);
  for (std::size_t threads = 1; threads <= kLanes; ++threads) {
    WorkerPool pool(threads);
    bench::Sample theirs;
    std::vector<double> their_rates;
    std::vector<double> our_rates;
    for (std::size_t round = 0; round < kRounds; ++round) {
      const Round us = ask_all(ask_us, pool, kTimes);
      const Round them = ask_all(ask_them, pool, kTimes);
      bench::Sample& mine = ours.samples[threads - 1];
      mine.ms.insert(mine.ms.end(), us.ms.begin(), us.ms.end());
      theirs.ms.insert(theirs.ms.end(), them.ms.begin(), them.ms.end());
      our_rates.push_back(us.rate);
      their_rates.push_back(them.rate);
    }
    theirs.throughput = median(their_rates);
    theirs.ratio = median(our_rates) / theirs.throughput;
    theirs.recall = choice.recall;
    theirs.setting = text_of(choice, ours.recall);
    const std::size_t f32 =
        choice.setting.rescored > 0 ? bed.rows.values.size() * sizeof(float) : 0;
    theirs.rss_mb = static_cast<double>(contender.rival->bytes() + f32) / 1e6;
    auto& all = ours.rates[threads - 1];
    all.insert(all.end(), our_rates.begin(), our_rates.end());
    print_row(fmt::format("{} nearest of {}, {}", kWanted, size_of(bed), threads_of(threads)),
              contender.name, theirs, contender.least_ratio);
  }
}

void print_ours(const Bed& bed, const Ours& ours) {
  for (std::size_t threads = 1; threads <= kLanes; ++threads) {
    bench::Sample sample = ours.samples[threads - 1];
    if (sample.ms.empty()) continue;
    sample.throughput = median(ours.rates[threads - 1]);
    sample.recall = ours.recall;
    sample.rss_mb = static_cast<double>(ours.index->bytes()) / 1e6;
    print_row(fmt::format("{} nearest of {}, {}", kWanted, size_of(bed), threads_of(threads)),
              kTacit, sample);
  }
}

std::vector<Contender> contenders() {
  std::vector<Contender> all;
  all.push_back({"usearch, the codes of Tacit", make_usearch(true), kLeastRatio, true});
  all.push_back({"usearch, its own codes", make_usearch(false), kLeastRatio, true});
  all.push_back({"hnswlib, f32", make_hnswlib(), std::nullopt, false});
  return all;
}

Result<void> run(const Options& options) {
  for (const std::size_t dimension : options.dimensions) {
    const Bed bed = make_bed(options.count, dimension);
    Ours ours = TACIT_TRY(build_ours(bed));
    for (Contender& contender : contenders()) {
      if (!contender.name.starts_with(options.rival)) continue;
      TACIT_TRY(build_rival(bed, contender));
      race(bed, ours, contender);
    }
    print_ours(bed, ours);
  }
  return {};
}

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--count")
      options.count = std::strtoul(argv[i + 1], nullptr, 10);
    else if (name == "--dimension")
      options.dimensions = {std::strtoul(argv[i + 1], nullptr, 10)};
    else if (name == "--rival")
      options.rival = argv[i + 1];
    else
      return std::nullopt;
  }
  if (argc % 2 == 0 || options.count <= kRescored || options.dimensions.front() == 0)
    return std::nullopt;
  return options;
}

}  // namespace
}  // namespace tacit::rivals

int main(int argc, char** argv) {
  const auto options = tacit::rivals::parse(argc, argv);
  if (!options) {
    fmt::print(stderr, "usage: vector_rivals [--count N] [--dimension N] [--rival NAME]\n");
    return 2;
  }
  const auto done = tacit::rivals::run(*options);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message());
  return 1;
}
