#include "sdp/negotiation.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <string_view>
#include <strings.h>

namespace sdp {
namespace {

// What we send in. What we receive may be longer, up to what a=maxptime says of us.
constexpr std::chrono::milliseconds kShortestPtime{10}, kUsualPtime{20}, kLongestPtime{60};
constexpr std::chrono::milliseconds kLongestReceived{120};

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<unsigned> leading_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

// ---- addresses ----

enum class AddressKind { name, unicast, any, group };

AddressKind kind_of(const std::string& address) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) {
    const std::uint32_t host = ntohl(v4.s_addr);
    if (host == 0) return AddressKind::any;
    return host >= 0xE0000000U ? AddressKind::group : AddressKind::unicast;  // multicast, reserved, broadcast
  }
  if (::inet_pton(AF_INET6, address.c_str(), &v6) == 1) {
    if (IN6_IS_ADDR_UNSPECIFIED(&v6)) return AddressKind::any;
    return IN6_IS_ADDR_MULTICAST(&v6) ? AddressKind::group : AddressKind::unicast;
  }
  return AddressKind::name;
}

bool is_v6(const std::string& address) { return address.find(':') != std::string::npos; }

const std::string& connection_of(const Session& session, const Media& media) {
  return media.connection.empty() ? session.connection : media.connection;
}

// ---- directions ----

struct Flow {
  bool send, receive;
};

Flow flow_of(Direction direction) {
  return {direction == Direction::sendrecv || direction == Direction::sendonly,
          direction == Direction::sendrecv || direction == Direction::recvonly};
}

Direction direction_of(Flow flow) {
  if (flow.send) return flow.receive ? Direction::sendrecv : Direction::sendonly;
  return flow.receive ? Direction::recvonly : Direction::inactive;
}

constexpr std::array<std::pair<std::string_view, Direction>, 4> kDirections{{{"sendrecv", Direction::sendrecv},
                                                                             {"sendonly", Direction::sendonly},
                                                                             {"recvonly", Direction::recvonly},
                                                                             {"inactive", Direction::inactive}}};

std::optional<Direction> stated_direction(const std::vector<Attribute>& attributes) {
  for (const auto& attribute : attributes) {
    for (const auto& [name, direction] : kDirections) {
      if (attribute.name == name) return direction;
    }
  }
  return std::nullopt;
}

// What the describing side does itself; an address of zeros means that nothing may be sent to it (RFC 3264 §8.4).
Flow flow_of(const Session& session, const Media& media) {
  Flow flow = flow_of(
      stated_direction(media.attributes).value_or(stated_direction(session.attributes).value_or(Direction::sendrecv)));
  if (kind_of(connection_of(session, media)) == AddressKind::any) flow.receive = false;
  if (media.port == 0) flow = {false, false};
  return flow;
}

std::string name_of(Direction direction) {
  const auto found =
      std::find_if(kDirections.begin(), kDirections.end(), [&](const auto& d) { return d.second == direction; });
  return std::string(found->first);
}

// ---- formats ----

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

// What the section's formats have in common with ours, in the section's order, with its payload types.
struct Common {
  std::vector<CodecChoice> codecs;       // fmtp as the section says; one sample rate and clock
  std::vector<const CodecChoice*> ours;  // the same, as Local says
  std::optional<CodecChoice> telephone_event;
  std::optional<CodecChoice> comfort_noise;
};

// At the codec's clock, as RFC 4733 §2.1 wants it. Where there is none the first will do: many phones have only
// telephone-event/8000 beside Opus.
const CodecChoice* best_event(const std::vector<CodecChoice>& events, std::uint32_t clock) {
  const auto found = std::find_if(events.begin(), events.end(), [&](const auto& e) { return e.clock == clock; });
  if (found != events.end()) return &*found;
  return events.empty() ? nullptr : &events.front();
}

