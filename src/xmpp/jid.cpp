#include "xmpp/jid.hpp"

#include <algorithm>

#include "xml/utf8.hpp"

namespace xmpp {
namespace {

constexpr std::size_t kMaxPart = 1023;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_part(std::string_view text, std::string_view forbidden) {
  return !text.empty() && text.size() <= kMaxPart && xml::is_utf8(text) &&
         text.find_first_of(forbidden) == std::string_view::npos && std::none_of(text.begin(), text.end(), is_control);
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

}  // namespace

std::optional<Jid> Jid::parse(std::string_view text) {
  Jid jid;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view resource = text.substr(slash + 1);
    if (!is_part(resource, "")) return std::nullopt;
    jid.resource = resource;
    text = text.substr(0, slash);
  }
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    const std::string_view local = text.substr(0, at);
    if (!is_part(local, "\"&'/:<>@ ")) return std::nullopt;
    jid.local = lowered(local);
    text = text.substr(at + 1);
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  if (!is_part(text, "\"&'/<>@ ")) return std::nullopt;
  jid.domain = lowered(text);
  return jid;
}

std::string Jid::str() const {
  std::string out;
  if (!local.empty()) out = local + "@";
  out += domain;
  if (!resource.empty()) out += "/" + resource;
  return out;
}

}  // namespace xmpp
