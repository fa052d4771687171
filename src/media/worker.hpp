#pragma once
// One media thread: wakes every 20 ms, applies the commands that have come, drains the sockets of its streams and lets
// them tick, runs the beat of what is joined, then posts the events. The streams, their sockets, bridges, taps and
// outputs are its own; control speaks to it through the mailbox only.
//
//   loop: sleep until the deadline ─▶ apply commands ─▶ tick(now): drain, play out, send ─▶ beats ─▶ post events
//
// After a stall of the machine the sockets hold seconds of packets. A stream's time then goes on only as far as what it
// has been handed, a batch a tick, so that writers can follow; it catches up at sixteen times real time or more. What
// is live jumps instead: beats that are older than kMostBeats are left out.
//
// Waking per packet would cost two to three times as much, so sockets are drained by time. A stream that only records
// is served every kStride ticks (arrivals are known by the kernel's stamps, recorded audio waits record_depth anyway);
// one that plays or is joined is served every tick.

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/mailbox.hpp"
#include "media/command.hpp"
#include "media/engine.hpp"
#include "media/event_queue.hpp"
#include "media/leg.hpp"
#include "media/switchboard.hpp"

namespace media {

StreamStats& operator+=(StreamStats& sum, const StreamStats& one);

class Worker {
 public:
  static constexpr unsigned kStride = 4;          // ticks
  static constexpr unsigned kRtcpStride = 12;     // ticks, for an RTCP port of its own
  static constexpr std::int64_t kMostBeats = 10;  // a tick

  explicit Worker(std::function<void(Event)> on_event);
  ~Worker();  // stops the thread; every stream is finished

  // ---- any thread ----
  void post(Command command) { mailbox_.post(std::move(command)); }
  Engine::Stats stats() const;
  // For Leg and Bridge: belongs to the worker's thread.
  EventQueue& events() { return events_; }

  void start();
  void stop();

  // ---- the worker's thread; public so that tests can be it ----
  void apply_commands();
  void tick(base::Time now);
  void post_events();

 private:
  static constexpr std::size_t kFigures = 18;

  void run();
  void take(Command command);
  void take_waiting();
  bool must_wait(const Command& command) const;
  void apply(Command& command);
  void apply(Stream& stream, Command& command);
  void apply(Bridge& bridge, Command& command);
  void refuse(Command& command);
  void join(const Command& command, bool forth, bool back);
  void leave(Command::Leave& leave);
  void arrive(Command::Arrive& arrive);
  Stream* find_stream(std::uint32_t id) const;
  void destroy_stream(std::uint32_t id, base::Time issued);
  void destroy_all(base::Time now);
  void drop_closed_bridges();
  void drain(Leg& leg, bool is_rtp, base::Time now, int most_batches);
  base::Time arrival(const net::Datagram& datagram, base::Time heard, base::Time now) const;
  void run_beats(base::Time now);
  void list_live();
  void make_room();
  void publish();

  const std::function<void(Event)> on_event_;
  base::Mailbox<Command> mailbox_;
  std::unordered_set<std::uint32_t> expected_;  // endpoints under way to here
  std::deque<Command> waiting_;                 // for them, or for those that waiting commands are about
  std::atomic<bool> stopping_{false};
  std::thread thread_;

  std::vector<std::unique_ptr<Leg>> legs_;
  std::vector<Stream*> live_;  // those that take part in beats
  Switchboard switchboard_;
  EventQueue events_;
  net::ReceiveBatch batch_;
  std::chrono::nanoseconds realtime_offset_{0};  // CLOCK_REALTIME minus steady clock, of this tick
  std::int64_t next_beat_ = 0;
  std::uint64_t ticks_ = 0, late_ticks_ = 0;
  StreamStats gone_;  // of streams that were destroyed
  std::array<std::atomic<std::uint64_t>, kFigures> published_{};
};

}  // namespace media
