#include "record/recorder.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/gate.hpp"
#include "base/log.hpp"
#include "base/owner.hpp"
#include "record/finisher.hpp"
#include "record/formats/format.hpp"
#include "record/hints.hpp"
#include "record/recovery.hpp"
#include "record/writers.hpp"
#include "storage/file_name.hpp"
#include "storage/syncer.hpp"

namespace record {
namespace {

constexpr std::chrono::seconds kStopping{30};
constexpr std::string_view kDiskHangs = "the disk of the recordings does not answer";

}  // namespace

class Recorder::Impl {
 public:
  Impl(RecorderOptions options, std::function<void(std::function<void()>)> post)
      : options_(std::move(options)),
        // A thread that hung may come back when nobody is left to be told.
        post_([gate = gate_, post = std::move(post)](std::function<void()> job) {
          gate->pass([&] { post(std::move(job)); });
        }),
        // Where the working directory is gone there is no absolute path; start() then finds nothing it can write to.
        directory_(absolute(options_.directory)),
        spool_(options_.spool.empty() ? directory_ / "spool" : absolute(options_.spool), options_.reserve),
        dispatcher_(options_.dispatch, spool_, directory_, options_.ledger, answers()),
        memory_(options_.memory),
        syncer_(spool_.directory(), options_.sync_interval) {}

  base::Result<void> start();
  bool stop();
  // Nobody hears of anything any more.
  void close() {
    gate_->close();
    alive_.reset();
  }
  void watch(base::Time now);
  Stats stats() const;
  RecordingId open(Request request, Opened opened, Finished finished);
  ParticipantId open_participant(RecordingId id, Participant who, std::uint32_t rate, ParticipantOpened opened);
  void discard(RecordingId id);
  std::size_t open_count() const { return open_.size(); }
  const RecorderOptions& options() const { return options_; }
  Dispatcher& dispatcher() { return dispatcher_; }

 private:
  enum class At { writer, finisher, dispatcher };
  struct Entry {
    Writer* writer = nullptr;  // null: none was at work
    At at = At::writer;        // who has it now
    base::Time since;          // asked for
    Recovered who;             // its client, without outcome
    Opened opened;             // empty once called
    Finished finished;
    std::vector<std::shared_ptr<std::atomic<bool>>> failures = {};  // of its tracks
  };
  struct Opening {
    RecordingId recording = 0;
    ParticipantOpened opened;
  };

  Dispatcher::Answers answers();
  static std::filesystem::path absolute(const std::filesystem::path& path) {
    std::error_code error;
    const auto result = std::filesystem::absolute(path, error);
    return error ? path : result.lexically_normal();
  }

  void on_opened(RecordingId id, base::Result<Track*> result);
  void on_participant_opened(ParticipantId id, base::Result<Track*> result);
  void on_given(RecordingId id, At at);
  void on_finished(RecordingId id, const Outcome& outcome);
  std::optional<Entry> take(RecordingId id);
  void refuse(RecordingId id, const base::Error& error);
  void give_up(const Writer* writer);
  void give_up(At at, std::string_view who);
  std::vector<RecordingId> those_at(At at, const Writer* writer = nullptr) const;
  void end_with_error(const std::vector<RecordingId>& lost);
  void refuse_overdue(base::Time now);

