// What we ask for within a dialog, in calls of both directions: another session, INFO, MESSAGE.

#include "sip/offer.hpp"

#include <gtest/gtest.h>
#include <string>

#include "sip/test_agent.hpp"
#include "sip/test_peer.hpp"

namespace sip {
namespace {

using std::chrono::milliseconds;
using test::Callee;
using test::Caller;
using test::kAnswer;
using test::kOffer;
using test::ok_to;
using test::Peer;
using test::Reply;
using test::value_of;

TEST(OurOfferAfterGlare, WaitsLongerWhereTheCallIsOurs) {
  const base::Time now{};
  for (int i = 0; i < 1000; ++i) {
    OurOffer offer;
    offer.ask("v=0", true, now);
    offer.set_sent();
    offer.set_glare(true, now);
    EXPECT_GE(offer.due() - now, milliseconds(2100));
    EXPECT_LE(offer.due() - now, milliseconds(4000));
    offer.set_glare(false, now);
    EXPECT_LE(offer.due() - now, milliseconds(2000));
    EXPECT_EQ(offer.state(), OurOffer::State::kWaiting);
  }
}

// One established dialog whose peer is `callee`, or (by_them) `caller`.
class Offers : public test::Running, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    Running::SetUp();
    peer.emplace(agent.bound()[0]);
    if (is_theirs()) {
      caller.emplace(*peer, "theirs");
      dialog = establish(*peer, *caller);
      ASSERT_NE(dialog, 0U);
      return;
    }
    Invite command;
    dialog = command.dialog = agent.new_dialog();
    command.to = "sip:bob@" + peer->own();
    command.sdp = kOffer;
    agent.send(command);
    const auto request = peer->receive_request("INVITE");
    ASSERT_TRUE(request);
    callee.emplace(*peer, *request);
    callee->respond(200, {}, kAnswer);
    ASSERT_TRUE(peer->receive_request("ACK"));
    ASSERT_TRUE(events.wait<Accepted>());
  }
  void TearDown() override {
    agent.send(Shutdown{milliseconds(200)});
    EXPECT_TRUE(events.wait<Stopped>(milliseconds(10000)));
  }
  static bool is_theirs() { return GetParam(); }
  void send(const std::string& method, int cseq, const std::string& body = {}, const std::string& type = {}) {
    if (caller) {
      peer->send(caller->request(method, cseq, {}, body, type.empty() ? "application/sdp" : type));
    } else {
      callee->send(method, cseq, {}, body, type.empty() ? "application/sdp" : type);
    }
  }
  void respond(const Reply& request, int status, const std::string& body = {}, const std::string& more = {}) {
    Callee(*peer, request, "x").respond(status, more, body);
  }
  // The end of it, to see that the dialog is still whole.
  void expect_whole() {
    agent.send(Bye{dialog, {}});
    const auto bye = peer->receive_request("BYE");
    ASSERT_TRUE(bye);
    peer->send(ok_to(*bye));
    const auto ended = events.wait<Ended>();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->cause, EndCause::local);
  }

  std::optional<Peer> peer;
  std::optional<Caller> caller;
  std::optional<Callee> callee;
  DialogId dialog = 0;
};
INSTANTIATE_TEST_SUITE_P(Both, Offers, testing::Bool(),
                         [](const auto& info) { return info.param ? "CallOfTheirs" : "CallOfOurs"; });

TEST_P(Offers, BringTheAnswerOfThePeer) {
  agent.send(Offer{dialog, kOffer});
  const auto request = peer->receive_request("INVITE");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body(), kOffer);
  EXPECT_NE(request->header("Contact"), "");
  agent.send(Offer{dialog, kAnswer});  // one at a time
  const auto refused = events.wait<OfferAnswered>();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 491);
  respond(*request, 200, kAnswer);
  const auto ack = peer->receive_request("ACK");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->header("CSeq").substr(0, 2), request->header("CSeq").substr(0, 2));
  const auto answered = events.wait<OfferAnswered>();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->dialog, dialog);
  EXPECT_EQ(answered->status, 200);
  EXPECT_EQ(answered->sdp, kAnswer);
  expect_whole();
}

TEST_P(Offers, LeaveTheSessionAsItWasWhereTheyAreRefused) {
  for (const int status : {405, 480, 488, 500, 503, 603}) {
    agent.send(Offer{dialog, kOffer});
    const auto request = peer->receive_request("INVITE");
    ASSERT_TRUE(request);
    respond(*request, status);
    const auto answered = events.wait<OfferAnswered>();
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->status, status);
  }
  expect_whole();
}

