// Recordings of a mixer that keep its participants apart: what goes wrong with one touches no other.

#include <gmock/gmock.h>
#include <sys/mount.h>

#include "record/conference_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(ConferenceTest, TakesNoParticipantThatItDoesNotKeepApartOrThatComesAfterTheEnd) {
  Track& mixed = open(conference("wav", true));
  auto refused = try_join("alice");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::Kind::unexpected);
  end(mixed);
  refused = try_join("alice");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::Kind::not_found);
}

TEST_F(ConferenceTest, ForgetsAParticipantThatWasNeverAttached) {
  Track& main = open(conference("wav", false));
  Track& alice = join("alice", 0ms);
  auto nobody = try_join("nobody");
  ASSERT_TRUE(nobody);
  push(main, noise(8000));
  push(alice, tone(440, 8000));
  leave(**nobody);
  leave(alice);
  const Outcome outcome = end(main);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(channels_of(path_of(outcome.uri)), 1);
  EXPECT_TRUE(spool().empty());
}

TEST_F(ConferenceTest, DoesNotWaitForeverForAParticipantThatNobodyEnds) {
  Track& main = open(conference("wav", false));
  Track& alice = join("alice", 0ms);
  push(main, tone(440, 8000));
  push(alice, tone(700, 4000));
  const Outcome outcome = end(main);
  EXPECT_EQ(outcome.reason, EndReason::error);
  EXPECT_EQ(outcome.error, "participant alice: the end of its audio did not come");
  EXPECT_EQ(cut(decoded(path_of(outcome.uri)), 0, 4000), tone(700, 4000));
  EXPECT_TRUE(alice.is_failed());
  push(alice, tone(700, 160));  // the track is there as long as its producer has it
  leave(alice);
}

TEST_F(ConferenceTest, LeavesNothingBehindWhereItIsDiscardedWithParticipantsOnTheirWay) {
  open(conference("wav", false));
  Track& alice = join("alice", 0ms);
  push(alice, tone(700, 4000));
  desk.recorder.discard(id);
  EXPECT_TRUE(desk.run_until([&] { return spool().empty(); }));
  push(alice, tone(700, 160));
  leave(alice);
}

TEST_F(ConferenceTest, FinishesWhatWasSaidWhenTheServerStops) {
  Track& main = open(conference("wav", true, {{"tracks", "participant"}}));
  Track& alice = join("alice", 0ms);
  push(main, tone(440, 8000));
  push(alice, tone(700, 8000));
  std::thread producer([&] {
    while (!main.is_failed() || !alice.is_failed()) std::this_thread::yield();
    leave(alice);
    main.push_end(EndReason::error, {});
  });
  desk.recorder.stop();
  producer.join();
  const Outcome outcome = desk.outcome();
  EXPECT_THAT(outcome.error, StartsWith("server stopped"));
  const json about = sidecar_beside(outcome.uri);
  EXPECT_EQ(decoded(path_of(outcome.uri)), tone(440, 8000));
  EXPECT_EQ(decoded(path_of(outcome.uri).parent_path() / about["participants"][0]["file"]), tone(700, 8000));
}

TEST_F(ConferenceTest, KeepsTheOthersAndTheMixWhereThePartOfOneIsLost) {
  for (const bool mix : {false, true}) {
    Request asked = conference("wav", mix, mix ? std::vector<Hint>{{"tracks", "participant"}} : std::vector<Hint>());
    asked.component_id = mix ? "files" : "channels";
    Track& main = open(asked);
    Track& alice = join("alice", 0ms);
    Track& bob = join("bob", 0ms);
    push(main, tone(440, 8000));
    push(alice, tone(700, 8000));
    push(bob, tone(1000, 8000));
    leave(alice);
    leave(bob);
    EXPECT_TRUE(desk.run_until([&] { return is_closed("visit2"); }));
    for (const auto& name : spool()) {
      if (name.find("visit1") != std::string::npos) fs::remove(directory.path() / "spool" / name);
    }
    main.push_end(EndReason::stop, {});
    const Outcome outcome = desk.outcome(mix ? 1 : 0);
    EXPECT_EQ(outcome.reason, EndReason::error);
    EXPECT_THAT(outcome.error, StartsWith("participant alice: read "));
    EXPECT_EQ(outcome.duration, 1s);
    const json about = sidecar_beside(outcome.uri);
    EXPECT_THAT(about["participants"][0]["error"].get<std::string>(), StartsWith("read "));
    EXPECT_FALSE(about["participants"][1].contains("error"));
    const Samples of_bob = mix ? decoded(path_of(outcome.uri).parent_path() / about["participants"][1]["file"])
                               : channel_of(decoded(path_of(outcome.uri)), 1, 2);
    EXPECT_EQ(of_bob, tone(1000, 8000));
    if (mix) {
      EXPECT_EQ(decoded(path_of(outcome.uri)), tone(440, 8000));
    }
  }
}

