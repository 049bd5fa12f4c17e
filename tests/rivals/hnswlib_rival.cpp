#include <hnswlib/hnswlib.h>

#include "rivals/vector_rival.h"

namespace tacit::rivals {
namespace {

class Hnswlib final : public VectorRival {
 public:
  Result<void> build(const Rows& rows, WorkerPool& pool) override {
    graph_.reset();
    space_ = std::make_unique<hnswlib::InnerProductSpace>(rows.dimension);
    graph_ = std::make_unique<Graph>(space_.get(), rows.count(), kLinks, kCandidates);
    pool.parallel_for(rows.count(),
                      [&](std::size_t i, std::size_t) { graph_->addPoint(rows.row(i), i); });
    return {};
  }

  void look_at(std::size_t candidates) override { graph_->setEf(candidates); }

  void nearest(const float* query, std::size_t wanted, std::size_t,
               std::vector<std::uint32_t>& found) const override {
    auto best = graph_->searchKnn(query, wanted);
    found.clear();
    for (; !best.empty(); best.pop())
      found.push_back(static_cast<std::uint32_t>(best.top().second));
  }

  // It tells nothing itself: the rows with their links, the links above, and a lock, a level and a
  // pointer for each row.
  std::size_t bytes() const override {
    using Lock = decltype(graph_->link_list_locks_)::value_type;
    std::size_t bytes = graph_->cur_element_count * (graph_->size_data_per_element_ + sizeof(Lock) +
                                                     sizeof(int) + sizeof(char*));
    for (std::size_t i = 0; i < graph_->cur_element_count; ++i)
      bytes +=
          static_cast<std::size_t>(graph_->element_levels_[i]) * graph_->size_links_per_element_;
    return bytes;
  }

 private:
  using Graph = hnswlib::HierarchicalNSW<float>;
  std::unique_ptr<hnswlib::InnerProductSpace> space_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace

std::unique_ptr<VectorRival> make_hnswlib() {
  return std::make_unique<Hnswlib>();
}

float quick_dot(const float* a, const float* b, std::size_t dimension) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < dimension; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace tacit::rivals
