#include "sip/next_hop.hpp"

#include <charconv>

#include "sip/header_check.hpp"

namespace sip {
namespace {

constexpr std::uint16_t kPort = 5060;

std::string param_of(const url_t& url, const char* name) {
  char value[256] = "";
  return url_param(url.url_params, name, value, sizeof value) > 0 ? value : "";
}

std::string without_brackets(std::string host) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host;
}

// False for a port that is none.
bool read_port(std::string_view text, std::uint16_t& port) {
  if (text.empty()) return true;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

base::Result<Target> target_of(const url_t& url) {
  if (url.url_type == url_sips) {
    return base::Error{base::Kind::not_supported, "sips is not supported", base::Fault::peer};
  }
  if (url.url_type != url_sip || url.url_host == nullptr || *url.url_host == '\0') {
    return base::bad_request("not a SIP URI");
  }
  Target target;
  const std::string maddr = param_of(url, "maddr");
  target.host = without_brackets(maddr.empty() ? url.url_host : maddr);
  if (!read_port(url.url_port != nullptr ? url.url_port : "", target.port)) return base::bad_request("no such port");
  const std::string transport = param_of(url, "transport");
  if (su_casematch(transport.c_str(), "udp") != 0) {
    target.transport = Target::Transport::kUdp;
  } else if (su_casematch(transport.c_str(), "tcp") != 0) {
    target.transport = Target::Transport::kTcp;
  } else if (!transport.empty()) {
    return base::Error{base::Kind::not_supported, "transport " + transport + " is not supported", base::Fault::peer};
  }
  return target;
}

}  // namespace

base::Result<Target> Target::parse(std::string_view uri) {
  if (!check_uri(uri)) return base::bad_request("not a SIP URI");
  const Home home = make_home();
  const url_t* url = url_make(home.get(), std::string(uri).c_str());
  if (url == nullptr) return base::bad_request("not a SIP URI");
  return target_of(*url);
}

net::Address Target::numeric() const {
  return net::Address::parse(host, port != 0 ? port : kPort).value_or(net::Address());
}

std::vector<Source> Target::hops(const std::vector<net::Address>& addresses) const {
  std::vector<Source> hops;
  for (const bool tcp : {false, true}) {
    if (transport == (tcp ? Transport::kUdp : Transport::kTcp)) continue;
    for (net::Address address : addresses) {
      if (address.port() == 0) address.set_port(port != 0 ? port : kPort);
      hops.push_back({tcp, address});
    }
  }
  return hops;
}

std::string request_uri(std::string_view uri) {
  if (!check_uri(uri)) return {};
  const Home home = make_home();
  url_t* url = url_make(home.get(), std::string(uri).c_str());
  if (url == nullptr) return {};
  url->url_headers = nullptr;
  if (url->url_params != nullptr) {
    url->url_params = url_strip_param_string(su_strdup(home.get(), url->url_params), "method");
  }
  return uri_of(*url);
}

std::string proxy_uri(const Source& hop) {
  return "sip:" + hop.address.str() + (hop.tcp ? ";transport=tcp" : ";transport=udp");
}

Source next_hop(const sip_t& message, const Source& fallback) {
  const url_t* url = nullptr;
  if (const sip_record_route_t* route = message.sip_record_route; route != nullptr) {
    while (message.sip_status != nullptr && route->r_next != nullptr) route = route->r_next;
    url = route->r_url;
  } else if (message.sip_contact != nullptr) {
    url = message.sip_contact->m_url;
  }
  if (url == nullptr || url_has_param(url, "maddr") != 0) return fallback;
  const auto target = target_of(*url);
  if (!target) return fallback;
  const net::Address address = target->numeric();
  if (!address.is_set() || address.family() != fallback.address.family() || address.is_any()) return fallback;
  const bool is_any = target->transport == Target::Transport::kAny;
  return {is_any ? fallback.tcp : target->transport == Target::Transport::kTcp, address};
}

}  // namespace sip
