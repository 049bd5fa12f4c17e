#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/importer.h"
#include "service/workspace.h"
#include "testing/fixtures.h"

namespace tacit::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Looks like a token of a well-known forge; put together here so that no scanner takes it for one.
std::string fake_token() {
  return std::string("gh") + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8";
}

Incoming incoming(const std::string& session, int ordinal, const std::string& request,
                  const std::string& reply) {
  Incoming result;
  result.session = testing::make_session(session);
  result.exchange = testing::make_exchange(result.session, ordinal, request, reply);
  return result;
}

class ServiceTest : public ::testing::Test {
 protected:
  std::unique_ptr<Workspace> open(Access access) {
    WorkspaceOptions options;
    options.data_dir = folder_.path() / "data";
    options.wants_model = false;
    auto workspace = Workspace::open(options, access, clock_);
    EXPECT_TRUE(workspace.has_value()) << workspace.error().message();
    return std::move(*workspace);
  }
  std::string all_bytes() {
    std::string bytes;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_.path() / "data")) {
      if (entry.is_regular_file()) bytes += testing::read_file(entry.path());
    }
    return bytes;
  }

  testing::TempFolder folder_;
  testing::ManualClock clock_;
};

TEST_F(ServiceTest, IngestCountsNewThingsOnce) {
  auto workspace = open(Access::kWriter);
  const auto first = workspace->service().ingest(
      {incoming("a", 0, "why?", "because"), incoming("a", 1, "and?", "so")});
  ASSERT_TRUE(first.has_value()) << first.error().message();
  EXPECT_EQ(first->sessions, 1U);
  EXPECT_EQ(first->exchanges, 2U);
  const auto second = workspace->service().ingest({incoming("a", 0, "why?", "because")});
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->sessions, 0U);
  EXPECT_EQ(second->exchanges, 0U);
  EXPECT_EQ(second->duplicates, 1U);
}

TEST_F(ServiceTest, NoByteOfASecretReachesTheDisk) {
  auto workspace = open(Access::kWriter);
  auto event =
      incoming("a", 0, "use token " + fake_token(), "the token " + fake_token() + " works");
  event.session.title = "about " + fake_token();
  const auto report = workspace->service().ingest({event});
  ASSERT_TRUE(report.has_value()) << report.error().message();
  EXPECT_GE(report->redactions, 3U);
  ASSERT_TRUE(workspace->store().checkpoint().has_value());
  EXPECT_THAT(all_bytes(), Not(HasSubstr(fake_token())));
}

TEST_F(ServiceTest, InvalidUtf8IsReplacedVisibly) {
  auto workspace = open(Access::kWriter);
  ASSERT_TRUE(workspace->service().ingest({incoming("a", 0, "bad \xFF byte", "ok")}).has_value());
  const auto id = testing::make_exchange(testing::make_session("a"), 0, "", "");
  const auto sessions = workspace->service().sessions("", 10, "");
  ASSERT_TRUE(sessions.has_value());
  const auto record = workspace->service().get(sessions->front().session.id.text());
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(std::get<SessionRecord>(*record).exchanges.front().request(), "bad \xEF\xBF\xBD byte");
}

