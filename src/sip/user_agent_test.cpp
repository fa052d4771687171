#include "sip/user_agent.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

#include "sip/test_peer.hpp"

namespace sip {
namespace {

using std::chrono::milliseconds;
using test::Caller;
using test::Events;
using test::kAnswer;
using test::kOffer;
using test::ok_to;
using test::Peer;
using test::Reply;

std::string value_of(const Headers& headers, const std::string& name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  return found == headers.end() ? std::string() : found->second;
}

Options options(std::vector<std::string> listen = {"udp:127.0.0.1:0"}) {
  Options options;
  options.listen = std::move(listen);
  options.software = "telegraphone-test/1";
  return options;
}

class Running : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(agent.start()); }
  void TearDown() override {
    agent.send(Shutdown{milliseconds(200)});
    EXPECT_TRUE(events.wait<Stopped>(milliseconds(10000)));
  }

  // INVITE, 200, ACK.
  DialogId establish(Peer& peer, Caller& caller, const std::string& more = {}) {
    caller.send("INVITE", 1, more, kOffer);
    const auto incoming = events.wait<Incoming>();
    if (!incoming) return 0;
    agent.send(Answer{incoming->dialog, kAnswer, {}});
    const auto ok = peer.receive(200, "INVITE");
    if (!ok) return 0;
    caller.learn(*ok);
    caller.send("ACK", 1);
    return events.wait<Established>() ? incoming->dialog : 0;
  }

  Events events;
  UserAgent agent{options({"udp:127.0.0.1:0", "tcp:127.0.0.1:0"}), [this](Event e) { events.put(std::move(e)); }};
  Peer udp() { return Peer(agent.bound()[0]); }
  Peer tcp() { return Peer(agent.bound()[1]); }
};

// ---- listeners ----

TEST(UserAgent, SaysWhichPortsItGot) {
  UserAgent agent(options({"udp:127.0.0.1:0", "tcp:127.0.0.1:0", "udp:[::1]:0"}), [](Event) {});
  ASSERT_TRUE(agent.start());
  const auto bound = agent.bound();
  ASSERT_EQ(bound.size(), 3U);
  EXPECT_TRUE(bound[0].starts_with("udp:127.0.0.1:"));
  EXPECT_TRUE(bound[1].starts_with("tcp:127.0.0.1:"));
  EXPECT_TRUE(bound[2].starts_with("udp:[::1]:"));
  for (const auto& each : bound) EXPECT_FALSE(each.ends_with(":0")) << each;
}

TEST(UserAgent, NamesTheAddressThatIsTaken) {
  UserAgent first(options({"udp:127.0.0.1:0", "tcp:127.0.0.1:0"}), [](Event) {});
  ASSERT_TRUE(first.start());
  for (const auto& taken : first.bound()) {
    UserAgent second(options({taken}), [](Event) {});
    const auto started = second.start();
    ASSERT_FALSE(started) << taken;
    EXPECT_EQ(started.error().kind, base::Kind::no_resources);
    EXPECT_EQ(started.error().text, "cannot listen on " + taken + ": Address already in use");
  }
}

TEST(UserAgent, RefusesAListenerThatIsNone) {
  for (const char* bad : {"127.0.0.1:5060", "sctp:127.0.0.1:0", "udp:localhost:0", "udp:127.0.0.1", "udp:::1:0", ""}) {
    UserAgent agent(options({bad}), [](Event) {});
    const auto started = agent.start();
    ASSERT_FALSE(started) << bad;
    EXPECT_EQ(started.error().kind, base::Kind::bad_request);
  }
  EXPECT_FALSE(UserAgent(options({}), [](Event) {}).start());
}

TEST(UserAgent, ListensOnEveryAddressWithAContactToReachItBy) {
  Events events;
  UserAgent agent(options({"udp:0.0.0.0:0", "udp:[::1]:0"}), [&](Event e) { events.put(std::move(e)); });
  ASSERT_TRUE(agent.start());
  const std::string port = agent.bound()[0].substr(agent.bound()[0].rfind(':'));
  for (const std::string& at : {"udp:127.0.0.1" + port, agent.bound()[1]}) {
    Peer peer(at);
    Caller caller(peer, "any-" + std::to_string(at.size()));
    caller.send("INVITE", 1, {}, kOffer);
    const auto incoming = events.wait<Incoming>();
    ASSERT_TRUE(incoming) << at;
    agent.send(Answer{incoming->dialog, kAnswer, {}});
    const auto ok = peer.receive(200, "INVITE");
    ASSERT_TRUE(ok);
    EXPECT_EQ(ok->header("Contact"), "<sip:" + at.substr(4) + ">");
    caller.learn(*ok);
    caller.send("ACK", 1);
    caller.send("BYE", 2);
    EXPECT_TRUE(peer.receive(200, "BYE"));
    EXPECT_TRUE(events.wait<Ended>());
  }
}

