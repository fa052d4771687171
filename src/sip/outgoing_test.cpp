#include "sip/outgoing.hpp"

#include <gtest/gtest.h>
#include <string>

#include "sip/test_agent.hpp"
#include "sip/test_peer.hpp"

namespace sip {
namespace {

using std::chrono::milliseconds;
using test::Callee;
using test::kAnswer;
using test::kOffer;
using test::ok_to;
using test::Peer;
using test::Reply;
using test::value_of;

class Outgoing : public test::Running {
 protected:
  Invite invite(const Peer& peer) {
    Invite command;
    command.dialog = agent.new_dialog();
    command.to = "sip:bob@" + peer.own();
    command.from = "sip:alice@example.org";
    command.sdp = kOffer;
    return command;
  }
  // The dialog of a call that has been answered and acknowledged; `more` are header lines of the 200.
  std::optional<Callee> answered(Peer& peer, const Invite& command, const std::string& more = {}) {
    agent.send(command);
    auto request = peer.receive_request("INVITE");
    if (!request) return std::nullopt;
    Callee callee(peer, *request);
    callee.respond(200, more, kAnswer);
    if (!peer.receive_request("ACK") || !events.wait<Accepted>()) return std::nullopt;
    return callee;
  }
  void expect_bye(Peer& peer) {
    const auto bye = peer.receive_request("BYE");
    ASSERT_TRUE(bye);
    peer.send(ok_to(*bye));
  }
};

TEST_F(Outgoing, RingsIsAnsweredAndHungUpByUs) {
  Peer peer = udp();
  Invite command = invite(peer);
  command.from_display = "Alice \"the\\caller\"\r\nX: y";
  command.headers = {{"X-Tele", "graph"}, {"Via", "SIP/2.0/UDP evil"}, {"X-Bad", "a\r\nX-Worse: b"}};
  agent.send(command);
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->text().starts_with("INVITE sip:bob@" + peer.own() + " SIP/2.0\r\n")) << request->text();
  EXPECT_EQ(request->header("To"), "<sip:bob@" + peer.own() + ">");
  EXPECT_TRUE(request->header("From").starts_with("\"Alice \\\"the\\\\caller\\\"  X: y\" <sip:alice@example.org>;tag="))
      << request->header("From");
  EXPECT_EQ(request->header("Contact"), "<sip:" + peer.server() + ">");
  EXPECT_EQ(request->header("X-Tele"), "graph");
  EXPECT_EQ(request->header("User-Agent"), "telegraphone-test/1");
  EXPECT_EQ(request->header("Supported"), "timer, 100rel");
  EXPECT_EQ(request->text().find("evil"), std::string::npos);
  EXPECT_EQ(request->text().find("X-Worse"), std::string::npos);
  EXPECT_EQ(request->body(), kOffer);

  Callee callee(peer, *request);
  callee.respond(100);
  callee.respond(180, "X-Ring: loud\r\n");
  const auto ringing = events.wait<Progressed>();
  ASSERT_TRUE(ringing);
  EXPECT_EQ(ringing->dialog, command.dialog);
  EXPECT_EQ(ringing->status, 180);
  EXPECT_EQ(ringing->sdp, "");
  EXPECT_EQ(value_of(ringing->headers, "X-Ring"), "loud");
  callee.respond(200, "X-Answered-By: bob\r\n", kAnswer);
  const auto ack = peer.receive_request("ACK");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->header("To"), "<sip:bob@" + peer.own() + ">;tag=c1");
  EXPECT_EQ(ack->body(), "");
  const auto accepted = events.wait<Accepted>();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->dialog, command.dialog);
  EXPECT_EQ(accepted->sdp, kAnswer);
  EXPECT_EQ(value_of(accepted->headers, "X-Answered-By"), "bob");

  agent.send(Bye{command.dialog, {{"Reason", "SIP;cause=200"}}});
  const auto bye = peer.receive_request("BYE");
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->header("Reason"), "SIP;cause=200");
  peer.send(ok_to(*bye));
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::local);
  EXPECT_EQ(agent.stats().dialogs, 0U);
}

TEST_F(Outgoing, IsHungUpByThePeer) {
  Peer peer = udp();
  auto callee = answered(peer, invite(peer));
  ASSERT_TRUE(callee);
  callee->send("BYE", 1, "X-Why: tired\r\n");
  EXPECT_TRUE(peer.receive(200, "BYE"));
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::remote_bye);
  EXPECT_EQ(value_of(ended->headers, "X-Why"), "tired");
}

TEST_F(Outgoing, EndsWithTheStatusThatItIsRefusedWith) {
  for (const int status : {403, 404, 480, 486, 488, 500, 503, 600, 603}) {
    Peer peer = udp();
    agent.send(invite(peer));
    const auto request = peer.receive_request("INVITE");
    ASSERT_TRUE(request);
    // Not sent again after Retry-After, either.
    Callee(peer, *request).respond(status, "Retry-After: 1\r\nX-Why: because\r\n");
    EXPECT_TRUE(peer.receive_request("ACK"));
    const auto ended = events.wait<Ended>();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->cause, EndCause::refused);
    EXPECT_EQ(ended->status, status);
    EXPECT_EQ(ended->reason, "Whatever");
    EXPECT_EQ(value_of(ended->headers, "X-Why"), "because");
  }
}

TEST_F(Outgoing, IsCancelledBeforeTheAnswer) {
  Peer peer = udp();
  const Invite command = invite(peer);
  agent.send(command);
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  Callee callee(peer, *request);
  callee.respond(180);
  ASSERT_TRUE(events.wait<Progressed>());
  agent.send(Bye{command.dialog, {{"Reason", "SIP;cause=200;text=\"elsewhere\""}}});
  const auto cancel = peer.receive_request("CANCEL");
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->header("Reason"), "SIP;cause=200;text=\"elsewhere\"");
  EXPECT_EQ(cancel->header("Via"), request->header("Via"));
  peer.send(ok_to(*cancel));
  callee.respond(487);
  EXPECT_TRUE(peer.receive_request("ACK"));
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::refused);
  EXPECT_EQ(ended->status, 487);
}

TEST_F(Outgoing, HangsUpAnAnswerThatCrossesTheCancel) {
  Peer peer = udp();
  const Invite command = invite(peer);
  agent.send(command);
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  Callee callee(peer, *request);
  callee.respond(180);
  ASSERT_TRUE(events.wait<Progressed>());
  agent.send(Bye{command.dialog, {}});
  const auto cancel = peer.receive_request("CANCEL");
  ASSERT_TRUE(cancel);
  callee.respond(200, {}, kAnswer);
  peer.send(ok_to(*cancel));
  EXPECT_TRUE(peer.receive_request("ACK"));
  expect_bye(peer);
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::refused);
  EXPECT_EQ(ended->status, 487);
  EXPECT_EQ(events.count<Accepted>(), 0U);
}

TEST_F(Outgoing, EndsWhenNobodyAnswersInTime) {
  Peer peer = udp();
  Invite command = invite(peer);
  command.timeout = milliseconds(300);
  agent.send(command);
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  Callee callee(peer, *request);
  callee.respond(180);
  const auto cancel = peer.receive_request("CANCEL");
  ASSERT_TRUE(cancel);
  peer.send(ok_to(*cancel));
  callee.respond(487);
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::no_answer);
  EXPECT_EQ(ended->status, 408);
}

}  // namespace
}  // namespace sip
