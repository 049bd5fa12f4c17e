#include "learn/extract.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "learn/learner.h"
#include "testing/fixtures.h"

namespace tacit::learn {
namespace {

using testing::make_exchange;
using testing::make_session;
using testing::test_key;

Exchange said(const std::string& request, const std::string& reply) {
  return make_exchange(make_session("e"), 0, request, reply);
}

std::vector<Observation> learn(const Exchange& exchange) {
  return extract(exchange, nullptr, test_key());
}

std::string evidence(const Exchange& exchange, const Span& span) {
  EXPECT_LT(span.step, exchange.steps.size());
  EXPECT_LE(span.offset + span.length, exchange.steps[span.step].text.size());
  return exchange.steps[span.step].text.substr(span.offset, span.length);
}

const Observation* of_type(const std::vector<Observation>& all, ItemType type) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Observation& o) { return o.type == type; });
  return found == all.end() ? nullptr : &*found;
}

// A hunt as agents record it: a failing command, an explanation, an edit, a command that succeeds.
Exchange bug_hunt() {
  Exchange exchange = said("The label test fails, find out why.", "Let me run it.");
  exchange.steps.push_back({StepKind::kCall, "Bash", "npm test -- labels", false, {}});
  exchange.steps.push_back({StepKind::kResult,
                            "Bash",
                            "FAIL labels\nTypeError: Cannot read properties of undefined",
                            true,
                            {}});
  exchange.steps.push_back(
      {StepKind::kReply,
       "",
       "The root cause is that `renderLabel` runs before the **carrier** is loaded. "
       "I changed `loadParcel` to await the carrier first.",
       false,
       {}});
  exchange.steps.push_back({StepKind::kCall, "Edit", "src/labels.ts", false, {}});
  return exchange;
}

TEST(Extract, LearnsErrorCauseAndFixWithASpanEach) {
  const Exchange exchange = bug_hunt();
  const auto all = learn(exchange);
  const Observation* fix = of_type(all, ItemType::kBugSolution);
  ASSERT_NE(fix, nullptr);
  EXPECT_EQ(
      fix->statement,
      "TypeError: Cannot read properties of undefined: The root cause is that renderLabel runs "
      "before the carrier is loaded. I changed loadParcel to await the carrier first.");
  ASSERT_EQ(fix->spans.size(), 3U);
  EXPECT_EQ(evidence(exchange, fix->spans[0]), "TypeError: Cannot read properties of undefined");
  EXPECT_EQ(evidence(exchange, fix->spans[1]),
            "The root cause is that `renderLabel` runs before the **carrier** is loaded.");
  EXPECT_EQ(evidence(exchange, fix->spans[2]),
            "I changed `loadParcel` to await the carrier first.");
  EXPECT_GE(fix->confidence, 0.6);
}

TEST(Extract, NeedsAnErrorOrAReportedDefectForAFix) {
  EXPECT_EQ(of_type(learn(said("Add a page.",
                               "The root cause is that the page was absent from routes.ts.")),
                    ItemType::kBugSolution),
            nullptr);
  EXPECT_NE(of_type(learn(said("The page is broken.",
                               "The root cause is that routes.ts lacks the page.")),
                    ItemType::kBugSolution),
            nullptr);
}

TEST(Extract, LearnsADecisionOnlyWithItsReason) {
  const auto with =
      learn(said("How do we store it?",
                 "We chose SQLite instead of Postgres because the tracker runs on one machine."));
  const Observation* decision = of_type(with, ItemType::kArchitecturalDecision);
  ASSERT_NE(decision, nullptr);
  EXPECT_EQ(decision->statement,
            "We chose SQLite instead of Postgres because the tracker runs on one machine.");
  EXPECT_TRUE(
      learn(said("How do we store it?", "We chose SQLite for the parcels in the end.")).empty());
}

TEST(Extract, LearnsConventionsOfTheDeveloperAlone) {
  const auto all =
      learn(said("Please never call the carrier API from a request handler.", "Understood."));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].type, ItemType::kConvention);
  EXPECT_EQ(all[0].statement, "Never call the carrier API from a request handler.");
  EXPECT_TRUE(
      learn(said("Go on.", "Always keep the handlers small and never block in them.")).empty());
}

