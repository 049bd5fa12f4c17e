#include "store/migrations.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "testing/fixtures.h"

namespace tacit::store {
namespace {

class MigrationsTest : public ::testing::Test {
 protected:
  std::unique_ptr<Connection> open() const {
    ConnectionOptions options;
    options.path = (folder_.path() / "tacit.db").string();
    options.role = ConnectionRole::kWriter;
    options.may_create = true;
    auto connection = Connection::open(options);
    EXPECT_TRUE(connection.has_value()) << connection.error().message();
    return std::move(*connection);
  }

  testing::TempFolder folder_;
};

TEST_F(MigrationsTest, RunOnceAndAreRemembered) {
  auto connection = open();
  ASSERT_TRUE(migrate(*connection, released_migrations()).has_value());
  ASSERT_TRUE(migrate(*connection, released_migrations()).has_value());
  EXPECT_EQ(connection->integer("SELECT count(*) FROM migration").value(),
            static_cast<std::int64_t>(released_migrations().size()));
  EXPECT_TRUE(check_schema(*connection, released_migrations()).has_value());
}

TEST_F(MigrationsTest, ANewerSchemaIsRefused) {
  auto connection = open();
  ASSERT_TRUE(migrate(*connection, released_migrations()).has_value());
  ASSERT_TRUE(connection->run("PRAGMA user_version = 999").has_value());
  const auto refused = migrate(*connection, released_migrations());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(MigrationsTest, AChangedStepIsRefused) {
  auto connection = open();
  ASSERT_TRUE(migrate(*connection, released_migrations()).has_value());
  const std::string changed = std::string(released_migrations().front().sql) + "-- changed\n";
  const std::array<Migration, 1> steps = {{{1, "initial", changed}}};
  const auto refused = migrate(*connection, steps);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(MigrationsTest, AFailingStepLeavesTheSchemaBefore) {
  auto connection = open();
  const std::string_view first = released_migrations().front().sql;
  const std::array<Migration, 2> steps = {
      {{1, "initial", first}, {2, "broken", "CREATE TABLE extra(a); SELECT nonsense;"}}};
  EXPECT_FALSE(migrate(*connection, steps).has_value());
  EXPECT_EQ(connection->integer("PRAGMA user_version").value(), 1);
  EXPECT_EQ(connection->integer("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'").value(),
            0);
}

TEST_F(MigrationsTest, AnotherProgramsDatabaseIsRefused) {
  auto connection = open();
  ASSERT_TRUE(connection->run("CREATE TABLE recipe(name TEXT)").has_value());
  const auto refused = migrate(*connection, released_migrations());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(MigrationsTest, AReaderDoesNotAcceptAnOlderSchema) {
  auto connection = open();
  ASSERT_TRUE(migrate(*connection, released_migrations()).has_value());
  std::vector<Migration> steps(released_migrations().begin(), released_migrations().end());
  steps.push_back({steps.back().number + 1, "more", "CREATE TABLE extra(a) STRICT;"});
  EXPECT_EQ(check_schema(*connection, steps).error().kind(), ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace tacit::store