TEST(UserAgent, CanBeDestroyedWithoutHavingStartedOrWithoutShutdown) {
  {
    UserAgent never(options(), [](Event) {});
  }
  UserAgent agent(options(), [](Event) {});
  ASSERT_TRUE(agent.start());
}

// ---- calls ----

TEST_F(Running, TellsAllOfAnIncomingCall) {
  Peer peer = udp();
  Caller caller(peer, "all");
  caller.send("INVITE", 1, "X-Tele: graph\r\nSubject: a\r\n  b\r\ns: short\r\nX-Tele: phone\r\n", kOffer);
  const auto trying = peer.receive();
  ASSERT_TRUE(trying);
  EXPECT_EQ(trying->status(), 100);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  EXPECT_NE(incoming->dialog, 0U);
  EXPECT_EQ(incoming->call_id, "all");
  EXPECT_EQ(incoming->request_uri, "sip:bob@" + peer.server());
  EXPECT_EQ(incoming->to, "sip:bob@" + peer.server());
  EXPECT_EQ(incoming->from, "sip:alice@" + peer.own());
  EXPECT_EQ(incoming->source, "udp:" + peer.own());
  EXPECT_EQ(incoming->offer, kOffer);
  EXPECT_FALSE(incoming->requires_100rel);
  std::vector<std::string> names;
  for (const auto& [name, value] : incoming->headers) names.push_back(name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Contact", "X-Tele",
                                      "Subject", "Subject", "X-Tele", "Content-Type", "Content-Length"}));
  EXPECT_EQ(value_of(incoming->headers, "From"), "\"Alice\" <sip:alice@" + peer.own() + ">;tag=a1");
  EXPECT_EQ(value_of(incoming->headers, "X-Tele"), "graph");
  EXPECT_EQ(value_of(incoming->headers, "Subject").substr(0, 1), "a");
  agent.send(Reject{incoming->dialog, 480, {}, {}, {}});
}

TEST_F(Running, RingsAnswersAndIsHungUp) {
  for (const bool over_tcp : {false, true}) {
    Peer peer = over_tcp ? tcp() : udp();
    Caller caller(peer, over_tcp ? "plain-tcp" : "plain-udp");
    caller.send("INVITE", 1, {}, kOffer);
    const auto incoming = events.wait<Incoming>();
    ASSERT_TRUE(incoming);
    EXPECT_EQ(incoming->source, (over_tcp ? "tcp:" : "udp:") + peer.own());
    agent.send(Progress{incoming->dialog, 180, {}, {{"X-Ring", "loud"}}});
    const auto ringing = peer.receive(180, "INVITE");
    ASSERT_TRUE(ringing);
    EXPECT_EQ(ringing->header("X-Ring"), "loud");
    EXPECT_EQ(ringing->header("RSeq"), "");
    agent.send(Answer{incoming->dialog, kAnswer, {{"X-Answered-By", "us"}}});
    const auto ok = peer.receive(200, "INVITE");
    ASSERT_TRUE(ok);
    EXPECT_EQ(ok->body(), kAnswer);
    EXPECT_EQ(ok->header("Content-Type"), "application/sdp");
    EXPECT_EQ(ok->header("X-Answered-By"), "us");
    EXPECT_EQ(ok->header("User-Agent"), "telegraphone-test/1");
    EXPECT_EQ(ok->header("Contact"), "<sip:" + peer.server() + (over_tcp ? ";transport=tcp>" : ">"));
    caller.learn(*ok);
    caller.send("ACK", 1);
    const auto established = events.wait<Established>();
    ASSERT_TRUE(established);
    EXPECT_EQ(established->dialog, incoming->dialog);
    EXPECT_EQ(established->answer, "");
    caller.send("BYE", 2, "Reason: Q.850;cause=16;text=\"normal clearing\"\r\nX-Why: tired\r\n");
    EXPECT_TRUE(peer.receive(200, "BYE"));
    const auto ended = events.wait<Ended>();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->dialog, incoming->dialog);
    EXPECT_EQ(ended->cause, EndCause::remote_bye);
    EXPECT_EQ(ended->reason, "normal clearing");
    EXPECT_EQ(value_of(ended->headers, "X-Why"), "tired");
    EXPECT_EQ(agent.stats().dialogs, 0U);
  }
}

