#pragma once
// A navigable small-world graph over the rows of an index (HNSW: Malkov and Yashunin 2018, with the
// neighbour selection of its algorithm 4). Nearness is the product of int8 codes with their scales.
// Rows are added in the order of their numbers. Levels come from the row's number alone, so the
// same rows always make the same graph.
//
// Without locks: plan() and search() only read and may run side by side; link() changes and must
// run alone. All that is dear is done in plan(), so link() takes a few microseconds. Dead rows are
// walked through and never found. Private to the module.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "vector/rows.h"

namespace tacit::vector {

inline constexpr std::size_t kLinks = 16;  // of a row on a higher level (m)
inline constexpr std::size_t kBaseLinks = 2 * kLinks;
inline constexpr std::size_t kBuildWidth =
    100;  // candidates looked at for a new row (ef_construct)
inline constexpr std::size_t kHighestLevel = 12;
inline constexpr std::size_t kSearchWidth = 48;  // at least, for a query (ef)

// The highest level of a row: one in kLinks reaches the next.
std::size_t level_of(std::uint32_t row);

class Graph {
 public:
  explicit Graph(const Rows& rows);
  ~Graph();

  std::uint32_t size() const { return linked_; }  // rows [0, size) are in it
  std::size_t bytes() const;

  // The links of one row on one level as they will be.
  struct Change {
    std::uint32_t row = 0;
    std::size_t level = 0;
    std::vector<std::uint32_t> links;
  };
  struct Plan {
    std::uint32_t row = 0;
    std::size_t level = 0;
    std::vector<Change> changes;
  };
  // How row size() will be linked.
  Plan plan() const;
  void link(const Plan& plan);

  // The links as bytes (private to this machine and version), and back: false, with nothing
  // changed, for anything that is not the whole of a graph over rows [0, n) of these rows. Trusts
  // no number.
  std::string packed() const;
  bool unpack(std::string_view bytes);

  // Of the rows in the graph about `width` near the query, nearest first, none of them dead.
  std::vector<Near> search(const CodedQuery& query, std::size_t width) const;

 private:
  class Visited;
  struct Base {
    std::uint32_t count = 0;
    std::array<std::uint32_t, kBaseLinks> links{};
  };
  struct Upper {
    std::uint32_t count = 0;
    std::array<std::uint32_t, kLinks> links{};
  };
  using BaseLinks = std::vector<Base, PageAllocator<Base>>;
  struct Probe {
    const std::int8_t* code = nullptr;
    float scale = 1;
  };

  float nearness(const Probe& probe, std::uint32_t row) const;
  std::span<const std::uint32_t> links(std::uint32_t row, std::size_t level) const;
  Near descend(const Probe& probe, std::size_t to_level) const;
  std::vector<Near> walk(const Probe& probe, Near from, std::size_t level, std::size_t width,
                         Visited& visited) const;
  std::vector<std::uint32_t> select(const std::vector<Near>& nearest_first, std::size_t most) const;
  void plan_level(Plan& plan, std::size_t level, const std::vector<Near>& near) const;
  std::unique_ptr<Visited> take_visited() const;
  void give_back(std::unique_ptr<Visited> visited) const;

  const Rows& rows_;
  std::uint32_t linked_ = 0;
  std::uint32_t entry_ = 0;
  std::size_t top_ = 0;  // level of the entry
  BaseLinks base_;
  std::vector<std::vector<Upper>> upper_;  // of each row, its levels from 1 on
  mutable Mutex pool_mutex_;
  mutable std::vector<std::unique_ptr<Visited>> pool_ TACIT_GUARDED_BY(pool_mutex_);
};

}  // namespace tacit::vector
