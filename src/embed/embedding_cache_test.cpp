#include "embed/embedding_cache.h"

#include <gtest/gtest.h>

#include <functional>

namespace tacit::embed {
namespace {

// Writes down what it was asked; a text's embedding is its length, a question's the negative.
class Listener final : public Embedder {
 public:
  Listener(std::vector<std::string>& asked, const std::function<void()>& meanwhile)
      : asked_(asked), meanwhile_(meanwhile) {}
  const EmbeddingSpace& space() const override { return space_; }
  Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                       Deadline deadline) override {
    if (deadline.has_passed()) return fail(ErrorKind::kDeadlineExceeded, "too late");
    meanwhile_();
    std::vector<Embedding> all;
    for (const std::string_view text : texts) {
      asked_.emplace_back(text);
      all.push_back({static_cast<float>(text.size()), 0});
    }
    return all;
  }
  Result<Embedding> embed_query(std::string_view text, Deadline deadline) override {
    if (deadline.has_passed()) return fail(ErrorKind::kDeadlineExceeded, "too late");
    meanwhile_();
    asked_.push_back("? " + std::string(text));
    return Embedding{-static_cast<float>(text.size()), 0};
  }

 private:
  EmbeddingSpace space_{"listener", 2};
  std::vector<std::string>& asked_;
  const std::function<void()>& meanwhile_;
};

class EmbeddingCacheTest : public ::testing::Test {
 protected:
  std::unique_ptr<EmbeddingCache> make(const EmbeddingCacheOptions& options = {}) {
    return std::make_unique<EmbeddingCache>(std::make_unique<Listener>(asked_, meanwhile_),
                                            options);
  }
  std::vector<std::string> take_asked() { return std::exchange(asked_, {}); }

  std::vector<std::string> asked_;
  std::function<void()> meanwhile_ = [] {};  // while a text is embedded
};

using Texts = std::vector<std::string>;

TEST_F(EmbeddingCacheTest, AsksForEachTextOnceAndKeepsTheOrder) {
  const auto cache = make();
  const std::string_view first[] = {"a", "bbb"};
  ASSERT_TRUE(cache->embed(first, Deadline::none()));
  EXPECT_EQ(take_asked(), (Texts{"a", "bbb"}));
  const std::string_view second[] = {"cc", "bbb", "dddd", "a"};
  const auto embedded = cache->embed(second, Deadline::none());
  ASSERT_TRUE(embedded);
  EXPECT_EQ(take_asked(), (Texts{"cc", "dddd"}));
  EXPECT_EQ(*embedded, (std::vector<Embedding>{{2, 0}, {3, 0}, {4, 0}, {1, 0}}));
  EXPECT_EQ(cache->stats().hits, 2U);
  EXPECT_EQ(cache->stats().misses, 4U);
  EXPECT_EQ(cache->stats().entries, 4U);
  EXPECT_EQ(cache->space().model, "listener");
}

TEST_F(EmbeddingCacheTest, AQuestionIsAnotherTextThanADocument) {
  const auto cache = make();
  const std::string_view text = "same";
  ASSERT_TRUE(cache->embed({&text, 1}, Deadline::none()));
  EXPECT_EQ(*cache->embed_query(text, Deadline::none()), (Embedding{-4, 0}));
  EXPECT_EQ(*cache->embed_query(text, Deadline::none()), (Embedding{-4, 0}));
  EXPECT_EQ(take_asked(), (Texts{"same", "? same"}));
}

TEST_F(EmbeddingCacheTest, WhatIsClearedWhileItIsEmbeddedIsNotRemembered) {
  const auto cache = make();
  meanwhile_ = [&] { cache->clear(); };
  const std::string_view text = "forgotten";
  EXPECT_TRUE(cache->embed({&text, 1}, Deadline::none()));
  EXPECT_TRUE(cache->embed_query(text, Deadline::none()));
  EXPECT_EQ(cache->stats().entries, 0U);
  meanwhile_ = [] {};
  EXPECT_TRUE(cache->embed_query(text, Deadline::none()));
  EXPECT_EQ(cache->stats().entries, 1U);
}

TEST_F(EmbeddingCacheTest, AFailureIsNotRemembered) {
  const auto cache = make();
  const Deadline passed = Deadline::after(std::chrono::milliseconds(-1));
  EXPECT_EQ(cache->embed_query("late", passed).error().kind(), ErrorKind::kDeadlineExceeded);
  EXPECT_TRUE(cache->embed_query("late", Deadline::none()));
  EXPECT_TRUE(cache->embed_query("late", passed)) << "it is known now";
}

TEST_F(EmbeddingCacheTest, ASweepOfNewTextsDoesNotDriveOutWhatIsAskedAgain) {
  EmbeddingCacheOptions options;
  options.most_entries = 100;
  const auto cache = make(options);
  for (int i = 0; i < 2'000; ++i) {
    // Seldom enough to be the oldest each time, were age all that counts.
    if (i % 150 == 0) {
      ASSERT_TRUE(cache->embed_query("what people ask", Deadline::none()));
    }
    const std::string text = "imported " + std::to_string(i);
    const std::string_view view = text;
    ASSERT_TRUE(cache->embed({&view, 1}, Deadline::none()));
  }
  EXPECT_LE(cache->stats().entries, 100U);
  take_asked();
  ASSERT_TRUE(cache->embed_query("what people ask", Deadline::none()));
  EXPECT_EQ(take_asked(), Texts{});
}

TEST_F(EmbeddingCacheTest, ForgetsAllWhenTold) {
  const auto cache = make();
  ASSERT_TRUE(cache->embed_query("secret plan", Deadline::none()));
  cache->clear();
  EXPECT_EQ(cache->stats().entries, 0U);
  take_asked();
  ASSERT_TRUE(cache->embed_query("secret plan", Deadline::none()));
  EXPECT_EQ(take_asked(), Texts{"? secret plan"});
}

}  // namespace
}  // namespace tacit::embed
