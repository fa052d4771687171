#include "sip/farewells.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <thread>

#include "sip/test_agent.hpp"
#include "sip/test_peer.hpp"

namespace sip {
namespace {

namespace fs = std::filesystem;

using std::chrono::milliseconds;
using test::Callee;
using test::Caller;
using test::Events;
using test::kAnswer;
using test::kOffer;
using test::ok_to;
using test::Peer;

// One process, and the one after it on the same port, which finds the notes as the kill of the first left them.
class FarewellsTest : public testing::Test {
 protected:
  FarewellsTest() : folder_(fs::temp_directory_path() / ("farewells-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    options_.notes = folder_.string();
    begin();
    options_.listen = agent_->bound();
  }
  ~FarewellsTest() override {
    end();
    fs::remove_all(folder_);
  }

  void begin() {
    agent_ = std::make_unique<UserAgent>(options_, [this](Event event) { events_.put(std::move(event)); });
    ASSERT_TRUE(agent_->start());
  }
  void end() {
    agent_->send(Shutdown{milliseconds(200)});
    EXPECT_TRUE(events_.wait<Stopped>());
    agent_.reset();
  }
  std::map<std::string, std::string> notes() const {
    std::map<std::string, std::string> found;
    for (const auto& each : fs::directory_iterator(folder_)) {
      if (each.path().extension() != ".json") continue;
      std::ifstream in(each.path(), std::ios::binary);
      found[each.path().filename().string()] = std::string(std::istreambuf_iterator<char>(in), {});
    }
    return found;
  }
  // They are written, and removed, on a thread of their own.
  std::map<std::string, std::string> wait_for_notes(std::size_t count) const {
    const auto until = std::chrono::steady_clock::now() + test::kPatience;
    auto found = notes();
    while (found.size() != count && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
      found = notes();
    }
    EXPECT_EQ(found.size(), count);
    return found;
  }
  // As if it had been killed now: what it says on its way out is not heard, and it does not tidy up.
  void kill(Peer& peer) {
    const auto left = notes();
    agent_->send(Shutdown{milliseconds(2000)});
    if (const auto bye = peer.receive_request("BYE")) peer.send(ok_to(*bye));
    EXPECT_TRUE(events_.wait<Stopped>());
    agent_.reset();
    for (const auto& [name, text] : left) std::ofstream(folder_ / name, std::ios::binary) << text;
    begin();
  }

  const fs::path folder_;
  Options options_ = test::options({"udp:127.0.0.1:0", "tcp:127.0.0.1:0"});
  Events events_;
  std::unique_ptr<UserAgent> agent_;
};

TEST_F(FarewellsTest, ACallThatWasUpIsEndedWithinItsDialog) {
  Peer peer(agent_->bound()[0]);
  Caller caller(peer, "up");
  const std::string routes =
      "Record-Route: <sip:" + peer.own() + ";lr;n=1>\r\nRecord-Route: <sip:192.0.2.1;lr;n=2>\r\n";
  caller.send("INVITE", 1, routes, kOffer);
  const auto incoming = events_.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent_->send(Answer{incoming->dialog, kAnswer, {}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  caller.learn(*ok);
  EXPECT_TRUE(notes().empty());  // not confirmed yet
  caller.send("ACK", 1);
  ASSERT_TRUE(events_.wait<Established>());
  wait_for_notes(1);
  kill(peer);
  const auto bye = peer.receive_request("BYE");
  ASSERT_TRUE(bye);
  EXPECT_TRUE(bye->text().starts_with("BYE sip:alice@" + peer.own() + ";transport=UDP SIP/2.0\r\n")) << bye->text();
  EXPECT_EQ(bye->header("Call-ID"), "up");
  EXPECT_EQ(bye->header("From"), ok->header("To"));
  EXPECT_EQ(bye->header("To"), ok->header("From"));
  const int sequence = std::stoi(bye->header("CSeq"));
  EXPECT_GE(sequence, 1 << 30);
  EXPECT_NE(bye->text().find("<sip:" + peer.own() + ";lr;n=1>"), std::string::npos) << bye->text();
  EXPECT_LT(bye->text().find("n=1"), bye->text().find("n=2"));
  peer.send(ok_to(*bye));
  wait_for_notes(0);
  EXPECT_FALSE(peer.receive_request("BYE", milliseconds(300)));
}

TEST_F(FarewellsTest, ACallOfOursThatWasUpIsEndedWhateverThePeerAnswers) {
  Peer peer(agent_->bound()[0]);
  const DialogId id = agent_->new_dialog();
  Invite invite;
  invite.dialog = id;
  invite.to = "sip:bob@" + peer.own();
  invite.sdp = kOffer;
  agent_->send(invite);
  const auto request = peer.receive_request("INVITE");
  ASSERT_TRUE(request);
  Callee callee(peer, *request);
  callee.respond(200, {}, kAnswer);
  ASSERT_TRUE(events_.wait<Accepted>());
  ASSERT_TRUE(peer.receive_request("ACK"));
  wait_for_notes(1);
  kill(peer);
  const auto bye = peer.receive_request("BYE");
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->header("Call-ID"), request->header("Call-ID"));
  EXPECT_EQ(bye->header("From"), request->header("From"));
  EXPECT_EQ(bye->to_tag(), "c1");
  EXPECT_GT(std::stoi(bye->header("CSeq")), std::stoi(request->header("CSeq")));
  callee.respond(*bye, 481);
  wait_for_notes(0);
}

TEST_F(FarewellsTest, ACallThatEndedIsForgotten) {
  Peer peer(agent_->bound()[0]);
  Caller caller(peer, "over");
  caller.send("INVITE", 1, {}, kOffer);
  const auto incoming = events_.wait<Incoming>();
  ASSERT_TRUE(incoming);
  agent_->send(Answer{incoming->dialog, kAnswer, {}});
  const auto ok = peer.receive(200, "INVITE");
  ASSERT_TRUE(ok);
  caller.learn(*ok);
  caller.send("ACK", 1);
  ASSERT_TRUE(events_.wait<Established>());
  wait_for_notes(1);
  caller.send("BYE", 2);
  ASSERT_TRUE(events_.wait<Ended>());
  wait_for_notes(0);
}

TEST_F(FarewellsTest, ANoteThatNoByeCanBeMadeOfIsPutAway) {
  end();
  const std::string good =
      R"({"call_id":"x","hop":"sip:127.0.0.1:9;transport=udp","local":"<sip:a@b>;tag=1","remote":"<sip:c@d>;tag=2",)"
      R"("route":"","target":"sip:c@d"})";
  ASSERT_TRUE(parse_dialog_note(good));
  const auto with = [&](const std::string& old, const std::string& now) {
    std::string text = good;
    return text.replace(text.find(old), old.size(), now);
  };
  const std::string bad[] = {"",
                             "{}",
                             "[]",
                             with("\"x\"", "7"),
                             with(";tag=1", ""),
                             with(";tag=2", ""),
                             with("127.0.0.1:9", "example.org"),
                             with("sip:c@d\"}", "sip:c@d\\r\\nX: y\"}"),
                             with("sip:c@d\"}", "mailto:c@d\"}")};
  int number = 0;
  for (const std::string& text : bad) {
    EXPECT_FALSE(parse_dialog_note(text)) << text;
    std::ofstream(folder_ / ("bad" + std::to_string(++number) + ".json"), std::ios::binary) << text;
  }
  begin();
  wait_for_notes(0);
}

}  // namespace
}  // namespace sip
