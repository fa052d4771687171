#include "rayo/address.hpp"

namespace rayo {

bool is_ours(const xmpp::Jid& jid, std::string_view domain) {
  if (jid.domain == domain) return true;
  const auto dot = jid.domain.find('.');
  if (dot == std::string::npos || std::string_view(jid.domain).substr(dot + 1) != domain) return false;
  const std::string_view label = std::string_view(jid.domain).substr(0, dot);
  return label == "call" || label == "calls" || label == "mixer" || label == "mixers";
}

xmpp::Jid call_jid(std::string_view domain, std::string_view call) {
  return {std::string(call), std::string(domain), {}};
}

xmpp::Jid component_jid(std::string_view domain, std::string_view call, std::string_view component) {
  return {std::string(call), std::string(domain), std::string(component)};
}

}  // namespace rayo
