#include "bench/eval.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/eval_cache.h"
#include "bench/eval_labels.h"
#include "bench/eval_metrics.h"
#include "bench/eval_run.h"
#include "bench/eval_secrets.h"
#include "bench/eval_set.h"
#include "bench/provenance.h"
#include "domain/knowledge.h"
#include "learn/learner.h"

namespace tacit::bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr double kSamePair = 4.5;
constexpr double kOtherPair = 4.0;

double rounded(double value) {
  return std::round(value * 10'000.0) / 10'000.0;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Labels {  // what every line of one evaluation shares
  std::string set;
  std::string half;
  std::string view;
  std::string commit = current_commit();
  std::string machine = machine_name();
};

Json line_of(const Labels& labels, std::string_view system, Json metrics, std::size_t n,
             double seconds) {
  Json line;
  line["set"] = labels.set;
  if (!labels.half.empty()) line["half"] = labels.half;
  if (!labels.view.empty()) line["view"] = labels.view;
  line["system"] = system;
  line["metrics"] = std::move(metrics);
  line["n"] = n;
  line["seconds"] = std::round(seconds * 100.0) / 100.0;
  line["commit"] = labels.commit;
  line["machine"] = labels.machine;
  return line;
}

// Two measures for each of the set's own classes of queries.
Json kinds_of(const Measures& measures) {
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < measures.kinds.size(); ++i) {
    if (!measures.kinds[i].empty()) members[measures.kinds[i]].push_back(i);
  }
  Json kinds = Json::object();
  for (const auto& [kind, queries] : members) {
    kinds[kind]["n"] = queries.size();
    for (const char* name : {"ndcg@10", "recall@10"}) {
      std::vector<double> values;
      for (const std::size_t i : queries) values.push_back(measures.values.at(name)[i]);
      kinds[kind][name] = rounded(mean(values));
    }
  }
  return kinds;
}

Json metrics_of(const Measures& measures) {
  Json metrics;
  for (const char* name :
       {"ndcg@10", "recall@5", "recall@10", "recall@20", "mrr@10", "map@100", "hit@1", "hit@5"}) {
    const auto found = measures.values.find(name);
    if (found != measures.values.end()) metrics[name] = rounded(mean(found->second));
  }
  metrics["p50_ms"] = rounded(median(measures.took_ms));
  if (Json kinds = kinds_of(measures); !kinds.empty()) metrics["by_kind"] = std::move(kinds);
  return metrics;
}

// Hybrid against one single way in one measure, with the interval of the mean difference.
Json gain_of(const Measures& hybrid, const Measures& single, std::string_view name,
             const std::string& measure) {
  const auto& ours = hybrid.values.at(measure);
  const auto& theirs = single.values.at(measure);
  const Interval interval = paired_bootstrap(ours, theirs);
  Json gain;
  gain["over"] = name;
  gain["measure"] = measure;
  gain["mean"] = rounded(mean(ours) - mean(theirs));
  gain["low95"] = rounded(interval.low);
  gain["high95"] = rounded(interval.high);
  return gain;
}

// A store with the queries that are asked of it.
struct Asked {
  std::unique_ptr<ScratchStore> scratch;
  std::vector<RunQuery> queries;
};

Result<Measures> run_all(const std::vector<Asked>& asked, Embedder* embedder, SearchMode mode,
                         std::size_t depth, bool progress) {
  Measures measures;
  for (const Asked& one : asked) {
    TACIT_TRY(
        run_queries(one.scratch->store(), embedder, mode, one.queries, depth, progress, measures));
  }
  return measures;
}

// One line a system; `shared` adds fields that tell about the set.
Result<std::vector<std::string>> measure_systems(const std::vector<Asked>& asked,
                                                 Embedder* embedder, const Labels& labels,
                                                 const Json& shared, std::size_t depth,
                                                 bool progress) {
  std::vector<std::string> lines;
  const auto add = [&](std::string_view system, const Measures& measures, Json metrics) {
    Json line =
        line_of(labels, system, std::move(metrics), measures.took_ms.size(), measures.seconds);
    line.update(shared);
    lines.push_back(line.dump());
  };
  const Measures text = TACIT_TRY(run_all(asked, nullptr, SearchMode::kText, depth, progress));
  add("text", text, metrics_of(text));
  if (embedder == nullptr) return lines;
  const Measures vector = TACIT_TRY(run_all(asked, embedder, SearchMode::kVector, depth, progress));
  add("vector", vector, metrics_of(vector));
  const Measures hybrid = TACIT_TRY(run_all(asked, embedder, SearchMode::kHybrid, depth, progress));
  Json metrics = metrics_of(hybrid);
  Json gains = Json::array();
  for (const char* measure : {"ndcg@10", "recall@5", "hit@1", "hit@5"}) {
    const bool is_text_better = mean(text.values.at(measure)) >= mean(vector.values.at(measure));
    gains.push_back(gain_of(hybrid, is_text_better ? text : vector,
                            is_text_better ? "text" : "vector", measure));
    if (!is_text_better) gains.push_back(gain_of(hybrid, text, "text", measure));
  }
  metrics["gains"] = std::move(gains);
  add("hybrid", hybrid, std::move(metrics));
  return lines;
}

Result<std::vector<std::string>> measure_view(const EvalView& view, Embedder* embedder,
                                              const Labels& labels, bool progress) {
  std::vector<Asked> asked;
  std::size_t documents = 0;
  for (const EvalCollection& collection : view.collections) {
    Asked one{TACIT_TRY(ScratchStore::make()), run_queries_of(collection)};
    TACIT_TRY(load_documents(one.scratch->store(), embedder, collection.documents, progress));
    documents += collection.documents.size();
    asked.push_back(std::move(one));
  }
  Json shared;
  shared["documents"] = documents;
  if (view.collections.size() > 1) shared["collections"] = view.collections.size();
  return measure_systems(asked, embedder, labels, shared, kFullDepth, progress);
}

Result<std::vector<std::string>> measure_retrieval(const EvalSet& set, Embedder* embedder,
                                                   Labels labels, bool progress) {
  std::vector<std::string> lines;
  for (const EvalView& view : set.views) {
    labels.view = view.name;
    auto more = TACIT_TRY(measure_view(view, embedder, labels, progress));
    std::move(more.begin(), more.end(), std::back_inserter(lines));
  }
  return lines;
}

Result<std::vector<std::string>> measure_labels(const EvalSet& set, const fs::path& sessions,
                                                Embedder* embedder, const Labels& labels,
                                                bool progress) {
  std::vector<Asked> asked(1);
  asked[0].scratch = TACIT_TRY(ScratchStore::make());
  LabelRun run = TACIT_TRY(
      load_labelled_sessions(asked[0].scratch->store(), embedder, set.gold, sessions, progress));
  if (run.queries.empty()) {
    return fail(ErrorKind::kNotFound,
                fmt::format("none of {} gold queries belongs to an exchange below {}",
                            set.gold.size(), sessions.string()));
  }
  asked[0].queries = std::move(run.queries);
  Json shared;
  shared["documents"] = run.exchanges + run.items;
  shared["exchanges"] = run.exchanges;
  shared["items"] = run.items;
  shared["rows"] = run.rows;
  shared["rows_unmapped"] = run.unmapped;
  shared["rows_of_formats_not_read"] = run.rows_of_others;
  return measure_systems(asked, embedder, labels, shared, kUserDepth, progress);
}

// What the learner's rule for duplicates does with pairs: near enough, and of those allowed.
struct Duplicates {
  std::size_t pairs = 0;
  std::size_t near = 0;
  std::size_t near_same = 0;   // judged to say the same
  std::size_t near_other = 0;  // judged to say something else
  std::size_t merged = 0;
  std::size_t merged_other = 0;
};

void count(const ScoredPair& pair, double cosine, Duplicates& counts) {
  ++counts.pairs;
  if (cosine < static_cast<double>(learn::kDuplicateCosine)) return;
  const bool is_other = pair.score < kOtherPair;
  ++counts.near;
  if (pair.score >= kSamePair) ++counts.near_same;
  if (is_other) ++counts.near_other;
  if (!may_merge(pair.first, pair.second)) return;
  ++counts.merged;
  if (is_other) ++counts.merged_other;
}

// The set's own words for how two texts relate, unless they are as many as the texts.
Json relations_of(const std::map<std::string, Duplicates>& relations) {
  constexpr std::size_t kMostRelations = 10;
  Json result = Json::object();
  if (relations.size() < 2 || relations.size() > kMostRelations) return result;
  for (const auto& [relation, counts] : relations) {
    result[relation] = {
        {"pairs", counts.pairs}, {"pairs_at_cosine_0.95", counts.near}, {"merged", counts.merged}};
  }
  return result;
}

// Spearman of cosine and judged similarity, and what the duplicate rule would do with the pairs.
Result<std::vector<std::string>> measure_pairs(const EvalSet& set, Embedder* embedder,
                                               const Labels& labels, bool progress) {
  if (embedder == nullptr) {
    return fail(ErrorKind::kUnavailable,
                "similarity needs an embedding model: set TACIT_MODEL_DIR or fetch the assets");
  }
  std::vector<std::string> lines;
  for (const auto& [name, pairs] : set.pairs) {
    const auto start = std::chrono::steady_clock::now();
    Progress shown("pairs of " + name, pairs.size(), progress);
    std::vector<double> cosines;
    std::vector<double> scores;
    Duplicates all;
    std::map<std::string, Duplicates> relations;
    for (const ScoredPair& pair : pairs) {
      const std::array<std::string_view, 2> texts{pair.first, pair.second};
      const auto vectors = TACIT_TRY(embedder->embed(texts, Deadline::none()));
      cosines.push_back(static_cast<double>(dot(vectors[0], vectors[1])));
      scores.push_back(pair.score);
      count(pair, cosines.back(), all);
      count(pair, cosines.back(), relations[pair.relation]);
      shown.reach(cosines.size());
    }
    Json metrics;
    metrics["spearman"] = rounded(spearman(cosines, scores));
    metrics["pairs_at_cosine_0.95"] = all.near;
    metrics["of_these_score_4.5_or_more"] = all.near_same;
    metrics["of_these_score_below_4"] = all.near_other;
    metrics["merged"] = all.merged;
    metrics["merged_score_below_4"] = all.merged_other;
    if (Json by = relations_of(relations); !by.empty()) metrics["by_relation"] = std::move(by);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Json line = line_of(labels, "vector", std::move(metrics), pairs.size(), seconds);
    line["file"] = name;
    lines.push_back(line.dump());
  }
  return lines;
}

constexpr std::string_view kLabelSet = "labels";

struct Places {
  std::vector<fs::path> folders;  // where the set may be, nearest first
  std::vector<fs::path> shared;   // where its documents may be
};

Places places_of(const EvalOptions& options) {
  Places places;
  const bool is_labels = options.set == kLabelSet;
  std::vector<fs::path> of_corpus;
  if (options.corpus) {
    const fs::path& corpus = *options.corpus;
    if (is_labels)
      of_corpus.push_back(corpus / kLabelSet);
    else if (!options.set.empty())
      of_corpus.push_back(corpus / "eval" / options.set);
  }
  if (!options.data) {
    places.folders = of_corpus;
    return places;
  }
  if (!options.set.empty()) {
    places.folders.push_back(*options.data / options.set);
    places.folders.push_back(*options.data / "eval" / options.set);
  }
  places.folders.push_back(*options.data);
  places.shared = of_corpus;
  return places;
}

Result<fs::path> sessions_of(const EvalOptions& options) {
  std::vector<fs::path> places;
  if (options.data) {
    places.push_back(*options.data / "sessions");
    places.push_back(options.data->parent_path() / "sessions");
    places.push_back(options.data->parent_path().parent_path() / "sessions");
  }
  if (options.corpus) places.push_back(*options.corpus / "sessions");
  std::error_code ignored;
  for (const fs::path& place : places) {
    if (fs::is_directory(place, ignored)) return place;
  }
  return fail(
      ErrorKind::kNotFound,
      "the labelled exchanges need their sessions: put the folder `sessions` beside the labels, or "
      "set TACIT_CORPUS");
}

}  // namespace

