#include "media/worker.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <pthread.h>

namespace media {
namespace {

constexpr unsigned kPublishStride = 10;  // ticks
// Stamps of before the socket was emptied last are a clock that was set.
constexpr std::chrono::milliseconds kStampSlack{100};
constexpr std::chrono::milliseconds kStall{500};
constexpr int kBatches = 8;  // a tick; a flood is not served to its end

void sleep_until(base::Time time) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  const timespec deadline{.tv_sec = since / 1'000'000'000, .tv_nsec = since % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == EINTR) {
  }
}

}  // namespace

StreamStats& operator+=(StreamStats& sum, const StreamStats& one) {
  sum.received += one.received;
  sum.lost += one.lost;
  sum.late += one.late;
  sum.duplicate += one.duplicate;
  sum.malformed += one.malformed;
  sum.foreign += one.foreign;
  sum.sent += one.sent;
  sum.send_failed += one.send_failed;
  sum.rtcp_received += one.rtcp_received;
  sum.rtcp_sent += one.rtcp_sent;
  sum.resyncs += one.resyncs;
  sum.overflowed += one.overflowed;
  sum.adjusted += one.adjusted;
  return sum;
}

Worker::Worker(std::function<void(Event)> on_event) : on_event_(std::move(on_event)) {}

Worker::~Worker() {
  stop();
  apply_commands();
  destroy_all(base::Clock::now());
  post_events();
}

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  thread_.join();
}

void Worker::run() {
  pthread_setname_np(pthread_self(), "media");
  base::Time deadline = base::Clock::now();
  while (!stopping_.load(std::memory_order_acquire)) {
    deadline += kTick;
    sleep_until(deadline);
    const base::Time now = base::Clock::now();
    // After a stall the streams catch up by themselves: their timelines go by `now`.
    if (now - deadline >= kTick) {
      const auto missed = (now - deadline) / kTick;
      late_ticks_ += static_cast<std::uint64_t>(missed);
      deadline += missed * kTick;
    }
    apply_commands();
    tick(now);
    post_events();
  }
}

void Worker::tick(base::Time now) {
  realtime_offset_ =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()) -
      std::chrono::duration_cast<std::chrono::nanoseconds>(base::Clock::now().time_since_epoch());
  ++ticks_;
  for (const auto& leg : legs_) {
    Stream& stream = leg->stream();
    const std::uint64_t turn = ticks_ + stream.ref().id;
    if (turn % kStride != 0 && !stream.is_lively()) continue;
    drain(*leg, true, now, now - leg->heard_rtp > kStall ? 1 : kBatches);
    if (turn % kRtcpStride == 0 && stream.has_rtcp_port()) drain(*leg, false, now, kBatches);
    stream.tick(leg->heard_rtp);
  }
  if (ticks_ % kPublishStride == 0) publish();
}

void Worker::drain(Leg& leg, bool is_rtp, base::Time now, int most_batches) {
  const net::UdpSocket& socket = is_rtp ? leg.ports().rtp : leg.ports().rtcp;
  base::Time& heard = is_rtp ? leg.heard_rtp : leg.heard_rtcp;
  base::Time last = heard;
  for (int batches = 0; batches < most_batches; ++batches) {
    const std::size_t count = socket.receive(batch_);
    for (std::size_t i = 0; i < count; ++i) {
      const net::Datagram datagram = batch_[i];
      const base::Time at = arrival(datagram, heard, now);
      last = std::max(last, at);
      if (datagram.overflowed != 0) leg.stream().note_overflow(datagram.overflowed);
      if (datagram.truncated) {
        leg.stream().receive_truncated();
      } else if (is_rtp) {
        leg.stream().receive_rtp(datagram.bytes, datagram.from, at);
      } else {
        leg.stream().receive_rtcp(datagram.bytes, datagram.from, at);
      }
    }
    if (count < net::ReceiveBatch::kDatagrams) {
      heard = now;
      return;
    }
  }
  heard = last;  // there may be more
}

base::Time Worker::arrival(const net::Datagram& datagram, base::Time heard, base::Time now) const {
  if (datagram.stamp.count() == 0) return now;
  const base::Time time(std::chrono::duration_cast<base::Time::duration>(datagram.stamp - realtime_offset_));
  return time < heard - kStampSlack ? now : std::min(time, now);
}

