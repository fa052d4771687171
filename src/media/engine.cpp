#include "media/engine.hpp"

#include <algorithm>
#include <thread>
#include <unordered_map>

#include "base/owner.hpp"
#include "media/worker.hpp"

namespace media {

class Engine::Impl {
 public:
  Impl(EngineOptions options, std::function<void(Event)> on_event)
      : options_(std::move(options)), on_event_(std::move(on_event)) {}

  base::Result<void> start();
  base::Result<CreatedStream> create();
  void post(EndpointRef stream, decltype(Command::what) what);
  Stats stats() const;

 private:
  const EngineOptions options_;
  const std::function<void(Event)> on_event_;
  base::Owner owner_;
  std::optional<net::PortRange> ports_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unordered_map<std::uint32_t, std::size_t> workers_of_;  // by endpoint
  std::size_t next_worker_ = 0;
  std::uint32_t last_id_ = 0;
};

base::Result<void> Engine::Impl::start() {
  const auto address = net::Address::parse(options_.address, 0);
  if (!address) return base::bad_request("RTP address '" + options_.address + "' is no IP address");
  auto probe = net::UdpSocket::bind(*address);
  if (!probe) return std::move(probe.error()).in("RTP");
  ports_.emplace(*address, options_.first_port, options_.last_port);
  if (ports_->pairs() == 0)
    return base::bad_request("the range of RTP ports holds no even port with the odd one above");
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const auto count = options_.workers > 0 ? static_cast<unsigned>(options_.workers) : cores;
  for (unsigned i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(on_event_));
  }
  for (const auto& worker : workers_) worker->start();
  return {};
}

base::Result<CreatedStream> Engine::Impl::create() {
  owner_.check();
  if (!ports_) return base::Error{base::Kind::unexpected, "the media engine is not started"};
  auto bound = ports_->bind();
  if (!bound) return std::move(bound.error());
  const std::uint16_t port = bound->rtp_port;
  const std::size_t worker = next_worker_++ % workers_.size();
  const EndpointRef ref{++last_id_};
  workers_of_[ref.id] = worker;
  const Stream::Options options{.idle = options_.idle,
                                .timeout = options_.timeout,
                                .keepalive = options_.keepalive,
                                .record_depth = options_.record_depth,
                                .silence_digits = options_.silence_digits};
  post(ref, Command::Add{std::make_unique<Leg>(ref, options, rtp::NtpClock::now(), std::move(*bound),
                                               workers_[worker]->events())});
  return CreatedStream{ref, port, static_cast<std::uint16_t>(port + 1)};
}

void Engine::Impl::post(EndpointRef stream, decltype(Command::what) what) {
  owner_.check();
  const auto found = workers_of_.find(stream.id);
  if (found == workers_of_.end()) return;
  const bool is_last = std::holds_alternative<Command::Destroy>(what);
  workers_[found->second]->post({.stream = stream.id, .issued = base::Clock::now(), .what = std::move(what)});
  if (is_last) workers_of_.erase(found);
}

Engine::Stats Engine::Impl::stats() const {
  Stats sum;
  for (const auto& worker : workers_) {
    const Stats one = worker->stats();
    sum.ticks += one.ticks;
    sum.late_ticks += one.late_ticks;
    sum.streams += one.streams;
    sum.total += one.total;
  }
  return sum;
}

Engine::Engine(EngineOptions options, std::function<void(Event)> on_event)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(on_event))) {}
Engine::~Engine() = default;

base::Result<void> Engine::start() { return impl_->start(); }
base::Result<CreatedStream> Engine::create() { return impl_->create(); }
Engine::Stats Engine::stats() const { return impl_->stats(); }

void Engine::configure(EndpointRef stream, Format format) {
  impl_->post(stream, Command::Configure{std::move(format)});
}
void Engine::destroy(EndpointRef stream) { impl_->post(stream, Command::Destroy{}); }
void Engine::add_tap(EndpointRef stream, TapId tap, TapOptions options) {
  impl_->post(stream, Command::AddTap{tap, std::move(options)});
}
void Engine::pause_tap(EndpointRef stream, TapId tap) {
  impl_->post(stream, Command::ChangeTap{.tap = tap, .action = Command::TapAction::pause});
}
void Engine::resume_tap(EndpointRef stream, TapId tap) {
  impl_->post(stream, Command::ChangeTap{.tap = tap, .action = Command::TapAction::resume});
}
void Engine::stop_tap(EndpointRef stream, TapId tap, record::EndReason reason) {
  impl_->post(stream, Command::ChangeTap{.tap = tap, .action = Command::TapAction::stop, .reason = reason});
}

// TODO(media): bridges, joins, outputs.
EndpointRef Engine::create_bridge() { return {}; }
void Engine::join(EndpointRef, EndpointRef, Flow) {}
void Engine::unjoin(EndpointRef, EndpointRef) {}
void Engine::add_output(EndpointRef, OutputId, play::Feed&) {}
void Engine::remove_output(EndpointRef, OutputId) {}
void Engine::mute(EndpointRef, bool) {}
void Engine::detect_tones(EndpointRef, bool) {}
void Engine::watch_voice(EndpointRef, bool) {}
void Engine::send_digits(EndpointRef, std::string, std::chrono::milliseconds) {}

}  // namespace media