Result<std::vector<std::string>> evaluate(const EvalOptions& options) {
  const Places places = places_of(options);
  if (places.folders.empty()) {
    return fail(ErrorKind::kInvalidInput,
                "name an evaluation set and set TACIT_CORPUS, or give its folder with --data DIR");
  }
  const std::string set_name =
      options.set.empty() ? options.data->filename().string() : options.set;
  if (auto line = TACIT_TRY(evaluate_secrets(places.folders, set_name)))
    return std::vector<std::string>{*std::move(line)};
  const EvalSet set = TACIT_TRY(load_eval_set(places.folders, places.shared));
  Labels labels;
  labels.set = options.set.empty() ? options.data->filename().string() : options.set;
  labels.half = set.half;
  std::unique_ptr<CachedEmbedder> cached;
  if (options.embedder != nullptr) {
    cached = std::make_unique<CachedEmbedder>(*options.embedder, eval_cache_folder());
  }
  switch (set.layout) {
    case EvalLayout::kRetrieval:
      return measure_retrieval(set, cached.get(), labels, options.progress);
    case EvalLayout::kPairs:
      return measure_pairs(set, cached.get(), labels, options.progress);
    case EvalLayout::kLabels:
      return measure_labels(set, TACIT_TRY(sessions_of(options)), cached.get(), labels,
                            options.progress);
  }
  return fail(ErrorKind::kInternal, "unknown layout");
}

}  // namespace tacit::bench
