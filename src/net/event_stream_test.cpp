#include "net/event_stream.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tacit::net {
namespace {

using Messages = std::vector<std::string>;  // "name|data", and what is left at the end

template <class Feed>
void in_pieces(std::string_view bytes, std::mt19937& random, std::size_t most, const Feed& feed) {
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::size_t>(1 + random() % most, bytes.size());
    feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

Messages events_of(std::string_view bytes, unsigned seed = 1, std::size_t most = 1U << 20U) {
  EventStream stream;
  Messages messages;
  std::mt19937 random(seed);
  in_pieces(bytes, random, most, [&](std::string_view piece) {
    const auto fed = stream.feed(piece, [&](const ServerEvent& event) -> Result<void> {
      messages.push_back(event.name + "|" + event.data);
      return {};
    });
    ASSERT_TRUE(fed.has_value());
  });
  messages.push_back("rest|" + stream.take_rest());
  return messages;
}

TEST(EventStream, ReadsEventsWithEveryLineEnd) {
  const Messages wanted = {"|one", "delta|two", "rest|"};
  EXPECT_EQ(events_of("data: one\n\nevent: delta\ndata: two\n\n"), wanted);
  EXPECT_EQ(events_of("data: one\r\n\r\nevent: delta\r\ndata: two\r\n\r\n"), wanted);
  EXPECT_EQ(events_of("data: one\r\revent: delta\rdata: two\r\r"), wanted);
}

TEST(EventStream, JoinsDataLinesAndDropsCommentsAndOtherFields) {
  EXPECT_EQ(events_of(": ping\nid: 7\nretry: 10\ndata:a\ndata:  b\ndata\n\n"),
            (Messages{"|a\n b\n", "rest|"}));
  EXPECT_EQ(events_of("event: ping\n\n: ping\n\n"), (Messages{"rest|"})) << "no data, no event";
}

TEST(EventStream, SkipsAByteOrderMarkAtTheStartOnly) {
  EXPECT_EQ(events_of("\xEF\xBB\xBF"
                      "data: a\n\n"),
            (Messages{"|a", "rest|"}));
}

TEST(EventStream, GivesBackWhatWasNotFramed) {
  EXPECT_EQ(events_of("data: a\n\n{\n  \"error\": {}\n}"),
            (Messages{"|a", "rest|{\n  \"error\": {}\n}"}));
  EXPECT_EQ(events_of("data: cut of"), (Messages{"rest|data: cut of"}));
}

TEST(EventStream, ReadsTheSameAtEveryCut) {
  const std::string bytes =
      "\xEF\xBB\xBF: hi\r\ndata: gr\xC3\xBC\xC3\x9F\r\ndata: {\"a\":1}\r\n\r\nevent: x\rdata: y\r\r"
      "data: z\n\n\n\nevent: end\ndata:\n\nrest";
  const Messages whole = events_of(bytes);
  EXPECT_EQ(whole.size(), 5U);
  EXPECT_EQ(events_of(bytes, 1, 1), whole);
  for (unsigned seed = 0; seed < 200; ++seed) EXPECT_EQ(events_of(bytes, seed, 7), whole) << seed;
}

TEST(EventStream, RefusesAMessageWithoutEnd) {
  EventStream stream;
  const std::string part(1U << 20U, 'x');
  Result<void> fed;
  int parts = 0;
  while (fed && parts < 100) {
    fed = stream.feed(part, [](const ServerEvent&) -> Result<void> { return {}; });
    ++parts;
  }
  EXPECT_EQ(parts, 5);
  ASSERT_FALSE(fed.has_value());
  EXPECT_EQ(fed.error().kind(), ErrorKind::kInvalidInput);
}

TEST(LineStream, ReadsLinesTheSameAtEveryCut) {
  const std::string bytes = "{\"a\":1}\r\n\n{\"b\":\"\xC3\xBC\"}\nrest";
  for (const std::size_t most : {std::size_t{1}, std::size_t{3}, std::size_t{100}}) {
    LineStream stream;
    Messages lines;
    std::mt19937 random(1);
    in_pieces(bytes, random, most, [&](std::string_view piece) {
      const auto fed = stream.feed(piece, [&](std::string_view line) -> Result<void> {
        lines.emplace_back(line);
        return {};
      });
      ASSERT_TRUE(fed.has_value());
    });
    EXPECT_EQ(lines, (Messages{"{\"a\":1}", "{\"b\":\"\xC3\xBC\"}"}));
    EXPECT_EQ(stream.take_rest(), "rest");
  }
}

}  // namespace
}  // namespace tacit::net
