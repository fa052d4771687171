#include "sdp/negotiation.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <string_view>

#include "sdp/formats.hpp"
#include "sdp/words.hpp"

namespace sdp {
namespace {

// What we send in. What we receive may be longer, up to what a=maxptime says of us.
constexpr std::chrono::milliseconds kShortestPtime{10}, kUsualPtime{20}, kLongestPtime{60};
constexpr std::chrono::milliseconds kLongestReceived{120};

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

void add_packet_times(Media& media, std::chrono::milliseconds ptime) {
  media.attributes.push_back({"ptime", std::to_string(ptime.count())});
  media.attributes.push_back({"maxptime", std::to_string(kLongestReceived.count())});
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
  add_common_formats(media, common);
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
  add_offered_formats(media, local);
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