TEST_F(ServiceTest, RefusesAnExchangeWithoutIdentityOrRequest) {
  auto workspace = open(Access::kWriter);
  auto nameless = incoming("a", 0, "q", "r");
  nameless.exchange.identity.clear();
  EXPECT_EQ(workspace->service().ingest({nameless}).error().kind(), ErrorKind::kInvalidInput);
  auto silent = incoming("a", 0, "q", "r");
  silent.exchange.steps.erase(silent.exchange.steps.begin());
  EXPECT_EQ(workspace->service().ingest({silent}).error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(ServiceTest, AReaderCannotWriteButSeesWhatTheOwnerCommits) {
  auto writer = open(Access::kWriter);
  auto reader = open(Access::kReader);
  EXPECT_EQ(reader->service().ingest({incoming("a", 0, "q", "r")}).error().kind(),
            ErrorKind::kUnavailable);
  ASSERT_TRUE(writer->service().ingest({incoming("a", 0, "q", "r")}).has_value());
  EXPECT_EQ(reader->service().sessions("", 10, "")->size(), 1U);
}

TEST_F(ServiceTest, GetTellsWhatIsNotThere) {
  auto workspace = open(Access::kWriter);
  for (const char* id : {"k000000000001", "nonsense", ""}) {
    const auto record = workspace->service().get(id);
    ASSERT_FALSE(record.has_value()) << id;
    EXPECT_EQ(record.error().kind(), ErrorKind::kNotFound);
  }
}

TEST_F(ServiceTest, ForgetRemovesEveryByteAndKeepsItOut) {
  auto workspace = open(Access::kWriter);
  ASSERT_TRUE(workspace->service()
                  .ingest({incoming("a", 0, "zebrafish question", "quokkadile answer")})
                  .has_value());
  const auto id = workspace->service().sessions("", 10, "")->front().session.id;
  const auto target = KnowledgeService::forget_target_of(id.text());
  ASSERT_TRUE(target.has_value());
  const auto preview = workspace->service().forget(*target, true);
  ASSERT_TRUE(preview.has_value());
  EXPECT_EQ(preview->exchanges, 1);
  EXPECT_THAT(all_bytes(), HasSubstr("quokkadile")) << "a dry run removes nothing";
  ASSERT_TRUE(workspace->service().forget(*target, false).has_value());
  EXPECT_THAT(all_bytes(), Not(HasSubstr("quokkadile")));
  EXPECT_THAT(all_bytes(), Not(HasSubstr("zebrafish")));
  const auto again =
      workspace->service().ingest({incoming("a", 0, "zebrafish question", "quokkadile answer")});
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->forgotten, 1U);
  EXPECT_EQ(workspace->service()
                .ingest({incoming("a", 0, "zebrafish question", "quokkadile answer")}, true)
                ->exchanges,
            1U);
}

TEST_F(ServiceTest, ForgetAlsoDropsTheEmbeddingsInMemory) {
  auto workspace = open(Access::kWriter);
  embed::EmbeddingCache embeddings(std::make_unique<testing::HashEmbedder>());
  KnowledgeService service({workspace->store(),
                            workspace->retriever(),
                            workspace->redactor(),
                            workspace->key(),
                            clock_,
                            &embeddings,
                            "",
                            "",
                            true,
                            {},
                            {},
                            nullptr});
  ASSERT_TRUE(service.ingest({incoming("a", 0, "zebrafish", "quokkadile")}).has_value());
  ASSERT_TRUE(embeddings.embed_query("zebrafish quokkadile", Deadline::none()).has_value());
  EXPECT_EQ(service.status()->embeddings.entries, 1U);
  const auto id = service.sessions("", 10, "")->front().session.id;
  const auto target = KnowledgeService::forget_target_of(id.text());
  ASSERT_TRUE(service.forget(*target, true).has_value());
  EXPECT_EQ(embeddings.stats().entries, 1U) << "a dry run removes nothing";
  ASSERT_TRUE(service.forget(*target, false).has_value());
  EXPECT_EQ(embeddings.stats().entries, 0U);
}

TEST_F(ServiceTest, ImportStopsOnAPortErrorAndNamesUnreadableFiles) {
  testing::write_file(folder_.path() / "in" / "notes.txt", "no transcript");
  ImportPorts ports;
  ports.ingest = [](std::vector<Incoming>) -> Result<IngestReport> {
    return fail(ErrorKind::kUnavailable, "disk is full");
  };
  const auto report = import_paths({folder_.path() / "in", folder_.path() / "missing"}, ports);
  ASSERT_TRUE(report.has_value()) << report.error().message();
  EXPECT_EQ(report->files, 0U);
  EXPECT_EQ(report->exchanges, 0U);
  EXPECT_FALSE(report->skipped.empty());
}

}  // namespace
}  // namespace tacit::service
