#pragma once
// What a recording was asked to be (record-api.txt; XEP-0327 §7.13.5.1), free of XML, and what became of it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seal/keys.hpp"

namespace record {

enum class Direction {
  duplex,  // both, mixed or as two channels: left what the party sends, right what it hears
  send,    // what the party sends
  recv,    // what the party hears
};

// What a pause leaves in the file.
enum class PauseMode {
  skip,     // nothing: the recording is shorter by it
  silence,  // as much silence
  tone,     // as long a soft tone
};

// How those who talk are kept apart in a conference.
enum class Tracks {
  mix,                   // not at all
  participant_channels,  // a channel of the file each; where the format holds fewer: as participant_files
  participant_files,     // a file each, and everyone together in the recording itself
};

struct Hint {
  std::string name;
  std::string value;
};

struct Settings {
  std::string format = "mp3";
  Direction direction = Direction::duplex;
  bool mix = true;
  bool start_beep = false;
  bool stop_beep = false;
  bool start_paused = false;
  // Nothing: no limit. All in recorded audio; time paused counts for nothing.
  std::optional<std::chrono::milliseconds> max_duration;
  std::optional<std::chrono::milliseconds> initial_timeout;
  std::optional<std::chrono::milliseconds> final_timeout;
  // What follows is said by hints (record/hints.hpp) or, where it is not, by the configuration.
  PauseMode pause = PauseMode::skip;
  std::optional<std::uint32_t> sample_rate;  // Hz; nothing: the call's own, and wider when the call becomes wider
  bool double_pass = false;                  // kept lossless, normalised and encoded after the end
  bool exact_mulaw = false;                  // the file holds µ-law: its negative zero is kept
  std::vector<seal::Recipient> encrypt_to;  // keys that all that is kept is sealed to (docs/encryption.md); none: plain
  std::vector<Hint> hints;                  // all that were given
  // Of a mixer. There `mix` and a hint say what `tracks` is; in calls it is always `mix`.
  bool on_mixer = false;
  Tracks tracks = Tracks::mix;

  // Of the track: those of participants have tracks of their own.
  int channels() const { return direction == Direction::duplex && !mix && !on_mixer ? 2 : 1; }
};

// Of the tap that records one participant of such a recording, which is paused at present or is not. What limits the
// recording, and its beeps, are of the recording itself.
inline Settings participant_settings(const Settings& recording, bool is_paused) {
  Settings settings;
  settings.format = recording.format;
  settings.direction = Direction::send;
  settings.start_paused = is_paused;
  settings.pause = recording.pause;
  settings.exact_mulaw = recording.exact_mulaw;
  return settings;
}

enum class EndReason {
  stop,             // the client said so
  hangup,           // the call ended
  max_duration,     // as long as it may be
  initial_timeout,  // nobody spoke
  final_timeout,    // silence after speech
  error,            // see Outcome::error
  interrupted,      // the server was killed or lost power; what was recorded until then was found again
};

std::string_view name_of(EndReason reason);  // "max-duration"
std::optional<EndReason> parse_reason(std::string_view name);

// Figures of one recording, in samples of its rate (that at its end) where not said otherwise.
struct Stats {
  std::uint32_t rate = 8000;            // Hz
  std::uint64_t samples = 0;            // recorded, a channel
  std::uint64_t paused_samples = 0;     // passed while paused
  std::uint64_t repaired_samples = 0;   // made up for packets that were lost
  std::uint64_t lost_samples = 0;       // silence in the place of packets that were lost
  std::uint64_t silent_samples = 0;     // silence where the party sent nothing
  std::uint64_t noise_samples = 0;      // comfort noise
  std::uint64_t held_samples = 0;       // passed while on hold
  std::uint64_t overrun_samples = 0;    // lost because the writer fell behind
  std::uint64_t late_samples = 0;       // in packets that came too late
  std::uint64_t duplicate_samples = 0;  // in packets that came twice
  std::uint64_t adjusted_samples = 0;   // resampled, to follow a sender whose clock is off
  std::uint64_t packets_received = 0, packets_lost = 0, packets_late = 0, packets_duplicate = 0;
  bool no_media_at_start = false;  // nothing was received 2 s after it began
};

struct Outcome {
  EndReason reason = EndReason::stop;
  std::string error;  // for EndReason::error and interrupted: what went wrong, for a person
  std::string uri;    // "file:/…"; empty if there is no file
  std::chrono::milliseconds duration{0};
  std::uint64_t size = 0;  // bytes
  Stats stats;
};

}  // namespace record
