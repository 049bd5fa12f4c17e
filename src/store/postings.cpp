#include "store/postings.h"

#include "base/assert.h"

namespace tacit::store {
namespace {

void write(std::uint64_t value, std::vector<std::uint8_t>& out) {
  for (; value > 0x7F; value >>= 7U) out.push_back(static_cast<std::uint8_t>(value | 0x80U));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::size_t written_bytes(std::uint64_t value) {
  std::size_t bytes = 1;
  for (; value > 0x7F; value >>= 7U) ++bytes;
  return bytes;
}

std::uint64_t packed(const TermPlace& place) {
  return static_cast<std::uint64_t>(place.word) * Postings::kMaxColumns +
         static_cast<std::uint64_t>(place.column);
}

}  // namespace

void Postings::add(std::int64_t number, std::uint32_t size, std::span<const TermPlace> places) {
  TACIT_ASSERT(number > last_);
  std::size_t bytes = 0;
  for (const TermPlace& place : places) bytes += written_bytes(packed(place));
  write(static_cast<std::uint64_t>(number - last_), packed_);
  write(size, packed_);
  write(bytes, packed_);
  for (const TermPlace& place : places) write(packed(place), packed_);
  last_ = number;
  ++documents_;
}

Postings Postings::below(std::int64_t number) const {
  if (number > last_) return *this;
  Postings kept;
  std::vector<TermPlace> places;
  for (PostingsCursor cursor(*this); cursor.next() && cursor.number() < number;) {
    places.clear();
    cursor.each_place([&](const TermPlace& place) { places.push_back(place); });
    kept.add(cursor.number(), cursor.size(), places);
  }
  return kept;
}

bool Postings::hold(std::int64_t number) const {
  PostingsCursor cursor(*this);
  while (cursor.next()) {
    if (cursor.number() >= number) return cursor.number() == number;
  }
  return false;
}

}  // namespace tacit::store
