#pragma once
// Private to store: the documents that hold one term, in the order of their numbers, each with its
// size in tokens and the places where the term stands. Packed to some five bytes a document: the
// step from the number before, the size, the bytes of the places, then each place as
// word * kMaxColumns + column, all in base 128, lowest digits first. A plain value.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tacit::store {

struct TermPlace {
  int column = 0;
  int word = 0;
};

class Postings {
 public:
  static constexpr int kMaxColumns = 4;

  // `number` is above all before, and above 0.
  void add(std::int64_t number, std::uint32_t size, std::span<const TermPlace> places);
  // Those below `number`.
  Postings below(std::int64_t number) const;

  bool hold(std::int64_t number) const;  // walks along them
  std::int64_t documents() const { return documents_; }
  std::int64_t last() const { return last_; }  // number; 0: there are none
  std::size_t bytes() const { return packed_.size(); }

 private:
  friend class PostingsCursor;
  std::vector<std::uint8_t> packed_;
  std::int64_t documents_ = 0;
  std::int64_t last_ = 0;
};

// Walks along postings, which must stay. Stands before the first document at first.
class PostingsCursor {
 public:
  explicit PostingsCursor(const Postings& postings)
      : next_(postings.packed_.data()), end_(next_ + postings.packed_.size()) {}

  bool next() {
    if (next_ == end_) return false;
    number_ += static_cast<std::int64_t>(read(next_));
    size_ = static_cast<std::uint32_t>(read(next_));
    const auto bytes = static_cast<std::size_t>(read(next_));
    places_ = next_;
    next_ += bytes;
    return true;
  }

  // Of the document it stands on.
  std::int64_t number() const { return number_; }
  std::uint32_t size() const { return size_; }
  template <class Visit>
  void each_place(Visit visit) const {
    for (const std::uint8_t* at = places_; at != next_;) {
      const auto packed = static_cast<int>(read(at));
      visit(TermPlace{packed % Postings::kMaxColumns, packed / Postings::kMaxColumns});
    }
  }

 private:
  static std::uint64_t read(const std::uint8_t*& at) {
    std::uint64_t value = *at & 0x7FU;
    for (unsigned shift = 7; (*at++ & 0x80U) != 0; shift += 7)
      value |= static_cast<std::uint64_t>(*at & 0x7FU) << shift;
    return value;
  }

  const std::uint8_t* next_;
  const std::uint8_t* end_;
  const std::uint8_t* places_ = nullptr;
  std::int64_t number_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace tacit::store
