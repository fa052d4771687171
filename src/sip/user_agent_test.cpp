#include "sip/user_agent.hpp"

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

class Requests : public test::Running {};

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

// ---- other requests ----

TEST_F(Requests, AnswersOptionsWithWhatItCanDo) {
  Peer peer = udp();
  Caller outside(peer, "options");
  outside.send("OPTIONS", 1);
  auto ok = peer.receive(200, "OPTIONS");
  ASSERT_TRUE(ok);
  for (const char* method : {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "PRACK", "INFO", "UPDATE", "MESSAGE"}) {
    EXPECT_NE(ok->header("Allow").find(method), std::string::npos) << method;
  }
  for (const char* method : {"REFER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "REGISTER"}) {
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

TEST_F(Requests, HandsOnInfo) {
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

TEST_F(Requests, RefusesMethodsThatItDoesNotHave) {
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

TEST_F(Requests, KnowsNothingOfCallsThatAreNot) {
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

TEST_F(Requests, RefusesExtensionsAndBodiesThatItDoesNotKnow) {
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

TEST_F(Requests, FindsTheSdpInAMultipartBody) {
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

// ---- names, ends ----

TEST_F(Requests, SendsItsByeBackToTheSourceWhereTheContactIsAName) {
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

TEST_F(Requests, NeverWaitsForANameServer) {
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