TEST_P(Offers, LetThePeerMakeOneInstead) {
  agent.send(Offer{dialog, {}});
  const auto request = peer->receive_request("INVITE");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body(), "");
  respond(*request, 200, kOffer);
  const auto reoffered = events.wait<Reoffered>();
  ASSERT_TRUE(reoffered);
  EXPECT_EQ(reoffered->offer, kOffer);
  agent.send(Offer{dialog, kOffer});  // waits for the ACK
  agent.send(AnswerOffer{dialog, kAnswer});
  const auto ack = peer->receive_request("ACK");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->body(), kAnswer);
  const auto second = peer->receive_request("INVITE");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->body(), kOffer);
  respond(*second, 200, kAnswer);
  EXPECT_TRUE(events.wait<OfferAnswered>());
  expect_whole();
}

TEST_P(Offers, AreTriedAgainAfterGlare) {
  agent.send(Offer{dialog, kOffer});
  const auto first = peer->receive_request("INVITE");
  ASSERT_TRUE(first);
  // Both ask at once: theirs is refused, and ours.
  send("INVITE", 10, kOffer);
  EXPECT_TRUE(peer->receive(491, "INVITE"));
  send("ACK", 10);
  send("UPDATE", 11, kOffer);
  EXPECT_TRUE(peer->receive(491, "UPDATE"));
  respond(*first, 491);
  ASSERT_TRUE(peer->receive_request("ACK"));
  const auto before = std::chrono::steady_clock::now();
  const auto second = peer->receive_request("INVITE");
  ASSERT_TRUE(second);
  const auto waited = std::chrono::steady_clock::now() - before;
  if (is_theirs()) {
    EXPECT_LE(waited, milliseconds(2500));
  } else {
    EXPECT_GE(waited, milliseconds(2000));
  }
  EXPECT_EQ(second->body(), kOffer);
  respond(*second, 200, kAnswer);
  const auto answered = events.wait<OfferAnswered>();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->status, 200);
  expect_whole();
}

TEST_P(Offers, WaitWhileThePeersIsOpen) {
  send("INVITE", 10, kOffer);
  ASSERT_TRUE(events.wait<Reoffered>());
  agent.send(Offer{dialog, kOffer});
  EXPECT_FALSE(peer->receive_request("INVITE", milliseconds(150)));
  agent.send(AnswerOffer{dialog, kAnswer});
  ASSERT_TRUE(peer->receive(200, "INVITE"));
  send("ACK", 10);
  const auto request = peer->receive_request("INVITE");
  ASSERT_TRUE(request);
  respond(*request, 200, kAnswer);
  const auto answered = events.wait<OfferAnswered>();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->status, 200);
  expect_whole();
}

// The answer to the re-INVITE before, after or without that to the BYE.
TEST_P(Offers, EndWithTheCall) {
  agent.send(Offer{dialog, kOffer});
  const auto request = peer->receive_request("INVITE");
  ASSERT_TRUE(request);
  respond(*request, 100);
  agent.send(Bye{dialog, {}});
  const auto bye = peer->receive_request("BYE");
  ASSERT_TRUE(bye);
  respond(*request, 200, kAnswer);
  peer->send(ok_to(*bye));
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::local);
}

TEST_P(Offers, EndWithTheCallThoughTheirAnswerComesLast) {
  agent.send(Offer{dialog, kOffer});
  const auto request = peer->receive_request("INVITE");
  ASSERT_TRUE(request);
  agent.send(Bye{dialog, {}});
  const auto bye = peer->receive_request("BYE");
  ASSERT_TRUE(bye);
  peer->send(ok_to(*bye));
  EXPECT_TRUE(events.wait<Ended>());
  respond(*request, 200, kAnswer);
  respond(*request, 200, kAnswer);
  Caller after(*peer, "after");
  after.send("OPTIONS", 1);
  EXPECT_TRUE(peer->receive(200, "OPTIONS"));
}

TEST_P(Offers, EndWithTheCallThatThePeerHangsUp) {
  if (test::kCountsLeaks) GTEST_SKIP() << "Sofia leaks";
  agent.send(Offer{dialog, kOffer});
  const auto request = peer->receive_request("INVITE");
  ASSERT_TRUE(request);
  send("BYE", 10);
  EXPECT_TRUE(peer->receive(200, "BYE"));
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::remote_bye);
  respond(*request, 487);
  respond(*request, 200, kAnswer);
  Caller after(*peer, "after");
  after.send("OPTIONS", 1);
  EXPECT_TRUE(peer->receive(200, "OPTIONS"));
}

