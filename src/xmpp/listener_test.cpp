#include "xmpp/listener.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <sys/resource.h>

#include <asio/executor_work_guard.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "xmpp/verifier.hpp"

namespace xmpp {
namespace {

using asio::ip::tcp;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const std::string kHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='localhost' version='1.0'>";

// A client on a raw socket, driven by the listener's own event loop.
class Client {
 public:
  Client(asio::io_context& io, unsigned short port) : io_(io), socket_(io) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
  }

  // Runs the loop until `wanted` has come since the last call, or the server closes, or five seconds pass.
  std::string expect(const std::string& wanted) {
    const auto until = base::Clock::now() + 5s;
    while (seen_.find(wanted) == std::string::npos && !closed && base::Clock::now() < until) {
      if (!reading_) read();
      io_.run_one_for(50ms);
    }
    EXPECT_THAT(seen_, HasSubstr(wanted));
    return std::exchange(seen_, {});
  }
  bool expect_close() {
    const auto until = base::Clock::now() + 5s;
    while (!closed && base::Clock::now() < until) {
      if (!reading_) read();
      io_.run_one_for(50ms);
    }
    return closed;
  }
  void say(const std::string& text) {
    asio::error_code ignored;
    if (tls_) {
      asio::write(*tls_, asio::buffer(text), ignored);
    } else {
      asio::write(socket_, asio::buffer(text), ignored);
    }
  }
  bool start_tls(int max_version = TLS1_3_VERSION) {
    context_.set_verify_mode(asio::ssl::verify_none);
    SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.native_handle(), max_version);
    SSL_CTX_set_security_level(context_.native_handle(), 0);
    tls_.emplace(socket_, context_);
    std::optional<bool> done;
    tls_->async_handshake(asio::ssl::stream_base::client, [&](const asio::error_code& failed) { done = !failed; });
    while (!done) io_.run_one_for(50ms);
    return *done;
  }
  std::string log_in(const std::string& resource, const std::string& user = "alice",
                     const std::string& password = "pencil") {
    say(kHeader + "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" +
        base64(std::string(1, '\0') + user + std::string(1, '\0') + password) + "</auth>" + kHeader +
        "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>" + resource +
        "</resource></bind></iq>");
    return expect("</jid></bind></iq>");
  }
  tcp::socket& socket() { return socket_; }
  SSL* ssl() { return tls_->native_handle(); }

  bool closed = false;

 private:
  void read() {
    reading_ = true;
    const auto then = [this](const asio::error_code& failed, std::size_t size) {
      reading_ = false;
      if (failed) closed = true;
      seen_.append(in_, size);
    };
    if (tls_) {
      tls_->async_read_some(asio::buffer(in_), then);
    } else {
      socket_.async_read_some(asio::buffer(in_), then);
    }
  }

  asio::io_context& io_;
  tcp::socket socket_;
  asio::ssl::context context_{asio::ssl::context::tls_client};
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  bool reading_ = false;
  char in_[4096];
  std::string seen_;
};

class ListenerTest : public testing::Test, public Handler {
 protected:
  ListenerTest() {
    options.listen = {"127.0.0.1:0"};
    options.accounts = {{"alice", "pencil", "", ""}, {"bob", "crayon", "", ""}};
  }
  ~ListenerTest() override {
    listener.reset();
    io.poll();  // what was cancelled
  }

  bool on_stanza(const Account& account, xml::Element stanza) override {
    heard.push_back(account.name + ": " + xml::print(stanza, kClientNs));
    return true;
  }
  void on_gone(const Jid& client) override {
    gone.push_back(client.str());
    EXPECT_FALSE(listener && listener->send(client, xml::Element("presence", "jabber:client")));
  }

  void start() {
    listener = std::make_unique<Listener>(io, options, *this);
    const auto started = listener->start();
    ASSERT_TRUE(started) << started.error().text;
  }
  std::unique_ptr<Client> client() { return std::make_unique<Client>(io, listener->ports().at(0)); }
  template <class Condition>
  bool run_until(Condition condition) {
    const auto until = base::Clock::now() + 5s;
    while (!condition() && base::Clock::now() < until) io.run_one_for(50ms);
    return condition();
  }
  std::string error_of_start() {
    Listener other(io, options, *this);
    const auto started = other.start();
    return started ? "" : started.error().text;
  }
  static xml::Element message(const std::string& body) {
    xml::Element made("message", "jabber:client");
    made.add(xml::Element("body", "jabber:client")).add_text(body);
    return made;
  }

  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};  // never stops by itself
  ListenerOptions options;
  std::vector<std::string> heard, gone;
  std::unique_ptr<Listener> listener;
};