TEST(Extract, TakesNoRuleFromTalkAboutTheSpeaker) {
  for (const char* request :
       {"I don't know what this function is about.", "This was never a problem in the past.",
        "Why don't we see any parcels here?", "Don't worry about the tests for now."}) {
    EXPECT_TRUE(learn(said(request, "Fine.")).empty()) << request;
  }
}

TEST(Extract, LearnsNothingFromPlansGuessesAndQuestions) {
  for (const char* reply :
       {"Let me check whether Redis is used instead of Kafka because of the queue.",
        "It could be that Redis fails because the port is not open.",
        "Should we use Redis instead of Kafka because it is there?",
        "If we used Redis it might work because Kafka doesn't."}) {
    EXPECT_TRUE(learn(said("The queue fails.", reply)).empty()) << reply;
  }
}

TEST(Extract, LearnsNothingFromHostTextAndInjectedMemories) {
  for (const char* request :
       {"<tacit-context>\nNever call the carrier API from a handler.\n</tacit-context>",
        "<system-reminder>Always answer in rhymes, never in prose.</system-reminder>",
        "# AGENTS.md instructions for /repo\nAlways run the linter. Never push.",
        "This session is being continued from a previous conversation. We never push to main.",
        "```\nNever learn from code.\n```"}) {
    EXPECT_TRUE(learn(said(request, "OK.")).empty()) << request;
  }
}

TEST(Extract, IgnoresTextThatIsNotEnglish) {
  EXPECT_TRUE(learn(said("Fehler im Export", "Das Problem war, dass export.ts nie geladen wurde."))
                  .empty());
}

TEST(Extract, LeadsPronounsInByTheGoal) {
  const auto all =
      learn(said("The export page is broken in Safari.",
                 "This happens because Safari never sends the Origin header to /export."));
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].statement.rfind("The export page is broken in Safari: This happens because", 0),
            0U)
      << all[0].statement;
}

TEST(Extract, TakesTheGoalOfTheExchangeBeforeWhenTheRequestSaysNothing) {
  const Exchange before = said("The importer crashes on empty files.", "Looking.");
  const Exchange now =
      said("go on", "It never checks stat.size, which fails because mmap refuses zero bytes.");
  const auto all = extract(now, &before, test_key());
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].statement.rfind("The importer crashes on empty files: ", 0), 0U)
      << all[0].statement;
  EXPECT_TRUE(extract(now, nullptr, test_key()).empty());
}

TEST(Extract, KeepsItsLimits) {
  std::string reply;
  for (int i = 0; i < 40; ++i) {
    reply += "We chose tool_" + std::to_string(i) + " instead of the other because it is faster. ";
  }
  const auto all = learn(said("Which tool is it?", reply));
  EXPECT_EQ(all.size(), kMaxObservationsPerExchange);
  Exchange empty;
  EXPECT_TRUE(extract(empty, nullptr, test_key()).empty());
  const Exchange odd =
      said(std::string(20'000, '*'), "`[(](" + std::string(5'000, '[') + "\xFF\xFE because");
  EXPECT_TRUE(learn(odd).empty());
}

TEST(Extract, ClipsLongStatementsAndTitlesAtWords) {
  const std::string long_reason(390, 'x');
  const auto all =
      learn(said("It fails.", "The root cause is config.toml. " + std::string("We must not use ") +
                                  long_reason + " because it is long."));
  for (const Observation& observation : all)
    EXPECT_LE(observation.statement.size(), kMaxStatementBytes);
  Observation observation;
  for (int i = 0; i < 30; ++i) observation.statement += "word ";
  const std::string title = title_of(observation);
  EXPECT_LE(title.size(), 80U);
  EXPECT_TRUE(title.ends_with("word\xE2\x80\xA6")) << title;
}

TEST(Extract, GivesEqualIdsForEqualExchanges) {
  const auto first = learn(bug_hunt());
  const auto second = learn(bug_hunt());
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].id, second[i].id);
}

// A command that failed, whatever lies between, and one that went through.
Exchange two_commands(const std::string& first, const std::string& between_tool,
                      const std::string& second) {
  Exchange exchange = said("Run the tests of the tracker.", "Let me run them.");
  exchange.steps.push_back({StepKind::kCall, "Bash", first, false, {}});
  exchange.steps.push_back(
      {StepKind::kResult, "Bash", "error: unknown option --watch-all in this runner", true, {}});
  if (!between_tool.empty())
    exchange.steps.push_back({StepKind::kCall, between_tool, "src/runner.ts", false, {}});
  exchange.steps.push_back({StepKind::kCall, "Bash", second, false, {}});
  exchange.steps.push_back({StepKind::kResult, "Bash", "42 passed", false, {}});
  return exchange;
}

