#pragma once
// One set of generated vectors, what each question should find, and the ways to ask: Tacit's index
// and a rival, alternately, so that noise of the machine meets both.

#include <functional>
#include <vector>

#include "rivals/vector_rival.h"
#include "vector/index.h"

namespace tacit::rivals {

inline constexpr std::size_t kWanted = 10;
inline constexpr std::size_t kQueries = 200;

struct Bed {
  Rows rows;
  Rows queries;
  std::vector<float> truths;  // of each query, the cosine of the last one wanted
};

Bed make_bed(std::size_t count, std::size_t dimension);

// Puts the numbers of what question `query` finds into `found`, on thread `lane`.
using Ask =
    std::function<void(std::size_t query, std::size_t lane, std::vector<std::uint32_t>& found)>;

// What is looked at, and how many are fetched to be put in order by their f32 rows (0: none).
struct Setting {
  std::size_t candidates = 0;
  std::size_t rescored = 0;
};

Ask ask_ours(const Bed& bed, const vector::VectorIndex& index);
Ask ask_rival(const Bed& bed, const VectorRival& rival, const Setting& setting);

double recall_of(const Bed& bed, const Ask& ask);

struct Round {
  std::vector<double> ms;  // of each question
  double rate = 0;         // questions a second
};
Round ask_all(const Ask& ask, WorkerPool& pool, std::size_t times);

}  // namespace tacit::rivals
