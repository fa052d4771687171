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

// ---- early media and forks ----

TEST_F(Outgoing, TellsTheDescriptionOfEachForkOnce) {
  Peer peer = udp();
  const std::string other = std::string(kAnswer) + "a=ptime:20\r\n";
  agent.send(invite(peer));
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  Callee first(peer, *request, "f1");
  Callee second(peer, *request, "f2");
  std::vector<std::string> told;
  const auto hear = [&] {
    const auto progressed = events.wait<Progressed>();
    told.push_back(progressed ? std::to_string(progressed->status) + " " + progressed->sdp : "");
  };
  first.respond(183, {}, kAnswer);
  hear();
  first.respond(183, {}, kAnswer);
  hear();
  second.respond(180);
  hear();
  second.respond(183, {}, other);
  hear();
  EXPECT_EQ(told, (std::vector<std::string>{std::string("183 ") + kAnswer, "183 ", "180 ", "183 " + other}));
  second.respond(200, {}, other);
  const auto ack = peer.receive_request("ACK");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->to_tag(), "f2");
  const auto accepted = events.wait<Accepted>();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->sdp, other);

  // Somebody else has picked up as well (RFC 3261 §13.2.2.4).
  first.respond(200, {}, kAnswer);
  const auto second_ack = peer.receive_request("ACK");
  ASSERT_TRUE(second_ack);
  EXPECT_EQ(second_ack->to_tag(), "f1");
  const auto bye = peer.receive_request("BYE");
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->to_tag(), "f1");
  peer.send(ok_to(*bye));
  // The first that did goes on.
  second.send("INFO", 1, {}, "x", "text/plain");
  EXPECT_TRUE(peer.receive(200, "INFO"));
  EXPECT_EQ(events.count<Ended>(), 0U);
}

TEST_F(Outgoing, AcknowledgesReliableResponses) {
  Peer peer = udp();
  agent.send(invite(peer));
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  Callee callee(peer, *request);
  callee.respond(183, "Require: 100rel\r\nRSeq: 7\r\n", kAnswer);
  auto prack = peer.receive_request("PRACK");
  ASSERT_TRUE(prack);
  EXPECT_EQ(prack->header("RAck"), "7 " + request->header("CSeq"));
  EXPECT_EQ(prack->to_tag(), "c1");
  callee.respond(*prack, 200);
  const auto early = events.wait<Progressed>();
  ASSERT_TRUE(early);
  EXPECT_EQ(early->sdp, kAnswer);
  callee.respond(180, "Require: 100rel\r\nRSeq: 8\r\n");
  prack = peer.receive_request("PRACK");
  ASSERT_TRUE(prack);
  EXPECT_EQ(prack->header("RAck"), "8 " + request->header("CSeq"));
  callee.respond(*prack, 200);
  // The answer has been said reliably, the 200 does not repeat it; the event does.
  callee.respond(200);
  EXPECT_TRUE(peer.receive_request("ACK"));
  const auto accepted = events.wait<Accepted>();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->sdp, kAnswer);
}

TEST_F(Outgoing, IsCancelledAfterAReliableResponse) {
  Peer peer = udp();
  const Invite command = invite(peer);
  agent.send(command);
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  Callee callee(peer, *request);
  callee.respond(183, "Require: 100rel\r\nRSeq: 7\r\n", kAnswer);
  ASSERT_TRUE(peer.receive_request("PRACK"));
  ASSERT_TRUE(events.wait<Progressed>());
  agent.send(Bye{command.dialog, {}});  // the PRACK is not answered yet
  const auto cancel = peer.receive_request("CANCEL");
  ASSERT_TRUE(cancel);
  peer.send(ok_to(*cancel));
  callee.respond(487);
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, 487);
}

// ---- the peer makes the offer ----

TEST_F(Outgoing, AnswersTheOfferOfThePeerInTheAck) {
  Peer peer = udp();
  Invite command = invite(peer);
  command.sdp.clear();
  agent.send(command);
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body(), "");
  EXPECT_EQ(request->header("Supported"), "timer");
  Callee callee(peer, *request);
  callee.respond(200, {}, kOffer);
  const auto accepted = events.wait<Accepted>();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->sdp, kOffer);
  EXPECT_FALSE(peer.receive_request("ACK", milliseconds(100)));
  agent.send(AnswerOffer{command.dialog, kAnswer});
  const auto ack = peer.receive_request("ACK");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->body(), kAnswer);
  agent.send(Bye{command.dialog, {}});
  expect_bye(peer);
  EXPECT_TRUE(events.wait<Ended>());
}

