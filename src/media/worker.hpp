#pragma once
// One media thread: wakes every 20 ms, applies the commands that have come, drains the sockets of its streams and lets
// them tick, then posts the events. The streams, their sockets, taps and players are its own; control speaks to it
// through the mailbox only.
//
//   loop: sleep until the deadline ─▶ apply commands ─▶ tick(now): drain, play out, send ─▶ post events
//
// After a stall of the machine the sockets hold seconds of packets. A stream's time then goes on only as far as what it
// has been handed, a batch a tick, so that writers can follow; it catches up at sixteen times real time or more.
//
// Waking per packet would cost two to three times as much, so sockets are drained by time. A stream that only records
// is served every kStride ticks (arrivals are known by the kernel's stamps, recorded audio waits record_depth anyway);
// one that plays is served every tick.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/mailbox.hpp"
#include "base/owner.hpp"
#include "media/engine.hpp"
#include "media/event_queue.hpp"
#include "media/stream.hpp"
#include "net/port_range.hpp"
#include "net/udp_socket.hpp"

namespace media {

StreamStats& operator+=(StreamStats& sum, const StreamStats& one);

// A stream with its sockets.
class Leg final : public Transport {
 public:
  Leg(EndpointRef ref, Stream::Options options, rtp::NtpClock ntp, net::PortPair ports, EventQueue& events)
      : ports_(std::move(ports)), stream_(ref, options, ntp, *this, events) {
    heard_rtp = heard_rtcp = base::Clock::now();
  }

  bool send_rtp(std::span<const std::uint8_t> bytes, const net::Address& to) override {
    return ports_.rtp.send(bytes, to);
  }
  bool send_rtcp(std::span<const std::uint8_t> bytes, const net::Address& to) override {
    return ports_.rtcp.send(bytes, to);
  }
  Stream& stream() { return stream_; }
  const net::PortPair& ports() const { return ports_; }

  // Until when all that came has been taken from each socket.
  base::Time heard_rtp{}, heard_rtcp{};

 private:
  net::PortPair ports_;
  Stream stream_;
};

struct Command {
  struct Add {
    std::unique_ptr<Leg> leg;
  };
  struct Configure {
    Format format;
  };
  struct AddTap {
    TapId tap = 0;
    TapOptions options;
  };
  enum class TapAction { pause, resume, stop };
  struct ChangeTap {
    TapId tap = 0;
    TapAction action = TapAction::stop;
    record::EndReason reason = record::EndReason::stop;
  };
  struct Destroy {};

  std::uint32_t stream = 0;
  base::Time issued{};
  std::variant<Add, Configure, AddTap, ChangeTap, Destroy> what;
};

class Worker {
 public:
  static constexpr unsigned kStride = 4;       // ticks
  static constexpr unsigned kRtcpStride = 12;  // ticks, for an RTCP port of its own

  explicit Worker(std::function<void(Event)> on_event);
  ~Worker();  // stops the thread; every stream is finished

  // ---- any thread ----
  void post(Command command) { mailbox_.post(std::move(command)); }
  Engine::Stats stats() const;
  // For Leg: belongs to the worker's thread.
  EventQueue& events() { return events_; }

  void start();
  void stop();

  // ---- the worker's thread; public so that tests can be it ----
  void apply_commands();
  void tick(base::Time now);
  void post_events();

 private:
  static constexpr std::size_t kFigures = 16;

  void run();
  void apply(Command& command);
  void destroy(std::size_t index, base::Time issued);
  void destroy_all(base::Time now);
  void drain(Leg& leg, bool is_rtp, base::Time now, int most_batches);
  base::Time arrival(const net::Datagram& datagram, base::Time heard, base::Time now) const;
  void make_room();
  void publish();

  const std::function<void(Event)> on_event_;
  base::Mailbox<Command> mailbox_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;

  std::vector<std::unique_ptr<Leg>> legs_;
  EventQueue events_;
  net::ReceiveBatch batch_;
  std::chrono::nanoseconds realtime_offset_{0};  // CLOCK_REALTIME minus steady clock, of this tick
  std::size_t tap_count_ = 0;                    // at most
  std::uint64_t ticks_ = 0, late_ticks_ = 0;
  StreamStats gone_;  // of streams that were destroyed
  std::array<std::atomic<std::uint64_t>, kFigures> published_{};
};

}  // namespace media