TEST_F(Running, OffersWhereTheCallerDoesNot) {
  Peer peer = udp();
  Caller caller(peer, "late");
  caller.send("INVITE", 1);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->offer, "");
  // An unreliable response cannot carry an offer.
  agent.send(Progress{incoming->dialog, 183, kAnswer, {}});
  const auto progress = peer.receive(183, "INVITE");
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->body(), "");
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  EXPECT_EQ(ok->body(), kAnswer);
  caller.learn(*ok);
  caller.send("ACK", 1, {}, kOffer);
  const auto established = events.wait<Established>();
  ASSERT_TRUE(established);
  EXPECT_EQ(established->answer, kOffer);
  agent.send(Bye{incoming->dialog, {{"Reason", "SIP;cause=200"}, {"Via", "SIP/2.0/UDP evil"}, {"X-A", "b\r\nX-C: d"}}});
  const auto bye = peer.receive_request("BYE");
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->header("Reason"), "SIP;cause=200");
  EXPECT_EQ(bye->text().find("evil"), std::string::npos);
  EXPECT_EQ(bye->text().find("X-C"), std::string::npos);
  peer.send(ok_to(*bye));
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::local);
  EXPECT_EQ(ended->status, 200);
}

TEST_F(Running, ReportsTheEndSoonThoughTheByeStaysUnanswered) {
  Peer peer = udp();
  Caller caller(peer, "deaf");
  const DialogId dialog = establish(peer, caller);
  ASSERT_NE(dialog, 0U);
  agent.send(Bye{dialog, {}});
  ASSERT_TRUE(peer.receive_request("BYE"));
  const auto ended = events.wait<Ended>(milliseconds(4000));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::local);
  EXPECT_EQ(ended->status, 408);
}

