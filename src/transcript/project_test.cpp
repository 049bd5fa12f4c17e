#include "transcript/project.h"

#include <gtest/gtest.h>

#include "testing/fixtures.h"

namespace tacit::transcript {
namespace {

namespace fs = std::filesystem;

class Project : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::canonical(folder_.path());
    fs::create_directories(root_ / "shop/.git/worktrees/feature");
    fs::create_directories(root_ / "shop/src/cart");
    fs::create_directories(root_ / "feature/src");
    testing::write_file(root_ / "feature/.git",
                        "gitdir: " + (root_ / "shop/.git/worktrees/feature").string() + "\n");
  }

  testing::TempFolder folder_;
  fs::path root_;
};

TEST_F(Project, IsTheRootOfTheRepositoryOfASubdirectory) {
  EXPECT_EQ(resolve_project((root_ / "shop/src/cart").string()), (root_ / "shop").string());
}

TEST_F(Project, IsTheMainWorktreeForALinkedOne) {
  EXPECT_EQ(resolve_project((root_ / "feature/src").string()), (root_ / "shop").string());
  testing::write_file(root_ / "shop/.git/worktrees/feature/commondir", "../..\n");
  EXPECT_EQ(resolve_project((root_ / "feature").string()), (root_ / "shop").string());
}

TEST_F(Project, IsTheSubmoduleItselfForASubmodule) {
  fs::create_directories(root_ / "shop/.git/modules/lib");
  fs::create_directories(root_ / "shop/lib");
  testing::write_file(root_ / "shop/lib/.git", "gitdir: ../.git/modules/lib\n");
  EXPECT_EQ(resolve_project((root_ / "shop/lib").string()), (root_ / "shop/lib").string());
}

TEST_F(Project, IsTheRecordedDirectoryWhereThereIsNoRepositoryOrNoDirectory) {
  fs::create_directories(root_ / "loose");
  EXPECT_EQ(resolve_project((root_ / "loose").string()), (root_ / "loose").string());
  EXPECT_EQ(resolve_project("/nowhere/at/all"), "/nowhere/at/all");
  EXPECT_EQ(resolve_project("C:\\work\\shop"), "C:\\work\\shop");
}

}  // namespace
}  // namespace tacit::transcript
