// Endpoints on their way from one worker to another: two workers that the test drives, real sockets on the loopback, a
// clock ahead of the kernel's, so that what is read has arrived "now".
#include "media/worker.hpp"

#include <deque>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "rtp/packet.hpp"

namespace {

using base::milliseconds;
using media::Command;
using media::Worker;

class WorkerTest : public testing::Test {
 protected:
  struct Phone {
    net::UdpSocket socket = std::move(*net::UdpSocket::bind(*net::Address::parse("127.0.0.1", 0)));
    net::Address target;
    std::uint16_t sequence = 0;
    std::size_t received = 0;
    std::vector<std::uint8_t> heard;
  };

  Phone& call(Worker& worker, std::uint32_t id) {
    auto ports = range_.bind();
    EXPECT_TRUE(ports);
    Phone& phone = phones_.emplace_back();
    phone.target = ports->rtp.local();
    auto leg = std::make_unique<media::Leg>(media::EndpointRef{id}, options_, rtp::NtpClock::now(), std::move(*ports),
                                            worker.events());
    leg->heard_rtp = leg->heard_rtcp = now_;
    post(worker, id, Command::AddStream{std::move(leg)});
    media::Format format;
    format.codec = codec::find("PCMU", 8000);
    format.remote_rtp = phone.socket.local();
    post(worker, id, Command::Configure{format});
    return phone;
  }
  void post(Worker& worker, std::uint32_t id, decltype(Command::what) what, std::uint32_t other = 0) {
    worker.post({.endpoint = id, .other = other, .issued = now_, .what = std::move(what)});
  }
  record::Track& tap(Worker& worker, std::uint32_t id, media::TapId tap) {
    record::Settings settings;
    settings.direction = record::Direction::send;
    tracks_.emplace_back(8000, 1, 60.0);
    post(worker, id, Command::AddTap{tap, {settings, &tracks_.back()}});
    return tracks_.back();
  }
  void move(Worker& from, Worker& to, std::vector<std::uint32_t> ids) {
    to.post({.what = Command::Expect{ids}});
    from.post({.what = Command::Leave{std::move(ids), &to}});
  }

