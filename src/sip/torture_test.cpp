// Messages made to break SIP stacks, sent to a running user agent, which must answer or drop them and go on.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "sip/test_peer.hpp"
#include "sip/user_agent.hpp"

namespace sip {
namespace {

using std::chrono::milliseconds;
using test::Caller;
using test::Events;
using test::Peer;

std::filesystem::path data_folder() {
  // The tests run from the build tree; the sources stand where this file was compiled from.
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "tests/data/rfc4475";
}

std::map<std::string, std::string> torture_messages() {
  std::map<std::string, std::string> messages;
  for (const auto& entry : std::filesystem::directory_iterator(data_folder())) {
    if (entry.path().extension() != ".dat") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    messages[entry.path().stem()] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return messages;
}

class Tortured : public testing::Test {
 protected:
  void SetUp() override {
    Options options;
    options.listen = {"udp:127.0.0.1:0", "tcp:127.0.0.1:0"};
    agent = std::make_unique<UserAgent>(options, [this](Event event) {
      if (const auto* incoming = std::get_if<Incoming>(&event)) {
        agent->send(Progress{incoming->dialog, 180, {}, incoming->headers});
        agent->send(Answer{incoming->dialog, test::kAnswer, {}});
      }
      events.put(std::move(event));
    });
    ASSERT_TRUE(agent->start());
  }
  // Asks on a connection of its own.
  testing::AssertionResult answers(const std::string& name) {
    for (const auto& bound : agent->bound()) {
      Peer peer(bound);
      Caller caller(peer, "after-" + name);
      caller.send("OPTIONS", 1);
      if (!peer.receive(200, "OPTIONS")) return testing::AssertionFailure() << bound << " is silent after " << name;
    }
    return testing::AssertionSuccess();
  }

  Events events;
  std::unique_ptr<UserAgent> agent;
};

TEST_F(Tortured, ByRfc4475OverUdpStillAnswers) {
  const auto messages = torture_messages();
  ASSERT_EQ(messages.size(), 49U);
  Peer peer(agent->bound()[0]);
  for (const auto& [name, message] : messages) {
    peer.send(message);
    EXPECT_TRUE(answers(name));
  }
}

TEST_F(Tortured, ByRfc4475OverTcpStillAnswers) {
  for (const auto& [name, message] : torture_messages()) {
    Peer peer(agent->bound()[1]);
    peer.send(message);
    EXPECT_TRUE(answers(name));
  }
}

// What RFC 4475 expects of an element like ours, for those whose Via lets an answer come back to us.
TEST_F(Tortured, AnswersAsRfc4475Says) {
  const auto messages = torture_messages();
  const std::map<std::string, int> expected{
      {"lwsdisp", 200}, {"semiuri", 200}, {"transports", 200}, {"zeromf", 200}, {"badbranch", 200},  {"clerr", 400},
      {"ncl", 400},     {"quotbal", 400}, {"insuf", 400},      {"invut", 415},  {"mismatch01", 400}, {"escnull", 405},
  };
  for (const auto& [name, status] : expected) {
    Peer peer(agent->bound()[0]);
    peer.send(messages.at(name));
    auto reply = peer.receive(milliseconds(1000));
    if (reply && reply->status() == 100) reply = peer.receive(milliseconds(1000));
    ASSERT_TRUE(reply) << name;
    EXPECT_EQ(reply->status(), status) << name << "\n" << reply->text();
  }
}

// Every message cut short, and with single octets changed, in a fixed pseudo-random order.
TEST_F(Tortured, ByMessagesWithErrorsStillAnswers) {
  const auto messages = torture_messages();
  std::uint32_t seed = 4475;
  const auto next = [&seed](std::size_t below) {
    seed = seed * 1664525U + 1013904223U;
    return static_cast<std::size_t>(seed >> 8) % below;
  };
  for (const auto& [name, message] : messages) {
    Peer udp(agent->bound()[0]);
    for (int round = 0; round < 20; ++round) {
      std::string changed = message.substr(0, round % 2 == 0 ? message.size() : next(message.size()) + 1);
      for (int i = 0; i < round % 5; ++i) changed[next(changed.size())] = static_cast<char>(next(256));
      udp.send(changed);
      if (round % 4 == 0) Peer(agent->bound()[1]).send(changed);
    }
    ASSERT_TRUE(answers(name + "-changed"));
  }
}

}  // namespace
}  // namespace sip
