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
  sum.live_concealed += one.live_concealed;
  sum.live_depth = std::max(sum.live_depth, one.live_depth);
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
  base::Time deadline = Beat::at(base::Clock::now()).begin();  // in step with the beat: what is due is not waited for
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
  run_beats(now);
  if (ticks_ % kPublishStride == 0) publish();
}

void Worker::run_beats(base::Time now) {
  const std::int64_t last = Beat::at(now).index;
  for (next_beat_ = std::max(next_beat_, last - kMostBeats + 1); next_beat_ <= last; ++next_beat_) {
    const Beat beat{next_beat_};
    for (Stream* stream : live_) stream->begin_beat(beat);
    switchboard_.carry(beat);
    for (Stream* stream : live_) stream->end_beat(beat);
  }
  switchboard_.advance(now);
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

void Worker::publish() {
  StreamStats sum = gone_;
  for (const auto& leg : legs_) sum += leg->stream().stats();
  const std::array<std::uint64_t, kFigures> figures = {
      ticks_,        late_ticks_,   legs_.size(),   sum.received, sum.lost,           sum.late,
      sum.duplicate, sum.malformed, sum.foreign,    sum.sent,     sum.send_failed,    sum.rtcp_received,
      sum.rtcp_sent, sum.resyncs,   sum.overflowed, sum.adjusted, sum.live_concealed, sum.live_depth};
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
                 .adjusted = figure(15),
                 .live_concealed = figure(16),
                 .live_depth = figure(17)};
  return stats;
}

}  // namespace media