TEST_F(Running, WaitsForTheAckBeforeItHangsUp) {
  Peer peer = udp();
  Caller caller(peer, "hasty");
  caller.send("INVITE", 1, {}, kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  agent.send(Bye{incoming->dialog, {}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  EXPECT_FALSE(peer.receive_request("BYE", milliseconds(200)));
  caller.learn(*ok);
  caller.send("ACK", 1);
  const auto bye = peer.receive_request("BYE");
  ASSERT_TRUE(bye);
  peer.send(ok_to(*bye));
  EXPECT_TRUE(events.wait<Ended>());
}

TEST_F(Running, AnswersACancelledCall487) {
  Peer peer = udp();
  Caller caller(peer, "cancelled");
  caller.send("INVITE", 1, {}, kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  caller.send("CANCEL", 1, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
  EXPECT_TRUE(peer.receive(200, "CANCEL"));
  const auto terminated = peer.receive(487, "INVITE");
  ASSERT_TRUE(terminated);
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::cancelled);
  EXPECT_EQ(ended->reason, "Call completed elsewhere");
  // What comes too late is ignored.
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  agent.send(Bye{incoming->dialog, {}});
}

struct Refusal {
  int status;
  const char* phrase;
  const char* first_line;
};
class Refused : public Running, public testing::WithParamInterface<Refusal> {};

TEST_P(Refused, WithStatusPhraseAndHeaders) {
  Peer peer = udp();
  Caller caller(peer, "refused");
  caller.send("INVITE", 1, {}, kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Reject{incoming->dialog, GetParam().status, GetParam().phrase, {}, {{"X-Reason", "because"}}});
  const auto reply = peer.receive(GetParam().status, "INVITE");
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->text().starts_with(GetParam().first_line)) << reply->text();
  EXPECT_EQ(reply->header("X-Reason"), "because");
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::local);
  EXPECT_EQ(ended->status, GetParam().status);
}
INSTANTIATE_TEST_SUITE_P(Rejects, Refused,
                         testing::Values(Refusal{486, "", "SIP/2.0 486 Busy Here\r\n"},
                                         Refusal{603, "", "SIP/2.0 603 "}, Refusal{500, "", "SIP/2.0 500 "},
                                         Refusal{488, "", "SIP/2.0 488 "},
                                         Refusal{480, "Gone\r\nX-Evil: 1", "SIP/2.0 480 Gone  X-Evil: 1\r\n"}));

TEST_F(Running, RedirectsWithAContact) {
  Peer peer = udp();
  Caller caller(peer, "elsewhere");
  caller.send("INVITE", 1, {}, kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Reject{incoming->dialog, 302, {}, "sip:carol@192.0.2.4;transport=tcp", {}});
  const auto reply = peer.receive(302, "INVITE");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header("Contact"), "<sip:carol@192.0.2.4;transport=tcp>");
  EXPECT_TRUE(events.wait<Ended>());
}

TEST_F(Running, AnswersByItselfWhenItTakesNoCalls) {
  Peer peer = udp();
  agent.send(SetAccepting{false});
  Caller caller(peer, "closed");
  caller.send("INVITE", 1, {}, kOffer);
  const auto reply = peer.receive(503, "INVITE");
  ASSERT_TRUE(reply);
  EXPECT_NE(reply->header("Retry-After"), "");
  EXPECT_EQ(agent.stats().refused_busy, 1U);
  agent.send(SetAccepting{true});
  Caller second(peer, "open");
  second.send("INVITE", 1, {}, kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->call_id, "open");
  agent.send(Reject{incoming->dialog, 486, {}, {}, {}});
}

// ---- reliable provisional responses ----

TEST_F(Running, WaitsForThePrackBeforeItAnswers) {
  Peer peer = udp();
  Caller caller(peer, "reliable");
  caller.send("INVITE", 1, "Require: 100rel\r\nSupported: 100rel\r\n", kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  EXPECT_TRUE(incoming->requires_100rel);
  agent.send(Progress{incoming->dialog, 180, {}, {}});
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  const auto ringing = peer.receive(180, "INVITE");
  ASSERT_TRUE(ringing);
  EXPECT_EQ(ringing->header("Require"), "100rel");
  ASSERT_NE(ringing->header("RSeq"), "");
  EXPECT_FALSE(peer.receive(200, "INVITE", milliseconds(300)));
  caller.learn(*ringing);
  caller.send("PRACK", 2, "RAck: " + ringing->header("RSeq") + " 1 INVITE\r\n");
  std::vector<std::string> answered;
  for (int i = 0; i < 2; ++i) {
    const auto ok = peer.receive();
    ASSERT_TRUE(ok);
    EXPECT_EQ(ok->status(), 200);
    answered.push_back(ok->header("CSeq"));
  }
  EXPECT_EQ(answered, (std::vector<std::string>{"2 PRACK", "1 INVITE"}));
  caller.send("ACK", 1);
  EXPECT_TRUE(events.wait<Established>());
}

TEST_F(Running, MakesItsOfferInAReliable183AndReadsTheAnswerInThePrack) {
  Peer peer = udp();
  Caller caller(peer, "early");
  caller.send("INVITE", 1, "Require: 100rel\r\n");
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Progress{incoming->dialog, 180, {}, {}});  // not sent: it would have to carry the offer
  agent.send(Progress{incoming->dialog, 183, kAnswer, {}});
  const auto progress = peer.receive(183, "INVITE");
  ASSERT_TRUE(progress);
  EXPECT_EQ(std::count(peer.passed_over().begin(), peer.passed_over().end(), 180), 0);
  EXPECT_EQ(progress->body(), kAnswer);
  caller.learn(*progress);
  caller.send("PRACK", 2, "RAck: " + progress->header("RSeq") + " 1 INVITE\r\n", kOffer);
  EXPECT_TRUE(peer.receive(200, "PRACK"));
  const auto early = events.wait<EarlyAnswer>();
  ASSERT_TRUE(early);
  EXPECT_EQ(early->answer, kOffer);
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  EXPECT_EQ(ok->body(), "");  // said already
  caller.send("ACK", 1);
  const auto established = events.wait<Established>();
  ASSERT_TRUE(established);
  EXPECT_EQ(established->answer, "");
}

// ---- changes of the session ----

TEST_F(Running, HandsOnAReinviteAndAnswersIt) {
  Peer peer = udp();
  Caller caller(peer, "changed");
  const DialogId dialog = establish(peer, caller);
  ASSERT_NE(dialog, 0U);
  caller.send("INVITE", 2, {}, kAnswer);
  auto reoffered = events.wait<Reoffered>();
  ASSERT_TRUE(reoffered);
  EXPECT_EQ(reoffered->dialog, dialog);
  EXPECT_EQ(reoffered->offer, kAnswer);
  EXPECT_FALSE(reoffered->by_update);
  // Another one before that is answered is refused (RFC 3261 §14.2).
  caller.send("INVITE", 3, {}, kOffer);
  const auto overlapping = peer.receive(500, "INVITE");
  ASSERT_TRUE(overlapping);
  EXPECT_NE(overlapping->header("Retry-After"), "");
  caller.send("ACK", 3);
  caller.send("UPDATE", 4, {}, kOffer);
  EXPECT_TRUE(peer.receive(500, "UPDATE"));
  agent.send(AnswerOffer{dialog, kOffer});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  EXPECT_EQ(ok->body(), kOffer);
  caller.send("ACK", 2);
  // Refused, it leaves the call as it was.
  caller.send("INVITE", 5, {}, kAnswer);
  reoffered = events.wait<Reoffered>();
  ASSERT_TRUE(reoffered);
  agent.send(RefuseOffer{dialog, 488});
  EXPECT_TRUE(peer.receive(488, "INVITE"));
  caller.send("ACK", 5);
  caller.send("BYE", 6);
  EXPECT_TRUE(peer.receive(200, "BYE"));
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::remote_bye);
}

