#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <set>

#include "base/worker.h"
#include "vector/code_kernels.h"
#include "vector/index.h"
#include "vector/pages.h"
#include "vector/scan.h"

namespace tacit::vector {
namespace {

constexpr std::size_t kDimension = 100;  // not a multiple of the kernel's step

// Clustered unit vectors with a few large constant dimensions, as real embeddings have.
std::vector<std::vector<float>> make_vectors(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> centres(20, std::vector<float>(kDimension));
  for (auto& centre : centres) {
    for (float& value : centre) value = normal(random);
    centre[3] = 6;
  }
  std::vector<std::vector<float>> vectors;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<float> vector = centres[i % centres.size()];
    for (float& value : vector) value += 0.7F * normal(random);
    const float norm = std::sqrt(dot(vector, vector));
    for (float& value : vector) value /= norm;
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

void fill(VectorIndex& index, const std::vector<std::vector<float>>& vectors) {
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const IndexEntry entry{{i + 1, 0}, vectors[i]};
    ASSERT_TRUE(index.upsert({&entry, 1}).has_value());
  }
}

TEST(ExactIndex, AgreesWithThePlainScan) {
  const auto vectors = make_vectors(3000, 1);
  const auto queries = make_vectors(50, 2);
  const auto index = make_exact_index(kDimension);
  fill(*index, vectors);
  for (const auto& query : queries) {
    std::vector<std::pair<float, std::uint64_t>> truth;
    for (std::size_t i = 0; i < vectors.size(); ++i)
      truth.emplace_back(-dot(query, vectors[i]), i + 1);
    std::sort(truth.begin(), truth.end());
    const auto found = index->nearest(query, 10);
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(found->size(), 10U);
    for (std::size_t i = 0; i < 10; ++i)
      EXPECT_EQ((*found)[i].key.id, truth[i].second) << "rank " << i;
  }
}

// The answer among some documents is that of an index which holds nothing else.
TEST(ExactIndex, AnswersAmongSomeDocuments) {
  const auto vectors = make_vectors(500, 3);
  const auto index = make_exact_index(kDimension);
  const auto alone = make_exact_index(kDimension);
  fill(*index, vectors);
  std::vector<std::uint64_t> some;
  for (std::uint64_t id = 500; id > 0; id -= 5) some.push_back(id);
  for (const std::uint64_t id : some) {
    const IndexEntry entries[] = {{{id, 0}, vectors[id - 1]}, {{id, 1}, vectors[id / 2]}};
    ASSERT_TRUE(index->upsert(entries).has_value());
    ASSERT_TRUE(alone->upsert(entries).has_value());
  }
  some.push_back(7777);  // is not here
  for (std::size_t i = 0; i < 40; ++i) {
    const auto found = index->nearest_among(vectors[i], 20, some).value();
    const auto expected = alone->nearest(vectors[i], 20).value();
    ASSERT_EQ(found.size(), 20U);
    for (std::size_t rank = 0; rank < 20; ++rank) {
      EXPECT_EQ(found[rank].key, expected[rank].key);
      EXPECT_EQ(found[rank].cosine, expected[rank].cosine);
    }
  }
  EXPECT_EQ(index->nearest_among(vectors[0], 500, some)->size(), 200U);
  EXPECT_TRUE(index->nearest_among(vectors[0], 5, {})->empty());
}

TEST(ExactIndex, ABatchGivesTheAnswersOfItsQueries) {
  const auto vectors = make_vectors(3001, 10);
  const auto index = make_exact_index(kDimension);
  fill(*index, vectors);
  const std::vector<std::uint64_t> gone = {5, 77, 3001};
  index->remove(gone);
  const auto queries = make_vectors(37, 11);  // two blocks and a part of one
  const std::vector<std::span<const float>> views(queries.begin(), queries.end());
  const auto found = index->nearest_batch(views, 10).value();
  ASSERT_EQ(found.size(), queries.size());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const auto expected = index->nearest(queries[i], 10).value();
    ASSERT_EQ(found[i].size(), 10U);
    for (std::size_t rank = 0; rank < 10; ++rank)
      EXPECT_EQ(found[i][rank].key, expected[rank].key) << i;
  }
  EXPECT_TRUE(index->nearest_batch({}, 3)->empty());
}

TEST(ExactIndex, ReplacesRemovesAndKeepsTheOthersRight) {
  const auto vectors = make_vectors(200, 4);
  const auto index = make_exact_index(kDimension);
  fill(*index, vectors);
  const IndexEntry second_part{{7, 1}, vectors[100]};
  ASSERT_TRUE(index->upsert({&second_part, 1}).has_value());
  EXPECT_EQ(index->size(), 201U);
  const std::vector<std::uint64_t> gone = {7, 200, 9999};
  index->remove(gone);
  EXPECT_EQ(index->size(), 198U);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const auto found = index->nearest(vectors[i], 1);
    if (i + 1 == 7 || i + 1 == 200)
      EXPECT_NE(found->front().key.id, i + 1);
    else
      EXPECT_EQ(found->front().key.id, i + 1);
  }
  index->clear();
  EXPECT_TRUE(index->nearest(vectors[0], 5)->empty());
}

