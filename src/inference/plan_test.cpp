#include "inference/plan.h"

#include <gtest/gtest.h>

#include <set>

namespace tacit::inference {
namespace {

Route remote(const std::string& provider) {
  static const ModelFacts kFacts;
  Route route;
  route.endpoint.provider = provider;
  route.model = "m";
  route.facts = &kFacts;
  return route;
}

Route local() {
  Route route;
  route.endpoint.provider = "local";
  route.endpoint.is_local = true;
  route.model = "gemma";
  return route;
}

class PlanTest : public ::testing::Test {
 protected:
  PlanTest() {
    wish_.sensitivity = Sensitivity::kInternal;
    routes_ = {remote("groq"), remote("anthropic"), local()};
    states_.resize(routes_.size());
    states_[0].price = Money::cents(2);
    states_[1].price = Money::cents(1);
  }
  std::vector<std::string> providers() const {
    std::vector<std::string> names;
    for (const PlannedAttempt& attempt : make_plan(wish_, routes_, states_).attempts)
      names.push_back(routes_[attempt.route].endpoint.provider + (attempt.is_repeat ? "+" : ""));
    return names;
  }
  using Names = std::vector<std::string>;

  PlanWish wish_;
  std::vector<Route> routes_;
  std::vector<RouteState> states_;
};

TEST_F(PlanTest, AsksInTheOrderOfTheChainWithRepeatsBehindEachPlace) {
  EXPECT_EQ(providers(), (Names{"groq", "groq+", "anthropic", "anthropic+", "local", "local+"}));
}

TEST_F(PlanTest, NeverHasMoreThanSixAttemptsNorMoreThanThreeAtOnePlace) {
  for (std::size_t count = 1; count <= 9; ++count) {
    routes_.assign(count, remote("p"));
    states_.assign(count, {});
    for (RouteState& state : states_) state.price = Money::cents(1);
    const Plan plan = make_plan(wish_, routes_, states_);
    EXPECT_LE(plan.attempts.size(), kMostAttempts);
    std::map<std::size_t, std::size_t> tries;
    for (const PlannedAttempt& attempt : plan.attempts)
      EXPECT_LE(++tries[attempt.route], kMostTriesOfOnePlace);
    EXPECT_EQ(tries.size(), std::min(count, kMostAttempts));
  }
}

TEST_F(PlanTest, HasNoRemotePlaceForWhatMustStay) {
  for (const auto sensitivity : {Sensitivity::kConfidential, Sensitivity::kSecret}) {
    for (const auto mode : {PrivacyMode::kAuto, PrivacyMode::kLocal, PrivacyMode::kRemote}) {
      wish_.sensitivity = sensitivity;
      wish_.mode = mode;
      EXPECT_EQ(providers(), (Names{"local", "local+", "local+"}));
    }
  }
  wish_.sensitivity = Sensitivity::kPublic;
  wish_.mode = PrivacyMode::kLocal;
  EXPECT_EQ(providers(), (Names{"local", "local+", "local+"}));
}

TEST_F(PlanTest, SaysWhyNothingIsLeft) {
  wish_.mode = PrivacyMode::kLocal;
  routes_.pop_back();
  states_.pop_back();
  const Plan plan = make_plan(wish_, routes_, states_);
  EXPECT_TRUE(plan.attempts.empty());
  EXPECT_TRUE(plan.stays_local);
  ASSERT_EQ(plan.left_out.size(), 2U);
  EXPECT_NE(plan.left_out[0].find("must stay"), std::string::npos);
}

TEST_F(PlanTest, PutsTheCheapestFirstWhenTheBudgetShrinks) {
  wish_.degradation = Degradation::kCheapestFirst;
  EXPECT_EQ(providers().front(), "anthropic");
  EXPECT_EQ(providers().back(), "local+") << "free, but not what is wanted first";
}

TEST_F(PlanTest, KeepsBackgroundWorkLocalWhenTheBudgetIsNearlyUsedUp) {
  wish_.degradation = Degradation::kInteractiveOnly;
  EXPECT_EQ(providers().front(), "anthropic");
  wish_.urgency = Urgency::kBackground;
  EXPECT_EQ(providers().front(), "local");
}

TEST_F(PlanTest, StaysLocalWithoutBudgetOrLedger) {
  wish_.degradation = Degradation::kLocalOnly;
  EXPECT_EQ(providers().front(), "local");
  wish_.degradation = Degradation::kNone;
  wish_.ledger_trouble = "the disk is full";
  EXPECT_EQ(providers().front(), "local");
}

TEST_F(PlanTest, LeavesOutWhatIsRefusedRestsOrHasNoPriceButNeverALocalModelForItsPrice) {
  routes_[0].refusal = "retired";
  states_[1].price.reset();
  states_[1].no_price = "no price in force";
  const Plan plan = make_plan(wish_, routes_, states_);
  EXPECT_EQ(providers().front(), "local");
  ASSERT_EQ(plan.left_out.size(), 2U);
  EXPECT_EQ(plan.left_out[0], "groq/m: retired");
  EXPECT_EQ(plan.left_out[1], "anthropic/m: no price in force");
  states_[2].resting = std::chrono::seconds(30);
  EXPECT_EQ(make_plan(wish_, routes_, states_).earliest, std::chrono::seconds(30));
}

}  // namespace
}  // namespace tacit::inference
