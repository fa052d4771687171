#pragma once
// Who is recorded apart in a conference, and what was taken down of each. Values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "record/part.hpp"
#include "record/settings.hpp"
#include "record/span_map.hpp"

namespace record {

struct Participant {
  std::string id;    // our id of the call: whoever comes back with the same one is the same
  std::string name;  // as it is displayed; may be what a peer sent, and empty
  std::string uri;   // of the party, likewise
};

// From joining to leaving.
struct Visit {
  base::Time start{};
  std::vector<FinishedPart> parts;  // one channel, lossless
  SpanMap map{};                    // of all parts together
  Stats stats;
  std::string error;
};

struct Attendance {
  Participant who;
  std::vector<Visit> visits;  // in order of their start
  std::string error;          // the first that happened
};

// A file that was kept as it is.
struct KeptPart {
  std::string file;  // its name
  std::int64_t at =
      0;  // of its first sample, in samples of the recording's rate since the recording began, with pauses
};

// What the sidecar says of one of them, in samples of the file.
struct ParticipantFacts {
  Participant who;
  std::optional<std::size_t> channel;  // which one of the recording; else …
  std::string file;                    // … its own, if it could be made
  std::uint64_t size = 0;              // bytes, of its own file
  SpanMap map{};                       // of the file
  std::vector<Span> present;           // where it was in the conference; the kind means nothing
  Stats stats;                         // packets alone
  std::vector<KeptPart> parts;         // where the file could not be made of them
  std::string error;
};

}  // namespace record
