#pragma once
// What a journal tells of one recording: what was asked for, whom it takes down, in which files, and what of it is
// real, as far as it was written down (record/journal.hpp writes it). Values, and a pure function that reads them out
// of any bytes.
//
//   a line:  cb1a3f07 {"what":"part","track":0,"file":"x.mp3.part", …}     CRC-32 of what follows the blank; JSON
//
// A line that is torn or altered counts for nothing; those behind it count.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "record/participant.hpp"
#include "record/request.hpp"
#include "record/span_map.hpp"

namespace record {

struct StoryPart {
  std::string file;    // its name in the spool
  std::string format;  // by name
  AudioFormat audio;
  std::vector<Hint> hints;
};

struct StoryTrack {
  std::optional<Participant> who;  // nobody: the recording itself
  base::Time start{};  // of its first sample, on the clock of that process: good against its other tracks only
  std::vector<StoryPart> parts;  // one behind the other
  SpanMap map{};                 // of all parts, up to the last checkpoint
  std::int64_t map_line = 0;     // the last one that it is made of
};

struct StoryEnd {
  EndReason reason = EndReason::error;
  std::string error;
  Stats stats;
};

struct Story {
  bool is_known = false;  // else the line that says what was asked for is lost, and `request` is empty
  Request request;        // with all that hints and configuration said
  std::chrono::system_clock::time_point began{};
  std::vector<StoryTrack> tracks;  // the first is the recording itself
  std::optional<StoryEnd> end;     // its audio is all there
  bool is_told = false;            // whoever waited for it knows that it has ended
  std::size_t damaged = 0;         // lines that count for nothing
};

Story read_story(std::string_view journal);

}  // namespace record
