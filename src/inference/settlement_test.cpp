#include "inference/settlement.h"

#include <gtest/gtest.h>

namespace tacit::inference {
namespace {

using net::Reached;

TEST(Settlement, ReleasesOnlyWhatWasProvablyNotWorkedOn) {
  EXPECT_EQ(ending_of({Reached::kNothing, 0, FaultKind::kUnreachable, false, false}),
            Ending::kRelease);
  for (const int refused : {400, 401, 402, 403, 404, 413, 422, 429, 503, 529})
    EXPECT_EQ(ending_of({Reached::kEnd, refused, FaultKind::kRequest, false, false}),
              Ending::kRelease)
        << refused;
  EXPECT_EQ(ending_of({Reached::kEnd, 400, FaultKind::kBroken, true, false}), Ending::kSuspend)
      << "an answer that failed the provider's own check was generated";
}

TEST(Settlement, CountsWhatNobodyKnowsAsSpent) {
  EXPECT_EQ(ending_of({Reached::kRequest, 0, FaultKind::kTimeout, false, false}), Ending::kSuspend);
  for (const int unknown : {302, 408, 500, 502, 504})
    EXPECT_EQ(ending_of({Reached::kEnd, unknown, FaultKind::kServer, false, false}),
              Ending::kSuspend)
        << unknown;
  EXPECT_EQ(ending_of({Reached::kHead, 200, FaultKind::kBroken, false, true}), Ending::kSuspend);
  EXPECT_EQ(ending_of({Reached::kEnd, 200, FaultKind::kBroken, false, true}), Ending::kSuspend);
  EXPECT_EQ(ending_of({Reached::kEnd, 200, std::nullopt, false, false}), Ending::kSuspend);
}

TEST(Settlement, SettlesACompleteAnswerWithItsUsage) {
  EXPECT_EQ(ending_of({Reached::kEnd, 200, std::nullopt, false, true}), Ending::kSettle);
}

}  // namespace
}  // namespace tacit::inference
