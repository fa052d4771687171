#include "sip/dialog_note.hpp"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "sip/message.hpp"
#include "sip/next_hop.hpp"

namespace sip {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongest = 16384;  // bytes of one header

template <class Header>
std::string value_of(const Header* header) {
  if (header == nullptr) return {};
  const Home home = make_home();
  const char* text = sip_header_as_string(home.get(), reinterpret_cast<const sip_header_t*>(header));
  return text != nullptr ? text : "";
}

bool take(const Json& json, const char* name, std::string& place) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return false;
  place = found->get<std::string>();
  return place.size() <= kLongest && std::ranges::none_of(place, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7F;
         });
}

bool has_tag(const std::string& address) {
  const Home home = make_home();
  const sip_from_t* parsed = sip_from_make(home.get(), address.c_str());
  return parsed != nullptr && parsed->a_tag != nullptr && *parsed->a_tag != '\0';
}

bool is_hop(const std::string& uri) {
  const auto target = Target::parse(uri);
  return target && target->numeric().is_set() && target->numeric().port() != 0;
}

bool is_route(const std::string& route) {
  const Home home = make_home();
  return route.empty() || sip_route_make(home.get(), route.c_str()) != nullptr;
}

}  // namespace

void DialogNote::follow(const sip_t& message, bool with_route) {
  if (message.sip_contact != nullptr) {
    target = uri_of(*message.sip_contact->m_url);
  } else if (target.empty()) {  // RFC 2543
    const sip_addr_t* peer = message.sip_request != nullptr ? message.sip_from : message.sip_to;
    if (peer != nullptr) target = uri_of(*peer->a_url);
  }
  if (!with_route) return;
  std::vector<std::string> hops;
  for (const sip_record_route_t* each = message.sip_record_route; each != nullptr; each = each->r_next) {
    hops.push_back(value_of(each));
  }
  if (message.sip_status != nullptr) std::ranges::reverse(hops);
  route.clear();
  for (const std::string& each : hops) route += (route.empty() ? "" : ", ") + each;
}

void DialogNote::name(const sip_t& message, bool is_ours) {
  call_id = message.sip_call_id != nullptr && message.sip_call_id->i_id != nullptr ? message.sip_call_id->i_id : "";
  local = value_of(is_ours ? message.sip_from : message.sip_to);
  remote = value_of(is_ours ? message.sip_to : message.sip_from);
}

std::string text_of(const DialogNote& note) {
  const Json json = {{"call_id", note.call_id}, {"local", note.local}, {"remote", note.remote},
                     {"target", note.target},   {"route", note.route}, {"hop", note.hop}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<DialogNote> parse_dialog_note(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  DialogNote note;
  const bool is_read = take(json, "call_id", note.call_id) && take(json, "local", note.local) &&
                       take(json, "remote", note.remote) && take(json, "target", note.target) &&
                       take(json, "route", note.route) && take(json, "hop", note.hop);
  if (!is_read || note.call_id.empty() || note.call_id.find_first_of(" ,;") != std::string::npos) return std::nullopt;
  if (!has_tag(note.local) || !has_tag(note.remote) || !is_route(note.route) || !is_hop(note.hop)) return std::nullopt;
  if (!Target::parse(note.target)) return std::nullopt;
  return note;
}

}  // namespace sip