  const RecorderOptions options_;
  const std::shared_ptr<base::Gate> gate_ = std::make_shared<base::Gate>();  // post_ is copied
  const std::function<void(std::function<void()>)> post_;
  // Expires with this object: what was posted to the control thread and runs later must find out.
  std::shared_ptr<Impl*> alive_ = std::make_shared<Impl*>(this);
  const std::filesystem::path directory_;
  const storage::Spool spool_;
  Dispatcher dispatcher_;
  AudioMemory memory_;
  storage::Syncer syncer_;
  std::unique_ptr<Recovery> recovery_;
  std::unique_ptr<Finisher> finisher_;  // outlives the writers
  std::optional<Writers> writers_;
  std::unordered_map<RecordingId, Entry> open_;
  std::unordered_map<RecordingId, Recovered> given_up_;  // finished with an error; its writer may come back
  std::unordered_map<ParticipantId, Opening> opening_participants_;
  std::optional<base::Time> watched_;
  Stats stats_;
  RecordingId last_id_ = 0;
  bool running_ = false;
  base::Owner owner_;
};

// Called on the dispatcher's thread: they only touch post and the weak pointer, which they own.
Dispatcher::Answers Recorder::Impl::answers() {
  return {.finished =
              [post = post_, alive = std::weak_ptr<Impl*>(alive_)](RecordingId id, Outcome outcome) {
                post([alive, id, outcome = std::move(outcome)] {
                  if (const auto self = alive.lock()) (*self)->on_finished(id, outcome);
                });
              },
          .recovered =
              [post = post_, alive = std::weak_ptr<Impl*>(alive_)](const Recovered& found) {
                post([alive, found] {
                  const auto self = alive.lock();
                  if (self && (*self)->options_.recovered) (*self)->options_.recovered(found);
                });
              },
          .recovery_over =
              [post = post_, alive = std::weak_ptr<Impl*>(alive_)](const std::vector<std::string>& kept) {
                post([alive, kept] {
                  const auto self = alive.lock();
                  if (self && (*self)->options_.recovery_over) (*self)->options_.recovery_over(kept);
                });
              }};
}

base::Result<void> Recorder::Impl::start() {
  if (auto proved = spool_.prove(); !proved) return std::move(proved.error()).in("recording directory");
  // Called on the threads that follow: they only touch post and the weak pointer, which they own.
  const auto opened = [post = post_, alive = std::weak_ptr<Impl*>(alive_)](RecordingId id,
                                                                           base::Result<Track*> result) {
    post([alive, id, result = std::move(result)]() mutable {
      if (const auto self = alive.lock()) (*self)->on_opened(id, std::move(result));
    });
  };
  const auto participant_opened = [post = post_, alive = std::weak_ptr<Impl*>(alive_)](ParticipantId id,
                                                                                       base::Result<Track*> result) {
    post([alive, id, result = std::move(result)]() mutable {
      if (const auto self = alive.lock()) (*self)->on_participant_opened(id, std::move(result));
    });
  };
  // What is to be delivered gets its name before anybody looks for what a crash left.
  if (auto started = dispatcher_.start(); !started) return started;
  recovery_ = std::make_unique<Recovery>(
      spool_, options_.ledger,
      Recovery::Answers{.recovered = [this](Ready ready) { dispatcher_.take(std::move(ready)); },
                        .over = [this](const std::vector<std::string>& kept) { dispatcher_.recovery_over(kept); }});
  if (auto started = recovery_->start(); !started) return started;
  if (auto started = syncer_.start(); !started) return started;
  const auto given = [post = post_, alive = std::weak_ptr<Impl*>(alive_)](RecordingId id, At at) {
    post([alive, id, at] {
      if (const auto self = alive.lock()) (*self)->on_given(id, at);
    });
  };
  const auto dispatch = [this, given](Ready ready) {
    given(ready.id, At::dispatcher);
    dispatcher_.take(std::move(ready));
  };
  const auto complete = [this, given](FinishingJob job) {
    given(job.id, At::finisher);
    finisher_->add(std::move(job));
  };
  finisher_ = std::make_unique<Finisher>(spool_, dispatch);
  if (auto started = finisher_->start(); !started) return started;
  const Writer::Answers answers{opened, participant_opened, dispatch, complete, [this] { syncer_.touch(); }};
  writers_.emplace(
      [this, answers](int number) { return std::make_unique<Writer>(number, spool_, answers, &dispatcher_, &memory_); },
      options_.writer_timeout);
  if (auto started = writers_->start(std::max(options_.writers, 1)); !started) return started;
  running_ = true;
  return {};
}

// False where a thread hangs: then what it uses has to stay.
bool Recorder::Impl::stop() {
  running_ = false;
  if (recovery_) recovery_->ask_to_stop();
  bool have_ended = !writers_ || writers_->stop(kStopping);
  if (finisher_) have_ended = finisher_->stop() && have_ended;  // after those who give it work
  if (recovery_) have_ended = recovery_->stop() && have_ended;
  have_ended = dispatcher_.stop() && have_ended;  // after all who give it something
  return syncer_.stop() && have_ended;
}

RecordingId Recorder::Impl::open(Request request, Opened opened, Finished finished) {
  owner_.check();
  request.settings.encrypt_to = options_.encrypt_to;  // whatever was checked: nothing is plain by mistake
  const RecordingId id = ++last_id_;
  const base::Time now = base::Clock::now();
  Writer* const writer = running_ ? writers_->choose(now) : nullptr;
  Recovered who{request.call_id, request.component_id, request.client, {}};
  open_.emplace(id, Entry{writer, At::writer, now, std::move(who), std::move(opened), std::move(finished)});
  if (writer != nullptr) {
    writer->open(id, std::move(request), std::chrono::system_clock::now());
  } else if (running_) {
    ++stats_.refused;
    refuse(id, {base::Kind::no_resources, std::string(kDiskHangs)});
  } else {
    refuse(id, {base::Kind::unavailable, "recording has been shut down"});
  }
  return id;
}

// Soon: never out of open().
void Recorder::Impl::refuse(RecordingId id, const base::Error& error) {
  post_([alive = std::weak_ptr<Impl*>(alive_), id, error] {
    if (const auto self = alive.lock()) (*self)->on_opened(id, error);
  });
}

ParticipantId Recorder::Impl::open_participant(RecordingId id, Participant who, std::uint32_t rate,
                                               ParticipantOpened opened) {
  owner_.check();
  const ParticipantId participant = ++last_id_;
  opening_participants_.emplace(participant, Opening{id, std::move(opened)});
  const auto found = open_.find(id);
  if (running_ && found != open_.end() && found->second.writer != nullptr) {
    found->second.writer->open_participant(id, participant, std::move(who), rate);
    return participant;
  }
  post_([alive = std::weak_ptr<Impl*>(alive_), participant] {
    const base::Error error{base::Kind::not_found, "the recording is over"};
    if (const auto self = alive.lock()) (*self)->on_participant_opened(participant, error);
  });
  return participant;
}

void Recorder::Impl::on_participant_opened(ParticipantId id, base::Result<Track*> result) {
  owner_.check();
  const auto found = opening_participants_.find(id);
  if (found == opening_participants_.end()) {  // its writer was given up meanwhile
    if (result) (*result)->push_end(EndReason::stop, {});
    return;
  }
  const ParticipantOpened opened = std::move(found->second.opened);
  if (const auto recording = open_.find(found->second.recording); result && recording != open_.end()) {
    recording->second.failures.push_back((*result)->failure());
  }
  opening_participants_.erase(found);
  if (opened) opened(id, std::move(result));
}

void Recorder::Impl::discard(RecordingId id) {
  owner_.check();
  if (const auto entry = take(id); entry && entry->writer != nullptr && running_) entry->writer->discard(id);
}

std::optional<Recorder::Impl::Entry> Recorder::Impl::take(RecordingId id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return std::nullopt;
  Entry entry = std::move(found->second);
  open_.erase(found);
  if (writers_) writers_->release(entry.writer);
  return entry;
}

void Recorder::Impl::on_opened(RecordingId id, base::Result<Track*> result) {
  owner_.check();
  const auto found = open_.find(id);
  if (found == open_.end()) return;  // discarded
  // The callback may open or discard others, or this one: it is moved out of the table first.
  const Opened opened = std::exchange(found->second.opened, {});
  if (result) found->second.failures.push_back((*result)->failure());
  if (!result) take(id);
  if (opened) opened(std::move(result));
}

void Recorder::Impl::on_given(RecordingId id, At at) {
  owner_.check();
  if (const auto found = open_.find(id); found != open_.end()) found->second.at = at;
}

void Recorder::Impl::on_finished(RecordingId id, const Outcome& outcome) {
  owner_.check();
  if (const auto known = given_up_.find(id); known != given_up_.end()) {
    Recovered found = std::move(known->second);
    given_up_.erase(known);
    found.outcome = outcome;
    if (options_.recovered) options_.recovered(found);
    return;
  }
  const auto entry = take(id);
  if (entry && entry->finished) entry->finished(outcome);
}

void Recorder::Impl::watch(base::Time now) {
  owner_.check();
  // Where this thread itself came to nothing, the writers may not have either: the process was stopped.
  const bool is_late = watched_ && now - *watched_ > Writers::kPatience;
  watched_ = now;
  if (!running_ || is_late) return;
  for (Writer* writer : writers_->watch(now)) {
    give_up(writer);
    writer->ask_to_stop();
  }
  if (finisher_->is_overdue(now, options_.writer_timeout)) give_up(At::finisher, "what completes recordings");
  if (dispatcher_.is_overdue(now, options_.writer_timeout)) give_up(At::dispatcher, "what hands recordings over");
  refuse_overdue(now);
}

// Its recordings end here, whatever becomes of its thread: their taps are told to let go, their clients hear of it.
void Recorder::Impl::give_up(const Writer* writer) {
  ++stats_.writers_given_up;
  const std::vector<RecordingId> lost = those_at(At::writer, writer);
  std::vector<ParticipantId> openings;
  for (const auto& [id, opening] : opening_participants_) {
    if (std::ranges::binary_search(lost, opening.recording)) openings.push_back(id);
  }
  const base::Error error{base::Kind::no_resources, std::string(kDiskHangs)};
  for (const ParticipantId id : openings) on_participant_opened(id, error);
  end_with_error(lost);
}

// There is one thread of each only, which stays: when it comes back it goes on.
void Recorder::Impl::give_up(At at, std::string_view who) {
  const std::vector<RecordingId> lost = those_at(at);
  if (lost.empty()) return;
  base::log::error("record", "{} has got on with nothing for {} s: {} recordings are given up", who,
                   options_.writer_timeout.count() / 1000, lost.size());
  end_with_error(lost);
}

std::vector<RecordingId> Recorder::Impl::those_at(At at, const Writer* writer) const {
  std::vector<RecordingId> ids;
  for (const auto& [id, entry] : open_) {
    if (entry.at == at && (writer == nullptr || entry.writer == writer)) ids.push_back(id);
  }
  std::ranges::sort(ids);
  return ids;
}

void Recorder::Impl::end_with_error(const std::vector<RecordingId>& lost) {
  const base::Error error{base::Kind::no_resources, std::string(kDiskHangs)};
  for (const RecordingId id : lost) {
    ++stats_.given_up;
    auto entry = take(id);
    if (!entry) continue;  // discarded out of a callback
    if (entry->opened) {
      entry->writer->discard(id);
      entry->opened(error);
      continue;
    }
    for (const auto& failure : entry->failures) failure->store(true, std::memory_order_release);
    given_up_.emplace(id, std::move(entry->who));
    Outcome outcome;
    outcome.reason = EndReason::error;
    outcome.error = std::string(kDiskHangs) + "; what reached it is kept in the spool";
    if (entry->finished) entry->finished(outcome);
  }
}

// Nobody waits for an opening until its writer is given up.
void Recorder::Impl::refuse_overdue(base::Time now) {
  std::vector<RecordingId> overdue;
  for (const auto& [id, entry] : open_) {
    if (entry.opened && entry.writer != nullptr && now - entry.since > Writers::kPatience &&
        entry.writer->is_overdue(now, Writers::kPatience)) {
      overdue.push_back(id);
    }
  }
  for (const RecordingId id : overdue) {
    const auto entry = take(id);
    if (!entry) continue;
    ++stats_.refused;
    entry->writer->discard(id);
    entry->opened(base::Error{base::Kind::no_resources, std::string(kDiskHangs)});
  }
}

Recorder::Stats Recorder::Impl::stats() const {
  Stats stats = stats_;
  stats.memory = memory_.counts();
  return stats;
}

Recorder::Recorder(RecorderOptions options, std::function<void(std::function<void()>)> post)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(post))) {}

