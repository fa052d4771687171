#include "sip/user_agent.hpp"

#include <future>
#include <thread>

#include "base/inbox.hpp"
#include "sip/counters.hpp"
#include "sip/signalling.hpp"
#include "sip/stack_log.hpp"

namespace sip {

class UserAgent::Impl {
 public:
  Impl(Options options, std::function<void(Event)> on_event)
      : options_(std::move(options)), on_event_(std::move(on_event)) {}

  ~Impl() {
    if (!thread_.joinable()) return;
    commands_.post(Shutdown{std::chrono::milliseconds(0)});
    thread_.join();
  }

  base::Result<void> start() {
    if (!commands_) return base::Error{base::Kind::no_resources, "start the signalling thread: no descriptor left"};
    for (const auto& text : options_.listen) {
      auto listen = ListenAddress::parse(text);
      if (!listen) return std::move(listen.error()).in("SIP listener");
      listen_.push_back(*listen);
    }
    if (listen_.empty()) return base::bad_request("SIP listener: none is configured");
    std::promise<base::Result<void>> started;
    auto result = started.get_future();
    thread_ = std::thread([this, &started] { run(started); });
    auto outcome = result.get();
    if (!outcome) thread_.join();
    return outcome;
  }

  std::vector<std::string> bound() const {
    std::vector<std::string> all;
    for (const auto& listen : listen_) all.push_back(listen.str());
    return all;
  }

  DialogId new_dialog() { return ++counters_.last_dialog; }
  void send(Command command) { commands_.post(std::move(command)); }

  Stats stats() const {
    return {counters_.invites.load(), counters_.refused_busy.load(), counters_.malformed.load(),
            counters_.dialogs.load()};
  }

 private:
  // The signalling thread. `started` belongs to start(), which waits for it and not a moment longer.
  void run(std::promise<base::Result<void>>& started) {
    const StackLog log(counters_);
    Signalling signalling(options_, on_event_, counters_);
    auto opened = signalling.open(listen_);
    if (opened) {
      opened = signalling.watch(
          commands_.fd(), [&] { commands_.drain([&](Command&& command) { signalling.handle(std::move(command)); }); });
    }
    if (!opened) signalling.handle(Shutdown{std::chrono::milliseconds(0)});
    const bool is_up = static_cast<bool>(opened);
    if (is_up) started.set_value({});
    signalling.run();
    if (is_up) {
      on_event_(Stopped{});
    } else {
      started.set_value(std::move(opened));
    }
  }

  const Options options_;
  const std::function<void(Event)> on_event_;
  Counters counters_;
  std::vector<ListenAddress> listen_;  // written by run() before start() returns, constant from then on
  base::Inbox<Command> commands_;
  std::thread thread_;
};

UserAgent::UserAgent(Options options, std::function<void(Event)> on_event)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(on_event))) {}
UserAgent::~UserAgent() = default;
base::Result<void> UserAgent::start() { return impl_->start(); }
std::vector<std::string> UserAgent::bound() const { return impl_->bound(); }
DialogId UserAgent::new_dialog() { return impl_->new_dialog(); }
void UserAgent::send(Command command) { impl_->send(std::move(command)); }
UserAgent::Stats UserAgent::stats() const { return impl_->stats(); }

}  // namespace sip
