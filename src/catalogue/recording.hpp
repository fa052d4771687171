#pragma once
// One recording as the catalogue knows it, from start to deletion. Values; any thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace catalogue {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

enum class State {
  recording,    // it grows
  completed,    // it ended as it should
  failed,       // something went wrong; `error` says what
  interrupted,  // the server ended before it did
};
std::string_view name_of(State state);
std::optional<State> parse_state(std::string_view name);

enum class Delivery {
  none,     // the file in `file` is all there is
  waiting,  // it is to be stored, and will be tried until it is
  stored,   // `uri` is where the store keeps it
  refused,  // given up by rule; somebody has to ask for it again
};
std::string_view name_of(Delivery delivery);
std::optional<Delivery> parse_delivery(std::string_view name);

// What is known when it begins.
struct Begun {
  std::string id{};  // of this recording alone, for ever: the stem of its file
  std::string call{}, component{};
  bool is_of_mixer = false;
  std::string account{};  // of the client that asked for it, as a bare JID
  std::string from{}, to{};
  std::string format{};
  std::string channels{};  // "send", "recv", "mixed", "send, recv"
  std::uint32_t sample_rate = 8000;
  bool is_encrypted = false;
  std::string file{};  // where it grows
  Instant opened{};
};

// In milliseconds of audio, by what it is (record/kind.hpp), and packets.
struct Loss {
  std::uint64_t repaired = 0, lost = 0, silent = 0, noise = 0, held = 0, paused = 0, overrun = 0, late = 0,
                duplicate = 0;
  std::uint64_t packets_received = 0, packets_lost = 0, packets_late = 0, packets_duplicate = 0;
  bool no_media_at_start = false;

  bool operator==(const Loss&) const = default;
};

// A stretch that is not plain received audio; milliseconds.
struct Gap {
  std::string kind{};
  std::uint64_t at = 0, length = 0, skipped = 0;

  bool operator==(const Gap&) const = default;
};

// One that belongs to it: its sidecar, those of participants, parts that could not be put together.
struct File {
  std::string path{};  // a name alone: in the folder in which the recording lies
  std::uint64_t size = 0;
  std::string sha256{};

  bool operator==(const File&) const = default;
};

// What is known when it has ended.
struct Ended {
  State state = State::completed;
  Instant ended{};
  std::string reason{};  // "stop", "hangup", "max-duration" …, "error", "interrupted"; never empty
  std::string error{};
  std::chrono::milliseconds duration{0};
  std::uint64_t size = 0;
  std::string sha256{};  // lower-case hex; empty where there is no file
  std::string file{};    // where it lies now; empty where there is none
  std::string uri{}, store{};
  Delivery delivery = Delivery::none;
  Loss loss{};
  std::vector<Gap> gaps{};
  bool has_all_gaps = true;
  std::vector<File> beside{};
};

// One try to store it.
struct Attempt {
  std::string store{};
  Instant began{}, ended{};
  std::string error{};  // empty: it worked
  std::string uri{};
};

struct Recording {
  Begun begun;
  Ended ended;  // state recording: only that and `file` count
  std::optional<Instant> retry_asked{};
  std::optional<std::int64_t> manifest{}, deletion_manifest{};  // numbers of its entries in the manifest
  std::optional<std::string> hold{};                            // why it must not be deleted
  std::optional<Instant> deleting{}, deleted{};
  std::string delete_reason{};

  State state() const { return ended.state; }
};

// Where it is; empty where the recording has no local copy.
std::string path_of(const File& file, const Recording& recording);

std::int64_t milliseconds_of(Instant instant);
Instant instant_of(std::int64_t milliseconds);
// The loss figures as JSON and back; what is no such JSON is no loss.
std::string loss_text(const Loss& loss);
Loss parse_loss(std::string_view text);

}  // namespace catalogue
