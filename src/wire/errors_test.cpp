#include "wire/errors.h"

#include <gtest/gtest.h>

namespace tacit::wire {
namespace {

TEST(Errors, EveryKindHasARowThatFitsEverySurface) {
  for (int i = 0; i < kErrorKindCount; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    const ErrorRow& row = row_of(kind);
    EXPECT_GE(row.http_status, 400) << name_of(kind);
    EXPECT_LT(row.http_status, 600) << name_of(kind);
    EXPECT_LE(row.json_rpc_code, -32000) << name_of(kind);
    EXPECT_GE(row.json_rpc_code, -32768) << name_of(kind);
    EXPECT_TRUE(row.exit_status == kExitFailed || row.exit_status == kExitWrongUse ||
                row.exit_status == kExitRefused)
        << name_of(kind);
  }
}

TEST(Errors, OnlyServerTroublesMayBeRetriedUnchanged) {
  for (int i = 0; i < kErrorKindCount; ++i) {
    const ErrorRow& row = row_of(static_cast<ErrorKind>(i));
    if (row.may_retry) {
      EXPECT_TRUE(row.http_status >= 500 || row.http_status == 429) << i;
    }
  }
}

TEST(Errors, ClientMistakesAreNotLoggedAsTroubleOfTheServer) {
  EXPECT_EQ(row_of(ErrorKind::kInvalidInput).level, log::Level::kDebug);
  EXPECT_EQ(row_of(ErrorKind::kNotFound).level, log::Level::kDebug);
  EXPECT_EQ(row_of(ErrorKind::kCorrupt).level, log::Level::kError);
}

}  // namespace
}  // namespace tacit::wire
