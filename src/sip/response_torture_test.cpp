// Responses made to break whoever sent the request: to an INVITE of ours, from a peer that knows no shame. The agent
// must end the call or go on with it, and answer others all the while.

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

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

class TorturedByResponses : public test::Running {
 protected:
  // One call whose INVITE is here.
  std::optional<Callee> call(Peer& peer) {
    Invite command;
    dialog = command.dialog = agent.new_dialog();
    command.to = "sip:bob@" + peer.own();
    command.sdp = kOffer;
    agent.send(command);
    auto request = peer.receive_request("INVITE");
    if (!request) return std::nullopt;
    return Callee(peer, *request);
  }
  testing::AssertionResult still_answers() {
    Peer peer = udp();
    Caller caller(peer, "still-" + std::to_string(++asked_));
    caller.send("OPTIONS", 1);
    if (!peer.receive(200, "OPTIONS")) return testing::AssertionFailure() << "silent";
    return testing::AssertionSuccess();
  }
  DialogId dialog = 0;
  int asked_ = 0;
};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

TEST_F(TorturedByResponses, TakesAnAnswerWithoutAContactOrWithOneThatLeadsNowhere) {
  int calls = 0;
  for (const char* contact :
       {"", "Contact: *\r\n", "Contact: <sip:bob@no-such-host.invalid>\r\n", "Contact: <tel:+1>\r\n",
        "Contact: <sip:@>\r\n", "Contact: <sip:bob@127.0.0.1:99999>\r\n", "Contact: <sips:bob@127.0.0.1>\r\n",
        "Contact: <sip:bob@[::1]:5060>\r\n", "Contact: sip:bob@127.0.0.1;transport=sctp\r\n", "Contact: <>\r\n",
        "Contact: \"\r\n", "Contact: <sip:a@127.0.0.1:1>, <sip:b@127.0.0.1:2>\r\n"}) {
    Peer peer = udp();
    auto callee = call(peer);
    ASSERT_TRUE(callee);
    std::string response = callee->response(callee->invite(), 200, {}, kAnswer);
    const auto begin = response.find("Contact: ");
    response.replace(begin, response.find("\r\n", begin) + 2 - begin, contact);
    peer.send(response);
    ++calls;
    EXPECT_TRUE(still_answers()) << contact;
    agent.send(Bye{dialog, {}});
  }
  for (int i = 0; i < calls; ++i) EXPECT_TRUE(events.wait<Ended>(milliseconds(4000)));
}

TEST_F(TorturedByResponses, PassesOnADescriptionThatIsGarbageUntouched) {
  const std::string garbage("v=0\r\nm=\xFF\x01 \r\nm=audio 99999999999 RTP/AVP 0 0 0\r\n\xFE=\r\nno line end");
  Peer peer = udp();
  auto callee = call(peer);
  ASSERT_TRUE(callee);
  callee->respond(183, {}, garbage);
  const auto early = events.wait<Progressed>();
  ASSERT_TRUE(early);
  EXPECT_EQ(early->sdp, garbage);
  callee->respond(200, {}, garbage);
  const auto accepted = events.wait<Accepted>();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->sdp, garbage);
  agent.send(Bye{dialog, {}});
  const auto bye = peer.receive_request("BYE");
  ASSERT_TRUE(bye);
  peer.send(ok_to(*bye));
  EXPECT_TRUE(events.wait<Ended>());
}

