#include "sip/message.hpp"

#include <algorithm>
#include <strings.h>
#include <utility>

namespace sip {
namespace {

constexpr std::string_view kSdp = "application/sdp";

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view payload_of(const sip_t& message) {
  const sip_payload_t* payload = message.sip_payload;
  if (payload == nullptr || payload->pl_data == nullptr) return {};
  return {payload->pl_data, payload->pl_len};
}

// Without Content-Type a body is taken for SDP if it looks like it: old gateways forget the header.
std::string_view type_of(const sip_t& message) {
  if (message.sip_content_type != nullptr && message.sip_content_type->c_type != nullptr) {
    return message.sip_content_type->c_type;
  }
  return payload_of(message).substr(0, 3) == "v=0" ? kSdp : std::string_view();
}

std::string_view description_of(const sip_t& message) {
  const auto body = payload_of(message);
  if (body.empty()) return {};
  const auto type = type_of(message);
  if (same_word(type, kSdp)) return body;
  if (type.size() < 10 || !same_word(type.substr(0, 10), "multipart/")) return {};
  const char* boundary = msg_header_find_param(message.sip_content_type->c_common, "boundary=");
  if (boundary == nullptr) return {};
  std::string_view mark = boundary;
  if (mark.size() >= 2 && mark.front() == '"' && mark.back() == '"') mark = mark.substr(1, mark.size() - 2);
  return part_of_multipart(body, mark, kSdp);
}

}  // namespace

std::pair<std::string, std::string> split_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  std::string value;
  bool is_fold = false;  // a line end and the blanks about it count for one blank
  for (const char c : trimmed(line.substr(colon + 1))) {
    if (c == '\r' || c == '\n') {
      while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.pop_back();
      is_fold = true;
    } else if (!is_fold || (c != ' ' && c != '\t')) {
      if (std::exchange(is_fold, false)) value += ' ';
      value += c;
    }
  }
  return {std::string(trimmed(line.substr(0, colon))), std::move(value)};
}

std::string_view part_of_multipart(std::string_view body, std::string_view boundary, std::string_view content_type) {
  if (boundary.empty()) return {};
  const std::string mark = "--" + std::string(boundary);
  auto at = body.find(mark);
  while (at != std::string_view::npos) {
    const auto begin = at + mark.size();
    at = body.find(mark, begin);
    if (at == std::string_view::npos) break;  // the last one closes
    auto part = body.substr(begin, at - begin);
    part.remove_prefix(std::min(part.find('\n'), part.size()));  // the rest of the boundary's line
    if (!part.empty()) part.remove_prefix(1);
    // Headers up to an empty line.
    std::string_view type;
    while (!part.empty()) {
      const auto end = std::min(part.find('\n'), part.size());
      const auto line = trimmed(part.substr(0, end));
      part.remove_prefix(std::min(end + 1, part.size()));
      if (line.empty()) break;
      const auto colon = line.find(':');
      if (colon != std::string_view::npos && same_word(trimmed(line.substr(0, colon)), "Content-Type")) {
        type = trimmed(line.substr(colon + 1));
        type = trimmed(type.substr(0, type.find(';')));
      }
    }
    if (same_word(type, content_type)) return part;
  }
  return {};
}

Headers headers_of(const sip_t& message) {
  Headers headers;
  const Home home = make_home();
  if (message.sip_request == nullptr && message.sip_status == nullptr) return headers;
  const msg_header_t* next = message.sip_request != nullptr
                                 ? reinterpret_cast<const sip_header_t*>(message.sip_request)->sh_succ
                                 : reinterpret_cast<const sip_header_t*>(message.sip_status)->sh_succ;
  for (; next != nullptr; next = next->sh_succ) {
    const auto* header = reinterpret_cast<const sip_header_t*>(next);
    const char* known = header->sh_class->hc_name;
    if (header->sh_class == sip_separator_class || header->sh_class == sip_payload_class) break;
    if (header->sh_class == sip_unknown_class) {
      const sip_unknown_t* unknown = header->sh_unknown;
      if (unknown->un_name == nullptr) continue;
      headers.push_back(
          split_header(std::string(unknown->un_name) + ":" + (unknown->un_value != nullptr ? unknown->un_value : "")));
      continue;
    }
    std::string line;
    if (header->sh_data != nullptr) {
      if (header->sh_len == 0) continue;  // belongs to the line before: a list's further elements
      line.assign(static_cast<const char*>(header->sh_data), header->sh_len);
    } else if (const char* encoded = sip_header_as_string(home.get(), header); encoded != nullptr && known != nullptr) {
      line = std::string(known) + ": " + encoded;  // rewritten by the stack, as Via with received=
    }
    auto split = split_header(line);
    if (split.first.empty()) continue;
    if (split.first.size() == 1 && known != nullptr && *known != '\0') split.first = known;
    headers.push_back(std::move(split));
  }
  return headers;
}

std::string uri_of(const url_t& url) {
  const Home home = make_home();
  const char* text = url_as_string(home.get(), &url);
  return text != nullptr ? text : "";
}

std::string session_description(const sip_t& message) { return std::string(description_of(message)); }

bool is_body_understood(const sip_t& message) {
  if (payload_of(message).empty() || !description_of(message).empty()) return true;
  const sip_content_disposition_t* disposition = message.sip_content_disposition;
  return disposition != nullptr && disposition->cd_handling != nullptr &&
         same_word(disposition->cd_handling, "optional");
}

std::string body_of(const sip_t& message) { return std::string(payload_of(message)); }

std::string content_type_of(const sip_t& message) {
  const sip_content_type_t* type = message.sip_content_type;
  return type != nullptr && type->c_type != nullptr ? type->c_type : "";
}

std::string reason_of(const sip_t& message) {
  const sip_reason_t* reason = message.sip_reason;
  if (reason == nullptr) return {};
  if (reason->re_text != nullptr) {
    std::string_view text = reason->re_text;
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    return std::string(text);
  }
  std::string text = reason->re_protocol != nullptr ? reason->re_protocol : "";
  if (reason->re_cause != nullptr) text += std::string(";cause=") + reason->re_cause;
  return text;
}

bool requires_option(const sip_t& message, const char* option) {
  return sip_has_feature(message.sip_require, option) != 0;
}

bool supports_option(const sip_t& message, const char* option) {
  return sip_has_feature(message.sip_supported, option) != 0 || requires_option(message, option);
}

Source source_of(msg_t* message, const sip_t& parsed) {
  Source source;
  if (parsed.sip_via != nullptr && parsed.sip_via->v_protocol != nullptr) {
    source.tcp = same_word(parsed.sip_via->v_protocol, "SIP/2.0/TCP");
  }
  const su_sockaddr_t* address = message != nullptr ? msg_addr(message) : nullptr;
  if (address != nullptr && address->su_family != AF_UNSPEC)
    source.address = net::Address::from(&address->su_sa, sizeof *address);
  return source;
}

}  // namespace sip