// `in_offer`: the section is of the peer's offer, so that it may hold what we would not offer.
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
    if (!common.codecs.empty()) {
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

// ---- sections ----

bool is_audio(const Media& media) { return same_word(media.type, "audio"); }

bool is_our_transport(const Media& media) {
  return same_word(media.proto, "RTP/AVP") || same_word(media.proto, "RTP/AVPF");
}

bool is_our_address(const Session& session, const Media& media, const Local& local) {
  const std::string& address = connection_of(session, media);
  switch (kind_of(address)) {
    case AddressKind::group:
      return false;
    case AddressKind::unicast:
      return local.address.empty() || is_v6(address) == is_v6(local.address);
    default:
      return true;
  }
}

std::optional<std::chrono::milliseconds> packet_time(const Media& media, std::string_view name) {
  const std::string* value = media.attribute(name);
  const auto number = value != nullptr ? leading_number(*value) : std::nullopt;
  if (!number) return std::nullopt;
  return std::chrono::milliseconds(*number);
}

std::chrono::milliseconds ptime_of(const Media& media) {
  auto ptime = packet_time(media, "ptime").value_or(kUsualPtime);
  if (ptime < kShortestPtime || ptime > kLongestReceived) ptime = kUsualPtime;
  const auto longest = packet_time(media, "maxptime");
  if (longest && *longest >= kShortestPtime) ptime = std::min(ptime, *longest);
  return std::min(ptime, kLongestPtime) / kShortestPtime * kShortestPtime;
}

// Where to send, and what the formats are; direction is left to the caller.
Agreed agree(const Session& session, const Media& media, const Common& common, const Local& local, bool rtcp_mux) {
  Agreed agreed;
  if (!common.codecs.empty()) {
    agreed.codec = common.codecs.front();
    agreed.also_receivable.assign(common.codecs.begin() + 1, common.codecs.end());
  }
  if (common.telephone_event) {
    agreed.telephone_event_type = common.telephone_event->payload_type;
    agreed.telephone_event_clock = common.telephone_event->clock;
  }
  if (common.comfort_noise) agreed.comfort_noise_type = common.comfort_noise->payload_type;
  const std::string& address = connection_of(session, media);
  if (kind_of(address) != AddressKind::name) agreed.remote_address = address;
  agreed.remote_rtp_port = media.port;
  agreed.rtcp_mux = rtcp_mux && media.has("rtcp-mux");
  if (agreed.rtcp_mux) {
    agreed.remote_rtcp_port = media.port;
  } else if (media.port != 0) {
    const std::string* stated = media.attribute("rtcp");
    const auto port = stated != nullptr ? leading_number(*stated) : std::nullopt;
    agreed.remote_rtcp_port = static_cast<std::uint16_t>(port && *port > 0 && *port <= 65535 ? *port : media.port + 1U);
  }
  agreed.ptime = ptime_of(media);
  if (local.packet_time && !common.codecs.empty()) agreed.ptime = local.packet_time(agreed.codec, agreed.ptime);
  return agreed;
}

Session describe_self(const Local& local) {
  Session session;
  session.origin_id = local.session_id;
  session.origin_version = local.session_version;
  session.origin_address = local.address;
  session.connection = local.address;
  return session;
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

void add_packet_times(Media& media, std::chrono::milliseconds ptime) {
  media.attributes.push_back({"ptime", std::to_string(ptime.count())});
  media.attributes.push_back({"maxptime", std::to_string(kLongestReceived.count())});
}

// The telephone-events of our offers: one for each clock of a codec (RFC 4733 §2.1), numbered in the codecs' order.
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

void add_rtcp(Media& media, const Local& local, bool mux) {
  if (local.rtcp_port != 0 && local.rtcp_port != local.rtp_port + 1) {
    media.attributes.push_back({"rtcp", std::to_string(local.rtcp_port)});
  }
  if (mux) media.attributes.push_back({"rtcp-mux", {}});
}

Media refuse(const Media& offered) {
  Media media;
  media.type = offered.type;
  media.proto = offered.proto;
  media.formats = offered.formats;
  return media;
}

Media answer_section(const Media& offered, const Common& common, const Agreed& agreed, const Local& local) {
  Media media;
  media.type = offered.type;
  media.proto = offered.proto;
  media.port = local.rtp_port;
  for (std::size_t i = 0; i < common.codecs.size(); ++i) {
    add_format(media, *common.ours[i], common.codecs[i].payload_type);
  }
  if (const auto& noise = common.comfort_noise) add_comfort_noise(media, noise->clock, noise->payload_type);
  if (const auto& event = common.telephone_event) add_telephone_event(media, event->clock, event->payload_type);
  add_packet_times(media, agreed.ptime);
  media.attributes.push_back({name_of(agreed.direction), {}});
  add_rtcp(media, local, agreed.rtcp_mux);
  return media;
}

base::Error not_acceptable(std::string text) {
  return {base::Kind::not_acceptable, std::move(text), base::Fault::peer};
}

// The peer numbered the formats anew; what it sends has the numbers of our offer, unless it is mistaken.
void add_our_payload_types(Agreed& agreed, const Common& common, const Local& local) {
  const auto is_taken = [&](std::uint8_t number) {
    const auto has_it = [&](const CodecChoice& codec) { return codec.payload_type == number; };
    return has_it(agreed.codec) || std::any_of(agreed.also_receivable.begin(), agreed.also_receivable.end(), has_it);
  };
  for (std::size_t i = 0; i < common.codecs.size(); ++i) {
    CodecChoice as_offered = common.codecs[i];
    as_offered.payload_type = common.ours[i]->payload_type;
    if (!is_taken(as_offered.payload_type)) agreed.also_receivable.push_back(std::move(as_offered));
  }
  if (!agreed.telephone_event_type) return;
  for (const auto& event : offered_events(local)) {
    if (event.clock != agreed.telephone_event_clock || event.payload_type == agreed.telephone_event_type) continue;
    agreed.telephone_event_in = event.payload_type;
  }
}

// Index of the section to take; a disabled one only if there is no other.
std::optional<std::size_t> choose(const Session& offer, const Local& local) {
  std::optional<std::size_t> disabled;
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const Media& media = offer.media[i];
    if (!is_audio(media) || !is_our_transport(media)) continue;
    if (media.port == 0) {
      if (!disabled) disabled = i;
      continue;
    }
    if (is_our_address(offer, media, local) && !common_formats(media, local, true).codecs.empty()) return i;
  }
  return disabled;
}

}  // namespace