TEST_F(Running, OffersInAReinviteThatDoesNot) {
  Peer peer = udp();
  Caller caller(peer, "changed-late");
  const DialogId dialog = establish(peer, caller);
  ASSERT_NE(dialog, 0U);
  caller.send("INVITE", 2);
  const auto reoffered = events.wait<Reoffered>();
  ASSERT_TRUE(reoffered);
  EXPECT_EQ(reoffered->offer, "");
  agent.send(AnswerOffer{dialog, kOffer});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  // Our offer is open: one of theirs has to wait (RFC 3311 §5.2).
  caller.send("UPDATE", 3, {}, kOffer);
  EXPECT_TRUE(peer.receive(491, "UPDATE"));
  caller.send("ACK", 2, {}, kAnswer);
  const auto established = events.wait<Established>();
  ASSERT_TRUE(established);
  EXPECT_EQ(established->answer, kAnswer);
}

TEST_F(Running, ForgetsAReinviteThatIsCancelled) {
  Peer peer = udp();
  Caller caller(peer, "recancelled");
  const DialogId dialog = establish(peer, caller);
  ASSERT_NE(dialog, 0U);
  caller.send("INVITE", 2, {}, kAnswer);
  ASSERT_TRUE(events.wait<Reoffered>());
  caller.send("CANCEL", 2);
  EXPECT_TRUE(peer.receive(487, "INVITE"));
  caller.send("ACK", 2);
  agent.send(AnswerOffer{dialog, kOffer});
  caller.send("INVITE", 3, {}, kAnswer);
  ASSERT_TRUE(events.wait<Reoffered>());
  agent.send(AnswerOffer{dialog, kOffer});
  EXPECT_TRUE(peer.receive(200, "INVITE"));
  caller.send("ACK", 3);
  EXPECT_EQ(events.count<Ended>(), 0U);
}

TEST_F(Running, HandsOnAnUpdateWithSdpAndAnswersOneWithout) {
  Peer peer = udp();
  Caller caller(peer, "updated");
  const DialogId dialog = establish(peer, caller);
  ASSERT_NE(dialog, 0U);
  caller.send("UPDATE", 2);
  const auto refreshed = peer.receive(200, "UPDATE");
  ASSERT_TRUE(refreshed);
  EXPECT_EQ(refreshed->body(), "");
  EXPECT_EQ(events.count<Reoffered>(), 0U);
  caller.send("UPDATE", 3, {}, kAnswer);
  const auto reoffered = events.wait<Reoffered>();
  ASSERT_TRUE(reoffered);
  EXPECT_TRUE(reoffered->by_update);
  EXPECT_EQ(reoffered->offer, kAnswer);
  agent.send(AnswerOffer{dialog, kOffer});
  const auto ok = peer.receive(200, "UPDATE");
  ASSERT_TRUE(ok);
  EXPECT_EQ(ok->body(), kOffer);
  caller.send("UPDATE", 4, {}, kAnswer);
  ASSERT_TRUE(events.wait<Reoffered>());
  agent.send(RefuseOffer{dialog, 488});
  EXPECT_TRUE(peer.receive(488, "UPDATE"));
}

// ---- other requests ----

