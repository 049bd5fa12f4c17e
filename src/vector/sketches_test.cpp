#include "vector/sketches.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>

#include "domain/embedding.h"
#include "vector/rows.h"

namespace tacit::vector {
namespace {

constexpr std::size_t kDimension = 200;  // not a multiple of the kernels' step
constexpr std::size_t kCount = 1000;
constexpr float kNever = std::numeric_limits<float>::infinity();

using Make = std::function<std::vector<float>(std::mt19937&)>;

std::vector<float> normal_vector(std::mt19937& random) {
  std::normal_distribution<float> normal(0, 0.07F);
  std::vector<float> vector(kDimension);
  for (float& value : vector) value = normal(random);
  return vector;
}

template <class Change>
Make each(Change change) {
  return [change](std::mt19937& random) {
    std::vector<float> vector = normal_vector(random);
    for (float& value : vector) value = change(value);
    return vector;
  };
}

// All others lose nearly all that they say in a code and more in a sketch.
std::vector<float> with_one_large_number(std::mt19937& random) {
  std::vector<float> vector = normal_vector(random);
  vector[3] = 5;
  return vector;
}

// In a code they are rounded one way.
std::vector<float> with_small_others(std::mt19937&) {
  std::vector<float> vector(kDimension, 0.019F);
  vector[3] = 5;
  return vector;
}

// A sketch loses nothing of it.
std::vector<float> of_signs(std::mt19937& random) {
  std::vector<float> vector = normal_vector(random);
  for (float& value : vector) value = value > 0 ? 0.07F : -0.07F;
  return vector;
}

const std::vector<Make>& kinds() {
  static const std::vector<Make> kKinds = {
      normal_vector,
      with_one_large_number,
      with_small_others,
      of_signs,
      each([](float value) { return value + 1; }),                     // one direction
      each([](float) { return 0.2F; }),                                // not of length 1
      each([](float value) { return value > 0 ? 0.012F : 0.037F; })};  // rounded one way
  return kKinds;
}

// How much room sketches leave above the cosines themselves.
struct Rooms {
  std::vector<float> sure;
  std::vector<float> likely;
};
Rooms rooms_of(const Make& make, const Make& ask) {
  std::mt19937 random(1);
  Rows rows(kDimension);
  for (std::size_t i = 0; i < kCount; ++i) rows.put({i, 0}, make(random), true);
  Rooms rooms;
  for (int i = 0; i < 5; ++i) {
    const std::vector<float> query = ask(random);
    const CodedQuery coded = rows.coded(query);
    std::vector<float> cosines(kCount);
    rows.sketches().cosines(coded, 0, cosines);
    std::vector<float> room(kCount);
    const auto add = [&](float sure, float likely, std::vector<float>& all) {
      rows.sketches().room_above(sure, likely, coded, 0, cosines, room);
      for (std::size_t row = 0; row < kCount; ++row)
        all.push_back(room[row] - dot(query, rows.values(row)));
    };
    add(0, kNever, rooms.sure);
    add(kNever, 0, rooms.likely);
  }
  return rooms;
}

TEST(Sketches, ASureBoundHoldsForAnyVectors) {
  for (std::size_t kind = 0; kind < kinds().size(); ++kind) {
    for (std::size_t asked = 0; asked < kinds().size(); ++asked) {
      const Rooms rooms = rooms_of(kinds()[kind], kinds()[asked]);
      ASSERT_GE(*std::ranges::min_element(rooms.sure), 0) << kind << " by " << asked;
    }
  }
}

TEST(Sketches, ALikelyBoundHoldsAndIsNarrow) {
  const auto missed = [](const Rooms& rooms) {
    return std::ranges::count_if(rooms.likely, [](float room) { return room < 0; });
  };
  const Rooms rooms = rooms_of(normal_vector, normal_vector);
  EXPECT_LE(missed(rooms), 5);
  const float most = *std::ranges::max_element(rooms.likely);
  EXPECT_LT(most, 0.1F);
  EXPECT_GT(*std::ranges::max_element(rooms.sure), 2 * most);
  EXPECT_LE(missed(rooms_of(of_signs, with_one_large_number)), 5);  // by the query's code alone
}

TEST(Sketches, AVectorIsRightWithItself) {
  std::mt19937 random(2);
  for (const Make& make : kinds()) {
    Rows rows(kDimension);
    const std::vector<float> vector = make(random);
    rows.put({1, 0}, vector, true);
    float cosine = 0;
    rows.sketches().cosines(rows.coded(vector), 0, {&cosine, 1});
    const float length = dot(vector, vector);
    EXPECT_NEAR(cosine / length, 1, 0.01F);
  }
}

}  // namespace
}  // namespace tacit::vector
