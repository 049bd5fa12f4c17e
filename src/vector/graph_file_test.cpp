// A graph in a file: taken up by the rows it was grown over and by no others, and passed over
// whenever it is not whole.
#include "vector/graph_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "base/hash.h"
#include "testing/fixtures.h"
#include "vector/graph.h"
#include "vector/index.h"

namespace tacit::vector {
namespace {

constexpr std::size_t kDimension = 16;
constexpr std::size_t kWanted = 5;

using Vectors = std::vector<std::vector<float>>;

Vectors make_vectors(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Vectors vectors(count, std::vector<float>(kDimension));
  for (auto& vector : vectors) {
    for (float& value : vector) value = normal(random);
    const float norm = std::sqrt(dot(vector, vector));
    for (float& value : vector) value /= norm;
  }
  return vectors;
}

class GraphFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<VectorIndex> make(const Vectors& vectors) const {
    auto index = make_index(kDimension, {1, 1, false, file_});
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      const IndexEntry entry{{i + 1, 0}, vectors[i]};
      EXPECT_TRUE(index->upsert({&entry, 1}).has_value());
    }
    return index;
  }

  testing::TempFolder folder_;
  std::filesystem::path file_ = folder_.path() / "items.graph";
};

void expect_equal_answers(const VectorIndex& a, const VectorIndex& b) {
  for (const auto& query : make_vectors(30, 99)) {
    const auto of_a = a.nearest(query, kWanted).value();
    const auto of_b = b.nearest(query, kWanted).value();
    ASSERT_EQ(of_a.size(), of_b.size());
    for (std::size_t i = 0; i < of_a.size(); ++i) EXPECT_EQ(of_a[i].key, of_b[i].key);
  }
}

TEST_F(GraphFileTest, TheNextProcessTakesUpWhatOneHasGrown) {
  const Vectors vectors = make_vectors(600, 1);
  const auto grown = make(vectors);
  EXPECT_FALSE(grown->take_up());  // there is no file
  grown->settle();
  const auto next = make(vectors);
  const std::size_t without = next->bytes();
  ASSERT_TRUE(next->take_up());
  EXPECT_EQ(next->bytes() > without, true) << "there is no graph";
  expect_equal_answers(*grown, *next);
  EXPECT_FALSE(next->take_up()) << "it has that graph already";

  Vectors more = make_vectors(700, 1);  // the first 600 are the same
  const auto later = make(more);
  ASSERT_TRUE(later->take_up());
  later->settle();
  const auto anew = make_index(kDimension, {1, 1, false, {}});
  for (std::size_t i = 0; i < more.size(); ++i) {
    const IndexEntry entry{{i + 1, 0}, more[i]};
    ASSERT_TRUE(anew->upsert({&entry, 1}).has_value());
  }
  anew->settle();
  expect_equal_answers(*anew, *later);
}

TEST_F(GraphFileTest, OtherRowsDoNotTakeItUp) {
  const Vectors vectors = make_vectors(300, 2);
  make(vectors)->settle();
  Vectors changed = vectors;
  std::swap(changed[17], changed[18]);
  EXPECT_FALSE(make(changed)->take_up());
  EXPECT_FALSE(make(Vectors(vectors.begin(), vectors.end() - 1))->take_up());
  const auto wider = make_index(2 * 64, {1, 1, false, file_});
  EXPECT_FALSE(wider->take_up());
  EXPECT_TRUE(make(vectors)->take_up());
}

TEST_F(GraphFileTest, RowsMadeAnewAreKeptAnew) {
  const Vectors vectors = make_vectors(300, 3);
  const auto index = make(vectors);
  index->settle();
  std::vector<std::uint64_t> gone;
  for (std::uint64_t id = 1; id <= 100; ++id) gone.push_back(id);
  index->remove(gone);
  index->settle();  // more than a fifth is dead: the rest is numbered anew, and so is the file
  const auto next = make_index(kDimension, {1, 1, false, file_});
  for (std::size_t i = 100; i < vectors.size(); ++i) {
    const IndexEntry entry{{i + 1, 0}, vectors[i]};
    ASSERT_TRUE(next->upsert({&entry, 1}).has_value());
  }
  EXPECT_TRUE(next->take_up());
}