TEST_F(Running, AnswersOptionsWithWhatItCanDo) {
  Peer peer = udp();
  Caller outside(peer, "options");
  outside.send("OPTIONS", 1);
  auto ok = peer.receive(200, "OPTIONS");
  ASSERT_TRUE(ok);
  for (const char* method : {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "PRACK", "INFO", "UPDATE"}) {
    EXPECT_NE(ok->header("Allow").find(method), std::string::npos) << method;
  }
  for (const char* method : {"REFER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH", "REGISTER"}) {
    EXPECT_EQ(ok->header("Allow").find(method), std::string::npos) << method;
  }
  EXPECT_EQ(ok->header("Accept"), "application/sdp");
  EXPECT_NE(ok->header("Supported").find("100rel"), std::string::npos);
  EXPECT_NE(ok->header("Supported").find("timer"), std::string::npos);
  Caller inside(peer, "options-inside");
  ASSERT_NE(establish(peer, inside), 0U);
  inside.send("OPTIONS", 2);
  EXPECT_TRUE(peer.receive(200, "OPTIONS"));
}

TEST_F(Running, HandsOnInfo) {
  Peer peer = udp();
  Caller caller(peer, "info");
  const DialogId dialog = establish(peer, caller);
  ASSERT_NE(dialog, 0U);
  peer.send(caller.request("INFO", 2, {}, "Signal=5\r\n", "application/dtmf-relay"));
  EXPECT_TRUE(peer.receive(200, "INFO"));
  const auto info = events.wait<Info>();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->dialog, dialog);
  EXPECT_EQ(info->content_type, "application/dtmf-relay");
  EXPECT_EQ(info->body, "Signal=5\r\n");
}

TEST_F(Running, RefusesMethodsThatItDoesNotHave) {
  Peer peer = udp();
  for (const char* method : {"MESSAGE", "SUBSCRIBE", "REFER", "PUBLISH", "NOTIFY", "REGISTER"}) {
    Caller caller(peer, std::string("no-") + method);
    caller.send(method, 1, std::string(method) == "REFER" ? "Refer-To: <sip:x@127.0.0.1>\r\n" : "Event: presence\r\n");
    const auto reply = peer.receive(405, method);
    ASSERT_TRUE(reply) << method;
    EXPECT_NE(reply->header("Allow"), "");
  }
  Caller caller(peer, "no-such");
  caller.send("NEWMETHOD", 1);
  const auto reply = peer.receive();
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->status() == 405 || reply->status() == 501) << reply->text();
}

TEST_F(Running, KnowsNothingOfCallsThatAreNot) {
  Peer peer = udp();
  for (const char* method : {"BYE", "INVITE", "UPDATE", "INFO", "PRACK", "OPTIONS"}) {
    Caller caller(peer, std::string("ghost-") + method);
    caller.set_to_tag("nowhere");
    caller.send(method, 1, std::string(method) == "PRACK" ? "RAck: 1 1 INVITE\r\n" : "");
    EXPECT_TRUE(peer.receive(481, method)) << method;
  }
  for (const char* method : {"BYE", "UPDATE", "INFO", "CANCEL"}) {
    Caller caller(peer, std::string("stray-") + method);
    caller.send(method, 1);
    EXPECT_TRUE(peer.receive(481, method)) << method;
  }
  EXPECT_EQ(events.count<Incoming>() + events.count<Info>() + events.count<Reoffered>(), 0U);
}

TEST_F(Running, RefusesExtensionsAndBodiesThatItDoesNotKnow) {
  Peer peer = udp();
  Caller extension(peer, "extension");
  extension.send("INVITE", 1, "Require: telepathy\r\n", kOffer);
  const auto bad = peer.receive(420, "INVITE");
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->header("Unsupported"), "telepathy");
  Caller body(peer, "body");
  peer.send(body.request("INVITE", 1, {}, "hello", "text/plain"));
  const auto unsupported = peer.receive(415, "INVITE");
  ASSERT_TRUE(unsupported);
  EXPECT_EQ(unsupported->header("Accept"), "application/sdp");
  EXPECT_EQ(events.count<Incoming>(), 0U);
}

TEST_F(Running, FindsTheSdpInAMultipartBody) {
  Peer peer = udp();
  Caller caller(peer, "multipart");
  const std::string body =
      std::string("--b1\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n") +
      kOffer + "\r\n--b1--\r\n";
  peer.send(caller.request("INVITE", 1, {}, body, "multipart/mixed;boundary=\"b1\""));
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->offer.substr(0, std::string(kOffer).size()), kOffer);
  agent.send(Reject{incoming->dialog, 486, {}, {}, {}});
}

// ---- session timers ----

