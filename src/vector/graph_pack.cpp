// The links of a graph as bytes: rows, entry, then for each row its levels with their links.
#include <algorithm>
#include <cstring>

#include "vector/graph.h"

namespace tacit::vector {
namespace {

void put(std::string& bytes, std::uint32_t value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Takes numbers off the front; once it has failed everything is 0.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : left_(bytes) {}

  std::uint32_t number() {
    std::uint32_t value = 0;
    if (left_.size() < sizeof value) return fail();
    std::memcpy(&value, left_.data(), sizeof value);
    left_.remove_prefix(sizeof value);
    return value;
  }
  std::uint32_t below(std::uint32_t end) {
    const std::uint32_t value = number();
    return value < end ? value : fail();
  }
  std::uint32_t fail() {
    failed_ = true;
    left_ = {};
    return 0;
  }
  bool failed() const { return failed_; }
  bool is_done() const { return !failed_ && left_.empty(); }

 private:
  std::string_view left_;
  bool failed_ = false;
};

// One level of one row. A link must lead to another row that reaches the level.
template <class Links>
void take_links(Taker& taker, std::uint32_t row, std::size_t level, std::uint32_t rows,
                Links& links) {
  links.count = taker.below(static_cast<std::uint32_t>(links.links.size()) + 1);
  for (std::uint32_t i = 0; i < links.count; ++i) {
    links.links[i] = taker.below(rows);
    if (links.links[i] == row || level_of(links.links[i]) < level) taker.fail();
    if (taker.failed()) return;
  }
}

}  // namespace

std::string Graph::packed() const {
  std::string bytes;
  bytes.reserve(linked_ * sizeof(Base));
  put(bytes, linked_);
  put(bytes, entry_);
  for (std::uint32_t row = 0; row < linked_; ++row) {
    for (std::size_t level = 0; level <= upper_[row].size(); ++level) {
      const auto of_level = links(row, level);
      put(bytes, static_cast<std::uint32_t>(of_level.size()));
      for (const std::uint32_t link : of_level) put(bytes, link);
    }
  }
  return bytes;
}

bool Graph::unpack(std::string_view bytes) {
  Taker taker(bytes);
  const auto rows = taker.number();
  // Each row takes four bytes at least, so no number makes this reserve more than the file is long.
  if (rows == 0 || rows > rows_.size() || rows > bytes.size() / sizeof(std::uint32_t)) return false;
  const auto entry = taker.below(rows);
  BaseLinks base(rows);
  std::vector<std::vector<Upper>> upper(rows);
  std::size_t top = 0;
  for (std::uint32_t row = 0; row < rows && !taker.failed(); ++row) {
    take_links(taker, row, 0, rows, base[row]);
    const std::size_t levels = level_of(row);
    top = std::max(top, levels);
    upper[row].resize(levels);
    for (std::size_t level = 1; level <= levels && !taker.failed(); ++level)
      take_links(taker, row, level, rows, upper[row][level - 1]);
  }
  if (!taker.is_done() || level_of(entry) != top) return false;
  linked_ = rows;
  entry_ = entry;
  top_ = top;
  base_ = std::move(base);
  upper_ = std::move(upper);
  return true;
}

}  // namespace tacit::vector
