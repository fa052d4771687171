#include "xmpp/connection.hpp"

#include <asio/post.hpp>
#include <asio/write.hpp>

#include "base/log.hpp"

namespace xmpp {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxWaiting = 8 * 1024 * 1024;
constexpr milliseconds kFlushTime{5000};    // for the last words
constexpr milliseconds kGoodbyeTime{2000};  // for the peer to close after that

}  // namespace

Connection::Connection(asio::io_context& io, asio::ip::tcp::socket socket, std::shared_ptr<Switchboard> switchboard)
    : socket_(std::move(socket)),
      deadline_(io),
      idle_(io),
      switchboard_(std::move(switchboard)),
      stream_(*this, switchboard_->options(), switchboard_->authenticator(), switchboard_->stats()) {}

void Connection::start() {
  asio::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  set_deadline(switchboard_->options().authentication_timeout);
  read();
}

void Connection::read() {
  auto then = [self = shared_from_this()](const asio::error_code& failed, std::size_t size) {
    self->on_read(failed, size);
  };
  if (tls_) {
    tls_->async_read_some(asio::buffer(in_), std::move(then));
  } else {
    socket_.async_read_some(asio::buffer(in_), std::move(then));
  }
}

void Connection::on_read(const asio::error_code& failed, std::size_t size) {
  if (closed_) return;
  if (failed) {
    peer_closed_ = true;
    if (finishing_ && !goodbye_ && failed == asio::error::eof) return;  // closed half: our last words still go out
    return abort();
  }
  last_read_ = base::Clock::now();
  if (!finishing_) stream_.receive({in_.data(), size});
  if (!closed_ && !tls_wanted_) read();
}

bool Connection::send(const xml::Element& stanza) {
  if (overflowed_ || !stream_.is_bound()) return false;
  stream_.send(stanza);
  return !overflowed_;
}

void Connection::write(std::string bytes) {
  if (closed_ || overflowed_) return;
  if (out_.size() + writing_.size() + bytes.size() > kMaxWaiting) {
    overflowed_ = true;
    ++switchboard_->stats().overflowed;
    // Not now: whoever is sending does not expect on_gone() inside send().
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->overflow(); });
    return;
  }
  out_ += bytes;
  flush();
}

void Connection::overflow() {
  if (closed_) return;
  overflowed_ = false;
  out_.clear();
  base::log::warn("xmpp", "{} does not read; cut off", stream_.client().str());
  stream_.end("policy-violation", "too much is waiting to be read");
}

void Connection::flush() {
  if (closed_ || handshaking_ || !writing_.empty()) return;
  if (out_.empty()) {
    if (finishing_) {
      say_goodbye();
    } else if (tls_wanted_) {
      handshake();
    }
    return;
  }
  writing_.swap(out_);
  auto then = [self = shared_from_this()](const asio::error_code& failed, std::size_t) { self->on_written(failed); };
  if (tls_) {
    asio::async_write(*tls_, asio::buffer(writing_), std::move(then));
  } else {
    asio::async_write(socket_, asio::buffer(writing_), std::move(then));
  }
}

void Connection::on_written(const asio::error_code& failed) {
  writing_.clear();
  if (closed_) return;
  if (failed) return abort();
  flush();
}

void Connection::start_tls() {
  tls_wanted_ = true;
  flush();
}

void Connection::handshake() {
  asio::ssl::context* context = switchboard_->tls();
  if (context == nullptr) return abort();
  handshaking_ = true;
  tls_.emplace(socket_, *context);
  tls_->async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](const asio::error_code& failed) {
    if (self->closed_) return;
    if (failed) {
      base::log::debug("xmpp", "TLS handshake failed: {}", failed.message());
      return self->abort();
    }
    self->handshaking_ = self->tls_wanted_ = false;
    self->stream_.tls_started();
    self->read();
    self->flush();
  });
}

void Connection::finish() {
  if (closed_) return;
  finishing_ = true;
  if (handshaking_ || tls_wanted_) {
    // Nothing can be said; not at once, as the stream is still on the stack.
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->abort(); });
    return;
  }
  set_deadline(kFlushTime);
  flush();
}

void Connection::say_goodbye() {
  if (goodbye_) return;
  goodbye_ = true;
  if (peer_closed_) return abort();
  set_deadline(kGoodbyeTime);
  if (tls_) {
    tls_->async_shutdown([self = shared_from_this()](const asio::error_code&) { self->abort(); });
  } else {
    asio::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
}

void Connection::abort() {
  if (closed_) return;
  closed_ = true;
  const auto self = shared_from_this();  // closed() lets go of this
  stream_.drop();
  asio::error_code ignored;
  deadline_.cancel();
  idle_.cancel();
  socket_.close(ignored);
  switchboard_->closed(*this);
}

void Connection::bind(const Jid& client) {
  asio::error_code ignored;
  deadline_.cancel();
  if (switchboard_->options().idle_timeout.count() > 0) watch_idle(switchboard_->options().idle_timeout);
  switchboard_->bind(*this, client);
}

void Connection::unbind(const Jid& client) { switchboard_->unbind(*this, client); }

bool Connection::on_stanza(const Account& account, xml::Element stanza) {
  return switchboard_->on_stanza(account, std::move(stanza));
}

void Connection::set_deadline(milliseconds after) {
  deadline_.expires_after(after);
  deadline_.async_wait([self = shared_from_this()](const asio::error_code& cancelled) {
    // A cancelled wait may have been completed already.
    if (!cancelled && self->deadline_.expiry() <= base::Clock::now()) self->on_deadline();
  });
}

void Connection::on_deadline() {
  if (closed_) return;
  if (finishing_) return abort();
  if (stream_.is_bound()) return;
  ++switchboard_->stats().timed_out;
  stream_.end("connection-timeout", "not authenticated and bound in time");
}

void Connection::watch_idle(milliseconds after) {
  idle_.expires_after(after);
  idle_.async_wait([self = shared_from_this()](const asio::error_code& cancelled) {
    if (cancelled || self->closed_ || self->finishing_) return;
    const milliseconds limit = self->switchboard_->options().idle_timeout;
    const auto idle = std::chrono::duration_cast<milliseconds>(base::Clock::now() - self->last_read_);
    if (idle < limit) return self->watch_idle(limit - idle);
    ++self->switchboard_->stats().timed_out;
    self->stream_.end("connection-timeout", "idle for too long");
  });
}

}  // namespace xmpp
