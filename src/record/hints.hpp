#pragma once
// The hints that every format knows. Pure functions. Unknown hints are nobody's business, of one given twice the last
// counts.
//
//   sample-rate   8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000    the file's, whatever the call's is
//   channels      1 (mixed) or 2 (a party on each)                                of a call's both directions
//   tracks        mix, participant (a file each)                                  of a mixer
//   double-pass   true, false, 1, 0                                               encode after the end, normalised
//   pause         skip, silence, tone                                             what a pause leaves in the file
//   encoding      mulaw (or ulaw): the samples of µ-law are kept exactly          the rest is the format's to judge

#include "base/result.hpp"
#include "record/settings.hpp"

namespace record {

// Enters into `settings` what its hints say, and of a mixer what `mix` means. bad_request, naming the hint, for an
// impossible value; not_supported for one that does not belong to a call.
base::Result<void> apply_hints(Settings& settings);

}  // namespace record
