#include "sip/dialog.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

#include "sip/test_agent.hpp"
#include "sip/test_peer.hpp"

namespace sip {
namespace {

using std::chrono::milliseconds;
using test::Caller;
using test::Events;
using test::kAnswer;
using test::kOffer;
using test::ok_to;
using test::options;
using test::Peer;
using test::value_of;

class Dialogs : public test::Running {};

// ---- calls ----

TEST_F(Dialogs, TellsAllOfAnIncomingCall) {
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

TEST_F(Dialogs, RingsAnswersAndIsHungUp) {
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

TEST_F(Dialogs, OffersWhereTheCallerDoesNot) {
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

TEST_F(Dialogs, ReportsTheEndSoonThoughTheByeStaysUnanswered) {
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

TEST_F(Dialogs, WaitsForTheAckBeforeItHangsUp) {
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

TEST_F(Dialogs, AnswersACancelledCall487) {
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
class Refused : public Dialogs, public testing::WithParamInterface<Refusal> {};

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

TEST_F(Dialogs, RedirectsWithAContact) {
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

TEST_F(Dialogs, AnswersByItselfWhenItTakesNoCalls) {
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

TEST_F(Dialogs, WaitsForThePrackBeforeItAnswers) {
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

TEST_F(Dialogs, MakesItsOfferInAReliable183AndReadsTheAnswerInThePrack) {
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

TEST_F(Dialogs, SendsOneReliableResponseAtATime) {
  Peer peer = udp();
  Caller caller(peer, "one-by-one");
  caller.send("INVITE", 1, "Require: 100rel\r\n", kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Progress{incoming->dialog, 180, {}, {}});
  agent.send(Progress{incoming->dialog, 183, kAnswer, {}});
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  const auto ringing = peer.receive(180, "INVITE");
  ASSERT_TRUE(ringing);
  EXPECT_FALSE(peer.receive(183, "INVITE", milliseconds(200)));
  caller.learn(*ringing);
  caller.send("PRACK", 2, "RAck: " + ringing->header("RSeq") + " 1 INVITE\r\n");
  const auto progress = peer.receive(183, "INVITE");
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->body(), kAnswer);
  caller.send("PRACK", 3, "RAck: " + progress->header("RSeq") + " 1 INVITE\r\n");
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  EXPECT_EQ(ok->body(), "");
  caller.send("ACK", 1);
  EXPECT_TRUE(events.wait<Established>());
}

TEST_F(Dialogs, ForgetsWhatWaitedForAPrackWhenTheCallIsCancelled) {
  Peer peer = udp();
  Caller caller(peer, "cancelled-early");
  caller.send("INVITE", 1, "Require: 100rel\r\n", kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Progress{incoming->dialog, 180, {}, {}});
  agent.send(Progress{incoming->dialog, 183, kAnswer, {}});
  agent.send(Answer{incoming->dialog, kAnswer, {}});
  const auto ringing = peer.receive(180, "INVITE");
  ASSERT_TRUE(ringing);
  caller.send("CANCEL", 1);
  EXPECT_TRUE(peer.receive(487, "INVITE"));
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::cancelled);
  caller.learn(*ringing);
  caller.send("PRACK", 2, "RAck: " + ringing->header("RSeq") + " 1 INVITE\r\n");
  EXPECT_TRUE(peer.receive(481, "PRACK"));
}

// Sofia makes BYE after BYE, each out of the failure of the last, where it cannot use the URI that a request must go
// to.
TEST_F(Dialogs, HangsUpWhateverTheTargetIs) {
  for (const char* target : {"<sip:alice@127.0.0.1:99999>", "<sip:alice@[::1]:5060>", "<sips:alice@127.0.0.1>",
                             "<sip:alice@127.0.0.1;transport=sctp>", "<sip:@>", "<sip:alice@0.0.0.0>",
                             "<sip:alice@127.0.0.1;maddr=no.such.invalid>", "<sip:alice@no-such-host.invalid>"}) {
    Peer peer = udp();
    Caller caller(peer, std::string("target-") + std::to_string(std::hash<std::string>()(target)));
    const DialogId dialog = establish(peer, caller);
    ASSERT_NE(dialog, 0U);
    std::string update = caller.request("UPDATE", 2);
    const auto begin = update.find("Contact: ") + 9;
    update.replace(begin, update.find("\r\n", begin) - begin, target);
    peer.send(update);
    agent.send(Bye{dialog, {}});
    const auto bye = peer.receive_request("BYE");
    ASSERT_TRUE(bye) << target;
    peer.send(ok_to(*bye));
    EXPECT_TRUE(events.wait<Ended>()) << target;
  }
}

TEST_F(Dialogs, AnswersThoughAHeaderOfTheClientIsNonsense) {
  Peer peer = udp();
  Caller caller(peer, "nonsense");
  caller.send("INVITE", 1, {}, kOffer);
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(
      Answer{incoming->dialog, kAnswer, {{"Retry-After", "abc"}, {"Date", "?"}, {"Expires", "x"}, {"X-A", "kept"}}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  EXPECT_EQ(ok->header("X-A"), "kept");
}

// ---- changes of the session ----

TEST_F(Dialogs, HandsOnAReinviteAndAnswersIt) {
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

TEST_F(Dialogs, OffersInAReinviteThatDoesNot) {
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

TEST_F(Dialogs, ForgetsAReinviteThatIsCancelled) {
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

TEST_F(Dialogs, HandsOnAnUpdateWithSdpAndAnswersOneWithout) {
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

}  // namespace
}  // namespace sip
