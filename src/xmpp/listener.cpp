#include "xmpp/listener.hpp"

#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <asio/ssl/context.hpp>
#include <asio/steady_timer.hpp>

#include "base/log.hpp"
#include "base/owner.hpp"
#include "net/address.hpp"
#include "xmpp/connection.hpp"
#include "xmpp/tls.hpp"

namespace xmpp {
namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;

constexpr milliseconds kAcceptPause{200};  // after a failed accept (no descriptors left): it would fail at once again
constexpr std::size_t kRefusals = 64;      // how many connections over the limit are told so at a time

base::Result<tcp::endpoint> endpoint_of(const std::string& text) {
  const auto address = net::Address::parse(text);
  if (!address) return base::bad_request("'" + text + "' is no numeric address:port");
  tcp::endpoint endpoint;
  endpoint.resize(address->size());
  std::memcpy(endpoint.data(), address->data(), address->size());
  return endpoint;
}

}  // namespace

class Listener::Impl : public Switchboard, public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, ListenerOptions options, Handler& handler)
      : io_(io), options_(std::move(options)), handler_(&handler), authenticator_(domain(), options_.accounts) {}

  base::Result<void> start();
  std::vector<unsigned short> ports() const;
  bool send(const Jid& to, const xml::Element& stanza);
  void stop(milliseconds grace, std::function<void()> done);
  // Lets go of everything without a word, to the handler neither.
  void shut();

  const ListenerOptions& options() const override { return options_; }
  Authenticator& authenticator() override { return authenticator_; }
  Listener::Stats& stats() override { return stats_; }
  asio::ssl::context* tls() override { return tls_.get(); }
  void bind(Connection& connection, const Jid& client) override;
  void unbind(Connection& connection, const Jid& client) override;
  bool on_stanza(const Account& account, xml::Element stanza) override;
  void closed(Connection& connection) override;

  base::Owner owner;

 private:
  struct Door {
    explicit Door(asio::io_context& io) : acceptor(io), pause(io) {}
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    bool complaining = false;
  };

  const std::string& domain();
  base::Result<void> open(Door& door, const std::string& address);
  void accept(Door& door);
  void welcome(tcp::socket socket);
  void stopped();

  asio::io_context& io_;
  ListenerOptions options_;
  Handler* handler_;  // null once the listener is gone
  Authenticator authenticator_;
  Listener::Stats stats_;
  std::unique_ptr<asio::ssl::context> tls_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::set<std::shared_ptr<Connection>> connections_;
  std::map<Jid, Connection*> bound_;
  bool stopping_ = false;
  std::optional<asio::steady_timer> grace_;
  std::function<void()> done_;
};

const std::string& Listener::Impl::domain() {
  if (const auto jid = Jid::parse(options_.domain)) options_.domain = jid->domain;
  return options_.domain;
}

base::Result<void> Listener::Impl::start() {
  const auto jid = Jid::parse(options_.domain);
  if (!jid || !jid->local.empty() || !jid->is_bare()) {
    return base::bad_request("'" + options_.domain + "' is no XMPP domain");
  }
  if (options_.tls != Tls::off) {
    auto context = make_tls_context(options_);
    if (!context) return std::move(context.error()).in("TLS");
    tls_ = *std::move(context);
  }
  for (const std::string& address : options_.listen) {
    auto door = std::make_unique<Door>(io_);
    if (auto opened = open(*door, address); !opened) {
      doors_.clear();
      return std::move(opened.error()).in("listen on " + address);
    }
    doors_.push_back(std::move(door));
  }
  for (const auto& door : doors_) accept(*door);
  return {};
}

base::Result<void> Listener::Impl::open(Door& door, const std::string& address) {
  const auto endpoint = endpoint_of(address);
  if (!endpoint) return endpoint.error();
  asio::error_code failed;
  const auto ok = [&] { return !failed; };
  door.acceptor.open(endpoint->protocol(), failed);
  if (ok()) door.acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (ok() && endpoint->address().is_v6()) door.acceptor.set_option(asio::ip::v6_only(true), failed);
  if (ok()) door.acceptor.bind(*endpoint, failed);
  if (ok()) door.acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (!ok()) return base::Error{base::Kind::unavailable, failed.message()};
  return {};
}

std::vector<unsigned short> Listener::Impl::ports() const {
  std::vector<unsigned short> found;
  for (const auto& door : doors_) {
    asio::error_code failed;
    const auto endpoint = door->acceptor.local_endpoint(failed);
    found.push_back(failed ? static_cast<unsigned short>(0) : endpoint.port());
  }
  return found;
}