Recorder::~Recorder() {
  const bool have_ended = impl_->stop();
  impl_->close();
  if (have_ended) return;
  base::log::error("record", "a thread hangs on the disk: it is left behind");
  static_cast<void>(impl_.release());  // it may come back, and needs all of it
}

base::Result<void> Recorder::start() { return impl_->start(); }
void Recorder::stop() { impl_->stop(); }
void Recorder::watch(base::Time now) { impl_->watch(now); }
Recorder::Stats Recorder::stats() const { return impl_->stats(); }

base::Result<Settings> Recorder::check(Settings settings) const {
  const Format* format = find_format(settings.format);
  if (format == nullptr) {
    std::string known;
    for (const Format* each : formats()) known += (known.empty() ? "" : ", ") + std::string(each->name());
    return base::Error{base::Kind::not_supported, "attribute 'format': this server writes " + known, base::Fault::peer};
  }
  settings.pause = impl_->options().pause;
  if (const auto most = impl_->options().max_duration; most.count() > 0) {
    settings.max_duration = std::min(settings.max_duration.value_or(most), most);
  }
  settings.encrypt_to = impl_->options().encrypt_to;
  if (auto applied = apply_hints(settings); !applied) return std::move(applied.error());
  if (auto sealable = check_encryption(settings); !sealable) return std::move(sealable.error());
  if (settings.double_pass && find_format("wav") == nullptr) {
    return base::Error{base::Kind::not_supported, "hint 'double-pass': this server was built without wav",
                       base::Fault::peer};
  }
  if (settings.tracks != Tracks::mix && find_format("wav") == nullptr) {
    return base::Error{base::Kind::not_supported, "participants apart: this server was built without wav",
                       base::Fault::peer};
  }
  if (auto checked = format->check(settings.hints); !checked) return std::move(checked.error());
  if (settings.sample_rate && format->rate_for(*settings.sample_rate) != *settings.sample_rate) {
    return base::bad_request("hint 'sample-rate': " + settings.format + " cannot hold " +
                             std::to_string(*settings.sample_rate) + " Hz");
  }
  return settings;
}

RecordingId Recorder::open(Request request, Opened opened, Finished finished) {
  return impl_->open(std::move(request), std::move(opened), std::move(finished));
}

ParticipantId Recorder::open_participant(RecordingId id, Participant who, std::uint32_t rate,
                                         ParticipantOpened opened) {
  return impl_->open_participant(id, std::move(who), rate, std::move(opened));
}

void Recorder::discard(RecordingId id) { impl_->discard(id); }

std::size_t Recorder::open_count() const { return impl_->open_count(); }
void Recorder::hurry() { impl_->dispatcher().hurry(); }
storage::Delivery& Recorder::delivery() { return impl_->dispatcher().delivery(); }

}  // namespace record