  // Every phone says the same noise, so soft that two of them are not too loud.
  void speak() {
    std::array<std::uint8_t, rtp::kHeaderSize + 160> packet;
    for (std::uint8_t& byte : packet)
      byte = static_cast<std::uint8_t>((noise_ = noise_ * 1664525 + 1013904223) >> 24 | 0x40);
    for (Phone& phone : phones_) {
      rtp::Packet{.sequence = phone.sequence, .timestamp = phone.sequence * 160U, .ssrc = 5, .payload = {}}
          .write_header(packet);
      ++phone.sequence;
      ASSERT_TRUE(phone.socket.send(packet, phone.target));
    }
  }
  void step(std::initializer_list<Worker*> workers, int steps = 1) {
    for (int i = 0; i < steps; ++i) {
      now_ += milliseconds(20);
      speak();
      for (Worker* worker : workers) {
        worker->apply_commands();
        worker->tick(now_);
        worker->post_events();
      }
      net::ReceiveBatch batch;
      for (Phone& phone : phones_) {
        while (phone.socket.receive(batch) > 0) {
          for (std::size_t n = 0; n < batch.size(); ++n) {
            const auto packet = rtp::Packet::parse(batch[n].bytes);
            if (!packet || packet->payload.empty()) continue;
            ++phone.received;
            phone.heard.insert(phone.heard.end(), packet->payload.begin(), packet->payload.end());
          }
        }
      }
    }
  }
  static std::vector<std::int16_t> take(record::Track& track) {
    std::vector<std::int16_t> all, block(record::Track::kMaxBlock);
    while (const std::size_t count = track.take(block)) {
      all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return all;
  }

  const media::Stream::Options options_{.idle = media::Idle::none};
  base::Time now_ = media::Beat::at(base::Clock::now() + std::chrono::hours(1)).begin();
  net::PortRange range_{*net::Address::parse("127.0.0.1", 0), 44000, 44999};
  std::deque<record::Track> tracks_;
  std::deque<Phone> phones_;
  std::uint32_t noise_ = 1;
  std::vector<media::Event> events_;
  Worker a_{[this](const media::Event& event) { events_.push_back(event); }};
  Worker b_{[this](const media::Event& event) { events_.push_back(event); }};
};

TEST_F(WorkerTest, ARecordingGoesOnToTheSampleWhileItsStreamMoves) {
  call(a_, 1);
  call(a_, 2);
  step({&a_, &b_}, 10);
  auto& stays = tap(a_, 1, 1);
  auto& moves = tap(a_, 2, 2);
  step({&a_, &b_}, 25);
  for (int i = 0; i < 10; ++i) {
    Worker& from = i % 2 == 0 ? a_ : b_;
    Worker& to = i % 2 == 0 ? b_ : a_;
    move(from, to, {2});
    // The new worker may come first or last, and packets come in between.
    if (i % 3 == 0) {
      step({&to, &from}, 7);
    } else {
      step({&from, &to}, 7);
    }
  }
  post(a_, 1, Command::ChangeTap{.tap = 1});
  post(a_, 2, Command::ChangeTap{.tap = 2});
  step({&a_, &b_}, 30);
  const auto expected = take(stays), moved = take(moves);
  ASSERT_TRUE(stays.ended() && moves.ended());
  EXPECT_EQ(expected.size(), (25 + 70) * 160U);
  EXPECT_EQ(expected, moved);
  EXPECT_EQ(moves.stats().packets_lost, 0U);
  EXPECT_GT(std::count_if(moved.begin(), moved.end(), [](std::int16_t s) { return std::abs(s) > 100; }), 8000);
}

TEST_F(WorkerTest, CommandsToWhatIsOnItsWayWaitInOrder) {
  call(a_, 1);
  step({&a_, &b_}, 20);
  // The old worker is slow: what control says meanwhile goes to the new one.
  move(a_, b_, {1});
  auto& track = tap(b_, 1, 1);
  post(b_, 1, Command::ChangeTap{.tap = 1, .action = Command::TapAction::pause});
  step({&b_}, 1);
  post(b_, 1, Command::ChangeTap{.tap = 1, .action = Command::TapAction::resume});
  step({&b_}, 2);
  EXPECT_FALSE(track.ended());
  step({&a_, &b_}, 20);
  post(b_, 1, Command::Destroy{});
  step({&a_, &b_}, 2);
  const auto audio = take(track);
  ASSERT_TRUE(track.ended());
  EXPECT_EQ(audio.size(), (3 - 1 + 20) * 160U) << "from its command on, but for the pause";
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<media::TapEnded>(events_[0]));
  EXPECT_TRUE(std::holds_alternative<media::Destroyed>(events_[1]));
}

TEST_F(WorkerTest, OnAndOnBeforeItHasArrivedAnywhere) {
  call(a_, 1);
  step({&a_, &b_}, 10);
  auto& track = tap(a_, 1, 1);
  move(a_, b_, {1});
  move(b_, a_, {1});
  move(a_, b_, {1});
  step({&b_}, 3);
  step({&a_, &b_}, 20);
  post(b_, 1, Command::ChangeTap{.tap = 1});
  step({&a_, &b_}, 20);
  EXPECT_EQ(take(track).size(), 23U * 160);
  EXPECT_TRUE(track.ended());
}

TEST_F(WorkerTest, AJoinAcrossWorkersBringsThemTogether) {
  Phone& one = call(a_, 1);
  Phone& other = call(b_, 2);
  step({&a_, &b_}, 10);
  move(b_, a_, {2});
  post(a_, 1, Command::Join{true, true}, 2);
  step({&a_, &b_}, 60);
  EXPECT_NEAR(static_cast<double>(one.received), 59, 2);
  EXPECT_NEAR(static_cast<double>(other.received), 59, 2);
  // What the other said, bit by bit, 30 ms and something later; both say the same.
  const std::vector<std::uint8_t> tail(one.heard.end() - 4000, one.heard.end() - 3000);
  EXPECT_NE(std::search(other.heard.begin(), other.heard.end(), tail.begin(), tail.end()), other.heard.end());
  post(a_, 2, Command::Destroy{});
  step({&a_, &b_}, 5);
  const auto before = one.received;
  step({&a_, &b_}, 10);
  EXPECT_EQ(one.received, before);
}

TEST_F(WorkerTest, ABridgeMovesWithItsMembersAndItsRecording) {
  call(a_, 1);
  call(a_, 2);
  a_.post({.endpoint = 3,
           .issued = now_,
           .what = Command::AddBridge{
               std::make_unique<media::Bridge>(media::EndpointRef{3}, now_, milliseconds(200), a_.events())}});
  post(a_, 1, Command::Join{true, true}, 3);
  post(a_, 3, Command::Join{true, true}, 2);
  step({&a_, &b_}, 30);
  auto& mixed = tap(a_, 3, 1);
  step({&a_, &b_}, 20);
  move(a_, b_, {1, 2, 3});
  step({&a_, &b_}, 20);
  // One leaves and is off at once: the recording still has all it said.
  post(b_, 2, Command::Unjoin{}, 3);
  auto& left = tap(b_, 2, 2);
  move(b_, a_, {2});
  step({&a_, &b_}, 30);
  post(a_, 2, Command::ChangeTap{.tap = 2});
  post(b_, 3, Command::Destroy{});
  step({&a_, &b_}, 30);
  const auto audio = take(mixed), alone = take(left);
  ASSERT_TRUE(mixed.ended() && left.ended());
  EXPECT_EQ(audio.size(), 70U * 160);
  EXPECT_EQ(alone.size(), 30U * 160);
  // Both say the same: four times the power until one has left, to the last packet, and then the other alone.
  const auto power = [&](std::size_t from, std::size_t to) {
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += static_cast<double>(audio[i]) * audio[i];
    return sum / static_cast<double>(to - from);
  };
  EXPECT_NEAR(power(0, 40 * 160) / power(40 * 160, 70 * 160), 4, 0.2);
  EXPECT_NEAR(power(38 * 160, 40 * 160) / power(40 * 160, 70 * 160), 4, 1);
  for (std::size_t i = 40 * 160; i < 70 * 160; ++i) ASSERT_EQ(audio[i], alone[i - 40 * 160]) << i;
}

}  // namespace