TEST_F(Running, GrantsASessionTimerThatTheCallerRefreshes) {
  Peer peer = udp();
  Caller caller(peer, "timer");
  caller.send("INVITE", 1, "Supported: timer\r\nSession-Expires: 300\r\n", kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  EXPECT_EQ(ok->header("Session-Expires"), "300;refresher=uac");
  EXPECT_EQ(ok->header("Require"), "timer");
  caller.learn(*ok);
  caller.send("ACK", 1);
  EXPECT_TRUE(events.wait<Established>());
}

TEST_F(Running, DoesNotAskForATimerWhereTheCallerHasNone) {
  Peer peer = udp();
  Caller caller(peer, "no-timer");
  caller.send("INVITE", 1, {}, kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  EXPECT_EQ(ok->header("Session-Expires"), "");
  EXPECT_EQ(ok->header("Require"), "");
  caller.learn(*ok);
  caller.send("ACK", 1);
  EXPECT_TRUE(events.wait<Established>());
}

TEST_F(Running, RefusesATimerThatIsTooShort) {
  Peer peer = udp();
  Caller caller(peer, "short");
  caller.send("INVITE", 1, "Supported: timer\r\nSession-Expires: 30\r\n", kOffer);
  const auto reply = peer.receive(422, "INVITE");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header("Min-SE"), "90");
}

TEST(SessionTimer, IsRefreshedByUsWhereTheCallerWantsThat) {
  Events events;
  Options fast = options();
  fast.session_expires = std::chrono::seconds(4);
  fast.min_se = std::chrono::seconds(1);
  UserAgent agent(fast, [&](Event e) { events.put(std::move(e)); });
  ASSERT_TRUE(agent.start());
  Peer peer(agent.bound()[0]);
  for (const bool has_update : {true, false}) {
    Caller caller(peer, has_update ? "refreshed" : "reinvited");
    caller.send("INVITE", 1,
                std::string("Supported: timer\r\nSession-Expires: 4;refresher=uas\r\nAllow: INVITE, ACK, BYE") +
                    (has_update ? ", UPDATE\r\n" : "\r\n"),
                kOffer);
    const auto incoming = events.wait<Incoming>();
    ASSERT_TRUE(incoming);
    agent.send(Answer{incoming->dialog, kAnswer, {}});
    const auto ok = peer.receive(200, "INVITE");
    ASSERT_TRUE(ok);
    EXPECT_EQ(ok->header("Session-Expires"), "4;refresher=uas");
    caller.learn(*ok);
    caller.send("ACK", 1);
    ASSERT_TRUE(events.wait<Established>());
    if (has_update) {
      const auto update = peer.receive_request("UPDATE");
      ASSERT_TRUE(update);
      EXPECT_EQ(update->body(), "");
      peer.send(ok_to(*update));
    } else {
      // Without SDP, so that the caller offers in its 200 and we answer in the ACK.
      const auto invite = peer.receive_request("INVITE");
      ASSERT_TRUE(invite);
      EXPECT_EQ(invite->body(), "");
      std::string reply = ok_to(*invite);
      reply = reply.substr(0, reply.find("Content-Length")) + "Contact: <sip:alice@" + peer.own() +
              ">\r\nContent-Type: application/sdp\r\nContent-Length: " + std::to_string(std::string(kOffer).size()) +
              "\r\n\r\n" + kOffer;
      peer.send(reply);
      const auto reoffered = events.wait<Reoffered>();
      ASSERT_TRUE(reoffered);
      EXPECT_EQ(reoffered->offer, kOffer);
      agent.send(AnswerOffer{incoming->dialog, kAnswer});
      const auto ack = peer.receive_request("ACK");
      ASSERT_TRUE(ack);
      EXPECT_EQ(ack->body(), kAnswer);
    }
    caller.send("BYE", 2);
    EXPECT_TRUE(peer.receive(200, "BYE"));
    EXPECT_TRUE(events.wait<Ended>());
  }
}

TEST(SessionTimer, EndsACallThatIsNotRefreshed) {
  Events events;
  Options fast = options();
  fast.session_expires = std::chrono::seconds(2);
  fast.min_se = std::chrono::seconds(1);
  UserAgent agent(fast, [&](Event e) { events.put(std::move(e)); });
  ASSERT_TRUE(agent.start());
  Peer peer(agent.bound()[0]);
  Caller caller(peer, "expires");
  caller.send("INVITE", 1, "Supported: timer\r\nSession-Expires: 2\r\n", kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  caller.learn(*ok);
  caller.send("ACK", 1);
  ASSERT_TRUE(events.wait<Established>());
  const auto bye = peer.receive_request("BYE");
  ASSERT_TRUE(bye);
  peer.send(ok_to(*bye));
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::timer);
}

// ---- names, ends ----

TEST_F(Running, SendsItsByeBackToTheSourceWhereTheContactIsAName) {
  Peer peer = udp();
  std::string invite = Caller(peer, "named").request("INVITE", 1, {}, kOffer);
  const std::string contact = "<sip:alice@" + peer.own();
  invite.replace(invite.find("Contact: " + contact) + 9, contact.size(), "<sip:alice@no-such-host.invalid:5099");
  peer.send(invite);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  Caller caller(peer, "named");
  caller.learn(*ok);
  caller.send("ACK", 1);
  ASSERT_TRUE(events.wait<Established>());
  agent.send(Bye{incoming->dialog, {}});
  const auto bye = peer.receive_request("BYE");
  ASSERT_TRUE(bye);
  EXPECT_TRUE(bye->text().starts_with("BYE sip:alice@no-such-host.invalid:5099")) << bye->text();
  peer.send(ok_to(*bye));
  EXPECT_TRUE(events.wait<Ended>());
}

TEST_F(Running, NeverWaitsForANameServer) {
  Peer peer = udp();
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 40; ++i) {
    const std::string host = "h" + std::to_string(i) + ".no-such-host.invalid";
    for (const char* version : {"SIP/2.0", "SIP/7.0"}) {
      peer.send("OPTIONS sip:bob@" + host + " " + version + "\r\nVia: SIP/2.0/UDP " + host + ";branch=z9hG4bKn" +
                std::to_string(i) + version + "\r\nFrom: <sip:a@" + host + ">;tag=1\r\nTo: <sip:b@" + host +
                ">\r\nCall-ID: " + host + version + "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
    }
    peer.send("OPTIONS sip:bob@" + host + " SIP/2.0\r\nVia: SIP/2.0/TCP " + host + "\r\nTo: nonsense\r\n\r\n");
  }
  Caller caller(peer, "after-names");
  caller.send("OPTIONS", 1);
  while (const auto reply = peer.receive(200, "OPTIONS")) {
    if (reply->header("Call-ID") == "after-names") break;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3));
  EXPECT_GE(agent.stats().malformed, 40U);
}

