#pragma once
// The Rayo server: routes stanzas of clients to the verbs of what they address, decides who controls a call, and turns
// what happens to calls into events. Owned by the control thread.
//
//   client ──iq──▶ on_stanza ─▶ address ─▶ control (one party a call) ─▶ verb ─▶ Call ─▶ Reply
//   client ◀─presence── on_offer, on_recorded, on_ended ◀─ Calls

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "call/calls.hpp"
#include "rayo/clients.hpp"
#include "rayo/disco.hpp"
#include "rayo/verbs.hpp"
#include "xmpp/listener.hpp"

namespace rayo {

struct ServerOptions {
  std::string domain = "localhost";
  Dialect dialect = Dialect::rayo_2011;  // for clients whose account and presence do not say
  std::string record_format = "mp3";     // what a <record/> without format means in the dialect rayo-2011
};

class Server final : public xmpp::Handler, public call::Observer {
 public:
  Server(ServerOptions options, Reply::Send send);

  // The calls it serves; before the first stanza.
  void serve(call::Calls& calls) { calls_ = &calls; }
  const ServerOptions& options() const { return options_; }

  // xmpp::Handler
  bool on_stanza(const xmpp::Account& account, xml::Element stanza) override;
  void on_gone(const xmpp::Jid& client) override;
  // call::Observer
  bool on_offer(call::Call& call) override;
  void on_recorded(call::Call& call, const std::string& component, const record::Outcome& outcome) override;
  void on_ended(call::Call& call, const call::End& end) override;

  // For the verbs of components.
  void component_begins(const std::string& call, const std::string& component);
  void component_is_over(const std::string& component);
  xml::Element reference_to(const std::string& call, const std::string& component) const;

 private:
  // Who has to do with a call (XEP-0327 §6.2.2).
  struct Control {
    std::set<xmpp::Jid> involved;         // got the offer or sent a command: hears of the end
    std::optional<xmpp::Jid> controller;  // the definitive controlling party
  };
  // What a JID of ours stands for; nothing if it stands for nothing (any more).
  struct Addressee {
    Target target = Target::server;
    call::Call* call = nullptr;
    std::string component;
  };

  void on_presence(const xmpp::Jid& from, const xmpp::Account& account, const xml::Element& stanza,
                   const std::optional<xmpp::Jid>& to);
  bool on_get(const xmpp::Jid& from, const std::optional<Addressee>& addressee, xml::Element iq);
  bool on_set(const xmpp::Jid& from, const std::optional<Addressee>& addressee, xml::Element iq);
  std::optional<Addressee> resolve(const xmpp::Jid& to, const xmpp::Jid& from);
  // Makes `from` the controlling party if there is none; a conflict if there is another.
  base::Result<void> take_control(call::Call& call, const xmpp::Jid& from);
  void drop_calls_without_clients();
  // An event of `from`, with the Rayo element first.
  void tell(const xmpp::Jid& to, const xmpp::Jid& from, bool unavailable, xml::Element event,
            std::optional<Entity> with_caps);

  const ServerOptions options_;
  const Reply::Send send_;
  call::Calls* calls_ = nullptr;
  Clients clients_;
  std::map<std::string, Control> controls_;  // by call id
};

}  // namespace rayo
