#pragma once
// The audio of one participant as it belongs into the recording: from its first sample to its last, silent where the
// participant was not there. Owned by one thread.

#include <memory>
#include <span>
#include <string>

#include "record/alignment.hpp"
#include "record/part_sequence.hpp"

namespace record {

class ParticipantReader {
 public:
  // Both must outlive it.
  ParticipantReader(const Attendance& attendance, const Aligned& aligned, std::uint32_t rate)
      : attendance_(attendance), aligned_(aligned), rate_(rate) {}

  // The next samples. What cannot be read is silence; error() tells.
  void read(std::span<std::int16_t> out);
  const std::string& error() const { return error_; }  // the first that happened

 private:
  void copy(std::span<std::int16_t> out, std::uint64_t from);

  const Attendance& attendance_;
  const Aligned& aligned_;
  const std::uint32_t rate_;
  std::uint64_t position_ = 0;           // in the recording
  std::size_t visit_ = 0, copy_ = 0;     // the one that position_ is in or before
  std::unique_ptr<PartSequence> parts_;  // of the visit
  std::uint64_t read_ = 0;               // samples of the visit up to the end of block_
  std::span<const std::int16_t> block_;  // what is left of what was read
  std::string error_;
};

}  // namespace record
