#pragma once
// The recording service as the control thread sees it: opens recordings on the writer pool and tells how they ended.
// Owned by the control thread. Opening is disk I/O, so it happens on a writer thread and the answer comes back later.
//
//   check() ─ open() ─▶ writer: spool file made ─▶ Opened(Track*) ─▶ the owner attaches the track to a tap
//                                                        └▶ … End in the track … ─┬─▶ dispatcher ─▶ Finished(Outcome)
//                                                                finisher, if need be ─┘

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "record/dispatcher.hpp"
#include "record/participant.hpp"
#include "record/recovered.hpp"
#include "record/request.hpp"
#include "record/settings.hpp"
#include "record/track.hpp"

namespace record {

using ParticipantId = std::uint64_t;  // of one visit; no recording has the same

struct RecorderOptions {
  std::filesystem::path directory;    // made if it is not there; recordings below it
  int writers = 2;                    // threads
  PauseMode pause = PauseMode::skip;  // where no hint says otherwise
  std::uint64_t reserve = 0;          // bytes of the disk in which no new recording begins: open() brings no_resources
  std::chrono::milliseconds sync_interval{250};  // so old may be what a loss of power takes, at most
  std::uint64_t memory = 256'000'000;            // bytes, for audio of all recordings that waits for a disk that stalls
  std::chrono::milliseconds writer_timeout{90'000};  // a writer that hangs for longer is given up, and replaced
  std::chrono::milliseconds max_duration{0};         // of any recording, whatever its client wishes; 0: none
  // What is recorded is sealed to these keys (docs/encryption.md); none: it is plain.
  std::vector<seal::Recipient> encrypt_to = {};
  std::filesystem::path spool = {};  // where they grow; empty: the directory's folder "spool"
  DispatchOptions dispatch = {};     // where recordings go, and when that is told
  Ledger* ledger = nullptr;          // who keeps the books; outlives the recorder
  // Control thread: for each recording that a crash had left in the spool, once it is where it belongs, and for one
  // that was still to be delivered and told.
  std::function<void(const Recovered&)> recovered = {};
  // Likewise, behind the last of them: nothing more is known of the process before this one, but for these component
  // ids, which stay in the spool for the next start.
  std::function<void(const std::vector<std::string>& kept)> recovery_over = {};
};

class Recorder {
 public:
  // Since the start.
  struct Stats {
    AudioMemory::Counts memory;
    std::uint64_t writers_given_up = 0;
    std::uint64_t given_up = 0;  // recordings that ended because a thread that had them hung
    std::uint64_t refused = 0;   // that did not begin because none was at work
  };

  using Opened = std::function<void(base::Result<Track*>)>;
  using ParticipantOpened = std::function<void(ParticipantId, base::Result<Track*>)>;
  using Finished = std::function<void(const Outcome&)>;

  // `post` runs a function on the control thread, soon; callable from any thread.
  Recorder(RecorderOptions options, std::function<void(std::function<void()>)> post);
  // stop(); a Finished that was posted and has not run yet is dropped. Where a thread hangs on the disk, what it uses
  // lives as long as the process.
  ~Recorder();

  // Makes the directories and proves that they can be written to; starts the threads. What a crash left in the spool is
  // found before anything new begins, and put right in the background.
  base::Result<void> start();
  // Finishes every open recording as it stands (one whose End has come: as usual; else reason error, "server stopped").
  // Blocks until that is done, at most 30 s for what writers have open and 30 s for what is still to be put together;
  // each Finished follows through `post`. From then on open() brings an error (unavailable).
  void stop();

  // What can be judged without touching the disk: the format exists (else not_supported), hints that are known have
  // good values (else bad_request, naming the hint), nothing that is encrypted has to be read again. Unknown hints are
  // fine. Gives the settings with all that the hints and the configuration say: those are what the request, and the
  // tap, must be opened with.
  base::Result<Settings> check(Settings settings) const;

  // Control thread, once a second: looks whether the writers are at work (record/writers.hpp), and the threads behind
  // them. The recordings of one that is given up are finished with an error; what of them is in the spool gets to its
  // place once its thread comes back, and is `recovered` then, or at the next start.
  void watch(base::Time now);
  Stats stats() const;

  // Control thread. `opened` is called once; if it brought a track, `finished` will be called once too, after opened.
  RecordingId open(Request request, Opened opened, Finished finished);
  // In a recording that keeps those who talk apart (Settings::tracks): the track of one who has joined, for a tap with
  // participant_settings(). `rate`: of the audio that will be pushed, Hz. Stop that tap when the participant leaves, or
  // once the recording has ended; who comes back is opened anew. `opened` is called once, later, with an error where
  // the recording has ended. A track that will never be attached is given back by a push_end().
  ParticipantId open_participant(RecordingId id, Participant who, std::uint32_t rate, ParticipantOpened opened);
  // For a track that will never be attached: deletes the spool file. `finished` is not called, and `opened` is not
  // either if that has not happened yet.
  void discard(RecordingId id);

  std::size_t open_count() const;
  // The server is about to stop: nobody is kept waiting for a store that is away.
  void hurry();
  // Started by start(); any thread may ask it.
  storage::Delivery& delivery();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace record
