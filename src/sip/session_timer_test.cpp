// RFC 4028, from both sides of the refresh.

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>

#include "sip/test_agent.hpp"
#include "sip/test_peer.hpp"

namespace sip {
namespace {

using std::chrono::milliseconds;
using test::Callee;
using test::Caller;
using test::Events;
using test::kAnswer;
using test::kOffer;
using test::ok_to;
using test::options;
using test::Peer;
using test::value_of;

class Timers : public test::Running {};

// ---- session timers ----

TEST_F(Timers, GrantsASessionTimerThatTheCallerRefreshes) {
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

TEST_F(Timers, DoesNotAskForATimerWhereTheCallerHasNone) {
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

TEST_F(Timers, RefusesATimerThatIsTooShort) {
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

// ---- calls of ours ----

class TimersOfOurs : public testing::Test {
 protected:
  void SetUp() override {
    fast.session_expires = std::chrono::seconds(4);
    fast.min_se = std::chrono::seconds(1);
    agent = std::make_unique<UserAgent>(fast, [this](Event e) { events.put(std::move(e)); });
    ASSERT_TRUE(agent->start());
    peer.emplace(agent->bound()[0]);
  }
  // A call of ours that is answered with these header lines.
  std::optional<Callee> call(const std::string& more) {
    Invite command;
    dialog = command.dialog = agent->new_dialog();
    command.to = "sip:bob@" + peer->own();
    command.sdp = kOffer;
    agent->send(command);
    auto request = peer->receive_request("INVITE");
    if (!request) return std::nullopt;
    EXPECT_EQ(request->header("Session-Expires"), "4");
    EXPECT_EQ(request->header("Min-SE"), "1");
    Callee callee(*peer, *request);
    callee.respond(200, more, kAnswer);
    if (!peer->receive_request("ACK") || !events.wait<Accepted>()) return std::nullopt;
    return callee;
  }

  Options fast = options();
  Events events;
  std::unique_ptr<UserAgent> agent;
  std::optional<Peer> peer;
  DialogId dialog = 0;
};

TEST_F(TimersOfOurs, AreRefreshedByUpdate) {
  auto callee = call("Session-Expires: 4;refresher=uac\r\nRequire: timer\r\nAllow: INVITE, ACK, BYE, UPDATE\r\n");
  ASSERT_TRUE(callee);
  for (int i = 0; i < 2; ++i) {
    const auto update = peer->receive_request("UPDATE");
    ASSERT_TRUE(update);
    EXPECT_EQ(update->body(), "");
    callee->respond(*update, 200, "Session-Expires: 4;refresher=uac\r\nRequire: timer\r\n");
  }
}

// The session may have changed since our first offer: it is not made again.
TEST_F(TimersOfOurs, AreRefreshedByAReinviteWithoutSdpWhereThePeerHasNoUpdate) {
  auto callee = call("Session-Expires: 4;refresher=uac\r\nRequire: timer\r\nAllow: INVITE, ACK, BYE\r\n");
  ASSERT_TRUE(callee);
  for (int i = 0; i < 3; ++i) {
    const auto invite = peer->receive_request("INVITE");
    ASSERT_TRUE(invite);
    EXPECT_EQ(invite->body(), "");
    callee->respond(*invite, 200, "Session-Expires: 4;refresher=uac\r\nRequire: timer\r\n", kOffer);
    const auto reoffered = events.wait<Reoffered>();
    ASSERT_TRUE(reoffered);
    EXPECT_EQ(reoffered->offer, kOffer);
    agent->send(AnswerOffer{dialog, kAnswer});
    const auto ack = peer->receive_request("ACK");
    ASSERT_TRUE(ack);
    EXPECT_EQ(ack->body(), kAnswer);
  }
  EXPECT_EQ(events.count<OfferAnswered>(), 0U);
}

TEST_F(TimersOfOurs, EndTheCallWhereThePeerDoesNotRefresh) {
  ASSERT_TRUE(call("Session-Expires: 2;refresher=uas\r\nSupported: timer\r\n"));
  const auto bye = peer->receive_request("BYE");
  ASSERT_TRUE(bye);
  peer->send(ok_to(*bye));
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::timer);
}

TEST_F(TimersOfOurs, AreNotKeptWhereThePeerHasNone) {
  ASSERT_TRUE(call("Allow: INVITE, ACK, BYE, UPDATE\r\n"));
  EXPECT_FALSE(peer->receive(milliseconds(4500)));
}

TEST_F(TimersOfOurs, GrowWhereThePeerFindsThemTooShort) {
  Invite command;
  command.dialog = agent->new_dialog();
  command.to = "sip:bob@" + peer->own();
  command.sdp = kOffer;
  agent->send(command);
  auto request = peer->receive_request("INVITE");
  ASSERT_TRUE(request);
  while (request && request->header("Session-Expires") == "4") {
    Callee(*peer, *request).respond(422, "Min-SE: 300\r\n");
    request = peer->receive_request("INVITE");
  }
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header("Session-Expires"), "300");
  EXPECT_EQ(request->header("Min-SE"), "300");
  EXPECT_EQ(request->body(), kOffer);
  Callee(*peer, *request).respond(486);
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, 486);
}

}  // namespace
}  // namespace sip
