#pragma once
// What is left to do for a recording whose parts are not what was asked for: they are put together at one rate, brought
// to the loudness of EBU R 128 where that was asked for, and encoded.
//
//   parts ─▶ read ─▶ resample ─▶ (first pass: measure) ─▶ gain ─▶ encode ─▶ <stem>-final.<ext>.part
//
// Participants of a conference that were recorded apart become channels or files of their own (record/conference.hpp).
//
// A plain function on a thread that may take its time. The parts are removed once the result is certain; where anything
// fails they are delivered as they are.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "record/journal.hpp"
#include "record/part.hpp"
#include "record/participant.hpp"
#include "record/ready.hpp"
#include "record/sidecar.hpp"
#include "storage/spool.hpp"

namespace record {

struct FinishingJob {
  RecordingId id = 0;
  std::string stem;  // what the file is to be called, without extension
  Request request;   // its settings say what is to be done
  std::vector<FinishedPart> parts;
  const Format* format = nullptr;
  AudioFormat audio;       // of the file
  Facts facts;             // but for size, samples, loudness and participants
  bool is_master = false;  // the first part is not of the format that was asked for, but kMaster
  // Of a conference:
  base::Time start{};  // of the first sample
  std::vector<Attendance> participants;
  std::unique_ptr<Journal> journal = nullptr;  // goes with the parts; none: they are somebody else's
};

// Said by whatever gives a job up.
base::Error too_late();

// `is_late` is asked between blocks; once it says yes the job is given up and the parts stay in the spool.
Ready finish(FinishingJob job, const storage::Spool& spool, const std::function<bool()>& is_late);

}  // namespace record
