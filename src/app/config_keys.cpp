#include "app/config_keys.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "app/config_values.hpp"
#include "net/address.hpp"
#include "record/formats/format.hpp"
#include "seal/sealer.hpp"

namespace app {
namespace {

// ---- values that only make sense in one form ----

bool is_listen_address(std::string_view text) { return net::Address::parse(text).has_value(); }

bool is_sip_listen(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view transport = text.substr(0, colon);
  return (transport == "udp" || transport == "tcp") && is_listen_address(text.substr(colon + 1));
}

bool is_domain(std::string_view text) {
  const auto jid = xmpp::Jid::parse(text);
  return jid && jid->local.empty() && jid->resource.empty();
}

bool take_ports(media::EngineOptions& rtp, const toml::node& node) {
  std::string text;
  if (!take_string(text, node)) return false;
  unsigned first = 0;
  unsigned last = 0;
  const char* end = text.data() + text.size();
  const auto [dash, error] = std::from_chars(text.data(), end, first);
  if (error != std::errc() || dash == end || *dash != '-') return false;
  const auto [stop, last_error] = std::from_chars(dash + 1, end, last);
  if (last_error != std::errc() || stop != end) return false;
  if (first < 1 || last > 65535 || first + 1 > last) return false;
  rtp.first_port = static_cast<std::uint16_t>(first);
  rtp.last_port = static_cast<std::uint16_t>(last);
  return true;
}

bool take_rtp_address(std::string& place, const toml::node& node) {
  std::string text;
  if (!take_string(text, node)) return false;
  const auto address = net::Address::parse(text, 1);
  if (!address || address->is_any()) return false;  // SDP has to name one address that the party can reach
  place = text;
  return true;
}

bool take_record_format(std::string& place, const toml::node& node) {
  std::string text;
  if (!take_string(text, node) || record::find_format(text) == nullptr) return false;
  place = text;
  return true;
}

bool take_recipients(std::vector<seal::Recipient>& place, const toml::node& node) {
  const auto is_key = [](std::string_view text) { return seal::Recipient::parse(text).has_value(); };
  std::vector<std::string> texts(1);
  const bool is_one = take_string(texts.front(), node) && is_key(texts.front());
  if ((!is_one && !take_list(texts, node, is_key)) || texts.size() > seal::kMostRecipients) return false;
  place.clear();
  for (const std::string& text : texts) place.push_back(*seal::Recipient::parse(text));
  return true;
}
std::string text_of(const std::vector<seal::Recipient>& recipients) {
  std::vector<std::string> texts;
  for (const seal::Recipient& each : recipients) texts.push_back(each.text());
  return texts.empty() ? std::string() : list_of(texts);
}

std::string_view tls_name(xmpp::Tls tls) {
  return tls == xmpp::Tls::off ? "off" : tls == xmpp::Tls::optional ? "optional" : "required";
}
std::string_view idle_name(media::Idle idle) {
  return idle == media::Idle::keepalive ? "keepalive" : idle == media::Idle::silence ? "silence" : "none";
}
std::string_view level_name(base::log::Level level) {
  using base::log::Level;
  return level == Level::debug ? "debug" : level == Level::info ? "info" : level == Level::warn ? "warn" : "error";
}

std::string_view pause_name(record::PauseMode pause) {
  return pause == record::PauseMode::skip ? "skip" : pause == record::PauseMode::silence ? "silence" : "tone";
}

const std::vector<Key>& core_keys() {
  using toml::node;
  static const std::vector<Key> keys = {
      {"xmpp", "domain", "the server's XMPP domain: calls are id@domain",
       [](Config& c, const node& n) { return take_string(c.xmpp.domain, n) && is_domain(c.xmpp.domain); },
       "a domain name, as a string", [](const Config& c) { return toml_string(c.xmpp.domain); }},
      {"xmpp", "listen", "addresses for Rayo clients (XMPP c2s)",
       [](Config& c, const node& n) { return take_list(c.xmpp.listen, n, is_listen_address); },
       "a list of \"address:port\" with numeric addresses", [](const Config& c) { return list_of(c.xmpp.listen); }},
      {"xmpp", "tls", "STARTTLS: \"off\", \"optional\" or \"required\"",
       [](Config& c, const node& n) {
         return take_choice<xmpp::Tls>(
             c.xmpp.tls, n,
             {{"off", xmpp::Tls::off}, {"optional", xmpp::Tls::optional}, {"required", xmpp::Tls::required}});
       },
       "\"off\", \"optional\" or \"required\"", [](const Config& c) { return toml_string(tls_name(c.xmpp.tls)); }},
      {"xmpp", "certificate", "PEM file with the certificate chain; without it a self-signed one is made at start",
       [](Config& c, const node& n) { return take_path(c.xmpp.certificate, n); }, "a file name, as a string",
       [](const Config& c) { return string_or_nothing(c.xmpp.certificate); }},
      {"xmpp", "key", "PEM file with the certificate's private key",
       [](Config& c, const node& n) { return take_path(c.xmpp.key, n); }, "a file name, as a string",
       [](const Config& c) { return string_or_nothing(c.xmpp.key); }},
      {"rayo", "dialect",
       "for clients whose account and presence do not say: \"rayo-2011\", \"rayo-server-2013\" or \"xep-0327\"",
       [](Config& c, const node& n) {
         std::string text;
         if (!take_string(text, n)) return false;
         const auto dialect = rayo::parse_dialect(text);
         if (dialect) c.dialect = *dialect;
         return dialect.has_value();
       },
       "\"rayo-2011\", \"rayo-server-2013\" or \"xep-0327\"",
       [](const Config& c) { return toml_string(name_of(c.dialect)); }},
      {"sip", "listen", "addresses for SIP: udp:address:port or tcp:address:port",
       [](Config& c, const node& n) { return take_list(c.sip.listen, n, is_sip_listen); },
       "a list of \"udp:address:port\" and \"tcp:address:port\" with numeric addresses",
       [](const Config& c) { return list_of(c.sip.listen); }},
      {"rtp", "address", "where RTP is received, and what SDP says",
       [](Config& c, const node& n) { return take_rtp_address(c.rtp.address, n); },
       "one numeric address of this machine, as a string (not 0.0.0.0)",
       [](const Config& c) { return toml_string(c.rtp.address); }},
      {"rtp", "ports", "range for RTP and RTCP, two ports a call",
       [](Config& c, const node& n) { return take_ports(c.rtp, n); }, "\"first-last\" with 1 <= first < last <= 65535",
       [](const Config& c) { return toml_string(fmt::format("{}-{}", c.rtp.first_port, c.rtp.last_port)); }},
      {"rtp", "idle", "what a call that has nothing to say sends: \"keepalive\", \"silence\" or \"none\"",
       [](Config& c, const node& n) {
         return take_choice<media::Idle>(
             c.rtp.idle, n,
             {{"keepalive", media::Idle::keepalive}, {"silence", media::Idle::silence}, {"none", media::Idle::none}});
       },
       "\"keepalive\", \"silence\" or \"none\"", [](const Config& c) { return toml_string(idle_name(c.rtp.idle)); }},
      {"rtp", "timeout", "seconds without a packet from a party that is not on hold until it is hung up; 0: never",
       [](Config& c, const node& n) {
         if (!take_seconds(c.rtp.timeout, n, 86400)) return false;
         return true;
       },
       "a number of seconds from 0 to 86400, or a string like \"500ms\" or \"60s\"",
       [](const Config& c) { return seconds_text(c.rtp.timeout); }},
      {"rtp", "record-depth", "milliseconds that recorded audio waits for late packets",
       [](Config& c, const node& n) { return take_duration(c.rtp.record_depth, n, 20, 500); },
       "a whole number of milliseconds, 20 to 500",
       [](const Config& c) { return std::to_string(c.rtp.record_depth.count()); }},
      {"recording", "directory", "where recordings are kept; without it recordings/ in the data directory",
       [](Config& c, const node& n) { return take_path(c.recording_directory, n); }, "a directory name, as a string",
       [](const Config& c) { return string_or_nothing(c.recording_directory); }},
      {"recording", "format", "of a <record/> without one in the dialect rayo-2011 (the other dialects fix wav)",
       [](Config& c, const node& n) { return take_record_format(c.recording_format, n); },
       "the name of a recording format that is built in, such as \"mp3\" or \"wav\"",
       [](const Config& c) { return toml_string(c.recording_format); }},
      {"recording", "writers", "threads that encode and write",
       [](Config& c, const node& n) { return take_integer(c.recording_writers, n, 1, 64); }, "a whole number, 1 to 64",
       [](const Config& c) { return std::to_string(c.recording_writers); }},
      {"recording", "pause", "what a pause leaves in the file: \"skip\" (nothing), \"silence\" or a soft \"tone\"",
       [](Config& c, const node& n) {
         using record::PauseMode;
         return take_choice<PauseMode>(
             c.recording_pause, n,
             {{"skip", PauseMode::skip}, {"silence", PauseMode::silence}, {"tone", PauseMode::tone}});
       },
       "\"skip\", \"silence\" or \"tone\"", [](const Config& c) { return toml_string(pause_name(c.recording_pause)); }},
      {"recording", "max-duration", "no recording becomes longer, whatever its client wishes; 0: no limit",
       [](Config& c, const node& n) { return take_seconds(c.recording_max_duration, n, 3650 * 86400.0); },
       "a number of seconds, or a string such as \"90s\", \"5m\" or \"24h\"",
       [](const Config& c) { return seconds_text(c.recording_max_duration); }},
      {"recording", "dtmf", "digits in what is recorded: \"keep\" them or put \"silence\" in their place",
       [](Config& c, const node& n) {
         return take_choice<bool>(c.rtp.silence_digits, n, {{"keep", false}, {"silence", true}});
       },
       "\"keep\" or \"silence\"",
       [](const Config& c) { return toml_string(c.rtp.silence_digits ? "silence" : "keep"); }},
      {"recording", "complete-after",
       "when a client is told that its recording has ended: once it is \"stored\", or already \"spooled\"",
       [](Config& c, const node& n) {
         return take_choice<bool>(c.dispatch.is_told_when_stored, n, {{"stored", true}, {"spooled", false}});
       },
       "\"stored\" or \"spooled\"",
       [](const Config& c) { return toml_string(c.dispatch.is_told_when_stored ? "stored" : "spooled"); }},
      {"recording", "store-timeout", "seconds that it waits for the store; delivery goes on afterwards",
       [](Config& c, const node& n) { return take_seconds(c.dispatch.store_timeout, n, 86400); },
       "a number of seconds from 0 to 86400, or a string like \"500ms\" or \"60s\"",
       [](const Config& c) { return seconds_text(c.dispatch.store_timeout); }},
      {"recording", "encrypt-to", "public keys; what reaches the disk is encrypted to them (telegraphone make-key)",
       [](Config& c, const node& n) { return take_recipients(c.recording_encrypt_to, n); },
       "a public key \"age1…\" or a list of up to 64 such",
       [](const Config& c) { return text_of(c.recording_encrypt_to); }},
      {"log", "level", "\"debug\", \"info\", \"warn\" or \"error\"",
       [](Config& c, const node& n) {
         using base::log::Level;
         return take_choice<Level>(c.log_level, n,
                                   {{"debug", Level::debug},
                                    {"trace", Level::debug},
                                    {"info", Level::info},
                                    {"warn", Level::warn},
                                    {"warning", Level::warn},
                                    {"error", Level::error}});
       },
       "\"debug\", \"info\", \"warn\" or \"error\"",
       [](const Config& c) { return toml_string(level_name(c.log_level)); }},
      {"log", "format", "\"text\" or \"json\", one line an event on standard error",
       [](Config& c, const node& n) {
         using base::log::Format;
         return take_choice<Format>(c.log_format, n, {{"text", Format::text}, {"json", Format::json}});
       },
       "\"text\" or \"json\"",
       [](const Config& c) { return toml_string(c.log_format == base::log::Format::json ? "json" : "text"); }},
  };
  return keys;
}

}  // namespace

const std::vector<Key>& config_keys() {
  static const std::vector<Key> all = [] {
    std::vector<Key> keys = core_keys();
    for (const auto& more : {spool_keys(), storage_keys(), untold_keys(), dial_keys(), output_keys()}) {
      // A table is one piece, wherever its keys are listed.
      const auto last =
          std::find_if(keys.rbegin(), keys.rend(), [&](const Key& key) { return key.table == more.front().table; });
      keys.insert(last == keys.rend() ? keys.end() : last.base(), more.begin(), more.end());
    }
    return keys;
  }();
  return all;
}

const std::vector<AccountKey>& account_keys() {
  using toml::node;
  using xmpp::Account;
  static const std::vector<AccountKey> keys = {
      {"name", "the JID's local part",
       [](Account& a, const node& n) {
         if (!take_string(a.name, n) || a.name.empty()) return false;
         const auto jid = xmpp::Jid::parse(a.name + "@localhost");
         return jid && jid->local == a.name && jid->resource.empty();
       },
       "the local part of a JID, in lower case", [](const Account& a) { return toml_string(a.name); }},
      {"password", "in plain text, …",
       [](Account& a, const node& n) { return take_string(a.password, n) && !a.password.empty(); }, "a string",
       [](const Account& a) { return string_or_nothing(a.password); }},
      {"verifier", "… or as SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>",
       [](Account& a, const node& n) {
         return take_string(a.verifier, n) && static_cast<bool>(xmpp::check_verifier(a.verifier));
       },
       "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey> or SCRAM-SHA-1$…, parts in base64",
       [](const Account& a) { return string_or_nothing(a.verifier); }},
      {"dialect", "the Rayo dialect of this account's clients; without it their presence decides",
       [](Account& a, const node& n) {
         return take_string(a.dialect, n) && rayo::parse_dialect(a.dialect).has_value();
       },
       "\"rayo-2011\", \"rayo-server-2013\" or \"xep-0327\"",
       [](const Account& a) { return string_or_nothing(a.dialect); }},
      {"dial", "its clients may place calls", [](Account& a, const node& n) { return take_boolean(a.may_dial, n); },
       "true or false", [](const Account& a) { return std::string(a.may_dial ? "true" : "false"); }},
  };
  return keys;
}

}  // namespace app
