#pragma once
// The Rayo clients that have shown themselves by presence: who is available for calls (XEP-0327 §6.1), and in which
// dialect each is spoken to. Owned by the control thread.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rayo/dialect.hpp"
#include "xml/element.hpp"
#include "xmpp/jid.hpp"

namespace rayo {

class Clients {
 public:
  explicit Clients(Dialect server_dialect) : server_dialect_(server_dialect) {}

  // A presence of `from`. `directed`: it was sent to our domain, not broadcast.
  //   show 'chat'                          available
  //   no show, no type                     available, unless directed presence has said something before
  //   show 'dnd', 'away', 'xa', unavailable  not available
  void on_presence(const xmpp::Jid& from, const std::string& account_dialect, const xml::Element& presence,
                   bool directed);
  // Any stanza of `from`: remembers the account's dialect for a client that sent no presence.
  void note(const xmpp::Jid& from, const std::string& account_dialect);
  void remove(const xmpp::Jid& client) { clients_.erase(client); }

  bool is_connected(const xmpp::Jid& client) const { return clients_.contains(client); }
  bool is_available(const xmpp::Jid& client) const;
  std::vector<xmpp::Jid> available() const;
  // Its account's dialect if set; else xep-0327 if its presence carried Rayo's client caps; else the server's.
  Dialect dialect(const xmpp::Jid& client) const;

 private:
  struct Client {
    bool available = false;
    bool spoke_directly = false;
    bool has_client_caps = false;
    std::optional<Dialect> account_dialect;
  };

  const Dialect server_dialect_;
  std::map<xmpp::Jid, Client> clients_;
};

}  // namespace rayo
