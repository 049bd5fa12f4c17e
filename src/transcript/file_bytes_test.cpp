#include "transcript/file_bytes.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <string>

#include "testing/fixtures.h"
#include "transcript/reader.h"

namespace tacit::transcript {
namespace {

namespace fs = std::filesystem;

std::string pack(std::string_view text, int window_log = 0) {
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  if (window_log > 0) ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer out{packed.data(), packed.size(), 0};
  // As a stream: the frame's header does not tell the size, so the window is as large as asked.
  while (in.pos < in.size) ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_continue);
  while (ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end) != 0) {
  }
  packed.resize(out.pos);
  return packed;
}

// Text that does not shrink to nothing: a frame of it holds many blocks.
std::string noise(std::size_t size) {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525U + 1013904223U;
    text += static_cast<char>('!' + (state >> 16U) % 90U);
  }
  return text;
}

class FileBytesTest : public ::testing::Test {
 protected:
  std::string read_all(std::string_view bytes, std::size_t max_unpacked = kMaxUnpackedBytes) {
    const fs::path file = folder_.path() / "file";
    testing::write_file(file, bytes);
    auto opened = FileBytes::open(file, max_unpacked);
    EXPECT_TRUE(opened.has_value());
    std::string text;
    std::string chunk(50'000, '\0');
    while (true) {
      const auto got = opened->read(chunk.data(), chunk.size());
      EXPECT_TRUE(got.has_value());
      if (!got || *got == 0) break;
      text.append(chunk, 0, *got);
    }
    EXPECT_EQ(*opened->read(chunk.data(), chunk.size()), 0U) << "the end stays the end";
    damage_ = opened->damage();
    return text;
  }

  testing::TempFolder folder_;
  std::string damage_;
};

TEST_F(FileBytesTest, HandsOutPlainFilesAsTheyAre) {
  for (const std::string& text : {std::string(), std::string("abc"), noise(300'000)}) {
    EXPECT_TRUE(read_all(text) == text);
    EXPECT_EQ(damage_, "");
  }
}

TEST_F(FileBytesTest, UnpacksFramesOneAfterAnother) {
  const std::string text = noise(700'000);
  EXPECT_TRUE(read_all(pack(text) + pack("") + pack("the end\n")) == text + "the end\n");
  EXPECT_EQ(damage_, "");
  EXPECT_EQ(read_all(pack("")), "");
  EXPECT_EQ(damage_, "");
}

TEST_F(FileBytesTest, KeepsWhatCameBeforeACut) {
  const std::string text = noise(700'000);
  const std::string packed = pack(text);
  for (const std::size_t kept : {packed.size() - 1, packed.size() / 2, std::size_t{5}}) {
    const std::string found = read_all(packed.substr(0, kept));
    EXPECT_TRUE(text.starts_with(found));
    EXPECT_NE(damage_.find("cut off"), std::string::npos) << kept << damage_;
    if (kept == packed.size() / 2) {
      EXPECT_GT(found.size(), text.size() / 4);
    }
  }
}

TEST_F(FileBytesTest, KeepsTheBlocksBeforeADamagedOne) {
  const std::string text = noise(700'000);
  std::string packed = pack(text);
  packed.erase(packed.size() / 2, 100);
  const std::string found = read_all(packed);
  EXPECT_GT(found.size(), 200'000U);
  EXPECT_LT(found.size(), text.size());
  EXPECT_TRUE(text.starts_with(found));
  EXPECT_NE(damage_.find("damaged"), std::string::npos) << damage_;
}

TEST_F(FileBytesTest, ReportsBytesBehindTheLastFrame) {
  EXPECT_EQ(read_all(pack("hello\n") + "no frame"), "hello\n");
  EXPECT_NE(damage_.find("damaged"), std::string::npos) << damage_;
}

TEST_F(FileBytesTest, StopsAtTheLimitOfUnpackedBytes) {
  const std::string packed = pack(std::string(8U << 20U, 'a'));
  ASSERT_LT(packed.size(), 4096U);
  EXPECT_EQ(read_all(packed, 1U << 20U).size(), 1U << 20U);
  EXPECT_NE(damage_.find("more than 1048576 bytes"), std::string::npos) << damage_;
}

TEST_F(FileBytesTest, RefusesAWindowLargerThanTheLimit) {
  const std::string text = noise(300'000);
  EXPECT_TRUE(read_all(pack(text, kMaxWindowLog)) == text);
  EXPECT_EQ(damage_, "");
  EXPECT_EQ(read_all(pack(text, kMaxWindowLog + 1)), "");
  EXPECT_NE(damage_.find("damaged"), std::string::npos) << damage_;
}

std::string rollout(const std::string& request) {
  std::string lines;
  int second = 0;
  const auto add = [&](const std::string& type, const std::string& payload) {
    lines += R"({"timestamp":"2026-01-02T09:00:0)" + std::to_string(second++) + R"(Z","type":")" +
             type + R"(","payload":)" + payload + "}\n";
  };
  add("session_meta", R"({"id":"s1","cwd":"/home/dev/shop"})");
  add("turn_context", R"({"turn_id":"00000000-0000-4000-8000-000000000001","model":"m"})");
  add("event_msg", R"({"type":"user_message","message":")" + request + R"("})");
  add("response_item", R"({"type":"message","role":"assistant",)"
                       R"("content":[{"type":"output_text","text":"Done."}]})");
  return lines;
}

class CompressedRollout : public ::testing::Test {
 protected:
  std::vector<Exchange> read(std::string_view bytes) {
    const fs::path file = folder_.path() / "rollout-x.jsonl.zst";
    testing::write_file(file, bytes);
    std::vector<Exchange> exchanges;
    auto report = read_file(file, [&](const Session&, Exchange&& exchange) -> Result<void> {
      exchanges.push_back(std::move(exchange));
      return {};
    });
    EXPECT_TRUE(report.has_value());
    if (report) report_ = std::move(*report);
    return exchanges;
  }

  testing::TempFolder folder_;
  FileReport report_;
};

TEST_F(CompressedRollout, ReadsAsThePlainOneAndHasItsIdentity) {
  const auto packed = read(pack(rollout("fix the till")));
  EXPECT_EQ(report_.format, "codex");
  EXPECT_TRUE(report_.notices.empty());
  const auto plain = read(rollout("fix the till"));
  ASSERT_EQ(packed.size(), 1U);
  ASSERT_EQ(plain.size(), 1U);
  EXPECT_EQ(packed[0].request(), "fix the till");
  EXPECT_EQ(packed[0].identity, plain[0].identity);
}

TEST_F(CompressedRollout, KeepsTheExchangesBeforeTheDamageAndSaysSo) {
  const auto exchanges = read(pack(rollout("fix the till")) + "rubbish");
  EXPECT_EQ(exchanges.size(), 1U);
  ASSERT_EQ(report_.notices.size(), 1U);
  EXPECT_NE(report_.notices[0].reason.find("damaged zstd"), std::string::npos);
}

TEST_F(CompressedRollout, SaysSoWhenNotEvenTheHeadCanBeUnpacked) {
  EXPECT_TRUE(read("\x28\xB5\x2F\xFD rest").empty());
  EXPECT_EQ(report_.format, "");
  ASSERT_EQ(report_.notices.size(), 1U);
}

TEST_F(CompressedRollout, OfAPackedDocumentTooIsReadAsThePlainOne) {
  const std::string chat =
      "<!-- Generated by SpecStory -->\n\n# T (2025-10-15 00:22Z)\n\n_**User**_\n\nq\n\n---\n\n"
      "_**Assistant**_\n\na\n";
  EXPECT_EQ(read(pack(chat)).size(), 1U);
  EXPECT_EQ(report_.format, "specstory");
  EXPECT_EQ(report_.bytes, chat.size());
  EXPECT_TRUE(report_.notices.empty());
  EXPECT_EQ(read(pack(chat) + "rubbish").size(), 1U);
  EXPECT_EQ(report_.notices.size(), 1U);
}

TEST_F(CompressedRollout, GivesWayToThePlainFileBesideIt) {
  for (const char* name : {"a.jsonl", "a.jsonl.zst", "b.jsonl.zst"})
    testing::write_file(folder_.path() / name, "x");
  const auto files = list_files(folder_.path());
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].filename(), "a.jsonl");
  EXPECT_EQ((*files)[1].filename(), "b.jsonl.zst");
}

}  // namespace
}  // namespace tacit::transcript
