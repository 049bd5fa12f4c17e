#include <algorithm>
#include <atomic>
#include <cmath>
#include <string_view>
#include <usearch/index_dense.hpp>

#include "rivals/vector_rival.h"

namespace tacit::rivals {
namespace {

namespace us = unum::usearch;
using Code = us::i8_t;

// As src/vector makes them; the scale is not needed for a cosine.
void make_code(const float* values, std::vector<Code>& code) {
  float most = 0;
  for (std::size_t i = 0; i < code.size(); ++i) most = std::max(most, std::abs(values[i]));
  const float scale = most > 0 ? 127 / most : 0;
  for (std::size_t i = 0; i < code.size(); ++i)
    code[i] = static_cast<Code>(std::lrintf(values[i] * scale));
}

class Usearch final : public VectorRival {
 public:
  explicit Usearch(bool has_our_codes) : has_our_codes_(has_our_codes) {}

  Result<void> build(const Rows& rows, WorkerPool& pool) override {
    index_.reset();
    dimension_ = rows.dimension;
    const us::metric_punned_t metric(dimension_, us::metric_kind_t::cos_k, us::scalar_kind_t::i8_k);
    // Without its kernels it would be three to five times as slow, and silently so.
    if (std::string_view(metric.isa_name()) == "serial")
      return fail(ErrorKind::kUnavailable, "usearch was built without kernels for this processor");
    us::index_dense_config_t config(kLinks, kCandidates, kCandidates);
    config.enable_key_lookups = false;
    auto made = us::index_dense_t::make(metric, config);
    if (!made) return fail(ErrorKind::kUnavailable, made.error.release());
    index_ = std::make_unique<us::index_dense_t>(std::move(made.index));
    if (!index_->try_reserve(us::index_limits_t(rows.count(), kLanes)))
      return fail(ErrorKind::kUnavailable, "usearch found no memory");
    std::atomic<bool> is_whole = true;
    pool.parallel_for(rows.count(), [&](std::size_t i, std::size_t lane) {
      if (!add(i, rows.row(i), lane)) is_whole = false;
    });
    if (!is_whole) return fail(ErrorKind::kUnavailable, "usearch refused a row");
    return {};
  }

  void look_at(std::size_t candidates) override { index_->change_expansion_search(candidates); }

  void nearest(const float* query, std::size_t wanted, std::size_t lane,
               std::vector<std::uint32_t>& found) const override {
    std::vector<us::index_dense_t::vector_key_t> keys(wanted);
    std::size_t count = 0;
    if (has_our_codes_) {
      std::vector<Code> code(dimension_);
      make_code(query, code);
      count = index_->search(code.data(), wanted, lane).dump_to(keys.data());
    } else {
      count = index_->search(query, wanted, lane).dump_to(keys.data());
    }
    found.clear();
    for (std::size_t i = 0; i < count; ++i) found.push_back(static_cast<std::uint32_t>(keys[i]));
  }

  std::size_t bytes() const override { return index_->memory_usage(); }

 private:
  bool add(std::size_t number, const float* values, std::size_t lane) {
    if (!has_our_codes_) return static_cast<bool>(index_->add(number, values, lane));
    std::vector<Code> code(dimension_);
    make_code(values, code);
    return static_cast<bool>(index_->add(number, code.data(), lane));
  }

  const bool has_our_codes_;
  std::size_t dimension_ = 0;
  std::unique_ptr<us::index_dense_t> index_;
};

}  // namespace

std::unique_ptr<VectorRival> make_usearch(bool has_our_codes) {
  return std::make_unique<Usearch>(has_our_codes);
}

}  // namespace tacit::rivals
