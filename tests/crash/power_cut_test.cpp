// Goal: no acknowledged row is lost and nothing is corrupt when the power goes at any moment.
// Method: a store on a simulated disk (lossy_disk.h) writes, grows, forgets and checkpoints; the
// power goes in the midst of a random operation; the store is opened on what survived and compared
// with a model of what it acknowledged. Some cuts come while the store recovers from the one
// before. The same loop at synchronous NORMAL must lose rows, or the simulation would prove
// nothing. TACIT_CUTS sets another number of cuts, TACIT_SEED another first seed; a failure prints
// the seed of its life.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>

#include "base/log.h"
#include "crash/lossy_vfs.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"
#include "store/store.h"
#include "store/text_queries.h"
#include "store/txn.h"
#include "testing/fixtures.h"

namespace tacit::crash {
namespace {

constexpr std::size_t kCutsOfALife = 10;
constexpr std::uint64_t kSearchedOf = 8;  // one row in so many is also looked up by its words
const Instant kNow = from_millis(1'767'225'600'000);

struct Totals {
  std::size_t cuts = 0;
  std::size_t cuts_in_recovery = 0;
  std::size_t acknowledged = 0;
  std::size_t lost = 0;    // acknowledged, but not there
  std::string corruption;  // the first that was met, with its seed
};

// What may or may not have happened: the write in progress when the power went.
struct Pending {
  enum class Kind { kPut, kForget } kind = Kind::kPut;
  std::vector<Exchange> exchanges;
};

// One disk from its first file on, and the model of what the store on it has acknowledged.
class Life {
 public:
  Life(std::uint64_t seed, bool durable, Totals& totals)
      : seed_(seed),
        durable_(durable),
        totals_(totals),
        random_(seed),
        disk_(seed + 1),
        vfs_("lossy", disk_) {}

  void run(std::size_t cuts) {
    if (roll(2) == 0) cut_during_open(400);
    for (std::size_t i = 0; i < cuts && totals_.corruption.empty(); ++i) {
      if (!open_and_compare()) return;
      disk_.cut_after(1 + roll(roll(3) == 0 ? 60 : 900));
      for (std::size_t n = 1 + roll(8); n > 0 && !disk_.is_cut(); --n) act();
      if (roll(4) == 0 && !disk_.is_cut())
        store_.reset();  // the power goes during or after a clean stop
      lose_power();
      if (roll(3) == 0) cut_during_open(40);
    }
    if (totals_.corruption.empty()) open_and_compare();
  }

 private:
  std::uint64_t roll(std::uint64_t below) {
    return std::uniform_int_distribution<std::uint64_t>(0, below - 1)(random_);
  }

  Result<std::unique_ptr<store::Store>> open() const {
    store::StoreOptions options;
    options.directory = "/disk";
    options.durable = durable_;
    options.vfs = "lossy";
    return store::Store::open(options);
  }

  void lose_power() {
    disk_.cut_now();
    store_.reset();
    disk_.restart();
    ++totals_.cuts;
  }

  void cut_during_open(std::uint64_t operations) {
    disk_.cut_after(1 + roll(operations));
    auto opened = open();
    if (opened) store_ = std::move(*opened);
    lose_power();
    ++totals_.cuts_in_recovery;
  }

  void note_corruption(const std::string& what) {
    if (totals_.corruption.empty()) {
      totals_.corruption = what + " (seed " + std::to_string(seed_) + ")";
    }
  }

  bool open_and_compare() {
    auto opened = open();
    if (!opened) {
      note_corruption("does not open: " + opened.error().message());
      return false;
    }
    store_ = std::move(*opened);
    const auto compared = store_->read([&](store::ReadTxn& txn) -> Result<void> {
      auto rows = TACIT_TRY(txn.query("PRAGMA integrity_check"));
      if (TACIT_TRY(rows.step()) && rows.text(0) != "ok") note_corruption(rows.text(0));
      TACIT_TRY(settle_pending(txn));
      return compare(txn);
    });
    if (!compared) note_corruption("cannot be read: " + compared.error().message());
    pending_.reset();
    return totals_.corruption.empty();
  }