void Listener::Impl::accept(Door& door) {
  door.acceptor.async_accept([self = shared_from_this(), &door](const asio::error_code& failed, tcp::socket socket) {
    if (self->stopping_ || failed == asio::error::operation_aborted) return;
    if (!failed) {
      door.complaining = false;
      self->welcome(std::move(socket));
      return self->accept(door);
    }
    if (!std::exchange(door.complaining, true)) {
      base::log::error("xmpp", "cannot accept connections: {}; trying on", failed.message());
    }
    door.pause.expires_after(kAcceptPause);
    door.pause.async_wait([self, &door](const asio::error_code& cancelled) {
      if (!cancelled && !self->stopping_) self->accept(door);
    });
  });
}

void Listener::Impl::welcome(tcp::socket socket) {
  const auto limit = static_cast<std::size_t>(std::max(options_.max_streams, 0));
  if (connections_.size() >= limit + kRefusals) return;  // closes it
  ++stats_.accepted;
  const bool full = connections_.size() >= limit;
  auto connection = std::make_shared<Connection>(io_, std::move(socket), shared_from_this());
  connections_.insert(connection);
  connection->start();
  if (full) connection->end("resource-constraint", "too many streams");
}

bool Listener::Impl::send(const Jid& to, const xml::Element& stanza) {
  const auto found = bound_.find(to);
  return found != bound_.end() && found->second->send(stanza);
}

void Listener::Impl::bind(Connection& connection, const Jid& client) {
  if (const auto old = bound_.find(client); old != bound_.end()) {
    old->second->end("conflict", "this resource was bound by another stream");
  }
  bound_[client] = &connection;
}

void Listener::Impl::unbind(Connection& connection, const Jid& client) {
  const auto found = bound_.find(client);
  if (found != bound_.end() && found->second == &connection) bound_.erase(found);
  if (handler_ != nullptr) handler_->on_gone(client);
}

bool Listener::Impl::on_stanza(const Account& account, xml::Element stanza) {
  return handler_ != nullptr && handler_->on_stanza(account, std::move(stanza));
}

void Listener::Impl::closed(Connection& connection) {
  connections_.erase(connection.shared_from_this());
  if (stopping_ && connections_.empty()) stopped();
}

void Listener::Impl::stop(milliseconds grace, std::function<void()> done) {
  if (stopping_) return;
  stopping_ = true;
  done_ = std::move(done);
  asio::error_code ignored;
  for (const auto& door : doors_) {
    door->acceptor.close(ignored);
    door->pause.cancel();
  }
  const auto all = connections_;
  for (const auto& connection : all) connection->end("system-shutdown");
  if (connections_.empty()) return stopped();
  grace_.emplace(io_, grace);
  grace_->async_wait([self = shared_from_this()](const asio::error_code& cancelled) {
    if (cancelled) return;
    const auto left = self->connections_;
    for (const auto& connection : left) connection->abort();
  });
}

void Listener::Impl::stopped() {
  asio::error_code ignored;
  if (grace_) grace_->cancel();
  if (auto done = std::exchange(done_, {})) asio::post(io_, std::move(done));
}

void Listener::Impl::shut() {
  handler_ = nullptr;
  stopping_ = true;
  done_ = {};
  asio::error_code ignored;
  for (const auto& door : doors_) {
    door->acceptor.close(ignored);
    door->pause.cancel();
  }
  const auto all = connections_;
  for (const auto& connection : all) connection->abort();
}

Listener::Listener(asio::io_context& io, ListenerOptions options, Handler& handler)
    : impl_(std::make_shared<Impl>(io, std::move(options), handler)) {}

Listener::~Listener() { impl_->shut(); }

base::Result<void> Listener::start() { return impl_->start(); }

std::vector<unsigned short> Listener::ports() const { return impl_->ports(); }

bool Listener::send(const Jid& to, const xml::Element& stanza) {
  impl_->owner.check();
  return impl_->send(to, stanza);
}

void Listener::set_accounts(std::vector<Account> accounts) { impl_->authenticator().set_accounts(std::move(accounts)); }

void Listener::stop(milliseconds grace, std::function<void()> done) { impl_->stop(grace, std::move(done)); }

Listener::Stats Listener::stats() const { return impl_->stats(); }

}  // namespace xmpp
