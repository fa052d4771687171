// [dial]: calls that clients place, and the gateway that telephone numbers go by.
#include "app/config_keys.hpp"
#include "app/config_values.hpp"
#include "sip/header_check.hpp"

namespace app {
namespace {

bool is_sip_uri(const std::string& text) { return text.starts_with("sip:") && text.size() > 4; }

bool take_uri(std::string& place, const toml::node& node) {
  std::string text;
  if (!take_string(text, node) || !is_sip_uri(text) || !sip::check_uri(text)) return false;
  place = text;
  return true;
}

std::string boolean(bool value) { return value ? "true" : "false"; }

}  // namespace

std::vector<Key> dial_keys() {
  using toml::node;
  return {
      {"dial", "enabled", "clients may place calls",
       [](Config& c, const node& n) { return take_boolean(c.dial.enabled, n); }, "true or false",
       [](const Config& c) { return boolean(c.dial.enabled); }},
      {"dial", "registered-only", "only clients that have registered by presence may dial",
       [](Config& c, const node& n) { return take_boolean(c.dial.registered_only, n); }, "true or false",
       [](const Config& c) { return boolean(c.dial.registered_only); }},
      {"dial", "gateway", "where calls to telephone numbers (tel:) go; without it they are refused",
       [](Config& c, const node& n) { return take_uri(c.dial.gateway, n); },
       "a sip: URI, like \"sip:gateway.example.com:5060\"",
       [](const Config& c) { return string_or_nothing(c.dial.gateway); }},
      {"dial", "user", "for whoever asks who is calling (digest authentication), …",
       [](Config& c, const node& n) { return take_path(c.dial_user, n); }, "a string",
       [](const Config& c) { return string_or_nothing(c.dial_user); }},
      {"dial", "password", "… and the password to it",
       [](Config& c, const node& n) { return take_path(c.dial_password, n); }, "a string",
       [](const Config& c) { return string_or_nothing(c.dial_password); }},
      {"dial", "realm", "the only realm that may have them; without it any that asks",
       [](Config& c, const node& n) { return take_path(c.dial_realm, n); }, "a string",
       [](const Config& c) { return string_or_nothing(c.dial_realm); }},
      {"dial", "redirects", "how many redirections (3xx) of a call are followed",
       [](Config& c, const node& n) { return take_integer(c.dial.redirects, n, 0, 10); }, "a number from 0 to 10",
       [](const Config& c) { return std::to_string(c.dial.redirects); }},
      {"dial", "register", "the address (aor) that is registered at the gateway, so that calls to it come here",
       [](Config& c, const node& n) { return take_uri(c.dial_register, n); }, "a sip: URI, like \"sip:me@example.com\"",
       [](const Config& c) { return string_or_nothing(c.dial_register); }},
      {"dial", "register-expires", "for how many seconds at a time",
       [](Config& c, const node& n) { return take_duration(c.dial_register_expires, n, 60, 86400); },
       "a number of seconds from 60 to 86400",
       [](const Config& c) { return std::to_string(c.dial_register_expires.count()); }},
  };
}

}  // namespace app
