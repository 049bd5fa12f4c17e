// The vectors of knowledge_queries.h: what waits for one, writing, streaming.

#include <bit>
#include <cstring>

#include "base/assert.h"
#include "store/hot_queries.h"
#include "store/knowledge_queries.h"
#include "store/rows.h"
#include "store/txn.h"

namespace tacit::store {
namespace {

static_assert(std::endian::native == std::endian::little,
              "vectors are stored as they lie in memory");

// 0: no vector of this space was ever written, so every owner waits.
Result<std::int64_t> space_number(ReadTxn& txn, const EmbeddingSpace& space) {
  return txn.integer("SELECT number FROM space WHERE name = ?1", space.text());
}

// A space in use: from now on new owners wait for it in embed_due.
Result<std::int64_t> register_space(WriteTxn& txn, const EmbeddingSpace& space) {
  const std::int64_t known = TACIT_TRY(space_number(txn, space));
  if (known != 0) return known;
  TACIT_TRY(txn.run("INSERT INTO space(name) VALUES(?1)", space.text()));
  const std::int64_t number = TACIT_TRY(space_number(txn, space));
  TACIT_TRY(txn.run("INSERT INTO embed_due SELECT ?1, 0, number FROM item", number));
  TACIT_TRY(txn.run("INSERT INTO embed_due SELECT ?1, 1, number FROM exchange", number));
  return number;
}

std::string_view bytes_of(const Embedding& values) {
  const void* data = values.data();
  return {static_cast<const char*>(data), values.size() * sizeof(float)};
}

Result<std::int64_t> owner_number(ReadTxn& txn, VectorOwner owner, std::uint64_t id) {
  return owner == VectorOwner::kItem ? txn.integer("SELECT number FROM item WHERE id = ?1", id)
                                     : txn.integer("SELECT number FROM exchange WHERE id = ?1", id);
}

}  // namespace

Result<std::vector<std::uint64_t>> owners_without_vectors(ReadTxn& txn, VectorOwner owner,
                                                          const EmbeddingSpace& space,
                                                          std::size_t limit) {
  const std::int64_t number = TACIT_TRY(space_number(txn, space));
  const auto most = static_cast<std::int64_t>(limit);
  const bool items = owner == VectorOwner::kItem;
  auto rows = TACIT_TRY(
      number == 0 ? (items ? txn.query("SELECT id FROM item ORDER BY number LIMIT ?1", most)
                           : txn.query("SELECT id FROM exchange ORDER BY number LIMIT ?1", most))
                  : txn.query(items ? hot::kItemsWithoutVectors : hot::kExchangesWithoutVectors,
                              most, number));
  std::vector<std::uint64_t> found;
  while (TACIT_TRY(rows.step())) found.push_back(rows.id(0));
  return found;
}

Result<std::int64_t> count_without_vectors(ReadTxn& txn, const EmbeddingSpace& space) {
  const std::int64_t number = TACIT_TRY(space_number(txn, space));
  if (number != 0) return txn.integer(hot::kCountWithoutVectors, number);
  return txn.integer("SELECT (SELECT count(*) FROM item) + (SELECT count(*) FROM exchange)");
}

Result<void> put_vectors(WriteTxn& txn, VectorOwner owner, std::uint64_t id,
                         const EmbeddingSpace& space, std::span<const Embedding> parts) {
  const std::int64_t number = TACIT_TRY(owner_number(txn, owner, id));
  if (number == 0) return fail(ErrorKind::kNotFound, "the owner of the vectors is not stored");
  const std::int64_t space_row = TACIT_TRY(register_space(txn, space));
  TACIT_TRY(txn.run(hot::kDropVectors, code(owner), id, space_row));
  std::int64_t part = 0;
  for (const Embedding& values : parts) {
    TACIT_ASSERT(values.size() == space.dimension);
    auto row = TACIT_TRY(
        txn.query("INSERT INTO vector(space, owner, id, part, data) VALUES(?1, ?2, ?3, ?4, ?5)",
                  space_row, code(owner), id, part++));
    row.bind_blob(bytes_of(values));
    TACIT_TRY(row.run());
  }
  return txn.run("DELETE FROM embed_due WHERE space = ?1 AND owner = ?2 AND number = ?3", space_row,
                 code(owner), number);
}

Result<void> each_vector(ReadTxn& txn, const EmbeddingSpace& space, std::int64_t after,
                         FunctionRef<Result<void>(const StoredVector&)> visit) {
  const std::int64_t number = TACIT_TRY(space_number(txn, space));
  auto rows = TACIT_TRY(txn.query(hot::kVectorsAfter, after, number));
  StoredVector vector;
  while (TACIT_TRY(rows.step())) {
    vector.sequence = rows.integer(0);
    vector.owner = static_cast<VectorOwner>(rows.integer(1));
    vector.id = rows.id(2);
    vector.part = static_cast<std::uint32_t>(rows.integer(3));
    const std::string_view bytes = rows.blob(4);
    if (bytes.size() != space.dimension * sizeof(float)) {
      return fail(ErrorKind::kCorrupt, "a stored vector has another dimension than its space");
    }
    vector.values.resize(space.dimension);
    std::memcpy(vector.values.data(), bytes.data(), bytes.size());
    TACIT_TRY(visit(vector));
  }
  return {};
}

Result<std::int64_t> vector_generation(ReadTxn& txn, const EmbeddingSpace& space) {
  return txn.integer(hot::kVectorGeneration, space.text());
}

}  // namespace tacit::store