void Worker::post_events() { events_.drain(on_event_); }

void Worker::apply_commands() {
  for (const auto& leg : legs_) leg->stream().adapt();
  mailbox_.drain([this](Command&& command) { apply(command); });
}

void Worker::apply(Command& command) {
  events_.make_room(legs_.size(), tap_count_);
  if (auto* add = std::get_if<Command::Add>(&command.what)) {
    legs_.push_back(std::move(add->leg));
    return;
  }
  const auto found = std::find_if(legs_.begin(), legs_.end(),
                                  [&](const auto& leg) { return leg->stream().ref().id == command.stream; });
  if (found == legs_.end()) {
    // The stream is gone: whoever opened the track must still get its End.
    if (auto* tap = std::get_if<Command::AddTap>(&command.what); tap != nullptr && tap->options.track != nullptr) {
      tap->options.track->push_end(record::EndReason::hangup, {});
      events_.push(TapEnded{{command.stream}, tap->tap, record::EndReason::hangup});
    }
    return;
  }
  Stream& stream = (*found)->stream();
  if (auto* configure = std::get_if<Command::Configure>(&command.what)) {
    stream.configure(configure->format, command.issued);
  } else if (auto* tap = std::get_if<Command::AddTap>(&command.what)) {
    make_room();
    stream.add_tap(tap->tap, std::move(tap->options), command.issued);
  } else if (auto* change = std::get_if<Command::ChangeTap>(&command.what)) {
    if (change->action == Command::TapAction::pause) stream.pause_tap(change->tap, command.issued);
    if (change->action == Command::TapAction::resume) stream.resume_tap(change->tap, command.issued);
    if (change->action == Command::TapAction::stop) stream.stop_tap(change->tap, change->reason, command.issued);
  } else if (std::holds_alternative<Command::Destroy>(command.what)) {
    destroy(static_cast<std::size_t>(found - legs_.begin()), command.issued);
  }
}

void Worker::destroy(std::size_t index, base::Time issued) {
  make_room();
  const std::unique_ptr<Leg> leg = std::move(legs_[index]);
  legs_.erase(legs_.begin() + static_cast<std::ptrdiff_t>(index));
  drain(*leg, true, base::Clock::now(), 100 * kBatches);
  leg->stream().finish(issued);
  gone_ += leg->stream().stats();
  events_.push(Destroyed{leg->stream().ref()});
}

void Worker::destroy_all(base::Time now) {
  while (!legs_.empty()) destroy(legs_.size() - 1, now);
}

void Worker::make_room() {
  tap_count_ = 1;  // the one to be added
  for (const auto& leg : legs_) tap_count_ += leg->stream().tap_count();
  events_.make_room(legs_.size(), tap_count_);
}

void Worker::publish() {
  StreamStats sum = gone_;
  for (const auto& leg : legs_) sum += leg->stream().stats();
  const std::array<std::uint64_t, kFigures> figures = {ticks_,        late_ticks_, legs_.size(),    sum.received,
                                                       sum.lost,      sum.late,    sum.duplicate,   sum.malformed,
                                                       sum.foreign,   sum.sent,    sum.send_failed, sum.rtcp_received,
                                                       sum.rtcp_sent, sum.resyncs, sum.overflowed,  sum.adjusted};
  for (std::size_t i = 0; i < kFigures; ++i) published_[i].store(figures[i], std::memory_order_relaxed);
}

Engine::Stats Worker::stats() const {
  const auto figure = [this](std::size_t i) { return published_[i].load(std::memory_order_relaxed); };
  Engine::Stats stats;
  stats.ticks = figure(0);
  stats.late_ticks = figure(1);
  stats.streams = figure(2);
  stats.total = {.received = figure(3),
                 .lost = figure(4),
                 .late = figure(5),
                 .duplicate = figure(6),
                 .malformed = figure(7),
                 .foreign = figure(8),
                 .sent = figure(9),
                 .send_failed = figure(10),
                 .rtcp_received = figure(11),
                 .rtcp_sent = figure(12),
                 .resyncs = figure(13),
                 .overflowed = figure(14),
                 .adjusted = figure(15)};
  return stats;
}

}  // namespace media
