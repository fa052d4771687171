#include "record/recorder.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/owner.hpp"
#include "record/finisher.hpp"
#include "record/formats/format.hpp"
#include "record/hints.hpp"
#include "record/recovery.hpp"
#include "record/writer.hpp"
#include "storage/file_name.hpp"
#include "storage/syncer.hpp"

namespace record {

class Recorder::Impl {
 public:
  Impl(RecorderOptions options, std::function<void(std::function<void()>)> post)
      : options_(std::move(options)),
        post_(std::move(post)),
        // Where the working directory is gone there is no absolute path; start() then finds nothing it can write to.
        directory_(absolute(options_.directory)),
        spool_(directory_ / "spool", options_.reserve),
        store_(directory_),
        syncer_(spool_.directory(), options_.sync_interval) {}

  base::Result<void> start();
  void stop();
  RecordingId open(Request request, Opened opened, Finished finished);
  ParticipantId open_participant(RecordingId id, Participant who, std::uint32_t rate, ParticipantOpened opened);
  void discard(RecordingId id);
  std::size_t open_count() const { return open_.size(); }
  const RecorderOptions& options() const { return options_; }

 private:
  struct Entry {
    std::size_t writer = 0;
    Opened opened;
    Finished finished;
  };

  static std::filesystem::path absolute(const std::filesystem::path& path) {
    std::error_code error;
    const auto result = std::filesystem::absolute(path, error);
    return error ? path : result.lexically_normal();
  }

  void on_opened(RecordingId id, base::Result<Track*> result);
  void on_participant_opened(ParticipantId id, base::Result<Track*> result);
  void on_finished(RecordingId id, const Outcome& outcome);
  std::optional<Entry> take(RecordingId id);

  const RecorderOptions options_;
  const std::function<void(std::function<void()>)> post_;
  const std::filesystem::path directory_;
  const storage::Spool spool_;
  const storage::FileStore store_;
  storage::Syncer syncer_;
  std::unique_ptr<Recovery> recovery_;
  std::unique_ptr<Finisher> finisher_;  // outlives the writers
  std::vector<std::unique_ptr<Writer>> writers_;
  std::vector<std::size_t> load_;  // recordings of each writer
  std::unordered_map<RecordingId, Entry> open_;
  std::unordered_map<ParticipantId, ParticipantOpened> opening_participants_;
  RecordingId last_id_ = 0;
  bool running_ = false;
  base::Owner owner_;
  // Expires with this object: what was posted to the control thread and runs later must find out.
  const std::shared_ptr<Impl*> alive_ = std::make_shared<Impl*>(this);
};

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
  const auto finished = [post = post_, alive = std::weak_ptr<Impl*>(alive_)](RecordingId id, Outcome outcome) {
    post([alive, id, outcome = std::move(outcome)] {
      if (const auto self = alive.lock()) (*self)->on_finished(id, outcome);
    });
  };
  const auto recovered = [post = post_, alive = std::weak_ptr<Impl*>(alive_)](const Recovered& found) {
    post([alive, found] {
      const auto self = alive.lock();
      if (self && (*self)->options_.recovered) (*self)->options_.recovered(found);
    });
  };
  recovery_ = std::make_unique<Recovery>(FinishingPlaces{spool_, store_}, recovered);
  if (auto started = recovery_->start(); !started) return started;
  if (auto started = syncer_.start(); !started) return started;
  finisher_ = std::make_unique<Finisher>(FinishingPlaces{spool_, store_}, finished);
  if (auto started = finisher_->start(); !started) return started;
  const int count = std::max(options_.writers, 1);
  for (int i = 0; i < count; ++i) {
    Writer::Answers answers{opened, participant_opened, finished,
                            [this](FinishingJob job) { finisher_->add(std::move(job)); }, [this] { syncer_.touch(); }};
    auto writer = std::make_unique<Writer>(i, spool_, store_, std::move(answers));
    if (auto started = writer->start(); !started) return started;
    writers_.push_back(std::move(writer));
    load_.push_back(0);
  }
  running_ = true;
  return {};
}

