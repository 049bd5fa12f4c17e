#include "store/bm25.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "store/text_queries.h"

namespace tacit::store {
namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;
constexpr double kLeastIdf = 1e-6;

bool is_better(const RankedDocument& a, const RankedDocument& b) {
  return a.score != b.score ? a.score > b.score : a.number < b.number;
}

class Ranker {
 public:
  explicit Ranker(const TextRanking& ranking)
      : ranking_(ranking),
        average_size_(static_cast<double>(ranking.totals.tokens) /
                      static_cast<double>(ranking.totals.documents)) {
    const auto all = static_cast<double>(ranking.totals.documents);
    for (const auto& postings : ranking.terms) {
      const auto with = static_cast<double>(postings->documents());
      const double idf = std::log((all - with + 0.5) / (with + 0.5));
      idf_.push_back(idf > 0 ? idf : kLeastIdf);
      if (with > 0) all_idf_ += idf_.back();
      cursors_.emplace_back(*postings);
      numbers_.push_back(0);
    }
    for (std::size_t term = 0; term < cursors_.size(); ++term) step(term);
  }

  Result<std::vector<RankedDocument>> run(
      FunctionRef<Result<bool>(std::int64_t number)> is_passing) {
    while (true) {
      const std::int64_t number = *std::min_element(numbers_.begin(), numbers_.end());
      if (number == kNoDocument) break;
      const RankedDocument document{number, score_of(number), 0};
      if (can_be_kept(document) && TACIT_TRY(is_passing(number))) keep(document);
      for (std::size_t term = 0; term < numbers_.size(); ++term) {
        if (numbers_[term] == number) step(term);
      }
    }
    std::sort_heap(best_.begin(), best_.end(), is_better);
    for (std::size_t i = kCloseRows; i < best_.size(); ++i) best_[i].closeness = 0;
    return std::move(best_);
  }

 private:
  // A term where it stands in the document at hand.
  struct Place {
    int column = 0;
    int word = 0;
    std::size_t term = 0;
  };

  void step(std::size_t term) {
    numbers_[term] = cursors_[term].next() ? cursors_[term].number() : kNoDocument;
  }

  double score_of(std::int64_t number) const {
    double score = 0;
    double room = -1;  // what a frequency is held against, by the size of the document
    for (std::size_t term = 0; term < numbers_.size(); ++term) {
      if (numbers_[term] != number) continue;
      const PostingsCursor& at = cursors_[term];
      if (room < 0) room = kK1 * (1 - kB + kB * static_cast<double>(at.size()) / average_size_);
      double frequency = 0;
      at.each_place([&](const TermPlace& place) {
        frequency += ranking_.weights[static_cast<std::size_t>(place.column)];
      });
      score += idf_[term] * (frequency * (kK1 + 1) / (frequency + room));
    }
    return score;
  }

  bool can_be_kept(const RankedDocument& document) const {
    return best_.size() < ranking_.most || is_better(document, best_.front());
  }

  void keep(RankedDocument document) {
    if (is_among_highest(document.score)) document.closeness = closeness_of(document.number);
    if (best_.size() == ranking_.most) {
      std::pop_heap(best_.begin(), best_.end(), is_better);
      best_.pop_back();
    }
    best_.push_back(document);
    std::push_heap(best_.begin(), best_.end(), is_better);
  }

  // Notes the score; true while it is one of the kCloseRows highest.
  bool is_among_highest(double score) {
    if (highest_.size() == kCloseRows) {
      if (score < highest_.front()) return false;
      std::pop_heap(highest_.begin(), highest_.end(), std::greater<>());
      highest_.pop_back();
    }
    highest_.push_back(score);
    std::push_heap(highest_.begin(), highest_.end(), std::greater<>());
    return true;
  }

  // The heaviest window, over the weight of all terms.
  double closeness_of(std::int64_t number) {
    places_.clear();
    for (std::size_t term = 0; term < numbers_.size(); ++term) {
      if (numbers_[term] != number) continue;
      cursors_[term].each_place([&](const TermPlace& place) {
        places_.push_back({place.column, place.word, term});
      });
    }
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
      return a.column != b.column ? a.column < b.column : a.word < b.word;
    });
    together_.assign(idf_.size(), 0);
    double now = 0;
    double best = 0;
    std::size_t first = 0;
    for (const Place& place : places_) {
      if (together_[place.term]++ == 0) now += idf_[place.term];
      while (places_[first].column != place.column ||
             place.word - places_[first].word > kCloseWords) {
        const std::size_t left = places_[first++].term;
        if (--together_[left] == 0) now -= idf_[left];
      }
      best = std::max(best, now);
    }
    return all_idf_ > 0 ? std::min(best / all_idf_, 1.0) : 0;
  }

  const TextRanking& ranking_;
  const double average_size_;
  std::vector<double> idf_;
  double all_idf_ = 0;
  std::vector<PostingsCursor> cursors_;
  std::vector<std::int64_t> numbers_;  // where each cursor stands; kNoDocument: at its end
  std::vector<RankedDocument> best_;   // a heap, the worst in front
  std::vector<double> highest_;        // a heap of the highest scores, the lowest in front
  std::vector<Place> places_;
  std::vector<int> together_;  // of each term, places in the window at hand
};

}  // namespace

Result<std::vector<RankedDocument>> best_documents(
    const TextRanking& ranking, FunctionRef<Result<bool>(std::int64_t number)> is_passing) {
  if (ranking.terms.empty() || ranking.most == 0) return std::vector<RankedDocument>();
  return Ranker(ranking).run(is_passing);
}

}  // namespace tacit::store