  // A write that was never acknowledged is there as a whole or not at all.
  Result<void> settle_pending(store::ReadTxn& txn) {
    if (!pending_) return {};
    std::size_t happened = 0;
    for (const Exchange& exchange : pending_->exchanges) {
      const auto found = TACIT_TRY(store::find_exchange(txn, exchange.id));
      const bool forgets = pending_->kind == Pending::Kind::kForget;
      if (forgets ? !found : found && found->steps.size() == exchange.steps.size()) ++happened;
    }
    if (happened == 0) return {};
    if (happened != pending_->exchanges.size()) {
      note_corruption("half of a transaction is there");
      return {};
    }
    adopt(*pending_);
    return {};
  }

  void adopt(const Pending& done) {
    for (const Exchange& exchange : done.exchanges) {
      if (done.kind == Pending::Kind::kForget) {
        kept_.erase(exchange.id);
        forgotten_[exchange.id] = exchange;
      } else {
        kept_[exchange.id] = exchange;
      }
    }
  }

  Result<void> compare(store::ReadTxn& txn) {
    std::size_t lost = 0;
    for (const auto& [id, exchange] : kept_) {
      const auto found = TACIT_TRY(store::find_exchange(txn, id));
      if (!found || found->steps.size() != exchange.steps.size() ||
          found->steps.back().text != exchange.steps.back().text) {
        ++lost;
        continue;
      }
      if (roll(kSearchedOf) != 0) continue;
      const auto terms =
          TACIT_TRY(store::query_terms(txn, HitKind::kExchange, word_of(exchange.ordinal)));
      if (TACIT_TRY(store::search_text(txn, HitKind::kExchange, terms, {}, 5)).size() != 1) {
        note_corruption("the full text lacks a row that is there");
      }
    }
    for (const auto& [id, exchange] : forgotten_) {
      if (TACIT_TRY(store::probe_exchange(txn, exchange)) != store::PutOutcome::kForgotten) ++lost;
    }
    const auto stored = static_cast<std::size_t>(TACIT_TRY(store::count_all(txn)).exchanges);
    if (lost == 0 && stored != kept_.size()) note_corruption("rows that nobody wrote");
    totals_.lost += lost;
    // The control goes on with what is left.
    if (lost > 0) TACIT_TRY(take_over(txn));
    return {};
  }

  Result<void> take_over(store::ReadTxn& txn) {
    std::erase_if(forgotten_, [](const auto&) { return true; });
    std::map<ExchangeId, Exchange> left;
    for (const auto& [id, exchange] : kept_) {
      if (auto found = TACIT_TRY(store::find_exchange(txn, id))) left[id] = std::move(*found);
    }
    kept_ = std::move(left);
    return {};
  }

  // A word of its own for each exchange, of letters that no ending is made of.
  static std::string word_of(int ordinal) {
    std::string word = "needle";
    for (const char digit : std::to_string(ordinal)) word += "bcfkmpqtvx"[digit - '0'];
    return word;
  }

  Exchange next_exchange() {
    Exchange exchange =
        testing::make_exchange(session_, ordinal_, "request " + word_of(ordinal_), "reply");
    // Pages to write, but no words to cut.
    const std::string output(roll(3000), '=');
    exchange.steps.push_back({StepKind::kResult, "tool", output, false, std::nullopt});
    ++ordinal_;
    return exchange;
  }

  void act() {
    const std::uint64_t choice = roll(20);
    if (choice < 2) {
      static_cast<void>(store_->checkpoint());
    } else if (choice < 4 && !kept_.empty()) {
      forget_one();
    } else if (choice < 7 && !kept_.empty()) {
      Exchange grown = any_kept();
      grown.steps.push_back({StepKind::kReply, "", "grown", false, std::nullopt});
      put({grown});
    } else {
      std::vector<Exchange> batch;
      for (std::uint64_t n = 1 + roll(3); n > 0; --n) batch.push_back(next_exchange());
      put(batch);
    }
  }

  const Exchange& any_kept() {
    return std::next(kept_.begin(), static_cast<std::ptrdiff_t>(roll(kept_.size())))->second;
  }

  void put(const std::vector<Exchange>& exchanges) {
    const auto done = store_->write([&](store::WriteTxn& txn) -> Result<void> {
      TACIT_TRY(store::put_session(txn, session_));
      for (const Exchange& exchange : exchanges) {
        TACIT_TRY(store::put_exchange(txn, exchange, kNow, false));
      }
      return {};
    });
    acknowledge(done, {Pending::Kind::kPut, exchanges});
  }

