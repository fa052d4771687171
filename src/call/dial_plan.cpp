#include "call/dial_plan.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "sip/header_check.hpp"

namespace call {

using base::bad_request;
using base::Error;
using base::Kind;
using base::Result;

namespace {

struct Party {
  std::string display;
  std::string uri;
};

bool has_scheme(std::string_view uri, std::string_view scheme) {
  if (uri.size() < scheme.size()) return false;
  return std::equal(scheme.begin(), scheme.end(), uri.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

// A telephone number without its visual separators (RFC 3966 §5.1.1); empty if it is none.
std::string number_of(std::string_view text) {
  std::string number;
  for (const char c : text) {
    const bool digit = (c >= '0' && c <= '9') || c == '*' || c == '#' || (c == '+' && number.empty());
    if (digit) {
      number += c;
    } else if (c != '-' && c != '.' && c != '(' && c != ')') {
      return {};
    }
  }
  return number == "+" ? std::string() : number;
}

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

// name-addr or addr-spec (RFC 3261 §25.1).
Result<Party> read_party(const std::string& text, const char* attribute) {
  const auto refuse = [&](const char* why) {
    return bad_request(std::string("attribute '") + attribute + "': '" + text.substr(0, 100) + "' " + why);
  };
  Party party{{}, trimmed(text)};
  if (const auto open = text.find('<'); open != std::string::npos) {
    if (trimmed(text).back() != '>') return refuse("is no address");
    party.uri = trimmed(text.substr(open + 1, text.rfind('>') - open - 1));
    party.display = trimmed(text.substr(0, open));
    if (party.display.size() >= 2 && party.display.front() == '"' && party.display.back() == '"') {
      party.display = party.display.substr(1, party.display.size() - 2);
    }
    std::erase_if(party.display, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; });
  }
  if (!sip::check_uri(party.uri)) {
    const std::string number = number_of(party.uri);
    if (number.empty()) return refuse("is no URI that can be called");
    party.uri = "tel:" + number;
  }
  if (has_scheme(party.uri, "sips:")) {
    return Error{Kind::not_supported, "SIP over TLS is not supported", base::Fault::peer};
  }
  if (has_scheme(party.uri, "tel:")) {
    const std::string_view rest = std::string_view(party.uri).substr(4);
    if (number_of(rest.substr(0, rest.find(';'))).empty()) return refuse("is no telephone number");
  } else if (!has_scheme(party.uri, "sip:") || party.uri.size() == 4) {
    return refuse("is neither a sip: nor a tel: URI");
  }
  return party;
}

// The number of a tel: URI as a user of `host` (RFC 3261 §19.1.6).
std::string as_user_of(std::string_view tel, std::string_view host) {
  const std::string_view rest = tel.substr(4);
  return "sip:" + number_of(rest.substr(0, rest.find(';'))) + "@" + std::string(host) + ";user=phone";
}

// host:port of a sip: URI.
std::string host_of(std::string_view uri) {
  uri.remove_prefix(std::min<std::size_t>(4, uri.size()));
  if (const auto at = uri.find('@'); at != std::string_view::npos) uri.remove_prefix(at + 1);
  return std::string(uri.substr(0, uri.find_first_of(";?")));
}

}  // namespace

Result<sip::Invite> plan_dial(const std::string& to, const std::string& from, const DialPlan& plan) {
  auto callee = read_party(to, "to");
  if (!callee) return std::move(callee.error());
  sip::Invite invite;
  invite.to = callee->uri;
  invite.credentials = plan.credentials;
  invite.redirects = plan.redirects;
  const bool by_gateway = has_scheme(callee->uri, "tel:");
  if (by_gateway) {
    if (plan.gateway.empty()) {
      return Error{Kind::not_supported, "telephone numbers need a gateway, and none is configured", base::Fault::peer};
    }
    invite.to = as_user_of(callee->uri, host_of(plan.gateway));
    invite.proxy = plan.gateway;
  }
  if (from.empty()) return invite;
  auto caller = read_party(from, "from");
  if (!caller) return std::move(caller.error());
  invite.from = has_scheme(caller->uri, "tel:")
                    ? as_user_of(caller->uri, by_gateway ? host_of(plan.gateway) : plan.host)
                    : caller->uri;
  invite.from_display = caller->display;
  return invite;
}

}  // namespace call
