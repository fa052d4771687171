#include "record/writer.hpp"

#include <algorithm>
#include <poll.h>
#include <pthread.h>

#include "base/log.hpp"

namespace record {
namespace {

constexpr std::chrono::milliseconds kTurn{50};
constexpr std::chrono::milliseconds kCompleting{100};
constexpr std::chrono::milliseconds kForever{-1};
constexpr std::chrono::milliseconds kLettingGo{500};
constexpr std::chrono::hours kAsLongAsItTakes{24 * 365};

}  // namespace

Writer::Writer(int number, const storage::Spool& spool, Answers answers, Beginnings* beginnings, AudioMemory* memory)
    : number_(number),
      spool_(spool),
      beginnings_(beginnings),
      answers_(std::move(answers)),
      memory_(memory),
      buffer_(2 * Track::kMaxBlock) {}

Writer::~Writer() { stop(); }

base::Result<void> Writer::start() {
  if (!commands_) return base::Error{base::Kind::no_resources, "start a writer thread: no descriptor left"};
  return thread_.start("writer thread", [this] { run(); });
}

void Writer::open(RecordingId id, Request request, std::chrono::system_clock::time_point began) {
  commands_.post(std::make_unique<Command>(Open{id, std::move(request), began}));
}

void Writer::open_participant(RecordingId id, ParticipantId participant, Participant who, std::uint32_t rate) {
  commands_.post(std::make_unique<Command>(OpenParticipant{id, participant, std::move(who), rate}));
}

void Writer::discard(RecordingId id) { commands_.post(std::make_unique<Command>(Discard{id})); }

void Writer::ask_to_stop() {
  if (thread_.is_started()) commands_.post(std::make_unique<Command>(Stop{}));
}

void Writer::stop() {
  ask_to_stop();
  thread_.join(kAsLongAsItTakes);
}

void Writer::run() {
  pthread_setname_np(pthread_self(), name().c_str());
  base::Time next_turn = base::Clock::now();
  while (!stopping_) {
    if (recordings_.empty() && unreturned_.empty()) {
      pulse_.rest();
      commands_.wait(kForever);
      next_turn = base::Clock::now();
    } else {
      commands_.wait(
          std::max(std::chrono::ceil<base::milliseconds>(next_turn - base::Clock::now()), base::milliseconds(0)));
    }
    pulse_.beat(base::Clock::now());
    obey();
    if (base::Clock::now() < next_turn) continue;
    const bool caught_up = serve();
    next_turn = base::Clock::now() + (caught_up ? kTurn : base::milliseconds(0));
  }
  shut_all();
}

void Writer::obey() {
  commands_.drain([this](std::unique_ptr<Command>&& command) {
    if (const auto* open = std::get_if<Open>(command.get())) {
      open_now(*open);
    } else if (const auto* participant = std::get_if<OpenParticipant>(command.get())) {
      open_now(*participant);
    } else if (const auto* discard = std::get_if<Discard>(command.get())) {
      const auto found = recordings_.find(discard->id);
      if (found == recordings_.end()) return;
      found->second->discard();
      std::erase(ended_, discard->id);
      drop(found);
    } else {
      stopping_ = true;
    }
  });
}

void Writer::open_now(const Open& command) {
  pulse_.beat(base::Clock::now());
  auto recording = Recording::open(command.request, command.began, spool_, beginnings_, memory_);
  if (!recording) return answers_.opened(command.id, std::move(recording.error()));
  Track* track = &(*recording)->track();
  recordings_.emplace(command.id, std::move(*recording));
  answers_.opened(command.id, track);
}

void Writer::open_now(const OpenParticipant& command) {
  const auto found = recordings_.find(command.id);
  if (found == recordings_.end()) {
    const base::Error gone{base::Kind::not_found, "the recording is over"};
    return answers_.participant_opened(command.participant, gone);
  }
  answers_.participant_opened(command.participant, found->second->open_participant(command.who, command.rate));
}

void Writer::drop(Recordings::iterator recording) {
  for (auto& capture : recording->second->take_unreturned()) unreturned_.push_back(std::move(capture));
  recordings_.erase(recording);
}

// True if nothing is left to do before the next turn.
bool Writer::serve() {
  const base::Time began = base::Clock::now();
  bool is_written = false;
  for (auto& [id, recording] : recordings_) {
    if (!recording->is_due(began)) continue;
    is_written = true;
    pulse_.beat(base::Clock::now());
    if (!recording->drain(began, buffer_)) continue;
    if (std::find(ended_.begin(), ended_.end(), id) == ended_.end()) ended_.push_back(id);
  }
  if (is_written && answers_.written) answers_.written();
  // Completing a file waits for the disk; the other tracks must not overflow meanwhile.
  std::size_t completed = 0;
  while (completed < ended_.size() && base::Clock::now() - began < kCompleting) {
    const auto ended = recordings_.find(ended_[completed]);
    finish(ended->first, *ended->second);
    drop(ended);
    ++completed;
  }
  std::erase_if(unreturned_, [&](const auto& capture) { return capture->drain(began, buffer_); });
  ended_.erase(ended_.begin(), ended_.begin() + static_cast<std::ptrdiff_t>(completed));
  return ended_.empty();
}

void Writer::finish(RecordingId id, Recording& recording) {
  pulse_.beat(base::Clock::now());
  Recording::Ending ending = recording.finish();
  if (auto* ready = std::get_if<Ready>(&ending)) {
    ready->id = id;
    answers_.finished(std::move(*ready));
  } else {
    auto& job = std::get<FinishingJob>(ending);
    job.id = id;
    answers_.unfinished(std::move(job));
  }
}

void Writer::shut_all() {
  // Those that have ended by themselves are complete; the others are cut where they are.
  const auto finish_ended = [this] {
    for (auto next = recordings_.begin(); next != recordings_.end();) {
      const auto current = next++;
      if (!current->second->drain(base::Clock::now(), buffer_)) continue;
      finish(current->first, *current->second);
      drop(current);
    }
  };
  finish_ended();
  for (auto& [id, recording] : recordings_) recording->shut("server stopped");
  const base::Time deadline = base::Clock::now() + kLettingGo;
  while (!recordings_.empty() && base::Clock::now() < deadline) {
    ::poll(nullptr, 0, 10);
    finish_ended();
  }
  for (auto& [id, recording] : recordings_) finish(id, *recording);
}

}  // namespace record
