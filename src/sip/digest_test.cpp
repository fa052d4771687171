#include "sip/digest.hpp"

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

// RFC 7616 §3.9.1.
TEST(DigestResponse, IsThatOfTheRfcsExample) {
  Challenge challenge;
  challenge.realm = "http-auth@example.org";
  challenge.nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
  challenge.has_qop = challenge.offers_auth = true;
  const Credentials credentials{"Mufasa", "Circle of Life", {}};
  const auto response = [&] {
    return digest_response(challenge, credentials, "GET", "/dir/index.html", 1,
                           "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
  };
  challenge.algorithm = "MD5";
  EXPECT_EQ(response(), "8ca523f5e9506fed4657c9700eebdbec");
  challenge.algorithm = "SHA-256";
  EXPECT_EQ(response(), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

class Challenged : public test::Running {
 protected:
  Invite invite(const Peer& peer) {
    Invite command;
    command.dialog = agent.new_dialog();
    command.to = "sip:bob@" + peer.own();
    command.sdp = kOffer;
    command.credentials = Credentials{"alice", "wonderland", {}};
    return command;
  }
  static std::string param(const Reply& request, const std::string& header, const std::string& name) {
    const std::string value = ", " + request.header(header).substr(7);
    const auto at = value.find(", " + name + "=");
    if (at == std::string::npos) return {};
    std::string text = value.substr(at + name.size() + 3);
    text = text.substr(0, text.find(", "));
    return text.starts_with("\"") ? text.substr(1, text.size() - 2) : text;
  }
  // Whether the request carries our credentials for it, computed anew.
  static void expect_credentials(const Reply& request, bool by_proxy, const std::string& algorithm,
                                 const std::string& nonce, const std::string& password = "wonderland") {
    const std::string header = by_proxy ? "Proxy-Authorization" : "Authorization";
    ASSERT_TRUE(request.header(header).starts_with("Digest ")) << request.text();
    Challenge challenge;
    challenge.realm = "the realm";
    challenge.nonce = nonce;
    challenge.algorithm = algorithm;
    challenge.has_qop = true;
    EXPECT_EQ(param(request, header, "username"), "alice");
    EXPECT_EQ(param(request, header, "realm"), "the realm");
    EXPECT_EQ(param(request, header, "nonce"), nonce);
    EXPECT_EQ(param(request, header, "opaque"), "o");
    EXPECT_EQ(param(request, header, "qop"), "auth");
    const auto count = static_cast<std::uint32_t>(std::stoul(param(request, header, "nc"), nullptr, 16));
    EXPECT_EQ(param(request, header, "response"),
              digest_response(challenge, {"alice", password, {}}, request.method(), param(request, header, "uri"),
                              count, param(request, header, "cnonce")));
  }
  static std::string challenge(bool by_proxy, const std::string& algorithm, const std::string& nonce,
                               const std::string& more = {}) {
    return std::string(by_proxy ? "Proxy" : "WWW") + "-Authenticate: Digest realm=\"the realm\", nonce=\"" + nonce +
           "\", opaque=\"o\", qop=\"auth\", algorithm=" + algorithm + more + "\r\n";
  }
};

TEST_F(Challenged, AnswersWithEveryAlgorithmAndByProxiesToo) {
  for (const bool by_proxy : {false, true}) {
    for (const char* algorithm : {"MD5", "SHA-256", "SHA-512-256"}) {
      Peer peer = udp();
      const Invite command = invite(peer);
      agent.send(command);
      const auto first = peer.receive_request("INVITE");
      ASSERT_TRUE(first);
      EXPECT_EQ(first->text().find("uthorization"), std::string::npos);
      Callee(peer, *first).respond(by_proxy ? 407 : 401, challenge(by_proxy, algorithm, "n1"));
      ASSERT_TRUE(peer.receive_request("ACK"));
      const auto second = peer.receive_request("INVITE");
      ASSERT_TRUE(second) << algorithm;
      expect_credentials(*second, by_proxy, algorithm, "n1");
      EXPECT_EQ(second->header("Call-ID"), first->header("Call-ID"));
      EXPECT_EQ(second->header("From"), first->header("From"));
      EXPECT_EQ(second->header("To"), first->header("To"));
      EXPECT_EQ(std::stoul(second->header("CSeq")), std::stoul(first->header("CSeq")) + 1);
      EXPECT_EQ(second->body(), kOffer);
      Callee callee(peer, *second);
      callee.respond(200, {}, kAnswer);
      const auto ack = peer.receive_request("ACK");
      ASSERT_TRUE(ack);
      EXPECT_NE(ack->header(by_proxy ? "Proxy-Authorization" : "Authorization"), "");
      ASSERT_TRUE(events.wait<Accepted>());
      // What follows in the dialog carries them as well.
      agent.send(Offer{command.dialog, kOffer});
      const auto third = peer.receive_request("INVITE");
      ASSERT_TRUE(third);
      expect_credentials(*third, by_proxy, algorithm, "n1");
      callee.respond(*third, 200, {}, kAnswer);
      ASSERT_TRUE(events.wait<OfferAnswered>());
      agent.send(Bye{command.dialog, {}});
      const auto bye = peer.receive_request("BYE");
      ASSERT_TRUE(bye);
      expect_credentials(*bye, by_proxy, algorithm, "n1");
      peer.send(ok_to(*bye));
      EXPECT_TRUE(events.wait<Ended>());
    }
  }
}

TEST_F(Challenged, TakesTheAlgorithmThatTheServerListsFirst) {
  Peer peer = udp();
  agent.send(invite(peer));
  const auto first = peer.receive_request("INVITE");
  ASSERT_TRUE(first);
  Callee(peer, *first)
      .respond(401,
               challenge(false, "SHA3-999", "n0") + challenge(false, "SHA-256", "n1") + challenge(false, "MD5", "n2"));
  const auto second = peer.receive_request("INVITE");
  ASSERT_TRUE(second);
  expect_credentials(*second, false, "SHA-256", "n1");
  Callee(peer, *second).respond(486);
  EXPECT_TRUE(events.wait<Ended>());
}

TEST_F(Challenged, KnowsPasswordsOfEveryKind) {
  for (const char* password : {"", "a:b", "\"q\"\\", "p\xC3\xA4ss"}) {
    Peer peer = udp();
    Invite command = invite(peer);
    command.credentials->password = password;
    agent.send(command);
    const auto first = peer.receive_request("INVITE");
    ASSERT_TRUE(first);
    Callee(peer, *first).respond(401, challenge(false, "MD5", "n1"));
    const auto second = peer.receive_request("INVITE");
    ASSERT_TRUE(second) << password;
    expect_credentials(*second, false, "MD5", "n1", password);
    Callee(peer, *second).respond(486);
    EXPECT_TRUE(events.wait<Ended>());
  }
}

TEST_F(Challenged, LeavesTheBodyOutOfIt) {
  Peer peer = udp();
  agent.send(invite(peer));
  const auto first = peer.receive_request("INVITE");
  ASSERT_TRUE(first);
  std::string header = challenge(false, "MD5", "n1");
  header.replace(header.find("\"auth\""), 6, "\"auth-int, auth\"");
  Callee(peer, *first).respond(401, header);
  const auto second = peer.receive_request("INVITE");
  ASSERT_TRUE(second);
  expect_credentials(*second, false, "MD5", "n1");
  Callee(peer, *second).respond(486);
  EXPECT_TRUE(events.wait<Ended>());
}

TEST_F(Challenged, DoesNotTryInVain) {
  for (const char* algorithm : {"MD5", "SHA-256"}) {
    Peer peer = udp();
    agent.send(invite(peer));
    const auto first = peer.receive_request("INVITE");
    ASSERT_TRUE(first);
    Callee(peer, *first).respond(401, challenge(false, algorithm, "n1"));
    const auto second = peer.receive_request("INVITE");
    ASSERT_TRUE(second);
    Callee(peer, *second).respond(401, challenge(false, algorithm, "n2"));
    const auto ended = events.wait<Ended>();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->cause, EndCause::refused);
    EXPECT_EQ(ended->status, 401);
    EXPECT_FALSE(peer.receive_request("INVITE", milliseconds(100)));
  }
}

TEST_F(Challenged, TriesAgainWhereOnlyTheNonceWasStale) {
  for (const char* algorithm : {"MD5", "SHA-256"}) {
    Peer peer = udp();
    agent.send(invite(peer));
    const auto first = peer.receive_request("INVITE");
    ASSERT_TRUE(first);
    Callee(peer, *first).respond(401, challenge(false, algorithm, "n1"));
    const auto second = peer.receive_request("INVITE");
    ASSERT_TRUE(second);
    Callee(peer, *second).respond(401, challenge(false, algorithm, "n2", ", stale=true"));
    const auto third = peer.receive_request("INVITE");
    ASSERT_TRUE(third);
    expect_credentials(*third, false, algorithm, "n2");
    Callee(peer, *third).respond(603);
    const auto ended = events.wait<Ended>();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->status, 603);
  }
}

TEST_F(Challenged, DoesNotAnswerForAnotherRealmOrAnotherScheme) {
  Peer peer = udp();
  for (const std::string& header :
       {challenge(false, "MD5", "n1"), challenge(false, "SHA-256", "n1"), challenge(false, "AKAv1-MD5", "n1"),
        std::string("WWW-Authenticate: Basic realm=\"else\"\r\n"), std::string("WWW-Authenticate: Digest\r\n"),
        std::string()}) {
    Invite command = invite(peer);
    command.credentials->realm = "else";
    agent.send(command);
    const auto first = peer.receive_request("INVITE");
    ASSERT_TRUE(first);
    Callee(peer, *first).respond(401, header);
    const auto ended = events.wait<Ended>();
    ASSERT_TRUE(ended) << header;
    EXPECT_EQ(ended->status, 401);
  }
}

TEST_F(Challenged, IsCancelledWhileItIsBeingAnswered) {
  for (const char* algorithm : {"MD5", "SHA-256"}) {
    Peer peer = udp();
    const Invite command = invite(peer);
    agent.send(command);
    const auto first = peer.receive_request("INVITE");
    ASSERT_TRUE(first);
    Callee(peer, *first).respond(401, challenge(false, algorithm, "n1"));
    const auto second = peer.receive_request("INVITE");
    ASSERT_TRUE(second);
    Callee callee(peer, *second);
    agent.send(Bye{command.dialog, {}});
    callee.respond(100);
    const auto cancel = peer.receive_request("CANCEL");
    ASSERT_TRUE(cancel);
    peer.send(ok_to(*cancel));
    callee.respond(487);
    const auto ended = events.wait<Ended>();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->status, 487);
  }
}

}  // namespace
}  // namespace sip
