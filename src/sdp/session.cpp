#include "sdp/session.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace sdp {
namespace {

const std::string* find(const std::vector<Attribute>& attributes, std::string_view name) {
  const auto found = std::find_if(attributes.begin(), attributes.end(), [&](const auto& a) { return a.name == name; });
  return found == attributes.end() ? nullptr : &found->value;
}

// The next word of `text`, which loses it; words are parted by any number of blanks.
std::string_view take_word(std::string_view& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    text = {};
    return {};
  }
  text.remove_prefix(first);
  const auto end = std::min(text.find_first_of(" \t"), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Only used for identity (o=), so what is too large for us is as good as any large number.
std::uint64_t saturated(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() ? value : std::numeric_limits<std::uint64_t>::max();
}

// Parses one line after the other into a session; the functions return what is wrong with the line, or nothing.
class Parser {
 public:
  base::Result<Session> parse(std::string_view text) {
    if (text.size() > kMaxSize) return base::bad_request("session description: more than 65536 bytes");
    std::size_t number = 0;
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      std::string line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      while (!line.empty() && line.back() == '\r') line.pop_back();
      // Nothing but text goes further, and out again in what is printed.
      std::replace_if(
          line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
      ++number;
      if (line.size() < 2 || line[1] != '=') continue;  // garbage
      if (const char* wrong = take(line[0], std::string_view(line).substr(2))) {
        return base::bad_request("session description, line " + std::to_string(number) + " (" + line[0] +
                                 "=): " + wrong);
      }
    }
    if (!has_version_) return base::bad_request("session description: no v= line");
    return std::move(session_);
  }

 private:
  const char* take(char type, std::string_view value) {
    if (!has_version_ && type != 'v') return "comes before v=";
    switch (type) {
      case 'v':
        return take_version(value);
      case 'o':
        return take_origin(value);
      case 's':
        session_.name = value.empty() ? "-" : value;
        return nullptr;
      case 'c':
        return take_connection(value);
      case 'm':
        return take_media(value);
      case 'a':
        take_attribute(value);
        return nullptr;
      default:
        return nullptr;
    }
  }

  const char* take_version(std::string_view value) {
    if (take_word(value) != "0") return "the version is not 0";
    if (has_version_) return "a second description begins";
    has_version_ = true;
    return nullptr;
  }

  const char* take_origin(std::string_view value) {
    const auto user = take_word(value);
    const auto id = take_word(value);
    const auto version = take_word(value);
    const auto network = take_word(value);
    const auto family = take_word(value);
    const auto address = take_word(value);
    if (address.empty()) return "not six fields";
    if (!is_number(id) || !is_number(version)) return "session id or version is not a number";
    if (network != "IN" || (family != "IP4" && family != "IP6")) return "not an Internet address";
    session_.origin_user = user;
    session_.origin_id = saturated(id);
    session_.origin_version = saturated(version);
    session_.origin_address = address;
    return nullptr;
  }

  const char* take_connection(std::string_view value) {
    const auto network = take_word(value);
    const auto family = take_word(value);
    auto address = take_word(value);
    if (network != "IN" || (family != "IP4" && family != "IP6")) return "not an Internet address";
    address = address.substr(0, address.find('/'));  // time to live and count, of multicast
    if (address.empty()) return "no address";
    (session_.media.empty() ? session_.connection : session_.media.back().connection) = address;
    return nullptr;
  }

  const char* take_media(std::string_view value) {
    Media media;
    media.type = take_word(value);
    const auto ports = take_word(value);
    const auto port = ports.substr(0, ports.find('/'));
    media.proto = take_word(value);
    if (media.proto.empty()) return "not type, port, transport and formats";
    if (!is_number(port) || saturated(port) > 65535) return "the port is not one";
    if (port.size() < ports.size() && !is_number(ports.substr(port.size() + 1)))
      return "the port count is not a number";
    media.port = static_cast<std::uint16_t>(saturated(port));
    for (auto format = take_word(value); !format.empty(); format = take_word(value)) media.formats.emplace_back(format);
    if (media.formats.empty()) return "no format";
    session_.media.push_back(std::move(media));
    return nullptr;
  }

  void take_attribute(std::string_view value) {
    auto& attributes = session_.media.empty() ? session_.attributes : session_.media.back().attributes;
    const auto colon = value.find(':');
    if (colon == std::string_view::npos) {
      attributes.push_back({std::string(value), {}});
    } else {
      attributes.push_back({std::string(value.substr(0, colon)), std::string(value.substr(colon + 1))});
    }
  }

  Session session_;
  bool has_version_ = false;
};

std::string address_line(const std::string& address) {
  return (address.find(':') == std::string::npos ? "IN IP4 " : "IN IP6 ") + address;
}

void print_attributes(std::string& out, const std::vector<Attribute>& attributes) {
  for (const auto& [name, value] : attributes) {
    out += "a=" + name;
    if (!value.empty()) out += ":" + value;
    out += "\r\n";
  }
}

}  // namespace

const std::string* Media::attribute(std::string_view name) const { return find(attributes, name); }
const std::string* Session::attribute(std::string_view name) const { return find(attributes, name); }

base::Result<Session> parse(std::string_view text) { return Parser().parse(text); }

std::string print(const Session& session) {
  const std::string& origin = session.origin_address.empty() ? session.connection : session.origin_address;
  std::string out = "v=0\r\no=" + session.origin_user + " " + std::to_string(session.origin_id) + " " +
                    std::to_string(session.origin_version) + " " + address_line(origin.empty() ? "0.0.0.0" : origin) +
                    "\r\ns=" + session.name + "\r\n";
  if (!session.connection.empty()) out += "c=" + address_line(session.connection) + "\r\n";
  out += "t=0 0\r\n";
  print_attributes(out, session.attributes);
  for (const Media& media : session.media) {
    out += "m=" + media.type + " " + std::to_string(media.port) + " " + media.proto;
    for (const auto& format : media.formats) out += " " + format;
    out += "\r\n";
    if (!media.connection.empty()) out += "c=" + address_line(media.connection) + "\r\n";
    print_attributes(out, media.attributes);
  }
  return out;
}

}  // namespace sdp