TEST_F(ListenerTest, logs_in_a_client_hears_it_and_speaks_to_it) {
  start();
  auto alice = client();
  EXPECT_THAT(alice->log_in("desk"), HasSubstr("<jid>alice@localhost/desk</jid>"));
  alice->say("<presence><show>chat</show></presence>");
  ASSERT_TRUE(run_until([&] { return heard.size() == 1; }));
  EXPECT_EQ(heard[0], "alice: <presence from='alice@localhost/desk'><show>chat</show></presence>");
  EXPECT_TRUE(listener->send(*Jid::parse("alice@localhost/desk"), message("a & b")));
  alice->expect("<message><body>a &amp; b</body></message>");
  EXPECT_FALSE(listener->send(*Jid::parse("alice@localhost/other"), message("x")));
  EXPECT_FALSE(listener->send(*Jid::parse("alice@localhost"), message("x")));
}

TEST_F(ListenerTest, tells_once_that_a_client_is_gone_whether_it_closes_or_drops) {
  start();
  auto polite = client();
  polite->log_in("polite");
  polite->say("</stream:stream>");
  polite->expect("</stream:stream>");
  EXPECT_TRUE(polite->expect_close());
  EXPECT_THAT(gone, testing::ElementsAre("alice@localhost/polite"));
  auto rude = client();
  rude->log_in("rude");
  rude->socket().set_option(asio::socket_base::linger(true, 0));
  rude.reset();
  EXPECT_TRUE(run_until([&] { return gone.size() == 2; }));
  EXPECT_EQ(gone[1], "alice@localhost/rude");
}

TEST_F(ListenerTest, serves_two_resources_of_one_account_at_once) {
  start();
  auto one = client(), two = client();
  one->log_in("one");
  two->log_in("two");
  EXPECT_TRUE(listener->send(*Jid::parse("alice@localhost/one"), message("for one")));
  EXPECT_TRUE(listener->send(*Jid::parse("alice@localhost/two"), message("for two")));
  EXPECT_THAT(one->expect("</message>"), Not(HasSubstr("two")));
  EXPECT_THAT(two->expect("</message>"), Not(HasSubstr("one")));
}

TEST_F(ListenerTest, gives_a_resource_to_who_binds_it_last) {
  start();
  auto old = client(), fresh = client();
  old->log_in("desk");
  fresh->log_in("desk");
  old->expect("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>");
  EXPECT_TRUE(old->expect_close());
  EXPECT_THAT(gone, testing::ElementsAre("alice@localhost/desk"));
  EXPECT_TRUE(listener->send(*Jid::parse("alice@localhost/desk"), message("hello")));
  fresh->expect("hello");
  EXPECT_EQ(gone.size(), 1U);
}