base::Result<Answered> answer(const Session& offer, const Local& local) {
  const auto chosen = choose(offer, local);
  if (!chosen) return not_acceptable("no audio section with a codec, a transport and an address that we can use");
  Answered answered{describe_self(local), {}};
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const Media& media = offer.media[i];
    if (i != *chosen) {
      answered.answer.media.push_back(refuse(media));
      continue;
    }
    const Common common = common_formats(media, local, true);
    const Flow theirs = flow_of(offer, media);
    answered.agreed = agree(offer, media, common, local, local.offer_rtcp_mux);
    answered.agreed.direction = direction_of({theirs.receive, theirs.send});
    answered.answer.media.push_back(media.port == 0 ? refuse(media)
                                                    : answer_section(media, common, answered.agreed, local));
  }
  return answered;
}

Session make_offer(const Local& local, Direction direction) {
  Session session = describe_self(local);
  Media media;
  media.port = local.rtp_port;
  for (const auto& codec : local.codecs) add_format(media, codec, codec.payload_type);
  if (std::any_of(local.codecs.begin(), local.codecs.end(), [](const auto& c) { return c.clock == 8000; })) {
    add_comfort_noise(media, 8000, kComfortNoise);
  }
  for (const auto& event : offered_events(local)) add_telephone_event(media, event.clock, event.payload_type);
  add_packet_times(media, kUsualPtime);
  media.attributes.push_back({name_of(direction), {}});
  add_rtcp(media, local, local.offer_rtcp_mux);
  session.media.push_back(std::move(media));
  return session;
}

base::Result<Agreed> accept(const Session& offer, const Session& answer, const Local& local) {
  const auto section = std::find_if(offer.media.begin(), offer.media.end(), is_audio);
  if (section == offer.media.end()) return not_acceptable("nothing was offered");
  const auto index = static_cast<std::size_t>(section - offer.media.begin());
  if (index >= answer.media.size()) return not_acceptable("the answer lacks the audio section");
  const Media& media = answer.media[index];
  if (!is_audio(media)) return not_acceptable("the answer's sections are not in the offer's order");
  if (media.port == 0) return not_acceptable("the answer refuses the audio section");
  if (!is_our_transport(media)) return not_acceptable("the answer changes the transport to " + media.proto);
  if (!is_our_address(answer, media, local)) return not_acceptable("the answer's address cannot be used");
  const Common common = common_formats(media, local, false);
  if (common.codecs.empty()) return not_acceptable("the answer has no codec that was offered");

  Agreed agreed = agree(answer, media, common, local, section->has("rtcp-mux"));
  add_our_payload_types(agreed, common, local);
  const Flow ours = flow_of(offer, *section);
  const Flow theirs = flow_of(answer, media);
  agreed.direction = direction_of({ours.send && theirs.receive, ours.receive && theirs.send});
  return agreed;
}

}  // namespace sdp
