#pragma once
// What stands in <name>.json beside a recording (docs/sidecar.md): what it is, what became of it, and the map of what
// in it is real. Pure functions.

#include <optional>
#include <string>
#include <vector>

#include "record/formats/format.hpp"
#include "record/loudness.hpp"
#include "record/participant.hpp"
#include "record/settings.hpp"
#include "record/span_map.hpp"

namespace record {

struct Facts {
  std::string format;    // of the file
  std::string encoding;  // of its samples; empty where the format says it all
  Tags tags;
  AudioFormat audio;
  std::uint64_t samples = 0;  // a channel
  std::uint64_t size = 0;     // bytes
  EndReason reason = EndReason::stop;
  std::string error;
  Stats stats;
  std::optional<Normalisation> loudness;
  std::vector<std::string> parts;  // names of the files that go on where this one ends, if they were not put together
  SpanMap map;                     // at the rate of `audio`
  std::vector<seal::Recipient> encrypt_to;     // keys that the sidecar is sealed to as well
  std::vector<ParticipantFacts> participants;  // those of a conference that were recorded apart
};

std::chrono::milliseconds duration_of(const Facts& facts);

// JSON, UTF-8; what is none in a peer's names is replaced.
std::string sidecar_text(const Facts& facts, const std::string& file_name);

// The sidecar as it is kept: its text, or that sealed. What it is called is <stem> and the extension.
base::Result<std::string> sidecar_content(const Facts& facts, const std::string& file_name);
std::string sidecar_extension(const Facts& facts);  // ".json" or ".json.sealed"

}  // namespace record
