// What a party of a recorded conference costs: CPU time a second, in conferences of 3 to 1,000 synthetic parties of
// which three speak. Packets are handed in, packets are made and thrown away: no sockets (worker_bench has them).
// Growth is linear where the time a party stays the same.
#include <benchmark/benchmark.h>
#include <deque>

#include "media/switchboard.hpp"
#include "rtp/packet.hpp"

namespace {

using base::milliseconds;

std::chrono::nanoseconds thread_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

class NoNetwork final : public media::Transport {
 public:
  bool send_rtp(std::span<const std::uint8_t>, const net::Address&) override { return true; }
  bool send_rtcp(std::span<const std::uint8_t>, const net::Address&) override { return true; }
};

void conference(benchmark::State& state, const char* name, std::uint32_t clock, bool recorded) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  const codec::Codec* const codec = codec::find(name, clock);
  base::Time now = media::Beat::at(base::Time{} + std::chrono::hours(1)).begin();
  record::Track track(8000, 1);
  NoNetwork network;
  media::EventQueue events;
  events.make_room(2 * count, 10);
  media::Switchboard switchboard;
  switchboard.add(std::make_unique<media::Bridge>(media::EndpointRef{count + 1}, now, milliseconds(200), events));
  media::Bridge& bridge = *switchboard.bridges().front();
  std::vector<std::unique_ptr<media::Stream>> streams;
  const auto party = *net::Address::parse("192.0.2.1:4000");
  for (std::uint32_t id = 1; id <= count; ++id) {
    streams.push_back(
        std::make_unique<media::Stream>(media::EndpointRef{id}, media::Stream::Options{.idle = media::Idle::none},
                                        rtp::NtpClock{.ntp_at_origin = 1, .origin = now}, network, events));
    media::Format format;
    format.codec = codec;
    format.payload_type = 96;
    format.remote_rtp = party;
    streams.back()->configure(format, now);
    switchboard.join(*streams.back(), bridge, true, true, now);
  }
  if (recorded) bridge.add_tap(1, {{}, &track}, now);
  switchboard.adapt();

  // What the three say, and what the others say: the noise of a quiet line.
  std::array<std::array<std::uint8_t, 2048>, 2> packets{};
  std::array<std::size_t, 2> sizes{};
  for (std::size_t loud = 0; loud < 2; ++loud) {
    std::vector<std::int16_t> pcm(codec->sample_rate("") / 50);
    for (std::size_t i = 0; i < pcm.size(); ++i) {
      pcm[i] =
          static_cast<std::int16_t>(loud == 1 ? static_cast<int>(i % 40) * 400 - 8000 : static_cast<int>(i % 3) * 8);
    }
    sizes[loud] =
        rtp::kHeaderSize + codec->make_encoder("")->encode(pcm, std::span(packets[loud]).subspan(rtp::kHeaderSize));
  }
  std::vector<std::int16_t> block(record::Track::kMaxBlock);
  std::uint16_t sequence = 0;
  for (auto _ : state) {
    now += milliseconds(20);
    for (std::size_t loud = 0; loud < 2; ++loud) {
      rtp::Packet{.payload_type = 96,
                  .sequence = sequence,
                  .timestamp = sequence * (codec->rtp_clock() / 50),
                  .ssrc = 1,
                  .payload = {}}
          .write_header(packets[loud]);
    }
    ++sequence;
    const auto before = thread_time();
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const std::size_t loud = i < 3 ? 1 : 0;
      streams[i]->receive_rtp(std::span(packets[loud]).first(sizes[loud]), party, now);
      streams[i]->tick(now);
    }
    const media::Beat beat = media::Beat::at(now);
    for (const auto& stream : streams) stream->begin_beat(beat);
    switchboard.carry(beat);
    for (const auto& stream : streams) stream->end_beat(beat);
    switchboard.advance(now);
    state.SetIterationTime(std::chrono::duration<double>(thread_time() - before).count());
    while (track.take(block) > 0) {
    }
    events.drain([](const media::Event&) {});
  }
  // Of each second of conference: CPU time a party.
  state.counters["cpu_per_party"] = benchmark::Counter(
      static_cast<double>(count) / 50, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  for (const auto& stream : streams) {
    switchboard.leave(*stream, now);
    stream->finish(now);
    switchboard.forget(*stream);
  }
  bridge.finish();
}

#define SIZES ->Arg(3)->Arg(10)->Arg(100)->Arg(1000)->UseManualTime()->Iterations(200)
BENCHMARK_CAPTURE(conference, pcmu_recorded, "PCMU", 8000, true) SIZES;
BENCHMARK_CAPTURE(conference, pcmu, "PCMU", 8000, false) SIZES;
BENCHMARK_CAPTURE(conference, g722_recorded, "G722", 8000, true) SIZES;

}  // namespace