TEST_F(ListenerTest, ends_a_malformed_stream_and_touches_no_other) {
  start();
  auto good = client(), bad = client();
  good->log_in("good");
  bad->log_in("bad", "bob", "crayon");
  bad->say("<message></presence>" + std::string(100000, 'x'));  // unread bytes must not turn our words into a reset
  bad->expect("<not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>");
  EXPECT_THAT(gone, testing::ElementsAre("bob@localhost/bad"));
  good->say("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
  good->expect("<iq type='result' id='p'");
}

TEST_F(ListenerTest, speaks_tls_1_2_and_later_with_a_certificate_of_its_own_for_the_domain) {
  options.tls = Tls::required;
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto alice = client();
    alice->say(kHeader + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    EXPECT_THAT(alice->expect("<proceed"), HasSubstr("<required/>"));
    ASSERT_TRUE(alice->start_tls(version));
    X509* certificate = SSL_get_peer_certificate(alice->ssl());
    ASSERT_NE(certificate, nullptr);
    EXPECT_EQ(X509_check_host(certificate, "localhost", 0, 0, nullptr), 1);
    EXPECT_EQ(X509_check_host(certificate, "example.org", 0, 0, nullptr), 0);
    X509_free(certificate);
    alice->log_in("tls");
    listener->send(*Jid::parse("alice@localhost/tls"), message(std::string(100000, 'x')));
    alice->expect("</message>");
    alice->say("</stream:stream>");
    alice->expect("</stream:stream>");
    EXPECT_TRUE(alice->expect_close());
  }
  auto old = client();
  old->say(kHeader + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  old->expect("<proceed");
  EXPECT_FALSE(old->start_tls(TLS1_1_VERSION));
  EXPECT_EQ(gone.size(), 2U);
}

TEST_F(ListenerTest, survives_rubbish_instead_of_a_tls_handshake) {
  start();
  auto bad = client();
  bad->say(kHeader + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  bad->expect("<proceed");
  bad->say("this is no ClientHello at all, not in the least");
  EXPECT_TRUE(bad->expect_close());
  client()->log_in("after");
}

TEST_F(ListenerTest, cuts_off_who_does_not_authenticate_in_time) {
  options.authentication_timeout = 50ms;
  start();
  auto slow = client(), mute = client();
  slow->say(kHeader);
  slow->expect("<connection-timeout ");
  mute->expect("<connection-timeout ");
  EXPECT_TRUE(slow->expect_close());
  EXPECT_EQ(listener->stats().timed_out, 2U);
  EXPECT_THAT(gone, testing::IsEmpty());
}

TEST_F(ListenerTest, cuts_off_who_dawdles_in_the_tls_handshake) {
  options.authentication_timeout = 100ms;
  start();
  auto slow = client();
  slow->say(kHeader + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  slow->expect("<proceed");
  EXPECT_TRUE(slow->expect_close());
}

TEST_F(ListenerTest, keeps_a_bound_stream_past_the_authentication_timeout_but_not_past_the_idle_one) {
  options.authentication_timeout = 200ms;
  options.idle_timeout = 500ms;
  start();
  auto alice = client();
  alice->log_in("desk");
  const auto bound_at = base::Clock::now();
  alice->expect("<connection-timeout ");
  EXPECT_GE(base::Clock::now() - bound_at, 400ms);
  EXPECT_THAT(gone, testing::ElementsAre("alice@localhost/desk"));
}

TEST_F(ListenerTest, refuses_streams_over_the_limit_and_takes_new_ones_when_there_is_room) {
  options.max_streams = 1;
  start();
  auto first = client();
  first->log_in("first");
  auto second = client();
  second->expect("<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>");
  EXPECT_TRUE(second->expect_close());
  second.reset();
  first.reset();
  ASSERT_TRUE(run_until([&] { return gone.size() == 1; }));
  client()->log_in("third");
}

TEST_F(ListenerTest, cuts_off_who_does_not_read) {
  start();
  auto alice = client(), bob = client();
  alice->log_in("desk");
  bob->log_in("desk", "bob", "crayon");
  const Jid jid = *Jid::parse("alice@localhost/desk");
  const xml::Element big = message(std::string(256 * 1024, 'x'));
  int sent = 0;
  while (sent < 1000 && listener->send(jid, big)) ++sent;
  EXPECT_GE(sent, 31);
  EXPECT_LT(sent, 100);
  EXPECT_FALSE(listener->send(jid, message("x")));
  EXPECT_THAT(gone, testing::IsEmpty());  // not inside send()
  EXPECT_TRUE(run_until([&] { return !gone.empty(); }));
  EXPECT_THAT(gone, testing::ElementsAre("alice@localhost/desk"));
  EXPECT_EQ(listener->stats().overflowed, 1U);
  EXPECT_THAT(alice->expect("</stream:stream>"), HasSubstr("<policy-violation "));
  EXPECT_TRUE(listener->send(*Jid::parse("bob@localhost/desk"), message("x")));
}

TEST_F(ListenerTest, goes_on_when_there_are_no_descriptors_left) {
  start();
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  auto waiting = client();  // connected by the kernel, not accepted yet
  std::vector<base::Fd> used;
  rlimit tight = before;
  tight.rlim_cur = 200;
  setrlimit(RLIMIT_NOFILE, &tight);
  for (int fd = dup(0); fd >= 0; fd = dup(0)) used.emplace_back(fd);
  const auto until = base::Clock::now() + 300ms;
  int turns = 0;
  while (base::Clock::now() < until) turns += static_cast<int>(io.run_one_for(10ms));
  EXPECT_LT(turns, 20);  // it does not spin
  EXPECT_EQ(listener->stats().accepted, 0U);
  used.clear();
  setrlimit(RLIMIT_NOFILE, &before);
  waiting->log_in("desk");
}

TEST_F(ListenerTest, stops_with_a_word_to_everybody_and_says_when_it_is_done) {
  start();
  auto alice = client(), nobody = client();
  alice->log_in("desk");
  nobody->say(kHeader);
  nobody->expect("</stream:features>");
  bool done = false;
  listener->stop(2000ms, [&] { done = true; });
  EXPECT_FALSE(listener->send(*Jid::parse("alice@localhost/desk"), message("x")));
  alice->expect("<system-shutdown ");
  nobody->expect("<system-shutdown ");
  alice.reset();
  nobody.reset();
  EXPECT_TRUE(run_until([&] { return done; }));
  EXPECT_THAT(gone, testing::ElementsAre("alice@localhost/desk"));
}

TEST_F(ListenerTest, stops_within_the_grace_even_if_clients_do_not_close) {
  start();
  auto alice = client();
  alice->log_in("desk");
  bool done = false;
  listener->stop(100ms, [&] { done = true; });
  const auto began = base::Clock::now();
  EXPECT_TRUE(run_until([&] { return done; }));
  EXPECT_LT(base::Clock::now() - began, 1500ms);
  listener.reset();
  auto second = std::make_unique<Listener>(io, options, *this);
  ASSERT_TRUE(second->start());
  done = false;
  second->stop(100ms, [&] { done = true; });  // with nobody there
  EXPECT_TRUE(run_until([&] { return done; }));
}

TEST_F(ListenerTest, may_be_destroyed_with_clients_connected) {
  start();
  auto alice = client(), half = client();
  alice->log_in("desk");
  half->say(kHeader + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  half->expect("<proceed");
  listener.reset();
  EXPECT_TRUE(alice->expect_close());
  EXPECT_THAT(gone, testing::IsEmpty());
}

TEST_F(ListenerTest, keeps_streams_whose_account_is_removed_and_lets_in_new_accounts) {
  start();
  auto alice = client();
  alice->log_in("desk");
  listener->set_accounts({{"carol", "chalk", "", ""}});
  EXPECT_TRUE(listener->send(*Jid::parse("alice@localhost/desk"), message("still here")));
  alice->expect("still here");
  client()->log_in("desk", "carol", "chalk");
}

TEST_F(ListenerTest, names_what_keeps_it_from_starting) {
  start();
  options.listen = {"127.0.0.1:" + std::to_string(listener->ports()[0])};
  EXPECT_EQ(error_of_start(), "listen on " + options.listen[0] + ": Address already in use");
  options.listen = {"localhost:5222"};
  EXPECT_THAT(error_of_start(), HasSubstr("'localhost:5222' is no numeric address:port"));
  options.listen = {"127.0.0.1:0"};
  options.certificate = "/nonexistent/cert.pem";
  EXPECT_THAT(error_of_start(), HasSubstr("/nonexistent/cert.pem"));
  options.key = "/nonexistent/key.pem";
  EXPECT_THAT(error_of_start(), HasSubstr("certificate /nonexistent/cert.pem: "));
  options.certificate = options.key = "";
  options.domain = "not a domain";
  EXPECT_THAT(error_of_start(), HasSubstr("'not a domain'"));
}

TEST_F(ListenerTest, listens_on_several_addresses_of_both_families) {
  options.listen = {"127.0.0.1:0", "[::1]:0", "127.0.0.2:0"};
  start();
  ASSERT_EQ(listener->ports().size(), 3U);
  tcp::socket six(io);
  asio::error_code failed;
  six.connect({asio::ip::address_v6::loopback(), listener->ports()[1]}, failed);
  EXPECT_FALSE(failed) << failed.message();
}

}  // namespace
}  // namespace xmpp
