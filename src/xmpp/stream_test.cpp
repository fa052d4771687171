#include "xmpp/stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xmpp {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='localhost' version='1.0'>";
const std::string kPlain =
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHBlbmNpbA==</auth>";  // alice, pencil
const std::string kWrong = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHdyb25n</auth>";
const std::string kStarttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const std::string kBind =
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>desk</resource></bind></iq>";

class StreamTest : public testing::Test, public Stream::Host {
 protected:
  // What the server says to these bytes.
  std::string say(std::string_view bytes) {
    out.clear();
    stream().receive(bytes);
    return out;
  }
  Stream& stream() {
    if (!stream_) {
      authenticator_ = std::make_unique<Authenticator>("localhost", options.accounts);
      stream_ = std::make_unique<Stream>(*this, options, *authenticator_, stats);
    }
    return *stream_;
  }
  void log_in() {
    say(kHeader + kPlain + kHeader + kBind);
    ASSERT_TRUE(stream().is_bound()) << out;
    out.clear();
  }
  void expect_stream_error(const std::string& said, const std::string& condition) {
    EXPECT_THAT(said, HasSubstr("<stream:error><" + condition + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"));
    EXPECT_THAT(said, EndsWith("</stream:error></stream:stream>"));
    EXPECT_TRUE(stream().has_ended());
    EXPECT_EQ(finished, 1);
  }

  void write(std::string bytes) override { out += bytes; }
  void start_tls() override { ++tls; }
  void finish() override { ++finished; }
  void bind(const Jid& client) override { bound.push_back(client.str()); }
  void unbind(const Jid& client) override { unbound.push_back(client.str()); }
  bool on_stanza(const Account& account, xml::Element stanza) override {
    EXPECT_EQ(account.name, "alice");
    EXPECT_EQ(account.dialect, "rayo-2011");
    EXPECT_EQ(account.password, "");
    stanzas.push_back(xml::print(stanza, kClientNs));
    return handled;
  }

  ListenerOptions options = [] {
    ListenerOptions made;
    made.accounts = {{"alice", "pencil", "", "rayo-2011"}};
    return made;
  }();
  Listener::Stats stats;
  std::string out;
  int tls = 0, finished = 0;
  std::vector<std::string> bound, unbound, stanzas;
  bool handled = true;

 private:
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<Stream> stream_;
};

TEST_F(StreamTest, offers_tls_and_mechanisms_when_tls_is_optional) {
  const std::string said = say(kHeader);
  EXPECT_THAT(said, StartsWith("<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
                               "xmlns:stream='http://etherx.jabber.org/streams' id='"));
  EXPECT_THAT(said, HasSubstr("from='localhost' version='1.0' xml:lang='en'>"));
  EXPECT_THAT(
      said, EndsWith("<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
                     "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism>"
                     "<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms></stream:features>"));
}

TEST_F(StreamTest, offers_nothing_but_tls_when_it_is_required_and_refuses_sasl_before_it) {
  options.tls = Tls::required;
  EXPECT_THAT(say(kHeader), EndsWith("<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"
                                     "</starttls></stream:features>"));
  EXPECT_EQ(say(kPlain), "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><encryption-required/></failure>");
}

TEST_F(StreamTest, offers_no_tls_when_it_is_off_and_fails_who_asks_for_it) {
  options.tls = Tls::off;
  EXPECT_THAT(say(kHeader), Not(HasSubstr("starttls")));
  EXPECT_EQ(say(kStarttls), "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
  EXPECT_EQ(finished, 1);
}

TEST_F(StreamTest, forgets_what_was_said_in_the_clear_behind_starttls) {
  say(kHeader);
  EXPECT_EQ(say(kStarttls + kPlain), "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  EXPECT_EQ(tls, 1);
  EXPECT_EQ(say(kHeader), "");  // not yet
  out.clear();
  stream().tls_started();
  const std::string said = say(kHeader);
  EXPECT_THAT(said, Not(HasSubstr("starttls")));
  EXPECT_THAT(said, HasSubstr("<mechanism>PLAIN</mechanism>"));
  EXPECT_THAT(say(kPlain), StartsWith("<success "));
}

TEST_F(StreamTest, logs_in_and_binds_the_resource_asked_for) {
  say(kHeader);
  EXPECT_EQ(say(kPlain), "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  EXPECT_THAT(say(kHeader),
              EndsWith("<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><required/></bind>"
                       "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session></stream:features>"));
  EXPECT_EQ(say(kBind),
            "<iq type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            "<jid>alice@localhost/desk</jid></bind></iq>");
  EXPECT_THAT(bound, testing::ElementsAre("alice@localhost/desk"));
  EXPECT_EQ(stats.authenticated, 1U);
}

TEST_F(StreamTest, makes_a_resource_when_none_is_asked_for_and_refuses_one_that_cannot_be) {
  say(kHeader + kPlain + kHeader);
  EXPECT_THAT(say("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>" +
                  std::string(1024, 'r') + "</resource></bind></iq>"),
              HasSubstr("<error type='modify'><bad-request"));
  EXPECT_THAT(say("<iq type='set' id='2'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
              HasSubstr("<jid>alice@localhost/"));
  EXPECT_EQ(stream().client().resource.size(), 12U);
}

TEST_F(StreamTest, allows_three_failed_attempts_and_tells_the_reason_of_each) {
  say(kHeader);
  const std::string open = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>";
  EXPECT_EQ(say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X'/>"),
            open + "<invalid-mechanism/></failure>");
  EXPECT_EQ(say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AG Fs</auth>"),
            open + "<incorrect-encoding/></failure>");
  const std::string said = say(kWrong);
  EXPECT_THAT(said, StartsWith(open + "<not-authorized/></failure>"));
  expect_stream_error(said.substr(0, said.find("<text")) + "</stream:error></stream:stream>", "policy-violation");
  EXPECT_EQ(stats.authentication_failed, 3U);
}

TEST_F(StreamTest, lets_the_right_password_in_after_two_wrong_ones) {
  say(kHeader + kWrong + kWrong);
  EXPECT_THAT(say(kPlain), StartsWith("<success"));
}

TEST_F(StreamTest, challenges_who_sends_no_initial_response_and_takes_an_abort) {
  say(kHeader);
  EXPECT_EQ(say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>"),
            "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  EXPECT_THAT(say("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AGFsaWNlAHBlbmNpbA==</response>"),
              StartsWith("<success"));
}

TEST_F(StreamTest, ends_an_exchange_that_is_aborted) {
  say(kHeader + "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'/>");
  EXPECT_THAT(say("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"), HasSubstr("<aborted/>"));
  EXPECT_THAT(say(kPlain), StartsWith("<success"));
}

TEST_F(StreamTest, answers_session_roster_and_pings_itself) {
  log_in();
  EXPECT_EQ(say("<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"),
            "<iq type='result' id='s' to='alice@localhost/desk'/>");
  EXPECT_EQ(say("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"),
            "<iq type='result' id='r' to='alice@localhost/desk'><query xmlns='jabber:iq:roster'/></iq>");
  EXPECT_THAT(say("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='a@b'/></query></iq>"),
              HasSubstr("<error type='cancel'><not-allowed "));
  for (const char* type : {"get", "set"}) {
    EXPECT_EQ(say("<iq type='" + std::string(type) + "' id='p' to='LOCALHOST'><ping xmlns='urn:xmpp:ping'/></iq>"),
              "<iq type='result' id='p' from='LOCALHOST' to='alice@localhost/desk'/>");
    EXPECT_EQ(
        say("<iq type='" + std::string(type) + "' id='p' to='alice@localhost'><ping xmlns='urn:xmpp:ping'/></iq>"),
        "<iq type='result' id='p' from='alice@localhost' to='alice@localhost/desk'/>");
  }
  EXPECT_THAT(stanzas, testing::IsEmpty());
}

TEST_F(StreamTest, hands_on_the_rest_from_its_full_jid) {
  log_in();
  EXPECT_EQ(say("<presence from='alice@localhost'/><message><body>x</body></message>"
                "<iq type='set' id='1' to='call@localhost' from='alice@localhost/desk'><record "
                "xmlns='urn:xmpp:rayo:record:1'/></iq>"),
            "");
  EXPECT_THAT(stanzas,
              testing::ElementsAre("<presence from='alice@localhost/desk'/>",
                                   "<message from='alice@localhost/desk' to='alice@localhost'><body>x</body></message>",
                                   "<iq type='set' id='1' to='call@localhost' from='alice@localhost/desk'><record "
                                   "xmlns='urn:xmpp:rayo:record:1'/></iq>"));
}

TEST_F(StreamTest, says_service_unavailable_to_an_iq_nobody_handles_but_never_answers_an_answer) {
  log_in();
  handled = false;
  EXPECT_EQ(say("<iq type='get' id='1' to='x@localhost'><q xmlns='y'/></iq>"),
            "<iq type='error' id='1' from='x@localhost' to='alice@localhost/desk'><q xmlns='y'/><error type='cancel'>"
            "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  EXPECT_EQ(say("<iq type='result' id='1'/><iq type='error' id='2'/><iq type='result'/><message/><presence/>"), "");
}

TEST_F(StreamTest, calls_an_iq_bad_that_has_no_id_a_strange_type_or_not_one_child) {
  log_in();
  for (const char* iq : {"<iq type='get'><q xmlns='y'/></iq>", "<iq type='put' id='1'><q xmlns='y'/></iq>",
                         "<iq id='1'><q xmlns='y'/></iq>", "<iq type='get' id='1'/>",
                         "<iq type='get' id='1'><q xmlns='y'/><r xmlns='y'/></iq>"}) {
    EXPECT_THAT(say(iq), HasSubstr("<error type='modify'><bad-request ")) << iq;
  }
  EXPECT_THAT(say("<iq type='get' id='1' to='a@b@c'><q xmlns='y'/></iq>"), HasSubstr("<jid-malformed "));
  EXPECT_FALSE(stream().has_ended());
  EXPECT_THAT(stanzas, testing::IsEmpty());
}

TEST_F(StreamTest, ends_who_speaks_for_somebody_else) {
  log_in();
  expect_stream_error(say("<presence from='alice@localhost/other'/>"), "invalid-from");
  EXPECT_THAT(unbound, testing::ElementsAre("alice@localhost/desk"));
  EXPECT_THAT(stanzas, testing::IsEmpty());
}

TEST_F(StreamTest, answers_a_close_with_a_close) {
  log_in();
  EXPECT_EQ(say("</stream:stream>"), "</stream:stream>");
  EXPECT_EQ(finished, 1);
  EXPECT_EQ(unbound.size(), 1U);
  stream().drop();
  EXPECT_EQ(unbound.size(), 1U);
  EXPECT_EQ(say("<presence/>"), "");
}

TEST_F(StreamTest, ignores_white_space_between_stanzas) {
  log_in();
  EXPECT_EQ(say(" "), "");
  EXPECT_EQ(say("\n\r\t"), "");
  EXPECT_TRUE(stream().is_bound());
}

TEST_F(StreamTest, binds_only_once) {
  log_in();
  EXPECT_THAT(say(kBind), HasSubstr("<not-allowed "));
  EXPECT_TRUE(stream().is_bound());
}

struct Misdeed {
  std::string name, bytes, condition;
  bool authenticated = false;
};
class StreamErrorTest : public StreamTest, public testing::WithParamInterface<Misdeed> {};

TEST_P(StreamErrorTest, ends_with_the_right_stream_error) {
  if (GetParam().authenticated) log_in();
  std::string said = say(GetParam().bytes);
  if (!GetParam().authenticated) {
    EXPECT_THAT(said, StartsWith("<?xml version='1.0'?><stream:stream "));
  }
  if (const std::size_t text = said.find("<text "); text != std::string::npos) {
    said = said.substr(0, text) + "</stream:error></stream:stream>";
  }
  expect_stream_error(said, GetParam().condition);
}

std::string header_with(const std::string& from, const std::string& to) {
  std::string header = kHeader;
  return header.replace(header.find(from), from.size(), to);
}

INSTANTIATE_TEST_SUITE_P(
    Misdeeds, StreamErrorTest,
    testing::Values(
        Misdeed{"http", "GET / HTTP/1.1\r\n\r\n", "not-well-formed"},
        Misdeed{"half_a_tag", kHeader + "<a></b>", "not-well-formed"},
        Misdeed{"doctype", "<!DOCTYPE x [<!ENTITY a 'b'>]>" + kHeader, "restricted-xml"},
        Misdeed{"comment", kHeader + "<!-- x -->", "restricted-xml"},
        Misdeed{"encoding", "<?xml version='1.0' encoding='latin1'?><a>", "unsupported-encoding"},
        Misdeed{"other_root_namespace", header_with("http://etherx.jabber.org/streams", "urn:x"), "invalid-namespace"},
        Misdeed{"other_root", "<stream:straem xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
                "bad-format"},
        Misdeed{"server_namespace", header_with("jabber:client", "jabber:server"), "invalid-namespace"},
        Misdeed{"other_domain", header_with("localhost", "example.org"), "host-unknown"},
        Misdeed{"version", header_with("version='1.0'>", "version='0.9'>"), "unsupported-version"},
        Misdeed{"text_between", kHeader + "hello", "bad-format"},
        Misdeed{"stanza_too_early", kHeader + "<iq type='get' id='1'><q xmlns='x'/></iq>", "not-authorized"},
        Misdeed{"presence_before_bind", kHeader + kPlain + kHeader + "<presence/>", "not-authorized"},
        Misdeed{"unknown_before_login", kHeader + "<x xmlns='y'/>", "unsupported-stanza-type"},
        Misdeed{"big_before_login", kHeader + "<auth>" + std::string(16384, 'x'), "policy-violation"},
        Misdeed{"unknown_stanza", "<x/>", "unsupported-stanza-type", true},
        Misdeed{"other_namespace", "<iq xmlns='jabber:server' type='get' id='1'/>", "unsupported-stanza-type", true},
        Misdeed{"auth_again", kPlain, "unsupported-stanza-type", true},
        Misdeed{"foreign_from", "<message from='bob@localhost'/>", "invalid-from", true},
        Misdeed{"malformed_from", "<message from='@'/>", "invalid-from", true},
        Misdeed{"too_big", "<message><body>" + std::string(262144, 'x') + "</body></message>", "policy-violation",
                true},
        Misdeed{"endless_tag", "<message to='" + std::string(262144, 'x'), "policy-violation", true},
        Misdeed{"too_deep",
                [] {
                  std::string s;
                  for (int i = 0; i < 65; ++i) s += "<message>";
                  return s;
                }(),
                "policy-violation", true}),
    [](const auto& info) { return info.param.name; });

TEST_F(StreamTest, takes_a_header_without_to_or_version_and_a_stanza_of_the_full_size) {
  EXPECT_THAT(say("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"),
              EndsWith("</stream:features>"));
  EXPECT_THAT(say(kPlain), StartsWith("<success"));
  say(kHeader + kBind);
  const std::string open = "<message><body>", close = "</body></message>";
  EXPECT_EQ(say(open + std::string(262144 - open.size() - close.size(), 'x') + close), "");
  EXPECT_EQ(stanzas.size(), 1U);
}

TEST_F(StreamTest, opens_its_own_stream_before_an_error_that_comes_first) {
  stream().end("system-shutdown");
  EXPECT_THAT(out, StartsWith("<?xml version='1.0'?><stream:stream "));
  expect_stream_error(out, "system-shutdown");
}

TEST_F(StreamTest, says_nothing_in_the_middle_of_a_tls_handshake) {
  say(kHeader + kStarttls);
  out.clear();
  stream().end("connection-timeout");
  EXPECT_EQ(out, "");
  EXPECT_EQ(finished, 1);
}

TEST(Stanza, errors_carry_the_payload_then_the_type_and_the_condition_first) {
  xml::Element iq("iq", "jabber:client");
  iq.set("type", "set").set("id", "1").set("from", "a@b/c").set("to", "call@b");
  iq.add(xml::Element("pause", "urn:xmpp:rayo:record:1"));
  EXPECT_EQ(
      xml::print(error_of(iq, "wait", "resource-constraint", "no space"), kClientNs),
      "<iq type='error' id='1' from='call@b' to='a@b/c'><pause xmlns='urn:xmpp:rayo:record:1'/><error type='wait'>"
      "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
      "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>no space</text></error></iq>");
  EXPECT_EQ(xml::print(result_of(iq), kClientNs), "<iq type='result' id='1' from='call@b' to='a@b/c'/>");
}

}  // namespace
}  // namespace xmpp