TEST_F(TorturedByResponses, IgnoresWhatIsNotAnAnswerToItsRequest) {
  Peer peer = udp();
  auto callee = call(peer);
  ASSERT_TRUE(callee);
  const Reply& invite = callee->invite();
  const std::string ok = callee->response(invite, 200, {}, kAnswer);
  const std::string sequence = invite.header("CSeq");
  const std::string call_id = invite.header("Call-ID");
  const std::string branch = invite.header("Via").substr(invite.header("Via").find("branch=") + 7);
  for (const std::string& wrong :
       {replaced(ok, "CSeq: " + sequence, "CSeq: 1 INVITE"),
        replaced(ok, "CSeq: " + sequence, "CSeq: " + sequence + "S"),
        replaced(ok, "CSeq: " + sequence, "CSeq: 99999999999999 INVITE"),
        replaced(ok, "CSeq: " + sequence, "CSeq: BYE"), replaced(ok, call_id, "another"),
        replaced(ok, branch, "z9hG4bKother"), replaced(ok, branch, ""), replaced(ok, ";tag=", ";tag=other"),
        replaced(ok, "SIP/2.0 200", "SIP/2.0 -1"), replaced(ok, "SIP/2.0 200", "SIP/3.0 200"),
        replaced(ok, "Via: ", "Vai: "), replaced(ok, "To: ", "From: "), std::string("SIP/2.0 200 OK\r\n\r\n"),
        ok.substr(0, 40)}) {
    peer.send(wrong);
    EXPECT_TRUE(still_answers());
    EXPECT_EQ(events.count<Accepted>() + events.count<Ended>(), 0U) << wrong;
  }
  callee->respond(200, {}, kAnswer);
  EXPECT_TRUE(events.wait<Accepted>());
}

TEST_F(TorturedByResponses, EndsOnAStatusThatThereIsNot) {
  for (const char* status : {"999", "700"}) {
    Peer peer = udp();
    auto callee = call(peer);
    ASSERT_TRUE(callee);
    peer.send(replaced(callee->response(callee->invite(), 200, {}, kAnswer), "SIP/2.0 200",
                       std::string("SIP/2.0 ") + status));
    const auto ended = events.wait<Ended>();
    ASSERT_TRUE(ended) << status;
    EXPECT_EQ(ended->cause, EndCause::error);
    EXPECT_EQ(ended->status, 500);
  }
}

TEST_F(TorturedByResponses, TakesTheSameAnswerTwiceForOne) {
  Peer peer = udp();
  auto callee = call(peer);
  ASSERT_TRUE(callee);
  for (int i = 0; i < 3; ++i) {  // each is acknowledged
    callee->respond(200, {}, kAnswer);
    EXPECT_TRUE(peer.receive_request("ACK"));
  }
  ASSERT_TRUE(events.wait<Accepted>());
  callee->respond(486);  // no answer any more
  EXPECT_TRUE(still_answers());
  EXPECT_EQ(events.count<Accepted>(), 0U);
  EXPECT_EQ(events.count<Ended>(), 0U);
}

TEST_F(TorturedByResponses, IsHungUpAtOnceOrEvenBefore) {
  for (const bool before : {false, true}) {
    if (before && test::kCountsLeaks) GTEST_SKIP() << "Sofia leaks";
    Peer peer = udp();
    auto callee = call(peer);
    ASSERT_TRUE(callee);
    callee->respond(180);
    ASSERT_TRUE(events.wait<Progressed>());
    if (!before) callee->respond(200, {}, kAnswer);
    callee->send("BYE", 1);
    if (before) callee->respond(487);
    EXPECT_TRUE(events.wait<Ended>()) << before;
    EXPECT_TRUE(still_answers());
    EXPECT_EQ(agent.stats().dialogs, 0U);
  }
}

TEST_F(TorturedByResponses, BearsHugeAndManyHeaders) {
  int calls = 0;
  for (const std::string& more : {"X-Huge: " + std::string(30000, 'x') + "\r\n",
                                  [] {
                                    std::string many;
                                    for (int i = 0; i < 2000; ++i) many += "X-Many: " + std::to_string(i) + "\r\n";
                                    return many;
                                  }(),
                                  [] {
                                    std::string routes = "Record-Route: ";
                                    for (int i = 0; i < 500; ++i)
                                      routes += "<sip:r" + std::to_string(i) + ".invalid;lr>, ";
                                    return routes + "<sip:last.invalid;lr>\r\n";
                                  }(),
                                  [] {
                                    std::string routes;
                                    for (int i = 0; i < 300; ++i) routes += "Record-Route: <sip:@;>;=\r\n";
                                    return routes;
                                  }()}) {
    Peer peer = udp();
    auto callee = call(peer);
    ASSERT_TRUE(callee);
    callee->respond(180, more);
    callee->respond(200, more, kAnswer);
    EXPECT_TRUE(still_answers());
    agent.send(Bye{dialog, {}});
    ++calls;
  }
  for (int i = 0; i < calls; ++i) EXPECT_TRUE(events.wait<Ended>(milliseconds(4000)));
}

