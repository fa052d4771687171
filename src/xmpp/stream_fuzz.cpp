// Feeds a whole c2s stream, without a socket, from the first byte on. The first byte of the input decides the
// configuration and the pieces. What the server says must be well-formed, stream by stream, and end when the stream
// does.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/log.hpp"
#include "xml/parser.hpp"
#include "xmpp/stream.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

struct Reader : xml::Parser::Events {
  void on_open(const xml::Parser::Root&) override {}
  void on_element(xml::Element) override {}
  void on_close() override { closed = true; }
  bool closed = false;
};

struct Server : xmpp::Stream::Host {
  void write(std::string bytes) override {
    require(!finished);
    if (bytes.starts_with("<?xml")) parser.reset(kLimits);
    require(parser.feed(bytes) == xml::ParseError::none);
  }
  void start_tls() override { tls_wanted = true; }
  void finish() override {
    require(!finished);
    finished = true;
  }
  void bind(const xmpp::Jid& client) override {
    require(xmpp::Jid::parse(client.str()) == client && !client.is_bare());
    ++bound;
  }
  void unbind(const xmpp::Jid&) override { --bound; }
  bool on_stanza(const xmpp::Account&, xml::Element stanza) override {
    require(bound == 1 && stanza.attribute("from") != nullptr);
    return stanza.attribute_or("type", "") != "get";
  }

  static constexpr xml::ParseLimits kLimits{1 << 22, 100};
  Reader reader;
  xml::Parser parser{reader, kLimits};
  bool tls_wanted = false;
  bool finished = false;
  int bound = 0;
};

const xmpp::ListenerOptions& options(int which) {
  static const auto all = [] {
    std::array<xmpp::ListenerOptions, 3> made;
    for (std::size_t i = 0; i < made.size(); ++i) {
      made[i].tls = std::array{xmpp::Tls::off, xmpp::Tls::optional, xmpp::Tls::required}[i];
      made[i].max_stanza = 4096;
      made[i].max_depth = 8;
      made[i].accounts = {{"alice", "pencil", "", ""}};
    }
    return made;
  }();
  return all[static_cast<std::size_t>(which)];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static xmpp::Authenticator authenticator = [] {
    base::log::configure(base::log::Level::error, base::log::Format::text);
    return xmpp::Authenticator("localhost", options(0).accounts);
  }();
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  Server server;
  xmpp::Listener::Stats stats;
  xmpp::Stream stream(server, options(data[0] % 3), authenticator, stats);
  const std::size_t piece = 1 + data[0] / 3;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    stream.receive(bytes.substr(at, piece));
    if (server.tls_wanted && !server.finished) {
      server.tls_wanted = false;
      stream.tls_started();
    }
  }
  require(stream.is_bound() == (server.bound == 1));
  if (data[0] % 2 == 0) {
    stream.end("system-shutdown");
    require(server.reader.closed || server.tls_wanted);
  } else {
    stream.drop();
  }
  require(server.finished && server.bound == 0);
  return 0;
}
