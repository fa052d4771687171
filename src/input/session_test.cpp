#include "input/session.hpp"

#include "input/nlsml.hpp"
#include "input/srgs_for_test.hpp"

namespace input {
namespace {

using namespace std::chrono_literals;

struct Played {
  Session session;
  base::Time now{};

  Played(const std::string& grammar, Timeouts timeouts = {}, std::optional<char> terminator = {})
      : session(one(grammar), timeouts, terminator) {
    session.start_timers(now);
  }
  static std::vector<Grammar> one(const std::string& grammar) { return {read(grammar)}; }
  // Nothing, or what came of it.
  std::string say(const std::optional<Outcome>& outcome) {
    if (!outcome) return "";
    if (outcome->reason == Reason::match) return "match " + outcome->keys;
    return outcome->reason == Reason::noinput ? "noinput" : "nomatch";
  }
  std::string press(const std::string& keys) {
    for (std::size_t i = 0; i + 1 < keys.size(); ++i) EXPECT_EQ(say(session.on_key(keys[i], now)), "") << keys[i];
    return say(session.on_key(keys.back(), now));
  }
  // A millisecond before nothing happens, at the time it does.
  std::string after(base::milliseconds time) {
    EXPECT_EQ(session.deadline(), now + time);
    EXPECT_EQ(say(session.tick(now + time - 1ms)), "");
    now += time;
    return say(session.tick(now));
  }
};

const std::string kPin(kPinGrammar);
const std::string kDigits = rule("<item repeat='2-'><ruleref uri='builtin:dtmf/digits?length=1'/></item>");

TEST(Session, MatchesAsSoonAsNothingMoreCanMatch) {
  EXPECT_EQ(Played(kPin).press("1234#"), "match 1234#");
  EXPECT_EQ(Played(kPin).press("*9"), "match *9");
}

TEST(Session, FailsAsSoonAsNothingCanMatchAnyMore) { EXPECT_EQ(Played(kPin).press("12#"), "nomatch"); }

TEST(Session, WithoutTimeOutsWaitsForEver) {
  Played input(kDigits);
  EXPECT_EQ(input.session.deadline(), std::nullopt);
  EXPECT_EQ(input.press("12345"), "");
  EXPECT_EQ(input.session.deadline(), std::nullopt);
}

TEST(Session, InitialTimeoutIsNoinput) {
  Played input(kPin, {.initial = 5s});
  EXPECT_EQ(input.after(5s), "noinput");
  EXPECT_EQ(input.press("1"), "") << "it is over";
  EXPECT_EQ(input.session.deadline(), std::nullopt);
}

TEST(Session, InitialTimeoutEndsWithTheFirstKey) {
  Played input(kPin, {.initial = 5s});
  EXPECT_EQ(input.press("1"), "");
  EXPECT_EQ(input.session.deadline(), std::nullopt);
}

TEST(Session, InterDigitTimeoutBeginsAnewWithEachKey) {
  Played input(kPin, {.initial = 5s, .inter_digit = 2s});
  input.now += 4s;
  EXPECT_EQ(input.press("1"), "");
  input.now += 1500ms;
  EXPECT_EQ(input.press("2"), "");
  EXPECT_EQ(input.after(2s), "nomatch");
}

TEST(Session, InterDigitTimeoutTakesWhatIsMatched) {
  Played input(kDigits, {.inter_digit = 2s});
  EXPECT_EQ(input.press("123"), "");
  EXPECT_EQ(input.after(2s), "match 123");
}

TEST(Session, RecognitionTimeoutRunsFromTheFirstKey) {
  Played input(kDigits, {.inter_digit = 2s, .recognition = 3s});
  EXPECT_EQ(input.press("1"), "");
  input.now += 1500ms;
  EXPECT_EQ(input.press("2"), "");
  EXPECT_EQ(input.after(1500ms), "match 12");
  Played too_short(kDigits, {.recognition = 3s});
  EXPECT_EQ(too_short.press("1"), "");
  EXPECT_EQ(too_short.after(3s), "nomatch");
}

TEST(Session, TheTerminatorEndsItAndIsNoPartOfTheMatch) {
  EXPECT_EQ(Played(kDigits, {}, '#').press("123#"), "match 123");
  EXPECT_EQ(Played(kDigits, {}, '#').press("1#"), "nomatch") << "too few";
  EXPECT_EQ(Played(kDigits, {}, '#').press("#"), "nomatch");
}

TEST(Session, ATerminatorThatTheGrammarWantsBelongsToIt) {
  EXPECT_EQ(Played(kPin, {}, '#').press("1234#"), "match 1234#");
}

TEST(Session, TimersThatBeginLaterLeaveOutWhatCameBefore) {
  Session session(Played::one(kPin), {.initial = 5s, .inter_digit = 2s}, std::nullopt);
  const base::Time now{};
  EXPECT_EQ(session.deadline(), std::nullopt);
  session.start_timers(now + 60s);
  EXPECT_EQ(session.deadline(), now + 65s);
  Session early(Played::one(kPin), {.initial = 5s, .inter_digit = 2s}, std::nullopt);
  EXPECT_FALSE(early.on_key('1', now));
  early.start_timers(now + 1s);
  EXPECT_EQ(early.deadline(), now + 2s) << "the first key has come: there is no initial time-out any more";
}

TEST(Session, OtherCharactersAreNoKeys) {
  Played input(rule("A"));
  EXPECT_FALSE(input.session.on_key('!', input.now));
  EXPECT_EQ(input.press("a"), "match A");
}

TEST(Nlsml, IsAsXep0327ShowsIt) {
  EXPECT_EQ(nlsml({.reason = Reason::match, .keys = "1234"}),
            "<result xmlns='http://www.ietf.org/xml/ns/mrcpv2'><interpretation><input mode='dtmf' "
            "confidence='100'>1 2 3 4</input><instance>1234</instance></interpretation></result>");
}

TEST(Nlsml, EscapesWhatAClientChose) {
  const Outcome match{
      .reason = Reason::match, .keys = "1", .tag = "<a> & 'b'", .grammar_uri = "builtin:dtmf/x?a=1&b='2'"};
  const auto read = xml::parse(nlsml(match));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->attribute_or("grammar", ""), match.grammar_uri);
  EXPECT_EQ(read->first()->find("instance", read->ns)->text(), "<a> & 'b'");
}

}  // namespace
}  // namespace input
