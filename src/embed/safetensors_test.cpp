#include "embed/safetensors.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "embed/toy_bert.h"
#include "testing/fixtures.h"

namespace tacit::embed {
namespace {

class SafetensorsTest : public ::testing::Test {
 protected:
  static std::string with_header(std::string header, std::size_t data_bytes) {
    header.resize((header.size() + 7) / 8 * 8, ' ');
    std::string bytes(8, '\0');
    for (std::size_t i = 0; i < 8; ++i)
      bytes[i] = static_cast<char>(header.size() >> (8 * i) & 0xFF);
    return bytes + header + std::string(data_bytes, '\0');
  }

  Result<std::unique_ptr<Safetensors>> open(const std::string& bytes) {
    const auto file = folder_.path() / "model.safetensors";
    testing::write_file(file, bytes);
    return Safetensors::open(file);
  }

  void expect_corrupt(const std::string& bytes, const std::string& reason) {
    const auto opened = open(bytes);
    ASSERT_FALSE(opened) << reason;
    EXPECT_EQ(opened.error().kind(), ErrorKind::kCorrupt);
    EXPECT_NE(opened.error().message().find(reason), std::string::npos) << opened.error().message();
  }

  testing::TempFolder folder_;
};

TEST_F(SafetensorsTest, ReadsNamesShapesAndValues) {
  std::string bytes = with_header(R"({"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                                  R"("b":{"dtype":"I64","shape":[],"data_offsets":[8,16]}})",
                                  16);
  const float values[] = {1.5f, -2.0f};
  bytes.replace(bytes.size() - 16, 8, std::string(reinterpret_cast<const char*>(values), 8));
  const auto file = open(bytes);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ((*file)->tensors().size(), 2u);
  const auto read = (*file)->floats("a", {2, 1});
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)[1], -2.0f);
  (*file)->release_pages();
  EXPECT_EQ((*read)[0], 1.5f) << "released pages are read again";
}

TEST_F(SafetensorsTest, RefusesAnotherShapeTypeOrName) {
  const auto file =
      open(with_header(R"({"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}})", 8));
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->floats("a", {4}).error().kind(), ErrorKind::kCorrupt);
  EXPECT_EQ((*file)->floats("b", {4}).error().kind(), ErrorKind::kCorrupt);
}

TEST_F(SafetensorsTest, AMissingFileIsNotFound) {
  EXPECT_EQ(Safetensors::open(folder_.path() / "none").error().kind(), ErrorKind::kNotFound);
}

TEST_F(SafetensorsTest, SaysWhatIsWrongWithADamagedFile) {
  expect_corrupt("", "empty");
  expect_corrupt("1234", "shorter than a header");
  expect_corrupt(std::string(8, '\xFF') + "{}", "header claims");
  expect_corrupt(with_header("[1]", 0), "not a JSON object");
  expect_corrupt(with_header(R"({"a":5})", 0), "needs dtype");
  expect_corrupt(with_header(R"({"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}})", 4),
                 "unknown type");
  expect_corrupt(with_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4),
                 "natural");
  expect_corrupt(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4),
                 "cut short");
  expect_corrupt(with_header(R"({"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}})", 4),
                 "cut short");
  expect_corrupt(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4),
                 "do not fit");
  expect_corrupt(
      with_header(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
                  0),
      "overflows");
  expect_corrupt(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                             4),
                 "overlap");
  expect_corrupt(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 12),
                 "follow");
}

TEST_F(SafetensorsTest, EveryTruncationIsRefused) {
  const std::string whole = ToyBert().safetensors();
  ASSERT_TRUE(open(whole));
  for (std::size_t size = 0; size < whole.size(); size += 997) {
    EXPECT_FALSE(open(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(open(whole.substr(0, whole.size() - 1)));
}

// Goal: no damage to the header leads outside the mapping. Method: seeded mutations of a small
// file; what still opens must have tensors inside it, and their bytes are touched under the address
// sanitizer.
TEST_F(SafetensorsTest, MutatedHeadersNeverReachOutsideTheFile) {
  const std::string whole =
      with_header(R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                  R"("b":{"dtype":"U8","shape":[8],"data_offsets":[24,32]}})",
                  32);
  std::mt19937 random(7);
  int opened = 0;
  for (int round = 0; round < 500; ++round) {
    std::string bytes = whole;
    const auto changes = 1 + random() % 3;
    for (unsigned i = 0; i < changes; ++i) {
      static constexpr std::string_view kTokens = "0123456789[]{},:\"-.eFIU \xFF";
      bytes[random() % (bytes.size() - 32)] = kTokens[random() % kTokens.size()];
    }
    const auto file = open(bytes);
    if (!file) continue;
    ++opened;
    std::size_t total = 0;
    int sum = 0;
    for (const auto& [name, tensor] : (*file)->tensors()) {
      total += tensor.bytes.size();
      for (const std::byte byte : tensor.bytes) sum += std::to_integer<int>(byte);
    }
    EXPECT_LE(total, bytes.size());
    EXPECT_EQ(sum, 0);
  }
  EXPECT_GT(opened, 0) << "some mutations only rename";
}

}  // namespace
}  // namespace tacit::embed