TEST_F(Outgoing, AcknowledgesAndLeavesWhereTheOfferOfThePeerWillNotDo) {
  for (const bool by_refusal : {true, false}) {
    Peer peer = udp();
    Invite command = invite(peer);
    command.sdp.clear();
    agent.send(command);
    const auto request = peer.receive_request("INVITE");
    ASSERT_TRUE(request);
    Callee(peer, *request).respond(200, {}, kOffer);
    ASSERT_TRUE(events.wait<Accepted>());
    if (by_refusal) {
      agent.send(RefuseOffer{command.dialog, 488});
    } else {
      agent.send(Bye{command.dialog, {}});
    }
    EXPECT_TRUE(peer.receive_request("ACK"));
    expect_bye(peer);
    const auto ended = events.wait<Ended>();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->cause, EndCause::local);
  }
}

// ---- where it goes ----

TEST_F(Outgoing, FollowsARedirectToTheMostWantedContact) {
  Peer peer = udp();
  Peer target = udp();
  Invite command = invite(peer);
  command.redirects = 1;
  agent.send(command);
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  Callee(peer, *request)
      .respond(302, "Contact: <sip:wrong@127.0.0.1:9>;q=0.2, <mailto:bob@example.org>;q=1.0,\r\n <sip:carol@" +
                        target.own() + "?X-Smuggled=yes>;q=0.7\r\n");
  EXPECT_TRUE(peer.receive_request("ACK"));
  const auto second = target.receive_request("INVITE");
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->text().starts_with("INVITE sip:carol@" + target.own() + " SIP/2.0\r\n")) << second->text();
  EXPECT_EQ(second->text().find("X-Smuggled"), std::string::npos);
  EXPECT_EQ(second->body(), kOffer);
  // Once, and not twice.
  Callee(target, *second).respond(301, "Contact: <sip:dave@" + peer.own() + ">\r\n");
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, EndCause::refused);
  EXPECT_EQ(ended->status, 301);
  EXPECT_EQ(value_of(ended->headers, "Contact"), "<sip:dave@" + peer.own() + ">");
}

TEST_F(Outgoing, GoesThroughAProxyAndLooksUpItsName) {
  Peer peer = udp();
  Invite command = invite(peer);
  command.to = "sip:bob@no-such-host.invalid";
  command.proxy = "sip:localhost:" + peer.own().substr(peer.own().find(':') + 1);
  agent.send(command);
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->text().starts_with("INVITE sip:bob@no-such-host.invalid SIP/2.0\r\n"));
  EXPECT_EQ(request->header("Route"), "");
  Callee callee(peer, *request);
  // What follows goes along the route of the answer, and back to where that came from if it names a host.
  callee.respond(
      200,
      "Contact: <sip:bob@no-such-host.invalid>\r\nRecord-Route: <sip:far.invalid;lr>, <sip:" + peer.own() + ";lr>\r\n",
      kAnswer);
  const auto ack = peer.receive_request("ACK");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->header("Route"), "<sip:" + peer.own() + ";lr>");
  ASSERT_TRUE(events.wait<Accepted>());
  agent.send(Bye{command.dialog, {}});
  expect_bye(peer);
}

TEST_F(Outgoing, SaysWhyItCannotGoAnywhere) {
  const auto end_of = [&](const std::string& to) {
    Invite command;
    command.dialog = agent.new_dialog();
    command.to = to;
    command.sdp = kOffer;
    agent.send(command);
    return events.wait<Ended>(milliseconds(30000)).value_or(Ended{});
  };
  for (const auto& [to, status] : std::vector<std::pair<std::string, int>>{{"sips:bob@127.0.0.1", 416},
                                                                           {"tel:+123", 400},
                                                                           {"sip:", 400},
                                                                           {"sip:bob@127.0.0.1:99999", 400},
                                                                           {"sip:bob@127.0.0.1;transport=tls", 416},
                                                                           {"sip:bob@[::1]", 503},
                                                                           {"sip:b ob@127.0.0.1", 400}}) {
    const auto ended = end_of(to);
    EXPECT_EQ(ended.cause, EndCause::error) << to;
    EXPECT_EQ(ended.status, status) << to << ": " << ended.reason;
    EXPECT_NE(ended.reason, "") << to;
  }
  const auto nowhere = end_of("sip:bob@no-such-host.invalid");
  EXPECT_EQ(nowhere.cause, EndCause::error);
  EXPECT_TRUE(nowhere.status == 404 || nowhere.status == 503);
  EXPECT_NE(nowhere.reason.find("no-such-host.invalid"), std::string::npos) << nowhere.reason;
  const auto deaf = end_of("sip:bob@127.0.0.1:9;transport=tcp");
  EXPECT_EQ(deaf.cause, EndCause::error) << deaf.status << " " << deaf.reason;
}

}  // namespace
}  // namespace sip
