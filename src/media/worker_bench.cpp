// What a tick of a worker costs in CPU time per recording stream: real sockets on the loopback, a packet of 20 ms for
// each stream and tick (sent outside the measured part), a tap, a track that is emptied outside the measured part.
#include <benchmark/benchmark.h>
#include <deque>
#include <sys/resource.h>

#include "media/worker.hpp"
#include "rtp/packet.hpp"

namespace {

using base::milliseconds;

std::chrono::nanoseconds thread_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

enum Kind { recording, detecting, idle, talking };

void tick_of_a_worker(benchmark::State& state, Kind kind) {
  const auto streams = static_cast<std::size_t>(state.range(0));
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  std::deque<record::Track> tracks;  // outlive the worker, which ends them
  media::Worker worker([](const media::Event&) {});
  net::PortRange range(*net::Address::parse("127.0.0.1", 0), 45000, 64999);
  const auto phone = std::move(*net::UdpSocket::bind(*net::Address::parse("127.0.0.1", 0)));
  std::vector<net::Address> targets;
  base::Time now = base::Clock::now();
  for (std::uint32_t id = 1; id <= streams; ++id) {
    auto ports = range.bind();
    if (!ports) return state.SkipWithError("no port");
    targets.push_back(ports->rtp.local());
    media::Stream::Options options;
    options.idle = kind == talking ? media::Idle::silence : media::Idle::keepalive;
    worker.post({.endpoint = id,
                 .issued = now,
                 .what = media::Command::AddStream{std::make_unique<media::Leg>(
                     media::EndpointRef{id}, options, rtp::NtpClock::now(), std::move(*ports), worker.events())}});
    media::Format format;
    format.codec = codec::find("PCMU", 8000);
    format.remote_rtp = format.remote_rtcp = phone.local();
    worker.post({.endpoint = id, .issued = now, .what = media::Command::Configure{format}});
    record::Settings settings;
    if (kind == detecting) settings.final_timeout = std::chrono::hours(1);
    tracks.emplace_back(8000, settings.channels());
    if (kind != idle) {
      worker.post({.endpoint = id, .issued = now, .what = media::Command::AddTap{id, {settings, &tracks.back()}}});
    }
  }
  worker.apply_commands();

  std::array<std::uint8_t, rtp::kHeaderSize + 160> packet;
  packet.fill(0x35);
  std::vector<std::int16_t> block(record::Track::kMaxBlock);
  std::uint16_t sequence = 0;
  for (auto _ : state) {
    rtp::Packet{.sequence = sequence, .timestamp = sequence * 160U, .ssrc = 1, .payload = {}}.write_header(packet);
    ++sequence;
    if (kind != idle) {
      for (const auto& target : targets) phone.send(packet, target);
    }
    now += milliseconds(20);
    const auto before = thread_time();
    worker.tick(now);
    state.SetIterationTime(std::chrono::duration<double>(thread_time() - before).count());
    for (auto& track : tracks) {
      while (track.take(block) > 0) {
      }
    }
    net::ReceiveBatch batch;
    while (phone.receive(batch) > 0) {
    }
  }
  state.counters["ns_per_stream_tick"] = benchmark::Counter(
      static_cast<double>(streams), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(tick_of_a_worker, recording, recording)->Arg(1000)->UseManualTime()->Iterations(200);
BENCHMARK_CAPTURE(tick_of_a_worker, recording_with_timeouts, detecting)->Arg(1000)->UseManualTime()->Iterations(200);
BENCHMARK_CAPTURE(tick_of_a_worker, idle, idle)->Arg(1000)->UseManualTime()->Iterations(200);
BENCHMARK_CAPTURE(tick_of_a_worker, recording_and_sending_silence, talking)
    ->Arg(1000)
    ->UseManualTime()
    ->Iterations(200);

}  // namespace
