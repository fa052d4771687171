#pragma once
// The server's own XMPP c2s listener (RFC 6120, 6121): TCP, STARTTLS, SASL, resource binding. It speaks for the domain
// in all that is plain XMPP (session, roster, ping) and hands the rest to its Handler. Owned by the control thread.
//
//   TCP ── Stream (parse, limits, state machine) ── TLS ── SASL ── bind ──┬── answered here: session, roster, ping
//                                                                         └── Handler::on_stanza
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>

#include "base/result.hpp"
#include "xml/element.hpp"
#include "xmpp/jid.hpp"

namespace xmpp {

enum class Tls { off, optional, required };

struct Account {
  std::string name;      // the JID's local part
  std::string password;  // either this (plain text) …
  std::string verifier;  // … or "SCRAM-SHA-256$<iterations>:<salt base64>$<StoredKey base64>:<ServerKey base64>" (also
                         // SCRAM-SHA-1$…), which allows the matching SCRAM and PLAIN
  std::string dialect;   // what Rayo dialect its clients get; empty: decided later. Not interpreted here.
  bool may_dial = true;  // likewise
};

struct ListenerOptions {
  std::string domain = "localhost";
  std::vector<std::string> listen = {"127.0.0.1:5222"};  // numeric address:port, [v6]:port; port 0: any
  Tls tls = Tls::optional;
  std::string certificate;  // PEM files; both empty: a self-signed certificate is made at start
  std::string key;
  std::vector<Account> accounts;
  std::size_t max_stanza = 262144;                          // bytes; more ends the stream with policy-violation
  int max_depth = 64;                                       // elements inside elements
  int max_streams = 10000;                                  // connections at once
  std::chrono::milliseconds authentication_timeout{30000};  // from accept to bind
  std::chrono::milliseconds idle_timeout{0};                // without a byte; 0: never (TCP keepalive is on)
};

// Checks one account's verifier syntax, for config errors.
base::Result<void> check_verifier(const std::string& verifier);

class Handler {
 public:
  virtual ~Handler() = default;
  // A message, presence or iq of a bound client, `from` set to its full JID (whatever it claimed), `to` filled in with
  // the account's bare JID if it was absent (RFC 6120 §10.3) except for presence, where it stays absent. `account` is
  // valid during the call. True if it was handled (now or later); false makes the listener answer iq get/set with
  // service-unavailable.
  virtual bool on_stanza(const Account& account, xml::Element stanza) = 0;
  // This full JID is gone: the stream was closed, dropped or replaced. Nothing can be sent to it any more.
  virtual void on_gone(const Jid& client) = 0;
};

class Listener {
 public:
  Listener(asio::io_context& io, ListenerOptions options, Handler& handler);
  ~Listener();

  // Binds and listens; an error names the address. Loads or makes the certificate.
  base::Result<void> start();
  // The ports in use, in the order of options.listen.
  std::vector<unsigned short> ports() const;

  // Writes one stanza to that full JID's stream; false if there is none. Keeps the order of calls. A client that does
  // not read is cut off with policy-violation once 8 MiB are waiting.
  bool send(const Jid& to, const xml::Element& stanza);
  // Replaces the accounts. Streams of accounts that are gone, or whose credentials changed, stay up (they are
  // authenticated); new ones are judged by the new list.
  void set_accounts(std::vector<Account> accounts);
  // Sends system-shutdown stream errors, flushes for up to `grace`, closes everything; then calls `done`.
  void stop(std::chrono::milliseconds grace, std::function<void()> done);

  struct Stats {
    std::uint64_t accepted = 0, authenticated = 0, authentication_failed = 0, stream_errors = 0, timed_out = 0,
                  stanzas_in = 0, stanzas_out = 0, overflowed = 0;
  };
  Stats stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with the asynchronous operations that are under way
};

// Helpers for whoever answers iqs: swapped from/to and the same id, no payload; or with an error, `type` first, the
// request's payload before it as XEP-0327 shows.
xml::Element result_of(const xml::Element& iq);
xml::Element error_of(const xml::Element& iq, std::string_view type, std::string_view condition,
                      std::string_view text = {});

inline constexpr std::string_view kClientNs = "jabber:client";
inline constexpr std::string_view kStanzasNs = "urn:ietf:params:xml:ns:xmpp-stanzas";

}  // namespace xmpp
