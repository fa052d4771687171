#include "app/serve.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <sys/resource.h>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include "app/books.hpp"
#include "app/embedded_account.hpp"
#include "app/recordings_command.hpp"
#include "app/removal.hpp"
#include "base/log.hpp"
#include "base/mailbox.hpp"
#include "base/utc.hpp"
#include "call/calls.hpp"
#include "catalogue/keeper.hpp"
#include "catalogue/queries.hpp"
#include "play/renderer.hpp"
#include "rayo/server.hpp"
#include "record/recorder.hpp"

namespace app {

namespace log = base::log;
using base::Result;

namespace {

// Everything that lives while the server serves. Built bottom up, torn down top down.
class Service {
 public:
  Service(Config config, std::optional<std::filesystem::path> file)
      : config_(std::move(config)),
        file_(std::move(file)),
        sip_events_([this] { asio::post(io_, [this] { drain_sip(); }); }),
        media_events_([this] { asio::post(io_, [this] { drain_media(); }); }),
        control_jobs_([this] { asio::post(io_, [this] { drain_jobs(); }); }),
        signals_(io_),
        removal_(config_.dispatch.delivery.stores) {}

  Result<void> start();
  void run() { io_.run(); }

 private:
  record::RecorderOptions recorder_options();
  catalogue::KeeperOptions keeper_options();
  play::RendererOptions renderer_options();
  call::DialPlan dial_plan() const;
  Result<void> choose_accounts();
  void wait_for_signal();
  void watch_recorder();
  void reload();
  void shut_down();
  void after(base::milliseconds delay, std::function<void()> action);
  void on_recovery_over(const std::vector<std::string>& kept);
  void drain_sip() {
    sip_events_.drain([this](sip::Event&& event) { on_sip(std::move(event)); });
  }
  void drain_media() {
    media_events_.drain([this](media::Event&& event) { calls_->on_media(event); });
  }
  void drain_jobs() {
    control_jobs_.drain([](std::function<void()>&& job) { job(); });
  }
  void on_sip(sip::Event event);
  void log_figures() const;
  void log_stores() const;

