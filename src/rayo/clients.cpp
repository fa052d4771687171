#include "rayo/clients.hpp"

#include "rayo/namespaces.hpp"

namespace rayo {

void Clients::note(const xmpp::Jid& from, const std::string& account_dialect) {
  clients_[from].account_dialect = parse_dialect(account_dialect);
}

void Clients::on_presence(const xmpp::Jid& from, const std::string& account_dialect, const xml::Element& presence,
                          bool directed) {
  note(from, account_dialect);
  Client& client = clients_[from];
  const std::string type = presence.attribute_or("type", "");
  if (!type.empty() && type != "unavailable") return;  // subscriptions, probes, errors: no roster here
  if (const xml::Element* caps = presence.find("c", ns::kCaps); caps != nullptr && type.empty()) {
    client.has_client_caps = caps->attribute_or("node", "") == ns::kClient;
  }
  const xml::Element* show = presence.find("show", presence.ns);
  const bool bare = type.empty() && show == nullptr;
  // Who has registered by directed presence is not unregistered, nor registered again, by what it tells everybody.
  if (!directed && bare && client.spoke_directly) return;
  if (directed) client.spoke_directly = type.empty();
  client.available = type.empty() && (bare || show->text() == "chat");
}

bool Clients::is_available(const xmpp::Jid& client) const {
  const auto found = clients_.find(client);
  return found != clients_.end() && found->second.available;
}

std::vector<xmpp::Jid> Clients::available() const {
  std::vector<xmpp::Jid> all;
  for (const auto& [jid, client] : clients_) {
    if (client.available) all.push_back(jid);
  }
  return all;
}

Dialect Clients::dialect(const xmpp::Jid& client) const {
  const auto found = clients_.find(client);
  if (found == clients_.end()) return server_dialect_;
  if (found->second.account_dialect) return *found->second.account_dialect;
  return found->second.has_client_caps ? Dialect::xep_0327 : server_dialect_;
}

}  // namespace rayo
