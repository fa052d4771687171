#pragma once
// A user agent that runs for the time of a test, on loopback ports of its own.

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "sip/test_peer.hpp"
#include "sip/user_agent.hpp"

namespace sip::test {

using std::chrono::milliseconds;

inline std::string value_of(const Headers& headers, const std::string& name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  return found == headers.end() ? std::string() : found->second;
}

inline Options options(std::vector<std::string> listen = {"udp:127.0.0.1:0"}) {
  Options options;
  options.listen = std::move(listen);
  options.software = "telegraphone-test/1";
  return options;
}

// nua_session_usage_remove() takes a reference to an INVITE of ours that a BYE of the peer overtakes, and never gives
// it back: some 2 kB are gone for each. The test is for what happens, not for that.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kCountsLeaks = true;
#else
inline constexpr bool kCountsLeaks = false;
#endif

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

}  // namespace sip::test
