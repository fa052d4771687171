#pragma once
// The participants of a conference that one recording takes down apart, while it runs: a lossless part of the spool for
// each visit. They share nothing but the clock; where one fails the others go on. Owned by one writer thread.
//
//   open() ─▶ Capture … End ─▶ Visit ─┐
//   open() ─▶ Capture … End ─▶ Visit ─┴─▶ take(): Attendance of each, in the order in which they came first

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "record/capture.hpp"
#include "record/participant.hpp"

namespace record {

class Participants {
 public:
  // `stem`: of the recording. `journal`: of the recording; must live until all are taken or discarded.
  // `memory`: see Capture::Plan.
  Participants(const storage::Spool& spool, std::string stem, Tags tags, Journal* journal = nullptr,
               AudioMemory* memory = nullptr);

  // `rate`: Hz, of the audio that comes. What fails is remembered for the sidecar.
  base::Result<Track*> open(const Participant& who, std::uint32_t rate);
  bool is_due(base::Time now) const;
  // True if none is open.
  bool drain(base::Time now, std::span<std::int16_t> buffer);
  void shut(const std::string& why);
  // Those whose End has not come are closed as they stand.
  std::vector<Attendance> take();
  // Removes all that was taken down.
  void discard();
  // After either: what a producer has not let go of, and what has to live until it does. Discarding may be called for
  // while a track is on its way to its producer.
  std::vector<std::unique_ptr<Capture>> take_unreturned();

 private:
  struct Open {
    std::size_t participant;  // index
    std::unique_ptr<Capture> capture;
  };

  Attendance& attendance_of(const Participant& who);
  void close(std::size_t participant, Capture& capture);

  const storage::Spool& spool_;
  const std::string stem_;
  const Tags tags_;
  Journal* const journal_;
  AudioMemory* const memory_;
  std::vector<Attendance> all_;
  std::vector<Open> open_;
  std::vector<std::unique_ptr<Capture>> unreturned_;
  int files_ = 0;
};

}  // namespace record
