#pragma once
// The Rayo server: routes stanzas of clients to the verbs of what they address, decides who may command it, and turns
// what happens to calls and mixers into events. Owned by the control thread.
//
//   client ──iq──▶ on_stanza ─▶ address ─▶ control ─▶ verb ─▶ Call, Mixer, Component ─▶ Reply
//   client ◀─presence── tell ◀─ events (server_events.cpp) ◀─ call::Observer
//
// A call has one controlling party (XEP-0327 §6.2.2); a mixer is commanded by every client of its zone, its components
// by who made them. A security zone is an XMPP account: its clients, under whatever resource. Events that a command
// causes go out behind its reply.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "call/calls.hpp"
#include "call/dial_plan.hpp"
#include "call/recording.hpp"
#include "rayo/clients.hpp"
#include "rayo/disco.hpp"
#include "rayo/untold.hpp"
#include "rayo/verbs.hpp"
#include "record/recovered.hpp"
#include "xmpp/listener.hpp"

namespace rayo {

struct ServerOptions {
  std::string domain = "localhost";
  Dialect dialect = Dialect::rayo_2011;  // for clients whose account and presence do not say
  std::string record_format = "mp3";     // what a <record/> without format means in the dialect rayo-2011
  call::DialPlan dial;
  UntoldOptions untold = {};
};

class Server final : public xmpp::Handler, public call::Observer {
 public:
  Server(ServerOptions options, Reply::Send send);

  // The calls it serves; before the first stanza. What clients are still to be told is read.
  void serve(call::Calls& calls);
  const ServerOptions& options() const { return options_; }
  call::Calls& calls() const { return *calls_; }

  // xmpp::Handler
  bool on_stanza(const xmpp::Account& account, xml::Element stanza) override;
  void on_gone(const xmpp::Jid& client) override;
  // call::Observer
  bool on_offer(call::Call& call) override;
  void on_ringing(call::Call& call, const sip::Headers& headers) override;
  void on_answered(call::Call& call, const sip::Headers& headers) override;
  void on_joined(call::Host& one, call::Host& other) override;
  void on_unjoined(call::Host& one, call::Host& other) override;
  void on_mixer_gone(call::Mixer& mixer) override;
  void on_speaking(call::Mixer& mixer, call::Call& speaker, bool speaking) override;
  void on_digit(call::Call& call, char digit, base::milliseconds duration) override;
  void on_message(call::Call& call, const sip::Message& message) override;
  void on_timers_started(call::Host& host, const std::string& component) override;
  void on_complete(call::Host& host, const std::string& component, const call::Outcome& outcome) override;
  void on_ended(call::Call& call, const call::End& end) override;

  // What recovery found of the process before this one: its client is told, now or when it comes back.
  void on_recovered(const record::Recovered& recovered);
  // The recordings of that process that nobody has said anything of yet: component ids.
  const std::set<std::string>& awaited_recordings() const { return untold_.awaited(); }
  // There is no more of it, but for these component ids: clients that wait for other recordings wait no longer.
  void on_recovery_over(const std::vector<std::string>& kept);

  // ---- for the verbs ----
  bool is_registered(const xmpp::Jid& client) const { return clients_.is_available(client); }
  // The client that gave a dial command controls the call that it made.
  void give_control(const call::Call& call, const xmpp::Jid& client);
  // Whether the client may join this call: it is of its zone.
  bool may_touch(const call::Call& call, const xmpp::Jid& client) const;
  // The security zone of a client.
  static std::string zone_of(const xmpp::Jid& client) { return client.bare().str(); }
  // The client hears of the mixer from now on: its presence first.
  void watch(const call::Mixer& mixer, const xmpp::Jid& client);
  // What answers the command that makes a component of `host`: with its reference, from when on commands find it and
  // its events go to who gave the command; or with the error.
  call::Started starting(call::Host& host, const std::string& component, Reply reply);
  // The same for a recording, whose end `client` is told whatever happens.
  call::Started starting_recording(call::Host& host, const std::string& component, Reply reply);
  call::Asker asker(const call::Host& host, const xmpp::Jid& client) const;
  xml::Element reference_to(const call::Host& host, const std::string& component = {}) const;

 private:
  // Who has to do with a call.
  struct Control {
    std::set<xmpp::Jid> involved;         // got the offer or sent a command: hears of the end
    std::optional<xmpp::Jid> controller;  // the definitive controlling party
  };
  struct Owned {
    std::string host;  // id
    xmpp::Jid owner;
  };
  // What a JID of ours stands for; nothing if it stands for nothing (any more), or for nothing that concerns the
  // client.
  struct Addressee {
    Target target = Target::server;
    call::Host* host = nullptr;
    std::string component;
  };

  void on_presence(const xmpp::Jid& from, const xmpp::Account& account, const xml::Element& stanza,
                   const std::optional<xmpp::Jid>& to);
  void on_subscription(const xmpp::Jid& from, const xmpp::Jid& to, const std::string& type);
  void on_message(const xmpp::Jid& from, const std::optional<xmpp::Jid>& to, const xml::Element& stanza);
  bool on_get(const xmpp::Jid& from, const std::optional<Addressee>& addressee, xml::Element iq);
  bool on_set(const xmpp::Jid& from, const xmpp::Account& account, const std::optional<Addressee>& addressee,
              xml::Element iq);
  std::optional<Addressee> resolve(const xmpp::Jid& to, const xmpp::Jid& from) const;
  std::optional<Addressee> resolve_component(const std::string& component) const;
  base::Result<void> authorize(const Addressee& addressee, const xmpp::Jid& from);
  // Makes `from` the controlling party if there is none; a conflict if there is another.
  base::Result<void> take_control(const call::Call& call, const xmpp::Jid& from);
  bool has_abandoned(const xmpp::Jid& owner, const xmpp::Jid& from) const;
  void drop_calls_without_clients();

  const xmpp::Jid* controller_of(const call::Host& call) const;
  void tell_join(std::string_view event, call::Host& host, call::Host& beside);
  // An event of `from`, with the Rayo element first.
  // False if the client is gone.
  bool tell(const xmpp::Jid& to, const xmpp::Jid& from, bool unavailable, std::optional<xml::Element> event,
            std::optional<Entity> with_caps = std::nullopt, bool before_the_reply = false);
  // What is owed to clients (untold_events.cpp).
  void tell_what_is_due(const xmpp::Jid& to);
  void tell_what_is_due_of(const xmpp::Jid& account);
  bool tell_late(const xmpp::Jid& to, const UntoldEvent& event);
  void tell_controller(const call::Call& call, xml::Element event);

  const ServerOptions options_;
  const Reply::Send send_;
  call::Calls* calls_ = nullptr;
  Clients clients_;
  std::map<std::string, Control> controls_;              // by call id
  std::map<std::string, Owned> owned_;                   // by component id, which is unique in the server
  std::map<std::string, std::set<xmpp::Jid>> watchers_;  // by mixer id: who hears of it
  Untold untold_;
  bool handling_ = false;                                 // a command is being executed …
  std::vector<std::pair<xmpp::Jid, xml::Element>> held_;  // … these wait for its reply
};

}  // namespace rayo