TEST_P(Offers, EndTheCallWhereThePeerKnowsItNoMore) {
  agent.send(Offer{dialog, kOffer});
  const auto request = peer->receive_request("INVITE");
  ASSERT_TRUE(request);
  respond(*request, 481);
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::timer);
  EXPECT_EQ(ended->status, 481);
}

// ---- INFO, MESSAGE ----

TEST_P(Offers, InfoGoesBothWays) {
  agent.send(SendInfo{dialog, "application/dtmf-relay", "Signal=5\r\nDuration=100\r\n"});
  const auto info = peer->receive_request("INFO");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->header("Content-Type"), "application/dtmf-relay");
  EXPECT_EQ(info->body(), "Signal=5\r\nDuration=100\r\n");
  respond(*info, 415);  // no matter
  send("INFO", 20, "Signal=1", "application/dtmf-relay");
  const auto received = events.wait<Info>();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->body, "Signal=1");
  expect_whole();
}

TEST_P(Offers, MessagesGoBothWays) {
  const std::string body("h\xC3\xA4llo\0!", 8);
  agent.send(SendMessage{dialog, "text/plain", body, {{"X-Tele", "graph"}, {"To", "evil"}}});
  agent.send(SendMessage{dialog, "text/html", "<p>", {}});
  auto message = peer->receive_request("MESSAGE");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->header("Content-Type"), "text/plain");
  EXPECT_EQ(message->header("X-Tele"), "graph");
  EXPECT_EQ(message->body(), body);
  EXPECT_EQ(message->header("Contact"), "");
  respond(*message, 202);
  auto answered = events.wait<MessageAnswered>();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->dialog, dialog);
  EXPECT_EQ(answered->status, 202);
  message = peer->receive_request("MESSAGE");
  ASSERT_TRUE(message);
  respond(*message, 404);  // concerns the message, not the call
  answered = events.wait<MessageAnswered>();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->status, 404);

  send("MESSAGE", 20, "hello", "text/plain");
  EXPECT_TRUE(peer->receive(200, "MESSAGE"));
  const auto received = events.wait<Message>();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->dialog, dialog);
  EXPECT_EQ(received->content_type, "text/plain");
  EXPECT_EQ(received->body, "hello");
  EXPECT_EQ(value_of(received->headers, "CSeq"), "20 MESSAGE");
  expect_whole();
}

TEST_P(Offers, ChallengesThatNobodyCanAnswerHoldNothingUp) {
  const std::string challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
  agent.send(SendInfo{dialog, "text/plain", "1"});
  agent.send(SendMessage{dialog, "text/plain", "2", {}});
  for (const char* method : {"INFO", "MESSAGE"}) {
    const auto request = peer->receive_request(method);
    ASSERT_TRUE(request) << method;
    respond(*request, 401, {}, challenge);
  }
  const auto answered = events.wait<MessageAnswered>();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->status, 401);
  for (int i = 0; i < 2; ++i) {
    agent.send(Offer{dialog, kOffer});
    if (i == 0) {
      const auto request = peer->receive_request("INVITE");
      ASSERT_TRUE(request);
      respond(*request, 401, {}, challenge);
    }
    const auto refused = events.wait<OfferAnswered>();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 401);
  }
  agent.send(Bye{dialog, {}});
  const auto bye = peer->receive_request("BYE");
  ASSERT_TRUE(bye);
  respond(*bye, 401, {}, challenge);
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::local);
  EXPECT_EQ(ended->status, 401);
  EXPECT_EQ(agent.stats().dialogs, 0U);
}

TEST(Messages, OutsideAnyDialogAreRefused) {
  test::Events events;
  UserAgent agent(test::options(), [&](Event e) { events.put(std::move(e)); });
  ASSERT_TRUE(agent.start());
  Peer peer(agent.bound()[0]);
  Caller outside(peer, "outside");
  peer.send(outside.request("MESSAGE", 1, {}, "hello", "text/plain"));
  const auto refused = peer.receive(405, "MESSAGE");
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->header("Allow").find("INVITE"), std::string::npos);
  outside.set_to_tag("gone");
  peer.send(outside.request("MESSAGE", 2, {}, "hello", "text/plain"));
  EXPECT_TRUE(peer.receive(481, "MESSAGE"));
  EXPECT_EQ(events.count<Message>(), 0U);
}

}  // namespace
}  // namespace sip
