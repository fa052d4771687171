#include "record/finishing.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "base/log.hpp"
#include "record/capture.hpp"
#include "record/conference.hpp"
#include "record/encode.hpp"
#include "record/part_sequence.hpp"
#include "storage/file_name.hpp"

namespace record {
namespace {

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

Source source_of(const FinishingJob& job, const std::function<bool()>& is_late) {
  // Shared because a std::function has to be copied.
  auto parts = std::make_shared<PartSequence>(job.parts, job.audio, encoding_of(job.request.settings.hints));
  return [parts, is_late]() -> base::Result<std::span<const std::int16_t>> {
    if (is_late()) return too_late();
    return parts->read();
  };
}

base::Result<Normalisation> measure(const FinishingJob& job, const std::function<bool()>& is_late) {
  auto meter = LoudnessMeter::open(job.audio);
  if (!meter) return std::move(meter.error());
  const Source source = source_of(job, is_late);
  for (;;) {
    auto block = source();
    if (!block) return std::move(block.error());
    if (block->empty()) return (*meter)->result();
    if (auto added = (*meter)->add(*block); !added) return std::move(added.error());
  }
}

// Of all parts together, at the file's rate.
std::uint64_t length_of(const FinishingJob& job) {
  std::uint64_t samples = 0;
  for (const FinishedPart& part : job.parts) {
    samples += (part.samples * job.audio.rate + part.audio.rate / 2) / part.audio.rate;
  }
  return samples;
}

struct Made {
  FinishedPart recording;
  bool is_new = true;  // not one of the parts
};

base::Result<Made> make(FinishingJob& job, Conference* conference, const storage::Spool& spool,
                        const std::function<bool()>& is_late) {
  Product product{job.stem + "-final", job.format, job.audio, job.request.settings.hints, job.facts.tags, 1};
  if (job.request.settings.double_pass) {
    auto measured = measure(job, is_late);
    if (!measured) return std::move(measured.error());
    job.facts.loudness = *measured;
    product.gain = std::pow(10, measured->gain_db / 20);
    product.hints = best(*job.format, job.request.settings.hints);
  }
  const bool has_channels =
      conference != nullptr && job.request.settings.tracks == Tracks::participant_channels &&
      conference->size() <= static_cast<std::size_t>(job.format->most_channels(job.request.settings.hints));
  if (has_channels) {
    product.audio.channels = static_cast<int>(conference->size());
    product.tags.channels = conference->channels_text();
    auto encoded = encode(spool, product, conference->channels(is_late));
    if (!encoded) return std::move(encoded.error());
    job.facts.audio = product.audio;
    job.facts.tags = product.tags;
    return Made{std::move(*encoded)};
  }
  Made made;
  if (job.parts.size() == 1 && !job.is_master) {  // that is the file
    made = {std::move(job.parts.front()), false};
    job.parts.clear();
  } else {
    auto encoded = encode(spool, product, source_of(job, is_late));
    if (!encoded) return std::move(encoded.error());
    made.recording = std::move(*encoded);
  }
  if (conference == nullptr) return made;
  auto files = conference->make_files(spool, product, is_late);
  if (files) return made;
  if (made.is_new) {
    spool.remove(made.recording.file);
  } else {
    job.parts.push_back(std::move(made.recording));
  }
  conference->remove_files(spool);
  return std::move(files.error());
}

Ready ready_of(FinishingJob& job) {
  Ready ready;
  ready.id = job.id;
  ready.stem = job.stem;
  ready.request = job.request;
  ready.journal = std::move(job.journal);
  return ready;
}

// Nothing is lost: every part is a file that plays.
Ready give_parts(FinishingJob& job, Conference* conference, const std::string& why) {
  Ready ready = ready_of(job);
  Facts& facts = job.facts;
  facts.reason = EndReason::error;
  if (facts.error.empty()) facts.error = "the recording is not put together: " + why;
  facts.loudness.reset();
  FinishedPart& first = job.parts.front();
  const std::string first_name = job.stem + "." + first.file.extension;
  ready.files.push_back({std::move(first.file), first_name});
  for (std::size_t i = 1; i < job.parts.size(); ++i) {
    const std::string name = job.parts[i].file.name();
    ready.files.push_back({std::move(job.parts[i].file), name});
    facts.parts.push_back(name);
  }
  if (conference != nullptr) conference->give(ready, facts, true);
  if (job.is_master) {
    facts.format = kMaster;
    facts.encoding = "pcm16";
  }
  facts.audio = first.audio;
  facts.size = first.size;
  facts.samples = first.samples;
  facts.map.change_rate(first.audio.rate);
  ready.facts = std::move(facts);
  return ready;
}

Ready leave_parts(FinishingJob& job) {
  Ready ready = ready_of(job);
  ready.is_left = true;
  Facts& facts = job.facts;
  facts.reason = EndReason::error;
  if (facts.error.empty()) facts.error = kLate;
  facts.samples = length_of(job);
  facts.size = 0;
  for (FinishedPart& part : job.parts) {
    facts.size += part.size;
    const std::string name = part.file.name();
    ready.files.push_back({std::move(part.file), name});
  }
  ready.facts = std::move(facts);
  return ready;
}

}  // namespace

base::Error too_late() { return {base::Kind::unavailable, std::string(kLate)}; }

Ready finish(FinishingJob job, const storage::Spool& spool, const std::function<bool()>& is_late) {
  std::optional<Conference> several;
  if (!job.participants.empty()) several.emplace(job, length_of(job));
  Conference* const conference = several ? &*several : nullptr;
  auto made = make(job, conference, spool, is_late);
  if (!made) {
    base::log::error("record", "{}: not put together: {}", job.stem, made.error().text);
    return is_late() ? leave_parts(job) : give_parts(job, conference, made.error().text);
  }
  FinishedPart& file = made->recording;
  job.facts.size = file.size;
  job.facts.samples = file.samples;
  job.facts.map.change_rate(job.audio.rate);
  job.facts.map.cut(file.samples);
  Ready ready = ready_of(job);
  const std::string name = job.stem + "." + file.file.extension;
  ready.files.push_back({std::move(file.file), name});
  for (const FinishedPart& part : job.parts) ready.obsolete.push_back(part.file.path);
  if (conference != nullptr) conference->give(ready, job.facts);
  ready.facts = std::move(job.facts);
  return ready;
}

}  // namespace record