  void forget_one() {
    const Exchange exchange = any_kept();
    store::ForgetTarget target;
    target.exchange = exchange.id;
    const auto done = store_->write([&](store::WriteTxn& txn) -> Result<void> {
      TACIT_TRY(store::forget(txn, target, kNow));
      return {};
    });
    acknowledge(done, {Pending::Kind::kForget, {exchange}});
    if (done) static_cast<void>(store_->checkpoint());
  }

  void acknowledge(const Result<void>& done, Pending what) {
    if (done) {
      ++totals_.acknowledged;
      adopt(what);
      return;
    }
    if (!disk_.is_cut()) note_corruption("a write failed: " + done.error().message());
    pending_ = std::move(what);
  }
  const std::uint64_t seed_;
  const bool durable_;
  Totals& totals_;
  std::mt19937_64 random_;
  LossyDisk disk_;
  LossyVfs vfs_;
  std::unique_ptr<store::Store> store_;
  const Session session_ = testing::make_session("session");
  int ordinal_ = 0;
  std::map<ExchangeId, Exchange> kept_;
  std::map<ExchangeId, Exchange> forgotten_;
  std::optional<Pending> pending_;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

Totals run_lives(std::size_t cuts, bool durable) {
  // Each cut is an error of the disk to the store; thousands of lines would hide a real one.
  log::set_level(static_cast<log::Level>(static_cast<int>(log::Level::kError) + 1));
  Totals totals;
  std::uint64_t seed = number_from("TACIT_SEED", 1);
  while (totals.cuts < cuts && totals.corruption.empty() && totals.lost == 0) {
    Life life(seed, durable, totals);
    life.run(kCutsOfALife);
    if (durable) {
      EXPECT_EQ(totals.lost, 0U) << "seed " << seed;
    }
    seed += 2;
  }
  return totals;
}

TEST(PowerCut, LosesNoAcknowledgedRowAndCorruptsNothing) {
  const std::size_t cuts = number_from("TACIT_CUTS", 3000);
  const Totals totals = run_lives(cuts, true);
  EXPECT_EQ(totals.corruption, "");
  EXPECT_EQ(totals.lost, 0U);
  EXPECT_GE(totals.cuts, cuts);
  EXPECT_GT(totals.cuts_in_recovery, cuts / 10);
  EXPECT_GT(totals.acknowledged, cuts) << "cuts must come between many acknowledged writes";
  RecordProperty("cuts", std::to_string(totals.cuts));
  RecordProperty("acknowledged", std::to_string(totals.acknowledged));
}

TEST(PowerCut, TheSameLoopWithoutFullSyncsLosesAcknowledgedRows) {
  const Totals totals = run_lives(200, false);
  EXPECT_EQ(totals.corruption, "") << "NORMAL loses, but does not corrupt";
  EXPECT_GT(totals.lost, 0U);
}

TEST(LossyDisk, KeepsWhatWasSyncedAndMayLoseTheRest) {
  bool kept_unsynced = false;
  bool lost_unsynced = false;
  bool tore = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    LossyDisk disk(seed);
    {
      const auto file = disk.open("f", true);
      disk.write(*file, 0, std::string(kSector, 'a'));
      disk.sync("f", *file);
      disk.write(*file, 0, std::string(kSector, 'b'));
    }
    disk.cut_now();
    EXPECT_EQ(disk.open("f", false), nullptr) << "nothing works without power";
    disk.restart();
    std::string bytes(kSector, '\0');
    std::size_t got = 0;
    const auto file = disk.open("f", false);
    ASSERT_NE(file, nullptr);
    ASSERT_TRUE(disk.read(*file, 0, bytes.data(), bytes.size(), got));
    EXPECT_EQ(got, kSector);
    const bool has_a = bytes.find('a') != std::string::npos;
    const bool has_b = bytes.find('b') != std::string::npos;
    EXPECT_TRUE(has_a || has_b);
    kept_unsynced = kept_unsynced || !has_a;
    lost_unsynced = lost_unsynced || !has_b;
    tore = tore || (has_a && has_b);
  }
  EXPECT_TRUE(kept_unsynced && lost_unsynced && tore);
}

TEST(LossyDisk, ANameThatWasNeverSyncedMayBeGone) {
  std::set<bool> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    LossyDisk disk(seed);
    disk.open("f", true);
    disk.cut_now();
    disk.restart();
    seen.insert(disk.exists("f"));
  }
  EXPECT_EQ(seen.size(), 2U);
}

}  // namespace
}  // namespace tacit::crash
