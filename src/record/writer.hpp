#pragma once
// A writer thread: owns several recordings and serves them by turns, every 50 ms while it has any; sleeps otherwise.
// May block on the disk and on nothing else. Commands come through a mailbox, answers go through `post`.
//
//   turn: commands ─▶ drain and encode all tracks ─▶ complete the files of those that ended, for at most 100 ms

#include <functional>
#include <map>
#include <variant>
#include <vector>

#include "base/inbox.hpp"
#include "base/thread.hpp"
#include "record/pulse.hpp"
#include "record/recorder.hpp"
#include "record/recording.hpp"

namespace record {

class Writer {
 public:
  // Called on the writer's thread.
  struct Answers {
    std::function<void(RecordingId, base::Result<Track*>)> opened;
    std::function<void(ParticipantId, base::Result<Track*>)> participant_opened;
    std::function<void(Ready)> finished;
    std::function<void(FinishingJob)> unfinished;  // instead: its file is still to be made
    std::function<void()> written = {};            // something reached a file, or may have
  };

  // `memory`: for audio that the disk is too slow for; outlives the thread, and so does `beginnings`. Either may be
  // none.
  Writer(int number, const storage::Spool& spool, Answers answers, Beginnings* beginnings = nullptr,
         AudioMemory* memory = nullptr);
  ~Writer();  // after the thread's end: only the tracks that were never given back are left to free

  base::Result<void> start();
  // Any thread. Answered by opened; then by finished or unfinished, once, unless it is discarded.
  void open(RecordingId id, Request request, std::chrono::system_clock::time_point began);
  // Answered by participant_opened.
  void open_participant(RecordingId id, ParticipantId participant, Participant who, std::uint32_t rate);
  void discard(RecordingId id);
  // Completes all files as they stand, waits for the producers to let go of their tracks (at most half a second), ends
  // the thread. A track that nobody gave back stays alive as long as this object.
  // ask_to_stop() only starts it; join() is false where it takes longer, or hangs: then all of this has to stay.
  void ask_to_stop();
  bool join(std::chrono::milliseconds at_most) { return thread_.join(at_most); }
  void stop();
  // After the thread's end: no producer has a track of its.
  bool is_spent() const { return recordings_.empty() && unreturned_.empty(); }
  // Any thread.
  bool is_overdue(base::Time now, base::milliseconds patience) const { return pulse_.is_overdue(now, patience); }
  std::string name() const { return "writer-" + std::to_string(number_); }

 private:
  struct Open {
    RecordingId id;
    Request request;
    std::chrono::system_clock::time_point began;
  };
  struct OpenParticipant {
    RecordingId id;
    ParticipantId participant;
    Participant who;
    std::uint32_t rate;
  };
  struct Discard {
    RecordingId id;
  };
  struct Stop {};
  using Command = std::variant<Open, OpenParticipant, Discard, Stop>;
  using Recordings = std::map<RecordingId, std::unique_ptr<Recording>>;

  void run();
  void obey();
  void open_now(const Open& command);
  void open_now(const OpenParticipant& command);
  void drop(Recordings::iterator recording);
  bool serve();
  void shut_all();
  void finish(RecordingId id, Recording& recording);

  const int number_;
  const storage::Spool& spool_;
  Beginnings* const beginnings_;
  const Answers answers_;
  AudioMemory* const memory_;
  base::Inbox<std::unique_ptr<Command>> commands_;
  Pulse pulse_;
  base::Thread thread_;

  // The thread's own.
  Recordings recordings_;
  std::vector<RecordingId> ended_;
  std::vector<std::unique_ptr<Capture>> unreturned_;  // of participants: nobody waits for their Ends any more
  std::vector<std::int16_t> buffer_;
  bool stopping_ = false;
};

}  // namespace record
