#include "record/finishing.hpp"

#include <algorithm>
#include <cmath>

#include "base/log.hpp"
#include "record/hand_over.hpp"
#include "record/part_reader.hpp"
#include "storage/file_name.hpp"

namespace record {
namespace {

using Sink = std::function<base::Result<void>(std::span<const std::int16_t>)>;

constexpr std::string_view kLate = "server stopped before the recording was put together";

std::string encoding_of(std::span<const Hint> hints) {
  std::string encoding;
  for (const Hint& hint : hints) {
    if (hint.name == "encoding") encoding = hint.value;
  }
  return encoding;
}

// What nobody waits for is encoded as well as the format can, but for what the client said itself. A format passes over
// what it does not know.
std::vector<Hint> best(const Format& format, const std::vector<Hint>& given) {
  std::vector<Hint> hints;
  for (const Hint& each : {Hint{"quality", "0"}, Hint{"compression", "8"}}) {
    if (format.check({&each, 1})) hints.push_back(each);
  }
  hints.insert(hints.end(), given.begin(), given.end());  // the last counts
  return hints;
}

// All parts, one behind the other, at the file's rate.
base::Result<void> play(const FinishingJob& job, const std::function<bool()>& is_late, const Sink& sink) {
  std::vector<std::int16_t> resampled;
  for (const FinishedPart& part : job.parts) {
    auto reader = PartReader::open(part, encoding_of(job.hints));
    if (!reader) return std::move(reader.error());
    std::unique_ptr<Resampler> resampler;
    if ((*reader)->rate() != job.audio.rate) {
      auto opened = Resampler::open((*reader)->rate(), job.audio.rate, job.audio.channels);
      if (!opened) return std::move(opened.error());
      resampler = std::move(*opened);
    }
    for (;;) {
      if (is_late()) return base::Error{base::Kind::unavailable, std::string(kLate)};
      auto block = (*reader)->read();
      if (!block) return std::move(block.error());
      if (resampler) {
        resampled.clear();
        block->empty() ? resampler->drain(resampled) : resampler->write(*block, resampled);
      }
      if (auto taken = sink(resampler ? std::span<const std::int16_t>(resampled) : *block); !taken) return taken;
      if (block->empty()) break;
    }
  }
  return {};
}

base::Result<Normalisation> measure(const FinishingJob& job, const std::function<bool()>& is_late) {
  auto meter = LoudnessMeter::open(job.audio);
  if (!meter) return std::move(meter.error());
  const auto played = play(job, is_late, [&](std::span<const std::int16_t> block) { return (*meter)->add(block); });
  if (!played) return played.error();
  return (*meter)->result();
}

base::Result<FinishedPart> encode(FinishingJob& job, const storage::Spool& spool,
                                  const std::function<bool()>& is_late) {
  double gain = 1;
  if (job.normalise) {
    auto measured = measure(job, is_late);
    if (!measured) return std::move(measured.error());
    job.facts.loudness = *measured;
    gain = std::pow(10, measured->gain_db / 20);
  }
  const std::vector<Hint> hints = job.normalise ? best(*job.format, job.hints) : job.hints;
  auto opened = Part::open(spool, job.stem + "-final", *job.format, job.audio, hints, job.facts.tags);
  if (!opened) return std::move(opened.error());
  const std::unique_ptr<Part> file = std::move(*opened);
  std::vector<std::int16_t> louder;
  auto done = play(job, is_late, [&](std::span<const std::int16_t> block) {
    if (gain == 1) return file->write(block, job.audio.rate);
    louder.resize(block.size());
    std::transform(block.begin(), block.end(), louder.begin(), [gain](std::int16_t sample) {
      return static_cast<std::int16_t>(std::lrint(std::clamp(sample * gain, -32768.0, 32767.0)));
    });
    return file->write(louder, job.audio.rate);
  });
  if (done) done = file->finish();
  std::string error;
  FinishedPart finished = file->close(error);
  if (done && error.empty()) return finished;
  spool.remove(finished.file);
  return done ? base::Error{base::Kind::internal, error} : done.error();
}

// Nothing is lost: every part is a file that plays.
Outcome store_parts(FinishingJob& job, const FinishingPlaces& places, const std::string& why) {
  Facts& facts = job.facts;
  facts.reason = EndReason::error;
  if (facts.error.empty()) facts.error = "the recording is not put together: " + why;
  facts.loudness.reset();
  for (std::size_t i = 1; i < job.parts.size(); ++i) {
    const auto stored = places.store.store(job.parts[i].file);
    facts.parts.push_back((stored ? stored->path : job.parts[i].file.path).filename().string());
  }
  FinishedPart& first = job.parts.front();
  first.file.stem = job.stem;
  if (job.normalise) {  // the master, as it was kept
    facts.format = "wav";
    facts.encoding = "pcm16";
  }
  facts.audio = first.audio;
  facts.size = first.size;
  facts.samples = first.samples;
  facts.map.change_rate(first.audio.rate);
  return hand_over(places.store, first.file, facts);
}

Outcome leave_parts(const FinishingJob& job) {
  Outcome outcome;
  outcome.reason = EndReason::error;
  outcome.error = job.facts.error.empty() ? std::string(kLate) : job.facts.error;
  outcome.uri = storage::file_uri(job.parts.front().file.path);
  outcome.stats = job.facts.stats;
  for (const FinishedPart& part : job.parts) {
    outcome.duration += std::chrono::milliseconds(part.samples * 1000 / part.audio.rate);
    outcome.size += part.size;
  }
  return outcome;
}

}  // namespace

Outcome finish(FinishingJob job, const FinishingPlaces& places, const std::function<bool()>& is_late) {
  auto encoded = encode(job, places.spool, is_late);
  if (!encoded) {
    base::log::error("record", "{}: not put together: {}", job.stem, encoded.error().text);
    if (is_late()) return leave_parts(job);
    return store_parts(job, places, encoded.error().text);
  }
  job.facts.size = encoded->size;
  job.facts.samples = encoded->samples;
  job.facts.map.change_rate(job.audio.rate);
  job.facts.map.cut(encoded->samples);
  encoded->file.stem = job.stem;
  Outcome outcome = hand_over(places.store, encoded->file, job.facts);
  if (outcome.uri != storage::file_uri(encoded->file.path)) {
    for (const FinishedPart& part : job.parts) places.spool.remove(part.file);
  }
  return outcome;
}

}  // namespace record
