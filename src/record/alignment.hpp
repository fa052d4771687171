#pragma once
// Brings what was taken down apart onto one time: that of a recording's main track, which says by its pauses and its
// end what is in the file. To the sample at the file's rate. Pure functions.
//
//   time        0────────────1────────────2────────────3
//   main track  [ recorded   ]  paused    [ recorded   ]
//   file        [            ][           ]
//   a visit           [ recorded  ]  paused     [ recorded ] …
//   copies            [      ]            [     ]

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "record/participant.hpp"
#include "record/span_map.hpp"

namespace record {

// Audio that lies in one piece in time as in a file. Samples of the rate that it was asked for in.
struct Stretch {
  std::int64_t time = 0;
  std::uint64_t at = 0, length = 0;
  bool operator==(const Stretch&) const = default;
};

// Where the audio of a map lies if its first sample was at `start`, at whatever rate.
std::vector<Stretch> stretches(const SpanMap& map, std::chrono::nanoseconds start, std::uint32_t rate);

struct Copy {
  std::uint64_t from = 0;  // in the source
  std::uint64_t to = 0;    // in the file
  std::uint64_t length = 0;
  bool operator==(const Copy&) const = default;
};

// What of a source belongs where in the file.
std::vector<Copy> copies(std::span<const Stretch> file, std::span<const Stretch> source);

// What a participant's channel or file is made of. What lies between its copies is silence.
struct Aligned {
  std::vector<std::vector<Copy>> copies;  // of each visit, in order, without overlaps
  SpanMap map{};
  std::vector<Span> present;
};

// `samples`: of the file, in which all is silence behind the end of the main track's map.
Aligned align(const Attendance& attendance, std::span<const Stretch> main, base::Time main_start, std::uint32_t rate,
              std::uint64_t samples);

}  // namespace record
