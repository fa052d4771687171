#include "rayo/address.hpp"

#include <utility>

#include "call/mixer.hpp"

namespace rayo {

bool is_ours(const xmpp::Jid& jid, std::string_view domain) {
  if (jid.domain == domain) return true;
  const auto dot = jid.domain.find('.');
  if (dot == std::string::npos || std::string_view(jid.domain).substr(dot + 1) != domain) return false;
  const std::string_view label = std::string_view(jid.domain).substr(0, dot);
  return label == "call" || label == "calls" || label == "mixer" || label == "mixers";
}

xmpp::Jid jid_of(std::string_view domain, const call::Host& host) { return component_jid(domain, host, {}); }

xmpp::Jid component_jid(std::string_view domain, const call::Host& host, std::string_view component) {
  std::string local = host.id();
  if (host.is_mixer()) {
    const std::string& name = static_cast<const call::Mixer&>(host).name();
    local = mixer_local_part(name).value_or(name);
  }
  return {std::move(local), std::string(domain), std::string(component)};
}

std::optional<std::string> call_id_of(std::string_view uri, std::string_view domain) {
  constexpr std::string_view kScheme = "xmpp:";
  const bool has_scheme = uri.starts_with(kScheme);
  if (has_scheme) uri.remove_prefix(kScheme.size());
  const bool is_bare_id = !has_scheme && !uri.empty() && uri.find_first_of("@/") == std::string_view::npos;
  const auto jid = xmpp::Jid::parse(is_bare_id ? std::string(uri) + "@" + std::string(domain) : std::string(uri));
  if (!jid || jid->local.empty() || !jid->resource.empty() || !is_ours(*jid, domain)) return std::nullopt;
  return jid->local;
}

std::optional<std::string> mixer_local_part(std::string_view name) {
  const auto jid = xmpp::Jid::parse(std::string(name) + "@mixer");
  if (!jid || jid->local.empty() || jid->domain != "mixer" || !jid->resource.empty()) return std::nullopt;
  return jid->local;
}

}  // namespace rayo
