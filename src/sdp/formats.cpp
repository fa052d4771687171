#include "sdp/formats.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "sdp/words.hpp"

namespace sdp {
namespace {

struct StaticFormat {
  std::uint8_t payload_type;
  std::string_view name;
  std::uint32_t clock;
  std::uint8_t channels;
};
constexpr std::uint8_t kComfortNoise = 13;

// RFC 3551 §6, audio.
constexpr std::array<StaticFormat, 17> kStaticFormats{{{0, "PCMU", 8000, 1},
                                                       {3, "GSM", 8000, 1},
                                                       {4, "G723", 8000, 1},
                                                       {5, "DVI4", 8000, 1},
                                                       {6, "DVI4", 16000, 1},
                                                       {7, "LPC", 8000, 1},
                                                       {8, "PCMA", 8000, 1},
                                                       {9, "G722", 8000, 1},
                                                       {10, "L16", 44100, 2},
                                                       {11, "L16", 44100, 1},
                                                       {12, "QCELP", 8000, 1},
                                                       {13, "CN", 8000, 1},
                                                       {14, "MPA", 90000, 1},
                                                       {15, "G728", 8000, 1},
                                                       {16, "DVI4", 11025, 1},
                                                       {17, "DVI4", 22050, 1},
                                                       {18, "G729", 8000, 1}}};

// The value of "a=<name>:<payload type> <value>".
std::string_view value_of(const Attribute& attribute) {
  const std::string_view value = attribute.value;
  const auto blank = value.find(' ', value.find_first_not_of(' '));
  if (blank == std::string_view::npos) return {};
  return value.substr(std::min(value.find_first_not_of(' ', blank), value.size()));
}

// The first that says something counts.
std::string_view rtpmap(const Media& media, unsigned payload_type) {
  for (const auto& attribute : media.attributes) {
    if (attribute.name != "rtpmap" || leading_number(attribute.value) != payload_type) continue;
    if (const auto value = value_of(attribute); !value.empty()) return value;
  }
  return {};
}

// All of a format's parameters: some write them on several lines.
std::string parameters(const Media& media, unsigned payload_type) {
  std::string all;
  for (const auto& attribute : media.attributes) {
    if (attribute.name != "fmtp" || leading_number(attribute.value) != payload_type) continue;
    const auto value = value_of(attribute);
    if (!all.empty() && !value.empty()) all += ';';
    all += value;
  }
  return all;
}

// What a format number of the section means; nothing if that is not said.
std::optional<CodecChoice> describe(const Media& media, const std::string& format) {
  const auto payload_type = leading_number(format);
  if (!payload_type || *payload_type > 127 || format.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  CodecChoice choice;
  choice.payload_type = static_cast<std::uint8_t>(*payload_type);
  choice.fmtp = parameters(media, *payload_type);
  const auto map = rtpmap(media, *payload_type);
  const auto slash = map.find('/');
  if (slash != std::string_view::npos) {
    choice.name = map.substr(0, slash);
    const auto rest = map.substr(slash + 1);
    choice.clock = leading_number(rest).value_or(0);
    const auto second = rest.find('/');
    if (second != std::string_view::npos) {
      choice.channels = static_cast<std::uint8_t>(std::min(leading_number(rest.substr(second + 1)).value_or(1), 255U));
    }
    return choice;
  }
  const auto known = std::find_if(kStaticFormats.begin(), kStaticFormats.end(),
                                  [&](const auto& f) { return f.payload_type == *payload_type; });
  if (known == kStaticFormats.end()) return std::nullopt;
  choice.name = known->name;
  choice.clock = known->clock;
  choice.channels = known->channels;
  return choice;
}

const CodecChoice* find(const std::vector<CodecChoice>& codecs, const CodecChoice& wanted, bool any_channels = false) {
  const auto found = std::find_if(codecs.begin(), codecs.end(), [&](const CodecChoice& codec) {
    return same_word(codec.name, wanted.name) && codec.clock == wanted.clock &&
           (any_channels || codec.channels == wanted.channels);
  });
  return found == codecs.end() ? nullptr : &*found;
}

const CodecChoice* find_ours(const Local& local, const CodecChoice& wanted, bool in_offer) {
  for (const bool any_channels : {false, true}) {
    if (any_channels && wanted.channels != 1) break;  // "opus/48000": RFC 7587's /2 left out, or thought to be untrue
    if (const auto* found = find(local.codecs, wanted, any_channels)) return found;
    if (!in_offer) continue;
    if (const auto* found = find(local.also_accepted, wanted, any_channels)) return found;
  }
  return nullptr;
}

bool is_telephone_event(const CodecChoice& choice) { return same_word(choice.name, "telephone-event"); }
bool is_comfort_noise(const CodecChoice& choice) { return same_word(choice.name, "CN"); }

// At the codec's clock, as RFC 4733 §2.1 wants it. Where there is none the first will do: many phones have only
// telephone-event/8000 beside Opus.
const CodecChoice* best_event(const std::vector<CodecChoice>& events, std::uint32_t clock) {
  const auto found = std::find_if(events.begin(), events.end(), [&](const auto& e) { return e.clock == clock; });
  if (found != events.end()) return &*found;
  return events.empty() ? nullptr : &events.front();
}

void add_format(Media& media, const CodecChoice& codec, std::uint8_t payload_type) {
  const std::string number = std::to_string(payload_type);
  media.formats.push_back(number);
  std::string map = number + " " + codec.name + "/" + std::to_string(codec.clock);
  if (codec.channels > 1) map.append("/").append(std::to_string(codec.channels));
  media.attributes.push_back({"rtpmap", std::move(map)});
  if (!codec.fmtp.empty()) media.attributes.push_back({"fmtp", number + " " + codec.fmtp});
}

void add_telephone_event(Media& media, std::uint32_t clock, std::uint8_t payload_type) {
  add_format(media, {"telephone-event", clock, 1, payload_type, "0-16"}, payload_type);
}

void add_comfort_noise(Media& media, std::uint32_t clock, std::uint8_t payload_type) {
  add_format(media, {"CN", clock, 1, payload_type, ""}, payload_type);
}

}  // namespace

Common common_formats(const Media& media, const Local& local, bool in_offer) {
  Common common;
  std::vector<CodecChoice> events, noises;
  for (const auto& format : media.formats) {
    auto choice = describe(media, format);
    if (!choice) continue;
    if (is_telephone_event(*choice)) {
      if (choice->clock > 0) events.push_back(std::move(*choice));
      continue;
    }
    if (is_comfort_noise(*choice)) {
      noises.push_back(std::move(*choice));
      continue;
    }
    const CodecChoice* ours = find_ours(local, *choice, in_offer);
    if (ours == nullptr) continue;
    choice->name = ours->name;
    choice->channels = ours->channels;
    if (find(common.codecs, *choice) != nullptr) continue;
    choice->sample_rate = local.sample_rate ? local.sample_rate(*choice) : choice->clock;
    if (in_offer && !common.codecs.empty()) {
      const CodecChoice& chosen = common.codecs.front();
      if (choice->sample_rate != chosen.sample_rate || choice->clock != chosen.clock) continue;
    }
    common.codecs.push_back(std::move(*choice));
    common.ours.push_back(ours);
  }
  if (common.codecs.empty()) return common;
  const std::uint32_t clock = common.codecs.front().clock;
  if (const auto* event = best_event(events, clock)) common.telephone_event = *event;
  for (const auto& noise : noises) {
    if (noise.clock != clock || noise.channels != 1 || common.comfort_noise) continue;
    common.comfort_noise = noise;
  }
  return common;
}

std::vector<CodecChoice> offered_events(const Local& local) {
  std::vector<CodecChoice> events;
  unsigned number = local.telephone_event_type;
  for (const auto& codec : local.codecs) {
    if (std::any_of(events.begin(), events.end(), [&](const auto& e) { return e.clock == codec.clock; })) continue;
    while (std::any_of(local.codecs.begin(), local.codecs.end(), [&](auto& c) { return c.payload_type == number; })) {
      ++number;
    }
    if (number > 127) break;
    events.push_back({"telephone-event", codec.clock, 1, static_cast<std::uint8_t>(number++), "0-16"});
  }
  return events;
}

void add_common_formats(Media& media, const Common& common) {
  for (std::size_t i = 0; i < common.codecs.size(); ++i) {
    add_format(media, *common.ours[i], common.codecs[i].payload_type);
  }
  if (const auto& noise = common.comfort_noise) add_comfort_noise(media, noise->clock, noise->payload_type);
  if (const auto& event = common.telephone_event) add_telephone_event(media, event->clock, event->payload_type);
}

void add_offered_formats(Media& media, const Local& local) {
  for (const auto& codec : local.codecs) add_format(media, codec, codec.payload_type);
  if (std::any_of(local.codecs.begin(), local.codecs.end(), [](const auto& c) { return c.clock == 8000; })) {
    add_comfort_noise(media, 8000, kComfortNoise);
  }
  for (const auto& event : offered_events(local)) add_telephone_event(media, event.clock, event.payload_type);
}

}  // namespace sdp
