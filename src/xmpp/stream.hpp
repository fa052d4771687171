#pragma once
// One client's stream as a state machine without a transport (RFC 6120): bytes in by receive(), bytes out by
// Host::write.
//
//   header ─► negotiating ─► tls ──────────┐         any state ──► ended   stream error, </stream:stream>, lost
//   transport
//     ▲            └──────► sasl ─ success ┤
//     └────────────────────────────────────┘
//   header (authenticated) ─► binding ─► bound ──► Host::on_stanza
//
// A resource that is asked for and in use goes to the new stream; the old one ends with `conflict`, so that a client
// that reconnects before its old connection is noticed to be dead gets its name back. Owned by the control thread.

#include <memory>
#include <string>
#include <string_view>

#include "xml/parser.hpp"
#include "xmpp/listener.hpp"
#include "xmpp/sasl.hpp"

namespace xmpp {

class Stream : private xml::Parser::Events {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    // Whole stanzas, in order.
    virtual void write(std::string bytes) = 0;
    // Once all is written, begin TLS and call tls_started(). Nothing is written until then.
    virtual void start_tls() = 0;
    // The stream is over: write what is left, close.
    virtual void finish() = 0;
    // This stream is `client` from now on; another stream that was it is ended before.
    virtual void bind(const Jid& client) = 0;
    // Exactly once for each bind().
    virtual void unbind(const Jid& client) = 0;
    virtual bool on_stanza(const Account& account, xml::Element stanza) = 0;
  };

  // All references outlive the stream.
  Stream(Host& host, const ListenerOptions& options, Authenticator& authenticator, Listener::Stats& stats);

  void receive(std::string_view bytes);
  void tls_started();
  // Ends the stream with a stream error; nothing if it has ended.
  void end(std::string_view condition, std::string_view text = {});
  // The transport is gone; nothing is written any more.
  void drop();
  void send(const xml::Element& stanza);

  bool is_bound() const { return state_ == State::bound; }
  bool has_ended() const { return state_ == State::ended; }
  // Valid while bound.
  const Jid& client() const { return client_; }

 private:
  enum class State { header, negotiating, tls, sasl, binding, bound, ended };

  void on_open(const xml::Parser::Root& root) override;
  void on_element(xml::Element element) override;
  void on_close() override;

  void negotiate(const xml::Element& element);
  void begin_tls();
  void begin_sasl(const xml::Element& auth);
  void continue_sasl(const xml::Element& element);
  void step_sasl(const std::string& base64_input);
  void fail_sasl(std::string_view condition);
  void bind(const xml::Element& iq);
  void route(xml::Element stanza);

  void write_header(const xml::Parser::Root* root);
  void write_features();
  bool is_authenticated() const { return !client_.domain.empty(); }
  xml::ParseLimits limits() const;
  void restart();
  void leave();

  Host& host_;
  const ListenerOptions& options_;
  Authenticator& authenticator_;
  Listener::Stats& stats_;
  State state_ = State::header;
  bool secure_ = false;
  bool header_written_ = false;
  int failures_ = 0;
  std::unique_ptr<SaslExchange> exchange_;
  Account account_;  // without its secrets
  Jid client_;       // bare once authenticated, full once bound
  xml::Parser parser_;
};

}  // namespace xmpp
