#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/fixtures.h"

namespace tacit::app {
namespace {

using ::testing::HasSubstr;

Environment environment_of(std::map<std::string, std::string> values) {
  values.emplace("HOME", "/nowhere");
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

const ConfigValue& value_of(const Config& config, const std::string& key) {
  for (const ConfigValue& value : config.values) {
    if (value.key == key) return value;
  }
  ADD_FAILURE() << "no key " << key;
  return config.values.front();
}

TEST(Config, TakesDefaultsThenFileThenEnvironmentThenFlags) {
  const testing::TempFolder folder;
  const auto file = folder.path() / "config.toml";
  testing::write_file(file, "listen = \"127.0.0.1:1000\"\nthreads = 3\nhttp_workers = 7\n");
  const auto config = load_config(
      file, environment_of({{"TACIT_LISTEN", "127.0.0.1:2000"}, {"TACIT_THREADS", "2"}}),
      {{"listen", "127.0.0.1:3000"}});
  ASSERT_TRUE(config.has_value()) << config.error().message();
  EXPECT_EQ(config->settings.listen, "127.0.0.1:3000");
  EXPECT_EQ(value_of(*config, "listen").origin, "flag --listen");
  EXPECT_EQ(config->settings.threads, 2U);
  EXPECT_EQ(value_of(*config, "threads").origin, "environment TACIT_THREADS");
  EXPECT_EQ(config->settings.http_workers, 7U);
  EXPECT_EQ(value_of(*config, "http_workers").origin, file.string());
  EXPECT_EQ(value_of(*config, "log_level").origin, "default");
  EXPECT_EQ(config->settings.data_dir, "/nowhere/.local/share/tacit");
}

TEST(Config, ReportsAllMistakesAtOnceAndTheNearestName) {
  const testing::TempFolder folder;
  const auto file = folder.path() / "config.toml";
  testing::write_file(file, "listne = \"x\"\nthreads = 9999\n");
  const auto config =
      load_config(file, environment_of({{"TACIT_LISTEN", "0.0.0.0:80"}}), {{"log_level", "loud"}});
  ASSERT_FALSE(config.has_value());
  const std::string& text = config.error().message();
  EXPECT_THAT(text, HasSubstr("unknown key \"listne\"; did you mean \"listen\"?"));
  EXPECT_THAT(text, HasSubstr("threads"));
  EXPECT_THAT(text, HasSubstr("0 to 256"));
  EXPECT_THAT(text, HasSubstr("loopback address"));
  EXPECT_THAT(text, HasSubstr("trace, debug, info, warn or error"));
}

TEST(Config, NamesTheLineOfAMalformedFile) {
  const testing::TempFolder folder;
  const auto file = folder.path() / "config.toml";
  testing::write_file(file, "threads = 1\nlisten = \n");
  const auto config = load_config(file, environment_of({}), {});
  ASSERT_FALSE(config.has_value());
  EXPECT_THAT(config.error().message(), HasSubstr("config.toml:2"));
}

TEST(Config, RefusesAConfigFileThatIsNotThere) {
  EXPECT_FALSE(load_config("/nowhere/at/all.toml", environment_of({}), {}).has_value());
}

TEST(Config, ThePageInDocsIsTheGeneratedOne) {
  EXPECT_EQ(testing::read_file(std::string(TACIT_SOURCE_DIR) + "/docs/configuration.md"),
            configuration_page())
      << "run with TACIT_UPDATE_GOLDEN=1 to renew";
}

TEST(Config, RenewsThePageInDocsWhenAsked) {
  if (std::getenv("TACIT_UPDATE_GOLDEN") == nullptr) return;
  testing::write_file(std::string(TACIT_SOURCE_DIR) + "/docs/configuration.md",
                      configuration_page());
}

}  // namespace
}  // namespace tacit::app
