#pragma once
// One client's TCP connection, with TLS once it was asked for, under its Stream. Writes are queued and coalesced; a
// stream that has ended is flushed, then closed for writing, then read until the peer closes too, so that the last
// stream error reaches a peer that is still sending. Lives as long as an asynchronous operation of it is under way.
// Owned by the control thread.

#include <array>
#include <memory>
#include <optional>
#include <string>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>

#include "base/clock.hpp"
#include "xmpp/stream.hpp"

namespace xmpp {

class Connection;

// What connections share: the listener behind them.
class Switchboard {
 public:
  virtual ~Switchboard() = default;
  virtual const ListenerOptions& options() const = 0;
  virtual Authenticator& authenticator() = 0;
  virtual Listener::Stats& stats() = 0;
  virtual asio::ssl::context* tls() = 0;  // null where TLS is off
  virtual void bind(Connection& connection, const Jid& client) = 0;
  virtual void unbind(Connection& connection, const Jid& client) = 0;
  virtual bool on_stanza(const Account& account, xml::Element stanza) = 0;
  virtual void closed(Connection& connection) = 0;
};

class Connection : public std::enable_shared_from_this<Connection>, private Stream::Host {
 public:
  // The switchboard must outlive what is under way, so it is shared.
  Connection(asio::io_context& io, asio::ip::tcp::socket socket, std::shared_ptr<Switchboard> switchboard);

  void start();
  // False if the client is cut off because it does not read.
  bool send(const xml::Element& stanza);
  void end(std::string_view condition, std::string_view text = {}) { stream_.end(condition, text); }
  // Closes at once.
  void abort();

 private:
  void write(std::string bytes) override;
  void start_tls() override;
  void finish() override;
  void bind(const Jid& client) override;
  void unbind(const Jid& client) override;
  bool on_stanza(const Account& account, xml::Element stanza) override;

  void read();
  void on_read(const asio::error_code& failed, std::size_t size);
  void flush();
  void on_written(const asio::error_code& failed);
  void handshake();
  void say_goodbye();
  void overflow();
  void set_deadline(std::chrono::milliseconds after);
  void on_deadline();
  void watch_idle(std::chrono::milliseconds after);

  asio::ip::tcp::socket socket_;
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
  asio::steady_timer deadline_;  // for authentication, then for the last flush and the peer's close
  asio::steady_timer idle_;
  base::Time last_read_{};
  std::shared_ptr<Switchboard> switchboard_;
  std::array<char, 4096> in_{};
  std::string out_;      // waiting
  std::string writing_;  // under way
  bool tls_wanted_ = false;
  bool handshaking_ = false;
  bool finishing_ = false;  // the stream has ended
  bool goodbye_ = false;    // all is flushed, closed for writing
  bool peer_closed_ = false;
  bool overflowed_ = false;
  bool closed_ = false;
  Stream stream_;
};

}  // namespace xmpp
