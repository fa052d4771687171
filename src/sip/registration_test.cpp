#include "sip/registration.hpp"

#include <gtest/gtest.h>
#include <string>

#include "sip/test_agent.hpp"
#include "sip/test_peer.hpp"

namespace sip {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Callee;
using test::kOffer;
using test::Peer;
using test::Reply;

class Registrations : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(agent.start()); }

  Register command(const Peer& peer) {
    return {"sip:" + peer.own(), "sip:tele@example.org", {"tele", "graph", {}}, seconds(600)};
  }
  static void accept(Peer& peer, const Reply& request, const std::string& expires) {
    const std::string contact = request.header("Contact");
    Callee(peer, request)
        .respond(200, "Contact: <sip:else@192.0.2.1>;expires=5000, " + contact + ";expires=" + expires +
                          "\r\nExpires: 4000\r\n");
  }
  void shut_down(Peer& peer) {
    agent.send(Shutdown{milliseconds(2000)});
    const auto removal = peer.receive_request("REGISTER");
    ASSERT_TRUE(removal);
    EXPECT_EQ(removal->header("Expires"), "0");
    Callee(peer, *removal).respond(200);
    EXPECT_TRUE(events.wait<Stopped>(milliseconds(1500)));
  }

  test::Events events;
  UserAgent agent{test::options(), [this](Event e) { events.put(std::move(e)); }};
};

TEST_F(Registrations, StandAreRefreshedInTimeAndRemovedInTheEnd) {
  Peer peer(agent.bound()[0]);
  agent.send(command(peer));
  auto request = peer.receive_request("REGISTER");
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->text().starts_with("REGISTER sip:" + peer.own() + " SIP/2.0\r\n")) << request->text();
  EXPECT_EQ(request->header("To"), "<sip:tele@example.org>");
  EXPECT_TRUE(request->header("From").starts_with("<sip:tele@example.org>;tag="));
  EXPECT_EQ(request->header("Contact"), "<sip:tele@" + peer.server() + ">");
  EXPECT_EQ(request->header("Expires"), "600");
  const Reply first = *request;
  accept(peer, *request, "1");
  for (int i = 0; i < 2; ++i) {
    const auto registered = events.wait<Registered>();
    ASSERT_TRUE(registered);
    EXPECT_EQ(registered->aor, "sip:tele@example.org");
    EXPECT_EQ(registered->status, 200);
    if (i == 1) break;
    const auto begin = std::chrono::steady_clock::now();
    request = peer.receive_request("REGISTER");
    ASSERT_TRUE(request);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(1));
    EXPECT_EQ(request->header("Call-ID"), first.header("Call-ID"));
    EXPECT_GT(std::stoul(request->header("CSeq")), std::stoul(first.header("CSeq")));
    accept(peer, *request, "600");
  }
  // Who calls the Contact reaches us.
  test::Caller caller(peer, "by-registrar");
  peer.send(caller.request("INVITE", 1, {}, kOffer));
  const auto incoming = events.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent.send(Reject{incoming->dialog, 486, {}, {}, {}});
  ASSERT_TRUE(peer.receive(486, "INVITE"));
  shut_down(peer);
}

TEST_F(Registrations, AnswerChallenges) {
  for (const std::string algorithm : {"MD5", "SHA-256"}) {
    UserAgent one(test::options(), [this](Event e) { events.put(std::move(e)); });
    ASSERT_TRUE(one.start());
    Peer registrar(one.bound()[0]);
    one.send(command(registrar));
    const std::string challenge =
        "WWW-Authenticate: Digest realm=\"example.org\", qop=\"auth\", algorithm=" + algorithm + ", nonce=";
    auto request = registrar.receive_request("REGISTER");
    ASSERT_TRUE(request);
    Callee(registrar, *request).respond(401, challenge + "\"n1\"\r\n");
    request = registrar.receive_request("REGISTER");
    ASSERT_TRUE(request);
    EXPECT_NE(request->header("Authorization").find("nonce=\"n1\""), std::string::npos);
    accept(registrar, *request, "1");
    ASSERT_TRUE(events.wait<Registered>());
    // The refresh has credentials; with a new nonce asked for, new ones.
    request = registrar.receive_request("REGISTER");
    ASSERT_TRUE(request);
    EXPECT_NE(request->header("Authorization").find("nonce=\"n1\""), std::string::npos);
    Callee(registrar, *request).respond(401, challenge + "\"n2\"\r\n");
    request = registrar.receive_request("REGISTER");
    ASSERT_TRUE(request);
    EXPECT_NE(request->header("Authorization").find("nonce=\"n2\""), std::string::npos);
    // Wrong ones end it, for a while.
    Callee(registrar, *request).respond(401, challenge + "\"n3\"\r\n");
    const auto failed = events.wait<Registered>();
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->status, 401);
    EXPECT_FALSE(registrar.receive_request("REGISTER", milliseconds(300)));
  }
}

TEST_F(Registrations, GoOnAfterFailures) {
  Peer peer(agent.bound()[0]);
  agent.send(command(peer));
  auto request = peer.receive_request("REGISTER");
  ASSERT_TRUE(request);
  Callee(peer, *request).respond(423, "Min-Expires: 1800\r\n");
  request = peer.receive_request("REGISTER");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header("Expires"), "1800");
  Callee(peer, *request).respond(503);
  auto registered = events.wait<Registered>();
  ASSERT_TRUE(registered);
  EXPECT_EQ(registered->status, 503);
  request = peer.receive_request("REGISTER", milliseconds(10000));
  ASSERT_TRUE(request);
  accept(peer, *request, "600");
  registered = events.wait<Registered>();
  ASSERT_TRUE(registered);
  EXPECT_EQ(registered->status, 200);
  shut_down(peer);
}

TEST_F(Registrations, DoNotHoldUpShutdown) {
  Peer peer(agent.bound()[0]);
  agent.send(command(peer));
  agent.send(Register{"sip:registrar.invalid", "sip:a@b", {}, seconds(60)});
  agent.send(Register{"nonsense", "sip:a@b", {}, seconds(60)});
  const auto refused = events.wait<Registered>();
  ASSERT_TRUE(refused);
  ASSERT_TRUE(peer.receive_request("REGISTER"));
  agent.send(Shutdown{milliseconds(200)});
  EXPECT_TRUE(events.wait<Stopped>(milliseconds(5000)));
}

}  // namespace
}  // namespace sip
