#pragma once
// A SIP peer for tests: sends text over UDP or TCP from 127.0.0.1 and reads what comes back. It knows nothing of SIP
// but how a message is cut into its parts.

#include <arpa/inet.h>
#include <chrono>
#include <deque>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "base/fd.hpp"
#include "base/mailbox.hpp"
#include "net/address.hpp"
#include "sip/user_agent.hpp"

namespace sip::test {

constexpr std::chrono::milliseconds kPatience{5000};

// A message as text; header names as on the wire.
class Reply {
 public:
  explicit Reply(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }
  // 0 for a request.
  int status() const { return text_.starts_with("SIP/2.0 ") ? std::atoi(text_.c_str() + 8) : 0; }
  std::string method() const { return text_.substr(0, text_.find(' ')); }
  // The first header of that name; empty if there is none.
  std::string header(const std::string& name) const {
    const auto at = text_.find("\r\n" + name + ": ");
    if (at == std::string::npos || at > head().size()) return {};
    const auto begin = at + name.size() + 4;
    return text_.substr(begin, text_.find("\r\n", begin) - begin);
  }
  std::string head() const { return text_.substr(0, text_.find("\r\n\r\n")); }
  std::string body() const {
    const auto at = text_.find("\r\n\r\n");
    return at == std::string::npos ? std::string() : text_.substr(at + 4);
  }
  std::string to_tag() const {
    const std::string to = header("To");
    const auto at = to.find("tag=");
    return at == std::string::npos ? std::string() : to.substr(at + 4);
  }

 private:
  std::string text_;
};

class Peer {
 public:
  // `server` as UserAgent::bound() says it.
  explicit Peer(const std::string& server) : tcp_(server.starts_with("tcp:")) {
    server_ = *net::Address::parse(server.substr(4));
    socket_ = base::Fd(::socket(server_.family(), (tcp_ ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
    auto own = *net::Address::parse(server_.host(), 0);
    (void)!::bind(socket_.get(), own.data(), own.size());
    (void)!::connect(socket_.get(), server_.data(), server_.size());
    socklen_t size = net::Address::capacity();
    ::getsockname(socket_.get(), own.data(), &size);
    own_ = own;
  }

  std::string own() const { return own_.str(); }
  std::string server() const { return server_.str(); }
  std::string transport() const { return tcp_ ? "TCP" : "UDP"; }

  void send(std::string_view text) { (void)!::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL); }

  // The next message, or nothing when none came in time.
  std::optional<Reply> receive(std::chrono::milliseconds patience = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      if (auto message = take()) return message;
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{socket_.get(), POLLIN, 0};
      if (left.count() < 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
      char bytes[65536];
      const auto length = ::recv(socket_.get(), bytes, sizeof bytes, 0);
      if (length <= 0) return std::nullopt;
      if (tcp_) {
        stream_.append(bytes, static_cast<std::size_t>(length));
      } else {
        return Reply(std::string(bytes, static_cast<std::size_t>(length)));
      }
    }
  }
  // The next response to `method` that has this status; others are passed over.
  std::optional<Reply> receive(int status, const std::string& method, std::chrono::milliseconds patience = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      auto reply = receive(patience);
      if (!reply) return reply;
      if (reply->status() == status && reply->header("CSeq").ends_with(" " + method)) return reply;
      passed_over_.push_back(reply->status());
    }
    return std::nullopt;
  }
  // The next request of that method.
  std::optional<Reply> receive_request(const std::string& method, std::chrono::milliseconds patience = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      auto request = receive(patience);
      if (!request || request->method() == method) return request;
    }
    return std::nullopt;
  }
  const std::vector<int>& passed_over() const { return passed_over_; }

 private:
  // A whole message out of the stream, by its Content-Length.
  std::optional<Reply> take() {
    while (stream_.starts_with("\r\n")) stream_.erase(0, 2);
    const auto end = stream_.find("\r\n\r\n");
    if (end == std::string::npos) return std::nullopt;
    const Reply whole(stream_);
    const auto length = static_cast<std::size_t>(std::atoi(whole.header("Content-Length").c_str()));
    if (stream_.size() < end + 4 + length) return std::nullopt;
    Reply message(stream_.substr(0, end + 4 + length));
    stream_.erase(0, end + 4 + length);
    return message;
  }

