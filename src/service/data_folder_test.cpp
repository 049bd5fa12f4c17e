#include "service/data_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing/fixtures.h"

namespace tacit::service {
namespace {

using ::testing::HasSubstr;

TEST(DataFolder, IsMadePrivateWithAKeyThatStays) {
  const testing::TempFolder home;
  const auto folder = home.path() / "memory";
  const auto first = open_data_folder(folder, true);
  ASSERT_TRUE(first.has_value()) << first.error().message();
  struct stat info {};
  ASSERT_EQ(stat(folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_EQ(stat((folder / "identity.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto second = open_data_folder(folder, false);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(first->session("a", "b"), second->session("a", "b"));
}

TEST(DataFolder, TwoFoldersHaveDifferentKeys) {
  const testing::TempFolder home;
  const auto a = open_data_folder(home.path() / "a", true);
  const auto b = open_data_folder(home.path() / "b", true);
  EXPECT_NE(a->session("x", "y"), b->session("x", "y"));
}

TEST(DataFolder, AMissingOneIsNotFoundWithAdvice) {
  const testing::TempFolder home;
  const auto opened = open_data_folder(home.path() / "none", false);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind(), ErrorKind::kNotFound);
  EXPECT_THAT(opened.error().message(), HasSubstr("tacit import"));
}

TEST(DataFolder, ADamagedKeyIsNeverReplaced) {
  const testing::TempFolder home;
  testing::write_file(home.path() / "identity.key", "short");
  const auto opened = open_data_folder(home.path(), true);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(testing::read_file(home.path() / "identity.key"), "short");
}

TEST(FolderLock, RefusesASecondOwnerAndNamesTheFirst) {
  const testing::TempFolder home;
  auto lock = FolderLock::take(home.path());
  ASSERT_TRUE(lock.has_value());
  ASSERT_TRUE(lock->publish("http://127.0.0.1:7411").has_value());
  const auto second = FolderLock::take(home.path());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind(), ErrorKind::kConflict);
  EXPECT_THAT(second.error().message(), HasSubstr(std::to_string(getpid())));
  EXPECT_THAT(second.error().message(), HasSubstr("http://127.0.0.1:7411"));
  const auto owner = owner_of(home.path());
  ASSERT_TRUE(owner.has_value());
  EXPECT_EQ(owner->pid, getpid());
  EXPECT_EQ(owner->url, "http://127.0.0.1:7411");
}

TEST(FolderLock, IsFreeAgainWhenItsOwnerIsGone) {
  const testing::TempFolder home;
  { auto lock = FolderLock::take(home.path()); }
  EXPECT_FALSE(owner_of(home.path()).has_value());
  EXPECT_TRUE(FolderLock::take(home.path()).has_value());
}

TEST(FolderLock, SurvivesTheFileOfAKilledOwner) {
  const testing::TempFolder home;
  testing::write_file(home.path() / "tacit.lock", "999999\nhttp://127.0.0.1:1\n");
  EXPECT_FALSE(owner_of(home.path()).has_value());
  EXPECT_TRUE(FolderLock::take(home.path()).has_value());
}

}  // namespace
}  // namespace tacit::service