  Config config_;
  const std::optional<std::filesystem::path> file_;
  std::string account_note_;
  asio::io_context io_{1};
  // From the other threads to this one.
  base::Mailbox<sip::Event> sip_events_;
  base::Mailbox<media::Event> media_events_;
  base::Mailbox<std::function<void()>> control_jobs_;
  asio::signal_set signals_;
  std::unique_ptr<rayo::Server> rayo_;
  std::unique_ptr<xmpp::Listener> listener_;
  Removal removal_;
  std::unique_ptr<catalogue::Keeper> keeper_;
  std::unique_ptr<Books> books_;
  std::unique_ptr<record::Recorder> recorder_;
  std::unique_ptr<play::Renderer> renderer_;  // outlives media, which reads its feeds
  std::unique_ptr<media::Engine> media_;
  std::unique_ptr<sip::UserAgent> sip_;
  std::unique_ptr<call::Calls> calls_;
  bool stopping_ = false;
};

void Service::after(base::milliseconds delay, std::function<void()> action) {
  if (delay.count() == 0) return asio::post(io_, std::move(action));
  auto timer = std::make_shared<asio::steady_timer>(io_, delay);  // kept alive by its own handler
  timer->async_wait([timer, action = std::move(action)](const std::error_code& error) {
    if (!error) action();
  });
}

record::RecorderOptions Service::recorder_options() {
  record::RecorderOptions options;
  options.directory = recordings_directory(config_);
  options.writers = config_.recording_writers;
  options.pause = config_.recording_pause;
  options.encrypt_to = config_.recording_encrypt_to;
  options.reserve = config_.spool_reserve;
  options.sync_interval = config_.spool_sync;
  if (!config_.spool_directory.empty()) options.spool = std::filesystem::absolute(config_.spool_directory);
  options.dispatch = config_.dispatch;
  options.memory = config_.spool_memory;
  options.writer_timeout = config_.spool_writer_timeout;
  options.max_duration = config_.recording_max_duration;
  options.recovered = [this](const record::Recovered& recovered) { rayo_->on_recovered(recovered); };
  options.recovery_over = [this](const std::vector<std::string>& kept) { on_recovery_over(kept); };
  return options;
}

// Of those whose clients wait for an end, and of which the spool knows nothing any more, the catalogue may know it.
void Service::on_recovery_over(const std::vector<std::string>& kept) {
  const auto database = catalogue::open_for_reading(catalogue_file(config_));
  for (const std::string& component : rayo_->awaited_recordings()) {
    if (!database || std::ranges::find(kept, component) != kept.end()) continue;
    const auto row = catalogue::find(*database, component);
    if (row && row->state() != catalogue::State::recording) rayo_->on_recovered(recovered_of(*row));
  }
  rayo_->on_recovery_over(kept);
}

catalogue::KeeperOptions Service::keeper_options() {
  catalogue::KeeperOptions options;
  options.file = catalogue_file(config_);
  options.retention = config_.retention;
  options.sweep_interval = config_.catalogue_sweep;
  options.remove = [this](const catalogue::Recording& recording) { return removal_.remove(recording); };
  options.retry = [this](const std::string& id) {
    control_jobs_.post([this, id] { recorder_->delivery().retry(id); });
  };
  return options;
}

play::RendererOptions Service::renderer_options() {
  play::RendererOptions options = config_.output;
  options.roots.push_back(recorder_options().directory);
  if (options.cache.empty()) options.cache = data_directory() / "cache";
  options.cache = std::filesystem::absolute(options.cache);
  return options;
}

call::DialPlan Service::dial_plan() const {
  call::DialPlan plan = config_.dial;
  if (!config_.dial_user.empty()) {
    plan.credentials = sip::Credentials{config_.dial_user, config_.dial_password, config_.dial_realm};
  }
  plan.host = config_.rtp.address;
  return plan;
}

Result<void> Service::choose_accounts() {
  if (!config_.xmpp.accounts.empty()) return {};
  auto embedded = embedded_account(data_directory());
  if (!embedded) return std::move(embedded.error()).in("make an account");
  account_note_ = fmt::format("account '{}@{}', password in {}", embedded->account.name, config_.xmpp.domain,
                              embedded->password_file.string());
  config_.xmpp.accounts.push_back(std::move(embedded->account));
  return {};
}

Result<void> Service::start() {
  if (auto chosen = choose_accounts(); !chosen) return chosen;

  rayo_ = std::make_unique<rayo::Server>(
      rayo::ServerOptions{config_.xmpp.domain,
                          config_.dialect,
                          config_.recording_format,
                          dial_plan(),
                          {.folder = data_directory() / "untold", .keep = config_.keep_untold}},
      [this](const xmpp::Jid& to, const xml::Element& stanza) { return listener_->send(to, stanza); });
  keeper_ = std::make_unique<catalogue::Keeper>(keeper_options());
  books_ = std::make_unique<Books>(*keeper_,
                                   std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
  record::RecorderOptions recording = recorder_options();
  recording.ledger = books_.get();
  recorder_ = std::make_unique<record::Recorder>(
      std::move(recording), [this](std::function<void()> job) { control_jobs_.post(std::move(job)); });
  renderer_ = std::make_unique<play::Renderer>(
      renderer_options(), [this](std::function<void()> job) { control_jobs_.post(std::move(job)); });
  media_ = std::make_unique<media::Engine>(config_.rtp, [this](media::Event event) { media_events_.post(event); });
  config_.sip.software = "Telegraphone/" TELEGRAPHONE_VERSION;
  // Notes of dialogs name the parties: not where what is recorded of them is to be read by nobody else.
  if (config_.recording_encrypt_to.empty()) config_.sip.notes = data_directory() / "dialogs";
  sip_ =
      std::make_unique<sip::UserAgent>(config_.sip, [this](sip::Event event) { sip_events_.post(std::move(event)); });
  calls_ = std::make_unique<call::Calls>(call::Context{
      .sip = *sip_,
      .media = *media_,
      .recorder = *recorder_,
      .renderer = *renderer_,
      .observer = *rayo_,
      .after = [this](base::milliseconds delay, std::function<void()> action) { after(delay, std::move(action)); },
      .rtp_address = config_.rtp.address});
  rayo_->serve(*calls_);
  listener_ = std::make_unique<xmpp::Listener>(io_, config_.xmpp, *rayo_);

  // Callers last: when the first INVITE comes, everything that it needs is there.
  if (auto started = keeper_->start(); !started) return std::move(started.error()).in("catalogue");
  if (auto started = recorder_->start(); !started) return started;
  if (auto started = renderer_->start(); !started) return started;
  if (auto started = media_->start(); !started) return started;
  if (auto started = listener_->start(); !started) return started;
  if (auto started = sip_->start(); !started) return started;

  if (!config_.dial_register.empty()) {
    sip_->send(sip::Register{.registrar = config_.dial.gateway,
                             .aor = config_.dial_register,
                             .credentials = dial_plan().credentials.value_or(sip::Credentials{}),
                             .expires = config_.dial_register_expires});
  }
  wait_for_signal();
  watch_recorder();
  if (!account_note_.empty()) log::info("app", "{}", account_note_);
  for (const std::string& address : config_.xmpp.listen) log::info("app", "XMPP on {}", address);
  for (const std::string& address : sip_->bound()) log::info("app", "SIP on {}", address);
  log::info("app", "recordings in {}", recorder_options().directory.string());
  return {};
}

void Service::on_sip(sip::Event event) {
  if (std::holds_alternative<sip::Stopped>(event)) {
    // Everything that clients had to hear is on its way: flush it, then there is nothing left to run.
    log_figures();
    listener_->stop(std::chrono::milliseconds(2000), [this] { io_.stop(); });
    return;
  }
  calls_->on_sip(std::move(event));
}

void Service::watch_recorder() {
  recorder_->watch(base::Clock::now());
  after(std::chrono::seconds(1), [this] { watch_recorder(); });
}

void Service::wait_for_signal() {
  std::error_code ignored;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) signals_.add(signal, ignored);
  signals_.async_wait([this](const std::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      reload();
    } else if (signal == SIGUSR1) {
      log_figures();
    } else {
      shut_down();
    }
    wait_for_signal();
  });
}

// What was counted since the start: on the way out, and at SIGUSR1.
void Service::log_figures() const {
  const call::Stats& calls = calls_->stats();
  log::info(
      "app",
      "calls: {} offered, {} dialled, {} answered, {} ended, {} up; {} joins, {} mixers; refused: {} no codec, {} "
      "malformed, {} nobody there, {} while stopping",
      calls.offered, calls.dialled, calls.answered, calls.ended, calls_->size(), calls.joins, calls.mixers,
      calls.refused_codec, calls.refused_malformed, calls.refused_nobody, calls.refused_shutdown);
  const Books::Stats books = books_->stats();
  log::info(
      "app",
      "recordings: {} begun, {} completed, {} failed, {} interrupted, {} unheard for their first 2 s; {} stored, {} "
      "attempts to store failed",
      books.begun, books.completed, books.failed, books.interrupted, calls.recordings_unheard, books.stored,
      books.attempts_failed);
  log_stores();
  const catalogue::Keeper::Stats kept = keeper_->stats();
  log::info("app", "catalogue: {} changes written, {} waiting, {} refused, {} failures; {} lines signed, {} deleted",
            kept.written, kept.waiting, kept.refused, kept.failures, kept.signed_lines, kept.deleted);
  const record::Recorder::Stats spool = recorder_->stats();
  log::info(
      "app",
      "spool: of {} bytes for audio that waits {} used, {} at most, refused {} times; {} writers given up with {} "
      "recordings, {} recordings refused because the disk did not answer",
      spool.memory.size, spool.memory.used, spool.memory.most, spool.memory.refused, spool.writers_given_up,
      spool.given_up, spool.refused);
  const play::Renderer::Stats& outputs = renderer_->stats();
  log::info("app", "outputs: {} begun, {} refused, {} ms of silence in place of audio that was late", outputs.opened,
            outputs.refused, outputs.late);
  const media::Engine::Stats media = media_->stats();
  log::info("app",
            "media: {} packets received, {} lost, {} late, {} duplicate, {} malformed, {} foreign, {} resyncs, {} "
            "dropped by the kernel, {} ms adjusted to clocks; {} sent, {} "
            "not sent; RTCP {} received, {} sent; {} ticks, {} late",
            media.total.received, media.total.lost, media.total.late, media.total.duplicate, media.total.malformed,
            media.total.foreign, media.total.resyncs, media.total.overflowed, media.total.adjusted, media.total.sent,
            media.total.send_failed, media.total.rtcp_received, media.total.rtcp_sent, media.ticks, media.late_ticks);
  const sip::UserAgent::Stats sip = sip_->stats();
  log::info("app", "SIP: {} invites, {} refused as busy, {} malformed messages, {} dialogs up", sip.invites,
            sip.refused_busy, sip.malformed, sip.dialogs);
  const xmpp::Listener::Stats xmpp = listener_->stats();
  log::info(
      "app",
      "XMPP: {} accepted, {} authenticated, {} refused, {} stream errors, {} timed out, {} cut off; {} stanzas in, {} "
      "out",
      xmpp.accepted, xmpp.authenticated, xmpp.authentication_failed, xmpp.stream_errors, xmpp.timed_out,
      xmpp.overflowed, xmpp.stanzas_in, xmpp.stanzas_out);
}

// What waits for stores, and which of them fail. Said where the delivery's thread has time for it.
void Service::log_stores() const {
  recorder_->delivery().ask([](const storage::DeliveryState& state) {
    log::info("app", "delivery: {} recordings wait, {} are being stored", state.waiting, state.busy);
    const auto now = std::chrono::system_clock::now();
    const auto seconds = [](auto time) { return std::chrono::round<std::chrono::seconds>(time).count(); };
    for (const auto& [name, store] : state.stores) {
      if (store.failures == 0) {
        log::info("app", "store {}: works; {} stored, {} attempts failed, {} being stored", name, store.stored,
                  store.failed, store.busy);
        continue;
      }
      log::info(
          "app",
          "store {}: fails since {} ({} s, {} times in a row), tried again in {} s; {} stored, {} attempts failed, "
          "{} being stored: {}",
          name, base::utc_text(store.failing_since), seconds(now - store.failing_since), store.failures,
          std::max<std::int64_t>(0, seconds(store.next - now)), store.stored, store.failed, store.busy, store.error);
    }
  });
}

// SIGHUP: log level and accounts; the rest needs a restart. A file with an error changes nothing.
void Service::reload() {
  if (!file_) return log::info("app", "SIGHUP: no configuration file to read again");
  auto fresh = read_config(*file_);
  if (!fresh) return log::error("app", "SIGHUP: nothing changed: {}", fresh.error().text);
  config_.log_level = fresh->log_level;
  config_.xmpp.accounts = std::move(fresh->xmpp.accounts);
  log::configure(config_.log_level, config_.log_format);
  if (auto chosen = choose_accounts(); !chosen) log::error("app", "SIGHUP: {}", chosen.error().text);
  listener_->set_accounts(config_.xmpp.accounts);
  log::info("app", "SIGHUP: log level and {} accounts read again", config_.xmpp.accounts.size());
}

// No new calls; those that are up are hung up, their recordings finished and reported; then the listeners close.
void Service::shut_down() {
  if (std::exchange(stopping_, true)) {
    log::warn("app", "stopping already; still {} calls", calls_->size());
    return;
  }
  log::info("app", "stopping: {} calls up", calls_->size());
  recorder_->hurry();
  removal_.stop();
  calls_->shut_down([this] { sip_->send(sip::Shutdown{}); });
}

// Two sockets a call, and files: as many descriptors as the system allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int serve(Config config, const std::optional<std::filesystem::path>& file) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of that write, not the end of the process
  raise_descriptor_limit();
  log::configure(config.log_level, config.log_format);
  Service service(std::move(config), file);
  if (auto started = service.start(); !started) {
    std::fprintf(stderr, "telegraphone: %s\n", log::escaped(started.error().text).c_str());
    return 1;
  }
  std::printf("telegraphone ready\n");
  std::fflush(stdout);
  service.run();
  log::info("app", "stopped");
  return 0;
}

}  // namespace app
