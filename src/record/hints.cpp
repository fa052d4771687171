#include "record/hints.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace record {
namespace {

constexpr std::array<std::uint32_t, 9> kRates = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};

base::Result<void> wrong(const Hint& hint, const std::string& expected) {
  return base::bad_request("hint '" + hint.name + "': expected " + expected);
}

base::Result<void> take_sample_rate(Settings& settings, const Hint& hint) {
  std::uint32_t rate = 0;
  const char* end = hint.value.data() + hint.value.size();
  const auto [stopped, error] = std::from_chars(hint.value.data(), end, rate);
  if (error != std::errc() || stopped != end || std::find(kRates.begin(), kRates.end(), rate) == kRates.end()) {
    std::string all;
    for (const std::uint32_t each : kRates) all += (all.empty() ? "" : ", ") + std::to_string(each);
    return wrong(hint, "one of " + all);
  }
  settings.sample_rate = rate;
  return {};
}

base::Result<void> take_channels(Settings& settings, const Hint& hint) {
  if (hint.value != "1" && hint.value != "2") return wrong(hint, "1 or 2");
  const bool two = hint.value == "2";
  if (two && settings.on_mixer) {
    return base::bad_request("hint 'channels': participants are kept apart by mix='false' or the hint 'tracks'");
  }
  if (two && settings.direction != Direction::duplex) {
    return base::bad_request("hint 'channels': one party alone is one channel");
  }
  if (settings.direction == Direction::duplex) settings.mix = !two;
  settings.tracks = settings.on_mixer ? Tracks::mix : settings.tracks;
  return {};
}

base::Result<void> take_double_pass(Settings& settings, const Hint& hint) {
  const bool yes = hint.value == "true" || hint.value == "1";
  if (!yes && hint.value != "false" && hint.value != "0") return wrong(hint, "true, false, 1 or 0");
  settings.double_pass = yes;
  return {};
}

base::Result<void> take_pause(Settings& settings, const Hint& hint) {
  if (hint.value == "skip") {
    settings.pause = PauseMode::skip;
  } else if (hint.value == "silence") {
    settings.pause = PauseMode::silence;
  } else if (hint.value == "tone") {
    settings.pause = PauseMode::tone;
  } else {
    return wrong(hint, "skip, silence or tone");
  }
  return {};
}

base::Result<void> take_tracks(Settings& settings, const Hint& hint) {
  if (!settings.on_mixer) {
    return base::Error{base::Kind::not_supported, "hint 'tracks': only a mixer has participants", base::Fault::peer};
  }
  if (hint.value != "mix" && hint.value != "participant") return wrong(hint, "mix or participant");
  settings.tracks = hint.value == "mix" ? Tracks::mix : Tracks::participant_files;
  return {};
}

base::Result<void> take_encoding(Settings& settings, const Hint& hint) {
  settings.exact_mulaw = hint.value == "mulaw" || hint.value == "ulaw";
  return {};
}

struct KnownHint {
  std::string_view name;
  base::Result<void> (*take)(Settings&, const Hint&);
};
constexpr KnownHint kKnown[] = {{"sample-rate", take_sample_rate}, {"channels", take_channels},
                                {"double-pass", take_double_pass}, {"pause", take_pause},
                                {"tracks", take_tracks},           {"encoding", take_encoding}};

}  // namespace

base::Result<void> apply_hints(Settings& settings) {
  if (settings.on_mixer) settings.tracks = settings.mix ? Tracks::mix : Tracks::participant_channels;
  for (const Hint& hint : settings.hints) {
    const auto* known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                     [&](const KnownHint& each) { return each.name == hint.name; });
    if (known == std::end(kKnown)) continue;
    if (auto taken = known->take(settings, hint); !taken) return taken;
  }
  // What is encoded anew after the end is not the samples as they came.
  if (settings.double_pass) settings.exact_mulaw = false;
  return {};
}

}  // namespace record