  bool tcp_;
  net::Address server_, own_;
  base::Fd socket_;
  std::string stream_;
  std::vector<int> passed_over_;
};

// Everything a user agent reports, for the test's thread to wait on.
class Events {
 public:
  void put(Event event) { mailbox_.post(std::move(event)); }
  // The next event of that type; others are passed over.
  template <class T>
  std::optional<T> wait(std::chrono::milliseconds patience = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      collect();
      while (!events_.empty()) {
        Event event = std::move(events_.front());
        events_.pop_front();
        if (auto* wanted = std::get_if<T>(&event)) return std::move(*wanted);
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{wake_.get(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
    }
  }
  template <class T>
  std::size_t count() {
    collect();
    std::size_t count = 0;
    for (const auto& event : events_) count += std::holds_alternative<T>(event) ? 1 : 0;
    return count;
  }

 private:
  void collect() {
    std::uint64_t seen = 0;
    (void)!::read(wake_.get(), &seen, sizeof seen);
    mailbox_.drain([this](Event&& event) { events_.push_back(std::move(event)); });
  }

  base::Fd wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  base::Mailbox<Event> mailbox_{[this] {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }};
  std::deque<Event> events_;
};

// One call as its caller keeps it: writes the requests of a dialog.
class Caller {
 public:
  Caller(Peer& peer, std::string call_id) : peer_(peer), call_id_(std::move(call_id)) {}

  // A request with the headers that it must have; `more` are further header lines, each with CRLF.
  std::string request(const std::string& method, int cseq, const std::string& more = {}, const std::string& body = {},
                      const std::string& type = "application/sdp") const {
    std::string text = method + " " + (to_tag_.empty() ? "sip:bob@" + peer_.server() : target_) + " SIP/2.0\r\n";
    text += "Via: SIP/2.0/" + peer_.transport() + " " + peer_.own() + ";branch=z9hG4bK" + call_id_ + "-" +
            std::to_string(cseq) + (method == "CANCEL" || method == "INVITE" ? "INVITE" : method) + "\r\n";
    text += "From: \"Alice\" <sip:alice@" + peer_.own() + ">;tag=a1\r\nTo: <sip:bob@" + peer_.server() + ">";
    if (!to_tag_.empty()) text += ";tag=" + to_tag_;
    text +=
        "\r\nCall-ID: " + call_id_ + "\r\nCSeq: " + std::to_string(cseq) + " " + method + "\r\nMax-Forwards: 70\r\n";
    if (method != "CANCEL") text += "Contact: <sip:alice@" + peer_.own() + ";transport=" + peer_.transport() + ">\r\n";
    text += more;
    if (!body.empty()) text += "Content-Type: " + type + "\r\n";
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    return text;
  }
  void send(const std::string& method, int cseq, const std::string& more = {}, const std::string& body = {}) {
    peer_.send(request(method, cseq, more, body));
  }
  // Remembers the dialog that a response began.
  void learn(const Reply& response) {
    to_tag_ = response.to_tag();
    const std::string contact = response.header("Contact");
    if (contact.find('<') != std::string::npos) target_ = contact.substr(1, contact.find('>') - 1);
  }
  void set_to_tag(std::string tag) {
    to_tag_ = std::move(tag);
    if (target_.empty()) target_ = "sip:bob@" + peer_.server();
  }
  const std::string& target() const { return target_; }

 private:
  Peer& peer_;
  std::string call_id_, to_tag_, target_;
};

// One call as the one who is called keeps it: writes the responses to an INVITE, and the requests of its dialog.
class Callee {
 public:
  Callee(Peer& peer, Reply invite, std::string tag = "c1")
      : peer_(peer), invite_(std::move(invite)), tag_(std::move(tag)) {}

  const Reply& invite() const { return invite_; }
  // A response to that request; `more` are further header lines, each with CRLF.
  std::string response(const Reply& request, int status, const std::string& more = {}, const std::string& body = {},
                       const std::string& type = "application/sdp") const {
    std::string text = "SIP/2.0 " + std::to_string(status) + " Whatever\r\n";
    for (const char* name : {"Via", "From", "Call-ID", "CSeq"}) {
      text += std::string(name) + ": " + request.header(name) + "\r\n";
    }
    const std::string to = request.header("To");
    text += "To: " + to + (to.find("tag=") == std::string::npos && status > 100 ? ";tag=" + tag_ : "") + "\r\n";
    if (status < 300 && more.find("Contact:") == std::string::npos) {
      text += "Contact: <sip:bob@" + peer_.own() + ";transport=" + peer_.transport() + ">\r\n";
    }
    text += more;
    if (!body.empty()) text += "Content-Type: " + type + "\r\n";
    return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  void respond(int status, const std::string& more = {}, const std::string& body = {}) {
    peer_.send(response(invite_, status, more, body));
  }
  void respond(const Reply& request, int status, const std::string& more = {}, const std::string& body = {}) {
    peer_.send(response(request, status, more, body));
  }
  // A request in the dialog.
  void send(const std::string& method, int cseq, const std::string& more = {}, const std::string& body = {},
            const std::string& type = "application/sdp") {
    const std::string contact = invite_.header("Contact");
    std::string text = method + " " + contact.substr(1, contact.find('>') - 1) + " SIP/2.0\r\n";
    text += "Via: SIP/2.0/" + peer_.transport() + " " + peer_.own() + ";branch=z9hG4bK" + tag_ + "-" +
            std::to_string(cseq) + (method == "CANCEL" ? "INVITE" : method) + "\r\n";
    text += "From: " + invite_.header("To") + ";tag=" + tag_ + "\r\nTo: " + invite_.header("From") +
            "\r\nCall-ID: " + invite_.header("Call-ID") + "\r\nCSeq: " + std::to_string(cseq) + " " + method +
            "\r\nMax-Forwards: 70\r\n";
    if (method != "CANCEL") text += "Contact: <sip:bob@" + peer_.own() + ">\r\n";
    text += more;
    if (!body.empty()) text += "Content-Type: " + type + "\r\n";
    peer_.send(text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

 private:
  Peer& peer_;
  Reply invite_;
  std::string tag_;
};

inline std::string ok_to(const Reply& request) {
  std::string text = "SIP/2.0 200 OK\r\n";
  for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"}) {
    text += std::string(name) + ": " + request.header(name) + "\r\n";
  }
  return text + "Content-Length: 0\r\n\r\n";
}

inline constexpr const char* kOffer =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";
inline constexpr const char* kAnswer =
    "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 50000 RTP/AVP 0\r\n";

}  // namespace sip::test