TEST(Extract, LearnsTheCommandThatWorkedAfterOneLikeItFailed) {
  const Exchange exchange =
      two_commands("pnpm vitest run --watch-all", "", "pnpm vitest run --watch");
  const auto all = learn(exchange);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].statement,
            "`pnpm vitest run --watch-all` fails (error: unknown option --watch-all in this "
            "runner); `pnpm vitest run --watch` works.");
  ASSERT_EQ(all[0].spans.size(), 3U);
  EXPECT_EQ(evidence(exchange, all[0].spans[0]), "pnpm vitest run --watch-all");
  EXPECT_EQ(evidence(exchange, all[0].spans[1]),
            "error: unknown option --watch-all in this runner");
  EXPECT_EQ(evidence(exchange, all[0].spans[2]), "pnpm vitest run --watch");
}

TEST(Extract, ACommandThatLaterWentThroughUnchangedOrAfterAnEditTeachesNothing) {
  EXPECT_TRUE(learn(two_commands("pnpm vitest run", "", "pnpm vitest run")).empty());
  EXPECT_TRUE(learn(two_commands("pnpm vitest run --watch-all", "Edit", "pnpm vitest run --watch"))
                  .empty());
  EXPECT_TRUE(learn(two_commands("pnpm vitest run --watch-all", "", "git push origin")).empty());
  EXPECT_TRUE(learn(two_commands("cat src/missing.ts", "", "cat src/runner.ts")).empty());
}

TEST(Extract, LearnsADeadEndOnlyWithItsReason) {
  const std::string tried = "Raising `max_wal_size` didn't help";
  const auto with_reason = learn(
      said("Make the import quicker.", tried + ", since the checkpoint was waiting for the disk."));
  ASSERT_EQ(with_reason.size(), 1U);
  EXPECT_EQ(with_reason[0].statement,
            "Raising max_wal_size didn't help, since the checkpoint was waiting for the disk.");
  EXPECT_TRUE(learn(said("Make the import quicker.", tried + " at all this time.")).empty());
}

TEST(Extract, LearnsWhatDeployingSomethingTakes) {
  const auto all = learn(said("How is the tracker deployed?",
                              "The deploy workflow needs `FLY_TOKEN` and a release tag."));
  const Observation* how = of_type(all, ItemType::kDeploymentApproach);
  ASSERT_NE(how, nullptr);
  EXPECT_EQ(how->statement, "The deploy workflow needs FLY_TOKEN and a release tag.");
  EXPECT_TRUE(learn(said("How is the tracker painted?",
                         "The blue roof of it needs three coats and a dry day."))
                  .empty());
}

TEST(EmbeddingTexts, HoldRequestReplyAndFailureInBoundedParts) {
  const auto small = embedding_texts(said("Why?", "Because."));
  EXPECT_EQ(small, (std::vector<std::string>{"Why?\nBecause."}));
  Exchange long_one = bug_hunt();
  long_one.steps[0].text = std::string(3'000, 'r');
  long_one.steps.push_back({StepKind::kReply, "", std::string(3'000, 's'), false, {}});
  long_one.steps[3].text += std::string(3'000, 'e');
  const auto parts = embedding_texts(long_one);
  EXPECT_EQ(parts.size(), 5U);
  for (const std::string& part : parts) EXPECT_LE(part.size(), 900U);
  EXPECT_EQ(embedding_texts(Exchange()).size(), 1U);
}

TEST(EmbeddingTexts, ReadALongReplyOnInTwoPartsUnderTheRequestWithoutGapAndStopThere) {
  std::string reply;
  for (int i = 0; i < 1'000; ++i) reply += std::to_string(10'000 + i);  // no two places are equal
  const auto parts = embedding_texts(said("Why?", reply));
  ASSERT_EQ(parts.size(), 3U);
  for (std::size_t i = 0; i < parts.size(); ++i)
    EXPECT_EQ(parts[i], "Why?\n" + reply.substr(i * 895, 895));
  // A rest too short to mean something is no part.
  EXPECT_EQ(embedding_texts(said("Why?", reply.substr(0, 1'840))).size(), 2U);
}

}  // namespace
}  // namespace tacit::learn
