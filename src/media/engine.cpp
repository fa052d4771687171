#include "media/engine.hpp"

#include <algorithm>
#include <thread>
#include <unordered_set>

#include "base/owner.hpp"
#include "media/placement.hpp"
#include "media/worker.hpp"

namespace media {

class Engine::Impl {
 public:
  Impl(EngineOptions options, std::function<void(Event)> on_event)
      : options_(std::move(options)), on_event_(std::move(on_event)) {}

  base::Result<void> start();
  base::Result<CreatedStream> create();
  EndpointRef create_bridge();
  void destroy(EndpointRef endpoint);
  void join(EndpointRef one, EndpointRef other, Flow flow);
  void unjoin(EndpointRef one, EndpointRef other);
  void post(EndpointRef endpoint, decltype(Command::what) what, EndpointRef other = {});
  Stats stats() const;

 private:
  const EngineOptions options_;
  const std::function<void(Event)> on_event_;
  base::Owner owner_;
  std::optional<net::PortRange> ports_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<Placement> placement_;
  std::unordered_set<std::uint32_t> bridges_;
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
  placement_.emplace(workers_.size());
  for (const auto& worker : workers_) worker->start();
  return {};
}

base::Result<CreatedStream> Engine::Impl::create() {
  owner_.check();
  if (!ports_) return base::Error{base::Kind::unexpected, "the media engine is not started"};
  auto bound = ports_->bind();
  if (!bound) return std::move(bound.error());
  const std::uint16_t port = bound->rtp_port;
  const EndpointRef ref{++last_id_};
  const std::size_t worker = placement_->add(ref.id);
  const Stream::Options options{.idle = options_.idle,
                                .timeout = options_.timeout,
                                .keepalive = options_.keepalive,
                                .record_depth = options_.record_depth,
                                .silence_digits = options_.silence_digits};
  post(ref, Command::AddStream{std::make_unique<Leg>(ref, options, rtp::NtpClock::now(), std::move(*bound),
                                                     workers_[worker]->events())});
  return CreatedStream{ref, port, static_cast<std::uint16_t>(port + 1)};
}

EndpointRef Engine::Impl::create_bridge() {
  owner_.check();
  if (!placement_) return {};
  const EndpointRef ref{++last_id_};
  const std::size_t worker = placement_->add(ref.id);
  bridges_.insert(ref.id);
  post(ref, Command::AddBridge{
                std::make_unique<Bridge>(ref, base::Clock::now(), options_.record_depth, workers_[worker]->events())});
  return ref;
}

void Engine::Impl::destroy(EndpointRef endpoint) {
  post(endpoint, Command::Destroy{});
  if (placement_) placement_->remove(endpoint.id);
  bridges_.erase(endpoint.id);
}

void Engine::Impl::join(EndpointRef one, EndpointRef other, Flow flow) {
  owner_.check();
  if (!placement_ || one == other || (bridges_.contains(one.id) && bridges_.contains(other.id))) return;
  if (!placement_->worker_of(one.id) || !placement_->worker_of(other.id)) return;
  if (auto move = placement_->join(one.id, other.id)) {
    Worker& to = *workers_[move->to];
    to.post({.what = Command::Expect{move->endpoints}});
    workers_[move->from]->post({.what = Command::Leave{std::move(move->endpoints), &to}});
  }
  post(one, Command::Join{flow != Flow::recv, flow != Flow::send}, other);
}

void Engine::Impl::unjoin(EndpointRef one, EndpointRef other) {
  if (!placement_ || !placement_->worker_of(other.id)) return;
  post(one, Command::Unjoin{}, other);
  placement_->unjoin(one.id, other.id);
}

void Engine::Impl::post(EndpointRef endpoint, decltype(Command::what) what, EndpointRef other) {
  owner_.check();
  const auto worker = placement_ ? placement_->worker_of(endpoint.id) : std::nullopt;
  // Of those that are gone any worker can say so.
  const bool has_end =
      std::holds_alternative<Command::AddTap>(what) || std::holds_alternative<Command::AddOutput>(what);
  if (!worker && (!has_end || workers_.empty())) return;
  workers_[worker.value_or(0)]->post(
      {.endpoint = endpoint.id, .other = other.id, .issued = base::Clock::now(), .what = std::move(what)});
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
void Engine::destroy(EndpointRef endpoint) { impl_->destroy(endpoint); }
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

EndpointRef Engine::create_bridge() { return impl_->create_bridge(); }
void Engine::join(EndpointRef one, EndpointRef other, Flow flow) { impl_->join(one, other, flow); }
void Engine::unjoin(EndpointRef one, EndpointRef other) { impl_->unjoin(one, other); }
void Engine::add_output(EndpointRef endpoint, OutputId output, play::Feed& feed) {
  impl_->post(endpoint, Command::AddOutput{output, &feed});
}
void Engine::remove_output(EndpointRef endpoint, OutputId output) {
  impl_->post(endpoint, Command::RemoveOutput{output});
}
void Engine::mute(EndpointRef stream, bool muted) { impl_->post(stream, Command::Mute{muted}); }
void Engine::watch_voice(EndpointRef stream, bool on) { impl_->post(stream, Command::WatchVoice{on}); }

void Engine::detect_tones(EndpointRef stream, bool on) { impl_->post(stream, Command::DetectTones{on}); }
void Engine::send_digits(EndpointRef stream, std::string digits, std::chrono::milliseconds duration) {
  impl_->post(stream, Command::SendKeys{std::move(digits), duration});
}

}  // namespace media
