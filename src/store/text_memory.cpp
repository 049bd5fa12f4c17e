#include "store/text_memory.h"

#include <algorithm>

namespace tacit::store {
namespace {

std::string key_of(HitKind kind, const std::string& term) {
  return (kind == HitKind::kItem ? 'i' : 'e') + term;
}

}  // namespace

TextMemory::TextMemory() : terms_({cache::Policy::kLru, kMostTerms, kMostTermBytes, Duration{0}}) {}

void TextMemory::watch_from(std::int64_t generation) {
  const MutexLock lock(mutex_);
  watched_from_ = generation;
}

void TextMemory::note(std::int64_t generation, const OfKinds<LowestNumber>& lowest) {
  const MutexLock lock(mutex_);
  if (notes_.size() >= kMostNotes) {
    watched_from_ = notes_.front().generation;
    notes_.pop_front();
  }
  notes_.push_back({generation, lowest});
}

std::int64_t TextMemory::lowest_changed(HitKind kind, std::int64_t since,
                                        std::int64_t until) const {
  const MutexLock lock(mutex_);
  return lowest_changed_locked(kind, since, until);
}

std::int64_t TextMemory::lowest_changed_locked(HitKind kind, std::int64_t since,
                                               std::int64_t until) const {
  if (since == until) return kNoDocument;
  if (since < watched_from_ || since > until) return 0;
  std::int64_t lowest = kNoDocument;
  for (auto note = notes_.rbegin(); note != notes_.rend() && note->generation > since; ++note) {
    if (note->generation <= until) lowest = std::min(lowest, note->lowest.of(kind).value);
  }
  return lowest;
}

std::shared_ptr<const TextMemory::Term> TextMemory::find(HitKind kind, const std::string& term) {
  return terms_.find(key_of(kind, term), SteadyTime());
}

void TextMemory::keep(HitKind kind, const std::string& term, Term found) {
  const std::size_t bytes = sizeof(Term) + sizeof(Postings) + found.postings->bytes();
  terms_.put(key_of(kind, term), std::make_shared<const Term>(std::move(found)), bytes,
             SteadyTime());
}

// What is known of the documents, brought to `generation`.
TextMemory::Documents& TextMemory::documents_locked(HitKind kind, std::int64_t generation) {
  Documents& documents = documents_.of(kind);
  if (documents.generation == generation) return documents;
  const auto stays = static_cast<std::size_t>(
      std::min(lowest_changed_locked(kind, documents.generation, generation),
               static_cast<std::int64_t>(kMostDocuments)));
  documents.generation = generation;
  documents.totals.reset();
  if (stays < documents.sizes->size()) {
    const auto end = documents.sizes->begin() + static_cast<std::ptrdiff_t>(stays);
    documents.sizes = std::make_shared<const Sizes>(documents.sizes->begin(), end);
  }
  if (stays < documents.ids.size()) documents.ids.resize(stays);
  return documents;
}

std::optional<TextTotals> TextMemory::totals(HitKind kind, std::int64_t generation) {
  const MutexLock lock(mutex_);
  return documents_locked(kind, generation).totals;
}

void TextMemory::keep_totals(HitKind kind, std::int64_t generation, const TextTotals& totals) {
  const MutexLock lock(mutex_);
  documents_locked(kind, generation).totals = totals;
}

std::shared_ptr<const TextMemory::Sizes> TextMemory::sizes(HitKind kind, std::int64_t generation) {
  const MutexLock lock(mutex_);
  return documents_locked(kind, generation).sizes;
}

void TextMemory::keep_sizes(HitKind kind, std::int64_t generation,
                            std::shared_ptr<const Sizes> sizes) {
  const MutexLock lock(mutex_);
  documents_locked(kind, generation).sizes = std::move(sizes);
}

void TextMemory::fill_ids(HitKind kind, std::int64_t generation, std::span<Id> ids) {
  const MutexLock lock(mutex_);
  const std::vector<std::uint64_t>& known = documents_locked(kind, generation).ids;
  for (Id& id : ids) {
    const auto place = static_cast<std::size_t>(id.number);
    if (place < known.size()) id.id = known[place];
  }
}

void TextMemory::keep_ids(HitKind kind, std::int64_t generation, std::span<const Id> ids) {
  const MutexLock lock(mutex_);
  std::vector<std::uint64_t>& known = documents_locked(kind, generation).ids;
  for (const Id& id : ids) {
    const auto place = static_cast<std::size_t>(id.number);
    if (place >= kMostDocuments) continue;
    if (place >= known.size()) known.resize(place + 1);
    known[place] = id.id;
  }
}

void TextMemory::clear() {
  terms_.clear();
  const MutexLock lock(mutex_);
  documents_ = {};
}

cache::CacheStats TextMemory::stats() const {
  cache::CacheStats stats = terms_.stats();
  const MutexLock lock(mutex_);
  for (const Documents* documents : {&documents_.items, &documents_.exchanges}) {
    stats.bytes += documents->ids.size() * sizeof(std::uint64_t) +
                   documents->sizes->size() * sizeof(std::uint16_t);
  }
  return stats;
}

}  // namespace tacit::store
