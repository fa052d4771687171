#include "record/participants.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace record {
namespace {

// Closing a file waits for the disk; the other tracks must not overflow meanwhile.
constexpr std::chrono::milliseconds kClosing{50};

void note(std::string& error, const std::string& what) {
  if (error.empty()) error = what;
}

}  // namespace

Participants::Participants(const storage::Spool& spool, std::string stem, Tags tags, Journal* journal,
                           AudioMemory* memory)
    : spool_(spool), stem_(std::move(stem)), tags_(std::move(tags)), journal_(journal), memory_(memory) {}

Attendance& Participants::attendance_of(const Participant& who) {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.who.id == who.id; });
  if (found != all_.end()) return *found;
  all_.push_back({who, {}, {}});
  return all_.back();
}

base::Result<Track*> Participants::open(const Participant& who, std::uint32_t rate) {
  const Format* master = find_format(kMaster);
  if (master == nullptr) return base::Error{base::Kind::not_supported, "this server was built without wav"};
  Attendance& attendance = attendance_of(who);
  const auto index = static_cast<std::size_t>(&attendance - all_.data());
  Tags tags = tags_;
  tags.call_id = who.id;
  tags.from = who.uri;
  tags.channels = "send";
  tags.began = std::chrono::system_clock::now();
  auto capture = Capture::open(spool_, {.stem = stem_ + "-visit" + std::to_string(++files_),
                                        .part_format = master,
                                        .file_format = master,
                                        .rate = rate,
                                        .tags = std::move(tags),
                                        .journal = journal_,
                                        .who = &who,
                                        .memory = memory_});
  if (!capture) {
    base::log::error("record", "{}: participant {}: {}", stem_, who.id, capture.error().text);
    note(attendance.error, capture.error().text);
    return std::move(capture.error());
  }
  open_.push_back({index, std::move(*capture)});
  return &open_.back().capture->track();
}

bool Participants::is_due(base::Time now) const {
  return std::any_of(open_.begin(), open_.end(), [&](const Open& open) { return open.capture->is_due(now); });
}

bool Participants::drain(base::Time now, std::span<std::int16_t> buffer) {
  const base::Time began = base::Clock::now();
  for (Open& open : open_) {
    if (!open.capture->drain(now, buffer)) continue;
    if (base::Clock::now() - began >= kClosing) continue;  // at the next turn
    close(open.participant, *open.capture);
    open.capture.reset();
  }
  std::erase_if(open_, [](const Open& open) { return open.capture == nullptr; });
  return open_.empty();
}

// What is left of it is a visit; of one that was never attached, nothing.
void Participants::close(std::size_t participant, Capture& capture) {
  capture.finish();
  Visit visit;
  visit.parts = capture.take_parts();
  visit.map = capture.map();
  visit.error = capture.error();
  std::uint64_t samples = 0;
  for (const FinishedPart& part : visit.parts) {
    samples += (part.samples * visit.map.rate() + part.audio.rate / 2) / part.audio.rate;
  }
  visit.map.cut(samples);  // where the disk took less than came
  Attendance& attendance = all_[participant];
  note(attendance.error, visit.error);
  const Track& track = capture.track();
  if (samples > 0 || track.start()) {
    visit.start = capture.start();
    if (track.ended()) visit.stats = track.stats();
    attendance.visits.push_back(std::move(visit));
  } else {
    for (const FinishedPart& part : visit.parts) spool_.remove(part.file);
  }
}

void Participants::shut(const std::string& why) {
  for (Open& open : open_) open.capture->shut(why);
}

std::vector<Attendance> Participants::take() {
  for (Open& open : open_) {
    if (!open.capture->track().ended()) open.capture->shut("the end of its audio did not come");
    close(open.participant, *open.capture);
    if (!open.capture->track().ended()) unreturned_.push_back(std::move(open.capture));
  }
  open_.clear();
  std::erase_if(all_, [](const Attendance& one) { return one.visits.empty() && one.error.empty(); });
  for (Attendance& one : all_) {
    std::stable_sort(one.visits.begin(), one.visits.end(),
                     [](const Visit& first, const Visit& second) { return first.start < second.start; });
  }
  return std::move(all_);
}

void Participants::discard() {
  for (Open& open : open_) {
    open.capture->discard();
    if (!open.capture->track().ended()) unreturned_.push_back(std::move(open.capture));
  }
  open_.clear();
  for (const Attendance& one : all_) {
    for (const Visit& visit : one.visits) {
      for (const FinishedPart& part : visit.parts) spool_.remove(part.file);
    }
  }
  all_.clear();
}

std::vector<std::unique_ptr<Capture>> Participants::take_unreturned() { return std::move(unreturned_); }

}  // namespace record