TEST_F(GraphFileTest, AFolderThatCannotBeWrittenToCostsTheFileAlone) {
  file_ = folder_.path() / "missing" / "items.graph";
  const Vectors vectors = make_vectors(200, 4);
  const auto index = make(vectors);
  index->settle();
  EXPECT_FALSE(std::filesystem::exists(file_));
  EXPECT_EQ(index->nearest(vectors[3], 1)->front().key.id, 4U);
}

void set_number(std::string& bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

// One of the ways in which a file goes bad.
void damage(std::string& bytes, std::mt19937& random) {
  const auto at = [&] { return random() % bytes.size(); };
  switch (random() % 5) {
    case 0:
      bytes[at()] ^= static_cast<char>(1U << random() % 8);
      break;
    case 1:
      bytes.resize(at());
      break;
    case 2:
      bytes.append(1 + random() % 9, static_cast<char>(random()));
      break;
    case 3:
      bytes.replace(at(), 4, bytes, at(), 4);
      bytes.insert(at(), 1, 'x');
      break;
    default:
      if (bytes.size() > 4) {
        const std::uint32_t values[] = {0,   0xFFFFFFFFU, 0x80000000U,
                                        300, 33,          static_cast<std::uint32_t>(random())};
        set_number(bytes, random() % (bytes.size() - 3), values[random() % 6]);
      }
  }
}

// Under the address sanitizer: no damage is read beyond its end, and none is believed.
TEST_F(GraphFileTest, TenThousandDamagedFilesGiveNoWrongAnswer) {
  constexpr int kFiles = 10'000;
  const Vectors vectors = make_vectors(60, 5);
  const auto index = make(vectors);
  index->settle();
  const std::string whole = testing::read_file(file_);
  std::mt19937 random(6);
  for (int i = 0; i < kFiles; ++i) {
    std::string bytes = whole;
    for (std::size_t times = 1 + random() % 3; times > 0 && !bytes.empty(); --times)
      damage(bytes, random);
    testing::write_file(file_, bytes);
    const auto graph = read_graph_file(file_, vectors.size());
    ASSERT_EQ(graph.has_value(), bytes == whole) << i;
  }
  testing::write_file(file_, whole.substr(0, whole.size() / 2));
  const auto next = make(vectors);
  EXPECT_FALSE(next->take_up());
  expect_equal_answers(*index, *next);
}

// What no checksum catches, a file of somebody else's making: its links may be anything, and still
// every step stays within the rows.
TEST_F(GraphFileTest, ForeignLinksNeverLeadOutOfTheGraph) {
  const Vectors vectors = make_vectors(150, 7);
  Rows rows(kDimension);
  for (std::size_t i = 0; i < vectors.size(); ++i) rows.put({i + 1, 0}, vectors[i], false);
  Graph graph(rows);
  while (graph.size() < rows.size()) graph.link(graph.plan());
  const std::string whole = graph.packed();
  std::mt19937 random(8);
  int believed = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::string bytes = whole;
    if (i % 2 == 0)
      set_number(bytes, random() % (bytes.size() / 4) * 4,
                 static_cast<std::uint32_t>(random() % 160));
    else
      damage(bytes, random);
    Graph other(rows);
    if (!other.unpack(bytes)) continue;
    ++believed;
    for (const Near& near : other.search(rows.coded(vectors[random() % vectors.size()]), kWanted))
      ASSERT_LT(near.row, rows.size());
  }
  EXPECT_GT(believed, 100);  // a link to another row is a graph all the same
  Graph again(rows);
  ASSERT_TRUE(again.unpack(whole));
  EXPECT_EQ(again.packed(), whole);
}

}  // namespace
}  // namespace tacit::vector
