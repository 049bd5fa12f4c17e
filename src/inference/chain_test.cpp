#include "inference/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "testing/fixtures.h"

namespace tacit::inference {
namespace {

using ::testing::HasSubstr;

class ChainTest : public ::testing::Test {
 protected:
  ChainTest() : catalogue_(Catalogue::built_in().value()) {
    place_.provider = "groq";
    place_.model = "openai/gpt-oss-20b";
    place_.url = "https://provider.example/v1/";
    place_.key_file = key_file("gsk-invented\n");
  }
  std::string key_file(const std::string& text) {
    const auto file = folder_.path() / "key";
    testing::write_file(file, text);
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file.string();
  }
  Route route() const { return make_route(place_, catalogue_, parse_time("2026-11-25").value()); }

  testing::TempFolder folder_;
  Catalogue catalogue_;
  PlaceOptions place_;
};

TEST_F(ChainTest, MakesARouteOfAPlaceThatIsInOrder) {
  const Route made = route();
  EXPECT_EQ(made.refusal, "");
  EXPECT_EQ(made.endpoint.url, "https://provider.example/v1");
  EXPECT_EQ(made.endpoint.key, "gsk-invented");
  ASSERT_NE(made.facts, nullptr);
  EXPECT_EQ(made.facts->model, "openai/gpt-oss-20b");
}

TEST_F(ChainTest, RefusesModelsThatAreRetiredUnpricedOrUnknownWithTheReason) {
  place_.model = "llama-3.1-8b-instant";
  EXPECT_THAT(route().refusal, HasSubstr("retired"));
  place_.model = "qwen/qwen3.8-27b";
  EXPECT_THAT(route().refusal, HasSubstr("price"));
  place_.model = "made-up";
  EXPECT_THAT(route().refusal, HasSubstr("catalogue"));
}

TEST_F(ChainTest, RefusesAPlaceWithoutAKeyOrWithAKeyFileThatOthersCanRead) {
  place_.key_file = key_file("\n");
  EXPECT_THAT(route().refusal, HasSubstr("key file"));
  place_.key_file = key_file("gsk-invented");
  std::filesystem::permissions(place_.key_file, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(route().refusal, HasSubstr("chmod 600"));
  place_.key_file.clear();
  ::unsetenv("GROQ_API_KEY");
  EXPECT_THAT(route().refusal, HasSubstr("GROQ_API_KEY"));
}

TEST_F(ChainTest, RefusesToSendAKeyOverAnOpenLine) {
  place_.url = "http://provider.example/v1";
  EXPECT_THAT(route().refusal, HasSubstr("https"));
  place_.url = "http://127.0.0.1:9/v1";
  EXPECT_EQ(route().refusal, "");
}

TEST_F(ChainTest, RefusesAFreePlanThatLearnsFromWhatItIsSent) {
  place_.provider = "gemini";
  place_.model = "gemini-3.5-flash-lite";
  place_.is_paid = false;
  EXPECT_THAT(route().refusal, HasSubstr("gemini_is_paid"));
}

TEST_F(ChainTest, TakesALocalPlaceOnlyOnThisMachine) {
  place_.provider = "local";
  place_.model = "gemma3:270m";
  place_.key_file.clear();
  for (const char* const here :
       {"http://127.0.0.1:11434", "http://localhost:8080/v1", "http://[::1]:1"}) {
    place_.url = here;
    EXPECT_EQ(route().refusal, "") << here;
  }
  for (const char* const elsewhere :
       {"http://10.0.0.5:11434", "https://models.example", "http://127.0.0.1@models.example/",
        "http://localhost.models.example", "http://127.0.0.1.models.example", "ftp://127.0.0.1"}) {
    place_.url = elsewhere;
    EXPECT_THAT(route().refusal, HasSubstr("no address of this machine")) << elsewhere;
  }
  place_.url = "http://127.0.0.1:11434";
  for (const char* const model : {"gpt-oss:120b-cloud", "deepseek-v3.1:671b-CLOUD", "glm:cloud"}) {
    place_.model = model;
    EXPECT_THAT(route().refusal, HasSubstr("vendor")) << model;
  }
}

}  // namespace
}  // namespace tacit::inference
