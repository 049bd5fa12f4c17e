#include "embed/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "embed/network.h"

namespace tacit::embed {
namespace {

std::vector<float> waves(std::size_t count, float height) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = std::sin(static_cast<float>(i) * 0.37f) * height;
  return values;
}

std::vector<Bf16> rounded(const std::vector<float>& values) {
  std::vector<Bf16> result;
  for (const float value : values) result.push_back(Bf16::of(value));
  return result;
}

std::vector<float> plain(const std::vector<Bf16>& values) {
  std::vector<float> result;
  for (const Bf16 value : values) result.push_back(value.value());
  return result;
}

std::vector<float> plain(const std::vector<float>& values) {
  return values;
}

template <class Number>
std::vector<float> attend(const Kernels<Number>& variant, const std::vector<Number>& qkv,
                          const AttentionShape& shape) {
  std::vector<Number> rows = qkv;  // what lies behind the text is no number
  rows.resize(qkv.size() + kSpareRows * 3 * shape.heads * shape.head_width);
  std::memset(static_cast<void*>(rows.data() + qkv.size()), 0xFF,
              (rows.size() - qkv.size()) * sizeof(Number));
  Buffer scratch;
  std::vector<Number> out(shape.tokens * shape.heads * shape.head_width);
  variant.attention(rows.data(), shape, out.data(),
                    scratch.of<std::byte>(attention_scratch(shape)));
  return plain(out);
}

// Softmax of the products, in doubles.
std::vector<float> attend_plainly(const std::vector<float>& qkv, const AttentionShape& shape) {
  const std::size_t hidden = shape.heads * shape.head_width;
  std::vector<float> out(shape.tokens * hidden);
  for (std::size_t head = 0; head < shape.heads; ++head) {
    const auto at = [&](std::size_t token, std::size_t part, std::size_t d) {
      return static_cast<double>(
          qkv[token * 3 * hidden + part * hidden + head * shape.head_width + d]);
    };
    for (std::size_t query = 0; query < shape.tokens; ++query) {
      std::vector<double> weights;
      for (std::size_t key = 0; key < shape.tokens; ++key) {
        double score = 0;
        for (std::size_t d = 0; d < shape.head_width; ++d) score += at(query, 0, d) * at(key, 1, d);
        weights.push_back(score / std::sqrt(static_cast<double>(shape.head_width)));
      }
      const double highest = *std::max_element(weights.begin(), weights.end());
      double total = 0;
      for (double& weight : weights) total += weight = std::exp(weight - highest);
      for (std::size_t d = 0; d < shape.head_width; ++d) {
        double sum = 0;
        for (std::size_t key = 0; key < shape.tokens; ++key) sum += weights[key] * at(key, 2, d);
        out[query * hidden + head * shape.head_width + d] = static_cast<float>(sum / total);
      }
    }
  }
  return out;
}

constexpr AttentionShape kShapes[] = {
    {1, 1, 8},   {2, 3, 16},  {15, 2, 32}, {16, 2, 32},  {17, 2, 12},  {29, 2, 32}, {37, 3, 16},
    {60, 1, 64}, {64, 1, 64}, {65, 2, 32}, {129, 2, 32}, {256, 1, 32}, {300, 1, 48}};

void expect_softmax_of_products(float height, float tolerance) {
  for (const AttentionShape& shape : kShapes) {
    const auto qkv = waves(shape.tokens * 3 * shape.heads * shape.head_width, height);
    const auto expected = attend_plainly(qkv, shape);
    for (const auto& variant : usable_kernels<float>()) {
      const auto got = attend(variant, qkv, shape);
      for (std::size_t i = 0; i < got.size(); ++i)
        ASSERT_NEAR(got[i], expected[i], 3e-5f * height) << variant.name << " " << shape.tokens;
    }
    const auto halves = rounded(qkv);
    const auto expected_of_halves = attend_plainly(plain(halves), shape);
    for (const auto& variant : usable_kernels<Bf16>()) {
      const auto got = attend(variant, halves, shape);
      for (std::size_t i = 0; i < got.size(); ++i)
        ASSERT_NEAR(got[i], expected_of_halves[i], tolerance)
            << variant.name << " " << shape.tokens;
    }
  }
}

TEST(Kernels, AttentionIsTheSoftmaxOfTheProducts) {
  expect_softmax_of_products(1, 0.003f);
}

TEST(Kernels, AttentionToScoresFarBeyondTheRangeOfExpIsFinite) {
  expect_softmax_of_products(20, 0.1f);
}

// Of two keys, one with score 0 and value 0, one with score -x and value 1.
TEST(Kernels, AttentionWeighsByTheExponentialWithinTwoRoundings) {
  const AttentionShape shape{2, 1, 32};
  for (const auto& variant : usable_kernels<Bf16>()) {
    for (int step = 0; step < 2000; ++step) {
      std::vector<float> qkv(shape.tokens * 3 * shape.head_width);
      qkv[0] = 1;
      qkv[4 * shape.head_width] = static_cast<float>(step) * -0.03f;
      qkv[5 * shape.head_width] = 1;
      const auto halves = rounded(qkv);
      const float expected = attend_plainly(plain(halves), shape)[0];
      ASSERT_NEAR(attend(variant, halves, shape)[0], expected, expected * 0.0082f)
          << variant.name << " " << step;
    }
  }
}

template <class Number>
void expect_norm_and_copy(double tolerance) {
  constexpr std::size_t kRows = 7;
  constexpr std::size_t kWidth = 96;
  const auto before = waves(kRows * kWidth, 2);
  std::vector<Number> added;
  for (const float value : waves(kRows * kWidth, 0.7f)) {
    if constexpr (std::is_same_v<Number, float>)
      added.push_back(value);
    else
      added.push_back(Bf16::of(value));
  }
  const auto scale = waves(kWidth, 0.4f);
  const auto shift = waves(kWidth, 0.2f);
  for (const auto& variant : usable_kernels<Number>()) {
    std::vector<float> state = before;
    std::vector<Number> copy(state.size());
    variant.add_and_norm(state.data(), added.data(), copy.data(),
                         {scale.data(), shift.data(), 1e-12f}, kRows, kWidth);
    for (std::size_t r = 0; r < kRows; ++r) {
      double mean = 0;
      double squares = 0;
      std::vector<double> sum;
      for (std::size_t i = 0; i < kWidth; ++i) {
        sum.push_back(static_cast<double>(before[r * kWidth + i]) +
                      static_cast<double>(plain(added)[r * kWidth + i]));
        mean += sum.back() / kWidth;
      }
      for (const double value : sum) squares += (value - mean) * (value - mean) / kWidth;
      for (std::size_t i = 0; i < kWidth; ++i) {
        const double expected =
            (sum[i] - mean) / std::sqrt(squares) * static_cast<double>(scale[i]) +
            static_cast<double>(shift[i]);
        ASSERT_NEAR(static_cast<double>(state[r * kWidth + i]), expected, 1e-5) << variant.name;
        ASSERT_NEAR(static_cast<double>(plain(copy)[r * kWidth + i]), expected, tolerance)
            << variant.name;
      }
    }
  }
}

TEST(Kernels, NormaliseTheSumAndCopyIt) {
  expect_norm_and_copy<float>(1e-5);
  expect_norm_and_copy<Bf16>(4e-3);
}

template <class Number>
void expect_shift_of_even_row() {
  constexpr std::size_t kWidth = 48;
  const auto scale = waves(kWidth, 0.4f);
  const auto shift = waves(kWidth, 0.2f);
  for (const auto& variant : usable_kernels<Number>()) {
    std::vector<float> state(kWidth, 2.0f);
    variant.add_and_norm(state.data(), nullptr, nullptr, {scale.data(), shift.data(), 1e-12f}, 1,
                         kWidth);
    EXPECT_EQ(state, shift) << variant.name;
  }
}

TEST(Kernels, ARowWithoutVarianceBecomesTheShift) {
  expect_shift_of_even_row<float>();
  expect_shift_of_even_row<Bf16>();
}

TEST(Kernels, GeluIsTheExactFormEverywhere) {
  std::vector<float> values(4096);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = (static_cast<float>(i) - 2048) / 128;
  const auto exact = [](float x) {
    const double wide = static_cast<double>(x);
    return 0.5 * wide * (1 + std::erf(wide / std::sqrt(2.0)));
  };
  for (const auto& variant : usable_kernels<float>()) {
    std::vector<float> got = values;
    variant.gelu(got.data(), got.size());
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_NEAR(static_cast<double>(got[i]), exact(values[i]), 2e-6) << values[i];
  }
  for (const auto& variant : usable_kernels<Bf16>()) {
    std::vector<Bf16> got = rounded(values);
    const std::vector<float> before = plain(got);
    variant.gelu(got.data(), got.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double expected = exact(before[i]);
      EXPECT_NEAR(static_cast<double>(got[i].value()), expected, 7e-4 + std::abs(expected) / 256)
          << before[i];
    }
  }
}

TEST(Kernels, RoundingToHalfTheBitsIsToTheNearestAndToEven) {
  EXPECT_EQ(Bf16::of(1.0f).bits, 0x3F80);
  EXPECT_EQ(Bf16::of(std::bit_cast<float>(0x3F808000U)).bits, 0x3F80);  // a tie, to even
  EXPECT_EQ(Bf16::of(std::bit_cast<float>(0x3F818000U)).bits, 0x3F82);  // a tie, to even
  EXPECT_EQ(Bf16::of(std::bit_cast<float>(0x3F808001U)).bits, 0x3F81);
  EXPECT_EQ(Bf16::of(-2.5f).value(), -2.5f);
}

}  // namespace
}  // namespace tacit::embed