TEST_F(TorturedByResponses, BearsReliableResponsesThatBreakTheRules) {
  int calls = 0;
  const std::string reliable = "Require: 100rel\r\nRSeq: ";
  for (const std::vector<std::string>& rseqs : std::vector<std::vector<std::string>>{{"0"},
                                                                                     {"5", "5", "4"},
                                                                                     {"5", "7"},
                                                                                     {"4294967295", "0", "1"},
                                                                                     {"x"},
                                                                                     {""},
                                                                                     {"99999999999"},
                                                                                     {"5", "6", "7", "8"}}) {
    Peer peer = udp();
    auto callee = call(peer);
    ASSERT_TRUE(callee);
    for (const auto& rseq : rseqs) callee->respond(183, reliable + rseq + "\r\n", kAnswer);
    Callee(peer, callee->invite(), "other").respond(183, reliable + "1\r\n", kAnswer);
    Callee(peer, callee->invite(), "third").respond(200, {}, kAnswer);
    callee->respond(200);
    EXPECT_TRUE(still_answers());
    agent.send(Bye{dialog, {}});
    ++calls;
  }
  for (int i = 0; i < calls; ++i) EXPECT_TRUE(events.wait<Ended>(milliseconds(4000)));
}

TEST_F(TorturedByResponses, FollowsNoRedirectInCircles) {
  Peer peer = udp();
  Invite command;
  command.dialog = agent.new_dialog();
  command.to = "sip:bob@" + peer.own();
  command.sdp = kOffer;
  command.redirects = 5;
  agent.send(command);
  const auto redirect = [&](const std::string& user) {
    const auto request = peer.receive_request("INVITE");
    ASSERT_TRUE(request);
    std::string contacts = "Contact: <sip:" + user + "@" + peer.own() + ">;q=junk";
    for (int i = 0; i < 100; ++i) contacts += ", <tel:" + std::to_string(i) + ">;q=9";
    Callee(peer, *request).respond(302, contacts + "\r\n");
  };
  redirect("carol");
  redirect("bob");  // who has been tried (§8.1.3.4)
  const auto ended = events.wait<Ended>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, 302);
}

// Valid responses of every kind, cut short and with single octets changed, in a fixed pseudo-random order.
TEST_F(TorturedByResponses, BearsResponsesWithErrors) {
  std::uint32_t seed = 3261;
  const auto next = [&seed](std::size_t below) {
    seed = seed * 1664525U + 1013904223U;
    return static_cast<std::size_t>(seed >> 8) % below;
  };
  const std::string challenge =
      "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256, stale=true\r\n";
  for (int round = 0; round < 150; ++round) {
    Peer peer = udp();
    Invite command;
    command.dialog = agent.new_dialog();
    command.to = "sip:bob@" + peer.own();
    command.sdp = round % 4 == 0 ? "" : kOffer;
    command.credentials = Credentials{"a", "b", {}};
    command.redirects = 2;
    agent.send(command);
    const auto request = peer.receive_request("INVITE");
    ASSERT_TRUE(request);
    Callee callee(peer, *request);
    for (const std::string& response :
         {callee.response(*request, 183, "Require: 100rel\r\nRSeq: 1\r\n", kAnswer),
          callee.response(*request, 180, "Session-Expires: 90\r\n"), callee.response(*request, 401, challenge),
          callee.response(*request, 302, "Contact: <sip:bob@" + peer.own() + ">;q=0.5\r\n"),
          callee.response(*request, 200, "Record-Route: <sip:127.0.0.1:9;lr>\r\nSession-Expires: 90;refresher=uac\r\n",
                          kAnswer)}) {
      std::string changed = response.substr(0, next(4) != 0 ? response.size() : next(response.size()) + 1);
      for (std::size_t i = next(4); i > 0; --i) changed[next(changed.size())] = static_cast<char>(next(256));
      peer.send(changed);
    }
    agent.send(Offer{command.dialog, kOffer});
    agent.send(AnswerOffer{command.dialog, kAnswer});
    agent.send(Bye{command.dialog, {}});
    callee.respond(487);
    ASSERT_TRUE(still_answers()) << round;
  }
}

}  // namespace
}  // namespace sip
