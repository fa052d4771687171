#include "record/recording.hpp"

#include <system_error>

#include "base/log.hpp"
#include "storage/file_name.hpp"

namespace record {
namespace {

constexpr std::chrono::milliseconds kDrainInterval{250};
// With the depth of the jitter buffer and the writers' poll still less than a second.
constexpr std::chrono::milliseconds kCheckpointInterval{500};

std::string why_the_tap_gave_up(const Stats& stats) {
  if (stats.overrun_samples > 0) return "the writer could not keep up with the audio";
  return "the call's audio does not fit what this recording was opened for";
}

}  // namespace

Recording::Recording(const Request& request, const storage::Spool& spool, const storage::FileStore& store,
                     storage::SpoolFile spool_file)
    : spool_(spool),
      store_(store),
      track_(request.rate, request.settings.channels()),
      spool_file_(std::move(spool_file)),
      file_(std::move(spool_file_.fd)) {}

base::Result<std::unique_ptr<Recording>> Recording::open(const Request& request,
                                                         std::chrono::system_clock::time_point began,
                                                         const storage::Spool& spool, const storage::FileStore& store) {
  const Format* format = find_format(request.settings.format);
  if (format == nullptr) {
    return base::Error{base::Kind::not_supported, "no such format", base::Fault::peer};
  }
  if (auto made = spool.make(); !made) return std::move(made.error());
  auto spool_file =
      spool.create(storage::file_stem(began, request.call_id, request.component_id), std::string(format->extension()));
  if (!spool_file) return std::move(spool_file.error());
  std::unique_ptr<Recording> recording(new Recording(request, spool, store, std::move(*spool_file)));
  if (auto prepared = store.prepare(recording->spool_file_); !prepared) {
    recording->discard();
    return std::move(prepared.error());
  }
  const AudioFormat audio{request.rate, request.settings.channels()};
  auto encoder = format->open(recording->file_, audio, request.settings.hints, {});
  if (!encoder) {
    recording->discard();
    return std::move(encoder.error()).in("open spool file " + recording->spool_file_.path.string());
  }
  recording->encoder_ = std::move(*encoder);
  return recording;
}

bool Recording::drain(base::Time now, std::span<std::int16_t> buffer) {
  drain_due_ = now + kDrainInterval;
  const auto flush = [&](std::size_t filled) {
    if (filled == 0 || !encoder_) return;  // closed: what still comes is lost
    if (auto written = encoder_->write(buffer.first(filled)); !written) fail(written.error().text);
  };
  std::size_t filled = 0;
  while (const std::size_t taken = track_.take(buffer.subspan(filled))) {
    filled += taken;
    if (buffer.size() - filled < Track::kMaxBlock) {
      flush(filled);
      filled = 0;
    }
  }
  flush(filled);

  if (!checkpoint_due_) checkpoint_due_ = now + kCheckpointInterval;
  if (encoder_ && !track_.ended() && now >= *checkpoint_due_) {
    checkpoint_due_ = now + kCheckpointInterval;
    if (auto made = encoder_->checkpoint(); !made) fail(made.error().text);
  }
  return track_.ended();
}

void Recording::fail(const std::string& what) {
  base::log::error("record", "{}: {}", spool_file_.path.string(), what);
  if (error_.empty()) error_ = what;
  track_.fail();
  // As playable as it is: the header says what is there.
  if (auto made = encoder_->checkpoint(); !made) {
    base::log::error("record", "{}: header: {}", spool_file_.path.string(), made.error().text);
  }
  close();
}

void Recording::shut(const std::string& why) {
  if (!encoder_) return;
  if (auto finished = encoder_->finish(); !finished) return fail(finished.error().text);
  if (error_.empty()) error_ = why;
  track_.fail();
  close();
}

void Recording::close() {
  const std::uint64_t samples = encoder_->samples();
  encoder_.reset();
  if (!error_.empty() && samples == 0) {
    spool_.remove(spool_file_);
    return;
  }
  const auto complain = [this](const base::Error& error) {
    base::log::error("record", "{}: {}", spool_file_.path.string(), error.text);
    if (error_.empty()) error_ = error.text;
  };
  if (auto synced = file_.sync(); !synced) complain(synced.error());
  outcome_.duration = std::chrono::milliseconds(samples * 1000 / track_.rate());
  outcome_.size = file_.size();
  auto stored = store_.store(spool_file_);
  if (!stored) complain(stored.error());
  outcome_.uri = storage::file_uri(stored ? *stored : spool_file_.path);
}

Outcome Recording::finish() {
  if (encoder_) {
    if (auto finished = encoder_->finish(); finished) {
      close();
    } else {
      fail(finished.error().text);
    }
  }
  if (error_.empty() && track_.reason() == EndReason::error) error_ = why_the_tap_gave_up(track_.stats());
  outcome_.reason = error_.empty() ? track_.reason() : EndReason::error;
  outcome_.error = error_;
  outcome_.stats = track_.stats();
  return std::move(outcome_);
}

void Recording::discard() {
  encoder_.reset();
  spool_.remove(spool_file_);
}

}  // namespace record