TEST(ExactIndex, RefusesWhatIsNoVectorOfItsSpace) {
  const auto index = make_exact_index(kDimension);
  std::vector<float> vector(kDimension, 0.1F);
  vector[5] = std::numeric_limits<float>::quiet_NaN();
  const IndexEntry bad{{1, 0}, vector};
  EXPECT_EQ(index->upsert({&bad, 1}).error().kind(), ErrorKind::kInvalidInput);
  const std::vector<float> small(3, 0.1F);
  const IndexEntry other{{1, 0}, small};
  EXPECT_EQ(index->upsert({&other, 1}).error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(index->nearest(small, 1).error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(index->nearest(vector, 1).error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(index->size(), 0U);
}

// What the error bound protects: k rows so close that no code tells them apart, in a crowd of equal
// codes. A fixed number of candidates would have to guess.
TEST(ExactIndex, FindsTheBestAmongVectorsWithEqualCodes) {
  std::mt19937 random(6);
  std::uniform_real_distribution<float> tiny(-1e-4F, 1e-4F);
  std::vector<std::vector<float>> vectors;
  for (int i = 0; i < 1000; ++i) {
    std::vector<float> vector(kDimension, 0.1F);
    for (std::size_t d = 1; d < kDimension; ++d) vector[d] += tiny(random);
    vectors.push_back(std::move(vector));
  }
  std::vector<float> query(kDimension, 0.1F);
  for (std::size_t d = 0; d < kDimension; d += 2) query[d] = 0.05F;
  const auto index = make_exact_index(kDimension);
  fill(*index, vectors);
  std::vector<std::pair<float, std::uint64_t>> truth;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    truth.emplace_back(-dot(query, vectors[i]), i + 1);
  }
  std::sort(truth.begin(), truth.end());
  const auto found = index->nearest(query, 10);
  ASSERT_EQ(found->size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ((*found)[i].key.id, truth[i].second) << i;
}

// Rounding that goes one way in all components: by codes the one that is nearer is the last.
TEST(ExactIndex, FindsTheBestWhenRoundingErrorsConspire) {
  std::vector<float> query(kDimension, 0.1F);
  query[0] = 0;
  const auto row = [](float even, float odd) {
    std::vector<float> vector{127};
    for (std::size_t d = 1; d < kDimension; ++d) vector.push_back(d % 2 == 0 ? even : odd);
    for (float& value : vector) value /= 200;
    return vector;
  };
  const auto index = make_exact_index(kDimension);
  for (std::uint64_t id = 1; id <= 50; ++id) {
    const auto vector = id == 25 ? row(12.49F, 12.49F) : row(12.51F, 11.51F);  // 12 and 13, 12
    const IndexEntry entry{{id, 0}, vector};
    ASSERT_TRUE(index->upsert({&entry, 1}).has_value());
  }
  EXPECT_EQ(index->nearest(query, 1)->front().key.id, 25U);
}

// Where one number is far larger than all others, sketches lose much, and not by chance. Some rows
// that lie close to the query keep the sure bound from letting all others through.
TEST(ExactIndex, ManyAreFoundWhereSketchesTellLittle) {
  constexpr std::size_t kWide = 400;
  constexpr std::size_t kRows = 6000;
  constexpr std::size_t kMany = 3000;
  constexpr std::size_t kClose = 40;
  std::mt19937 random(13);
  std::normal_distribution<float> normal;
  const auto make = [&](const std::vector<float>& centre, float share) {
    std::vector<float> vector = centre;
    for (float& value : vector) value += share * normal(random);
    vector[3] = 20;
    const float norm = std::sqrt(dot(vector, vector));
    for (float& value : vector) value /= norm;
    return vector;
  };
  const std::vector<float> nothing(kWide);
  const auto query = make(nothing, 1);
  Rows rows(kWide);
  for (std::size_t i = 0; i < kClose; ++i) {
    std::vector<float> centre = query;
    for (float& value : centre) value *= 20 / query[3];
    rows.put({i, 0}, make(centre, 0.1F), true);
  }
  while (rows.size() < kRows) rows.put({rows.size(), 0}, make(nothing, 1), true);
  std::vector<float> truth;
  for (std::size_t row = 0; row < rows.size(); ++row) truth.push_back(dot(query, rows.values(row)));
  std::ranges::nth_element(truth, truth.begin() + kMany - 1, std::greater<>());
  std::vector<Neighbour> found;
  scan_from(rows, query, 0, kMany, found);
  keep_best(found, kMany);
  EXPECT_EQ(found.back().cosine, truth[kMany - 1]);
}

// Many wanted of rows that lie close together: all are right, and few more than they are read.
TEST(ExactIndex, ManyAreFoundWithoutReadingAll) {
  constexpr std::size_t kRows = 4000;
  constexpr std::size_t kMany = 400;
  std::mt19937 random(12);
  std::normal_distribution<float> normal;
  const auto make = [&] {
    std::vector<float> vector(kDimension, 1.0F);
    for (float& value : vector) value += normal(random);
    const float norm = std::sqrt(dot(vector, vector));
    for (float& value : vector) value /= norm;
    return vector;
  };
  Rows rows(kDimension);
  for (std::size_t i = 0; i < kRows; ++i) rows.put({i, 0}, make(), true);
  for (int i = 0; i < 20; ++i) {
    const auto query = make();
    std::vector<float> truth;
    for (std::size_t row = 0; row < kRows; ++row) truth.push_back(dot(query, rows.values(row)));
    std::ranges::nth_element(truth, truth.begin() + kMany - 1, std::greater<>());
    std::vector<Neighbour> found;
    scan_from(rows, query, 0, kMany, found);
    EXPECT_LT(found.size(), kMany * 2);
    keep_best(found, kMany);
    ASSERT_EQ(found.size(), kMany);
    EXPECT_EQ(found.back().cosine, truth[kMany - 1]);
  }
}

TEST(ExactIndex, TiesAreOrderedByKeyAndZeroIsAVector) {
  const auto index = make_exact_index(kDimension);
  const std::vector<float> zero(kDimension, 0.0F);
  const std::vector<float> some(kDimension, 0.1F);
  for (const std::uint64_t id : {5U, 3U, 4U}) {
    const IndexEntry entry{{id, 0}, id == 4 ? zero : some};
    ASSERT_TRUE(index->upsert({&entry, 1}).has_value());
  }
  const auto found = index->nearest(some, 3);
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ((*found)[0].key.id, 3U);
  EXPECT_EQ((*found)[1].key.id, 5U);
  EXPECT_EQ((*found)[2].key.id, 4U);
  EXPECT_TRUE(index->nearest(some, 0)->empty());
}

TEST(ExactIndex, GrowsAndShrinksOverABlock) {
  constexpr std::size_t kGone = 1500;
  const auto vectors = make_vectors(kBlockRows + 1000, 8);
  const auto index = make_exact_index(kDimension);
  fill(*index, vectors);
  const std::size_t full = index->bytes();
  EXPECT_EQ(index->nearest(vectors[kBlockRows], 1)->front().key.id, kBlockRows + 1);
  std::vector<std::uint64_t> gone;
  for (std::uint64_t id = 1; id <= kGone; ++id) gone.push_back(id);
  index->remove(gone);
  EXPECT_EQ(index->size(), vectors.size() - kGone);
  EXPECT_LT(index->bytes(), full);
  for (std::size_t i = kGone; i < vectors.size(); i += 301) {
    EXPECT_EQ(index->nearest(vectors[i], 1)->front().key.id, i + 1);
  }
  for (std::uint64_t id = kGone + 1; id <= vectors.size(); ++id) gone.push_back(id);
  index->remove(gone);
  EXPECT_TRUE(index->nearest(vectors[0], 1)->empty());
  EXPECT_LT(index->bytes(), full / 10);
}

TEST(Pages, AreZerosInWholePagesAndGoBack) {
  for (const std::size_t bytes : {std::size_t{1}, kPageBytes, kPageBytes + 1}) {
    const Pages pages = map_pages(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pages.get()) % kPageBytes, 0U);
    for (std::size_t at = 0; at < bytes; at += 4096) EXPECT_EQ(pages.get()[at], std::byte{0});
    std::fill_n(pages.get(), bytes, std::byte{1});
  }
  std::vector<std::uint64_t, PageAllocator<std::uint64_t>> numbers;  // from new to pages
  for (std::uint64_t i = 0; i < kPageBytes; ++i) numbers.push_back(i);
  for (std::uint64_t i = 0; i < kPageBytes; i += 997) EXPECT_EQ(numbers[i], i);
}

TEST(ExactIndex, ReadersAndAWriterMayRunAtOnce) {
  const auto vectors = make_vectors(400, 9);
  const auto index = make_exact_index(kDimension);
  fill(*index, vectors);
  WorkerPool pool(3);
  std::vector<int> wrong(60, 0);
  pool.parallel_for(wrong.size(), [&](std::size_t i, std::size_t) {
    if (i % 3 == 0) {
      const std::vector<std::uint64_t> moved = {1000 + i};
      const IndexEntry entry{{1000 + i, 0}, vectors[i]};
      wrong[i] += index->upsert({&entry, 1}).has_value() ? 0 : 1;
      index->remove(moved);
    } else {
      const auto found = index->nearest(vectors[i + 100], 1);
      wrong[i] += found && found->front().key.id == i + 101 ? 0 : 1;
    }
  });
  EXPECT_EQ(wrong, std::vector<int>(60, 0));
  EXPECT_EQ(index->size(), 400U);
}

// 16 rows with 16 queries: each product is that of the plain kernel.
void expect_equal_blocks(std::size_t width, std::mt19937& random) {
  std::uniform_int_distribution<int> values(-127, 127);
  std::vector<std::int8_t> rows(kProductBlock * width);
  std::vector<std::int8_t> plain(rows.size());
  std::vector<std::int8_t> woven(rows.size());
  for (auto* codes : {&rows, &plain})
    for (auto& code : *codes) code = static_cast<std::int8_t>(values(random));
  for (std::size_t query = 0; query < kProductBlock; ++query)
    for (std::size_t at = 0; at < width; ++at)
      woven[(at / 4 * kProductBlock + query) * 4 + at % 4] = plain[query * width + at];
  for (const CodeKernel& kernel : usable_code_kernels()) {
    std::vector<std::int32_t> products(kProductBlock * kProductBlock);
    kernel.dot_block(rows.data(), {plain.data(), woven.data()}, width, products.data());
    for (std::size_t i = 0; i < products.size(); ++i) {
      const std::int8_t* const row = rows.data() + i / kProductBlock * width;
      const std::int8_t* const query = plain.data() + i % kProductBlock * width;
      ASSERT_EQ(products[i], usable_code_kernels().back().dot(row, query, width)) << kernel.name;
    }
  }
}

// As many sketches as a kernel takes at once, and some more or less.
void expect_equal_sketches(std::size_t width, std::mt19937& random) {
  std::uniform_int_distribution<int> bytes(0, 255);
  std::uniform_int_distribution<int> values(-127, 127);
  for (const std::size_t count : {1U, 4U, 11U}) {
    std::vector<std::uint8_t> sketches(count * width / 2);
    std::vector<std::int8_t> code(width);
    for (auto& byte : sketches) byte = static_cast<std::uint8_t>(bytes(random));
    for (auto& value : code) value = static_cast<std::int8_t>(values(random));
    const auto products_by = [&](const CodeKernel& kernel) {
      std::vector<std::int32_t> products(count);
      kernel.dot_sketches(sketches.data(), count, code.data(), width, products.data());
      return products;
    };
    for (const CodeKernel& kernel : usable_code_kernels())
      EXPECT_EQ(products_by(kernel), products_by(usable_code_kernels().back())) << kernel.name;
  }
}

TEST(CodeKernels, GiveEqualIntegers) {
  std::mt19937 random(5);
  std::uniform_int_distribution<int> values(-127, 127);
  const auto kernels = usable_code_kernels();
  for (const std::size_t width : {128U, 256U, 384U, 1536U}) {
    std::vector<std::int8_t> a(width);
    std::vector<std::int8_t> b(width);
    for (std::size_t i = 0; i < width; ++i) {
      a[i] = static_cast<std::int8_t>(values(random));
      b[i] = static_cast<std::int8_t>(values(random));
    }
    const std::vector<std::int8_t> low(width, std::int8_t{-127});
    for (const CodeKernel& kernel : kernels) {
      EXPECT_EQ(kernel.dot(a.data(), b.data(), width),
                kernels.back().dot(a.data(), b.data(), width))
          << kernel.name;
      EXPECT_EQ(kernel.dot(low.data(), low.data(), width),
                static_cast<std::int32_t>(width) * 127 * 127)
          << kernel.name;
    }
    expect_equal_blocks(width, random);
    expect_equal_sketches(width, random);
  }
}

}  // namespace
}  // namespace tacit::vector
