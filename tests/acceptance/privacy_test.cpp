// What must stay on this machine stays, whatever fails: no plan for it holds a remote place, and a
// local place is verified to be one.
#include <cstdlib>

#include "engine_fixture.h"

namespace tacit::inference {
namespace {

using ::testing::HasSubstr;

class StaysHere : public EngineTestBase {
 protected:
  static CompletionRequest secret() {
    CompletionRequest request = question();
    request.sensitivity = Sensitivity::kSecret;
    return request;
  }
  void expect_nothing_left() {
    EXPECT_TRUE(first_->attempts().empty());
    EXPECT_TRUE(second_->attempts().empty());
  }
};

TEST_F(StaysHere, AsksOnlyTheLocalModel) {
  open({first_route(), second_route(), local_route()});
  const auto done = ask(secret());
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(done->provider, "local");
  CompletionRequest local = question();
  local.mode = PrivacyMode::kLocal;
  EXPECT_EQ(ask(local)->provider, "local");
  CompletionRequest remote = secret();
  remote.mode = PrivacyMode::kRemote;
  EXPECT_EQ(ask(remote)->provider, "local") << "a wish does not make a secret public";
  expect_nothing_left();
}

TEST_F(StaysHere, RefusesClearlyWhenTheLocalModelIsDown) {
  for (const FakeFault how :
       {FakeFault::kResetBeforeHead, FakeFault::kHang, FakeFault::kCutStream}) {
    local_->set_script({fault(how)});
    open({first_route(), second_route(), local_route()});
    EXPECT_FALSE(ask(secret()).has_value());
  }
  local_.reset();
  local_ = FakeProvider::start({}).value();
  Route gone = local_route();
  gone.endpoint.url = "http://127.0.0.1:1";
  open({first_route(), second_route(), gone});
  const auto done = ask(secret());
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().message(), HasSubstr("stays on this machine"));
  open({first_route(), second_route()});
  const auto none = ask(secret());
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind(), ErrorKind::kForbidden);
  EXPECT_THAT(none.error().message(), HasSubstr("nothing was sent"));
  expect_nothing_left();
}

TEST_F(StaysHere, RefusesModelsThatTheLocalServerWouldPassOn) {
  Route cloud = local_route();
  cloud.model = "gpt-oss:120b-cloud";
  open({cloud});
  const auto done = ask(secret());
  ASSERT_FALSE(done.has_value());
  EXPECT_TRUE(local_->attempts().empty());
}

TEST_F(StaysHere, DoesNotFollowALocalServerThatRedirects) {
  FakeRule away = fault(FakeFault::kRedirect);
  away.location = second_->url() + "/api/chat";
  local_->set_script({away});
  open({local_route()});
  EXPECT_FALSE(ask(secret()).has_value());
  expect_nothing_left();
}

TEST_F(StaysHere, IgnoresProxiesOfTheEnvironment) {
  const auto set = [&](const char* name) { ::setenv(name, second_->url().c_str(), 1); };
  for (const char* const name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) set(name);
  open({local_route()});
  const auto done = ask(secret());
  for (const char* const name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
    ::unsetenv(name);
  ASSERT_TRUE(done.has_value()) << done.error().message();
  expect_nothing_left();
}

TEST_F(StaysHere, KeepsWhatNobodyDecidedAbout) {
  open({first_route(), local_route()});
  CompletionRequest undecided = question();
  undecided.sensitivity = CompletionRequest{}.sensitivity;
  EXPECT_EQ(ask(undecided)->provider, "local");
  expect_nothing_left();
}

}  // namespace
}  // namespace tacit::inference