TEST(ConferenceOnAFullDisk, KeepsTheMixAndWhatItHasOfEachAndSaysOfWhomItIsNotAll) {
  TemporaryDirectory directory;
  if (::mount("none", directory.path().c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "not allowed to mount";
  {
    Desk desk(directory.path());
    ASSERT_TRUE(desk.recorder.start());
    Request asked = request("mp3");
    asked.settings.on_mixer = true;
    asked.settings.hints = {{"tracks", "participant"}};
    auto main = desk.open(asked);
    ASSERT_TRUE(main);
    (*main)->set_start(base::Time() + 1h);
    Track* alice = nullptr;
    desk.recorder.open_participant(
        desk.last_id, {"alice", "", ""}, 8000,
        [&](ParticipantId, base::Result<Track*> opened) { alice = opened ? *opened : nullptr; });
    ASSERT_TRUE(desk.run_until([&] { return alice != nullptr; }));
    alice->set_start(base::Time() + 1h);
    const Samples said = noise(160);
    while (!alice->is_failed()) {
      if (!alice->push_audio(said)) continue;
      while (!(*main)->push_audio(said)) std::this_thread::yield();
    }
    // Room for the sidecar, which may not find any, and for no participant's file.
    ASSERT_EQ(::mount("none", directory.path().c_str(), "tmpfs", MS_REMOUNT, "size=1120k"), 0);
    alice->push_end(EndReason::error, {});
    (*main)->push_end(EndReason::stop, {});
    const Outcome outcome = desk.outcome();
    EXPECT_EQ(outcome.reason, EndReason::error);
    EXPECT_THAT(outcome.error, HasSubstr("No space left on device"));
    const fs::path file = path_of(outcome.uri);
    EXPECT_NEAR(static_cast<double>(decoded(file).size()) / 8, static_cast<double>(outcome.duration.count()), 1);
    EXPECT_GT(outcome.duration, 40s);
    const json alone = sidecar_beside(outcome.uri)["participants"][0]["parts"][0];
    EXPECT_EQ(alone["at"], 0);
    EXPECT_GT(decoded(file.parent_path() / alone["file"]).size(), 350000U) << "what was said before";
  }
  ::umount2(directory.path().c_str(), MNT_DETACH);
}

TEST_F(ConferenceTest, KeepsManyConferencesThatComeAndGoAtOnceApart) {
  constexpr int kConferences = 10, kEach = 12;
  std::vector<RecordingId> ids;
  std::vector<Track*> mains;
  for (int i = 0; i < kConferences; ++i) {
    Request asked = conference("wav", false);
    asked.component_id = numbered("c", i);
    mains.push_back(&open(asked));
    ids.push_back(id);
  }
  std::vector<std::pair<int, Track*>> joined;
  int opened = 0;
  for (int round = 0; round < kEach; ++round) {
    for (int i = 0; i < kConferences; ++i) {
      desk.recorder.open_participant(ids[static_cast<std::size_t>(i)], {numbered("p", round % 4), "", ""}, 8000,
                                     [&, i, round](ParticipantId, base::Result<Track*> track) {
                                       ++opened;
                                       ASSERT_TRUE(track);
                                       (*track)->set_start(kBegan + round * 100ms);
                                       joined.emplace_back(i, *track);
                                     });
    }
  }
  ASSERT_TRUE(desk.run_until([&] { return opened == kConferences * kEach; }));
  for (Track* main : mains) push(*main, noise(9600));
  for (const auto& [conference, track] : joined) push(*track, tone(400 + 100 * conference, 800));
  for (const auto& [conference, track] : joined) leave(*track);
  for (Track* main : mains) main->push_end(EndReason::stop, {});
  for (int i = 0; i < kConferences; ++i) {
    const Outcome outcome = desk.outcome(i);
    EXPECT_EQ(outcome.error, "");
    const Samples heard = decoded(path_of(outcome.uri));
    ASSERT_EQ(heard.size(), 4U * 9600U);
    for (std::size_t p = 0; p < 4; ++p) {
      const Samples one = channel_of(heard, p, 4);
      for (std::size_t round = 0; round < kEach; ++round) {
        const Samples piece = cut(one, round * 800, round * 800 + 800);
        EXPECT_EQ(piece, round % 4 == p ? tone(400 + 100 * i, 800) : Samples(800));
      }
    }
  }
  EXPECT_TRUE(spool().empty());
}

}  // namespace
