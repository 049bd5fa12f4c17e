#include "net/push.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/worker.h"

namespace tacit::net {
namespace {

TEST(Push, AFastWriterWaitsForItsReader) {
  constexpr std::size_t kPiece = 64U << 10U;
  constexpr std::size_t kPieces = 1024;
  boost::asio::io_context io;
  const auto push = std::make_shared<Push>(io);
  const Worker writer("writer", [&](std::stop_token) {
    const std::string piece(kPiece, 'x');
    for (std::size_t i = 0; i < kPieces; ++i) EXPECT_TRUE(push->write(piece));
    push->end(true);
  });
  std::size_t bytes = 0;
  bool is_last = false;
  while (!is_last) {
    const Push::Pieces taken = push->take();
    EXPECT_LE(taken.bytes.size(), kMaxUnsentBytes + kPiece);
    bytes += taken.bytes.size();
    is_last = taken.is_last;
  }
  EXPECT_EQ(bytes, kPiece * kPieces);
}

TEST(Push, WhoWritesForNobodyIsTold) {
  boost::asio::io_context io;
  const auto push = std::make_shared<Push>(io);
  EXPECT_TRUE(push->write("first"));
  push->leave();
  EXPECT_FALSE(push->write("second"));
  EXPECT_TRUE(push->gone().stop_requested());
}

}  // namespace
}  // namespace tacit::net