TEST(Shutdown, EndsEveryCallAndSaysSo) {
  Events events;
  UserAgent agent(options(), [&](Event e) { events.put(std::move(e)); });
  ASSERT_TRUE(agent.start());
  Peer peer(agent.bound()[0]);
  Caller ringing(peer, "ringing"), talking(peer, "talking");
  talking.send("INVITE", 1, {}, kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  talking.learn(*ok);
  talking.send("ACK", 1);
  ASSERT_TRUE(events.wait<Established>());
  ringing.send("INVITE", 1, {}, kOffer);
  ASSERT_TRUE(events.wait<Incoming>());
  agent.send(Shutdown{milliseconds(2000)});
  bool refused = false, hung_up = false;
  while (!refused || !hung_up) {
    const auto message = peer.receive();
    ASSERT_TRUE(message);
    if (message->status() == 503) refused = true;
    if (message->method() == "BYE") {
      hung_up = true;
      peer.send(ok_to(*message));
    }
  }
  EXPECT_TRUE(events.wait<Ended>());
  EXPECT_TRUE(events.wait<Ended>());
  EXPECT_TRUE(events.wait<Stopped>(milliseconds(10000)));
}

TEST(Shutdown, DoesNotWaitLongForADeafPeer) {
  Events events;
  const auto begun = std::chrono::steady_clock::now();
  {
    UserAgent agent(options(), [&](Event e) { events.put(std::move(e)); });
    ASSERT_TRUE(agent.start());
    Peer peer(agent.bound()[0]);
    Caller caller(peer, "deaf");
    caller.send("INVITE", 1, {}, kOffer);
    const auto incoming = events.wait<Incoming>();
    ASSERT_TRUE(incoming);
    agent.send(Answer{incoming->dialog, kAnswer, {}});
    ASSERT_TRUE(peer.receive(200, "INVITE"));
  }
  EXPECT_TRUE(events.wait<Ended>(milliseconds(0)));
  EXPECT_TRUE(events.wait<Stopped>(milliseconds(0)));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(6));
}

}  // namespace
}  // namespace sip