void Recorder::Impl::stop() {
  running_ = false;
  if (recovery_) recovery_->ask_to_stop();
  for (auto& writer : writers_) writer->ask_to_stop();
  for (auto& writer : writers_) writer->stop();
  if (finisher_) finisher_->stop();  // after those who give it work
  if (recovery_) recovery_->stop();
  syncer_.stop();
}

RecordingId Recorder::Impl::open(Request request, Opened opened, Finished finished) {
  owner_.check();
  request.settings.encrypt_to = options_.encrypt_to;  // whatever was checked: nothing is plain by mistake
  const RecordingId id = ++last_id_;
  if (!running_) {
    open_.emplace(id, Entry{0, std::move(opened), std::move(finished)});
    post_([alive = std::weak_ptr<Impl*>(alive_), id] {
      const base::Error error{base::Kind::unavailable, "recording has been shut down"};
      if (const auto self = alive.lock()) (*self)->on_opened(id, error);
    });
    return id;
  }
  const auto writer = static_cast<std::size_t>(std::min_element(load_.begin(), load_.end()) - load_.begin());
  ++load_[writer];
  open_.emplace(id, Entry{writer, std::move(opened), std::move(finished)});
  writers_[writer]->open(id, std::move(request), std::chrono::system_clock::now());
  return id;
}

ParticipantId Recorder::Impl::open_participant(RecordingId id, Participant who, std::uint32_t rate,
                                               ParticipantOpened opened) {
  owner_.check();
  const ParticipantId participant = ++last_id_;
  opening_participants_.emplace(participant, std::move(opened));
  const auto found = open_.find(id);
  if (running_ && found != open_.end()) {
    writers_[found->second.writer]->open_participant(id, participant, std::move(who), rate);
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
  if (found == opening_participants_.end()) return;
  const ParticipantOpened opened = std::move(found->second);
  opening_participants_.erase(found);
  if (opened) opened(id, std::move(result));
}

void Recorder::Impl::discard(RecordingId id) {
  owner_.check();
  if (const auto entry = take(id); entry && running_) writers_[entry->writer]->discard(id);
}

std::optional<Recorder::Impl::Entry> Recorder::Impl::take(RecordingId id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return std::nullopt;
  Entry entry = std::move(found->second);
  open_.erase(found);
  if (entry.writer < load_.size() && load_[entry.writer] > 0) --load_[entry.writer];
  return entry;
}

void Recorder::Impl::on_opened(RecordingId id, base::Result<Track*> result) {
  owner_.check();
  const auto found = open_.find(id);
  if (found == open_.end()) return;  // discarded
  // The callback may open or discard others, or this one: it is moved out of the table first.
  const Opened opened = std::move(found->second.opened);
  if (!result) take(id);
  if (opened) opened(std::move(result));
}

void Recorder::Impl::on_finished(RecordingId id, const Outcome& outcome) {
  owner_.check();
  const auto entry = take(id);
  if (entry && entry->finished) entry->finished(outcome);
}

Recorder::Recorder(RecorderOptions options, std::function<void(std::function<void()>)> post)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(post))) {}

Recorder::~Recorder() { impl_->stop(); }

base::Result<void> Recorder::start() { return impl_->start(); }
void Recorder::stop() { impl_->stop(); }

base::Result<Settings> Recorder::check(Settings settings) const {
  const Format* format = find_format(settings.format);
  if (format == nullptr) {
    std::string known;
    for (const Format* each : formats()) known += (known.empty() ? "" : ", ") + std::string(each->name());
    return base::Error{base::Kind::not_supported, "attribute 'format': this server writes " + known, base::Fault::peer};
  }
  settings.pause = impl_->options().pause;
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

}  // namespace record
