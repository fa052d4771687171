#include "xmpp/stream.hpp"

#include <algorithm>
#include <optional>

#include "base/log.hpp"
#include "base/random.hpp"
#include "xmpp/core_iq.hpp"

namespace xmpp {
namespace {

constexpr std::string_view kStreamNs = "http://etherx.jabber.org/streams";
constexpr std::string_view kStreamErrorsNs = "urn:ietf:params:xml:ns:xmpp-streams";
constexpr std::string_view kTlsNs = "urn:ietf:params:xml:ns:xmpp-tls";
constexpr std::string_view kSaslNs = "urn:ietf:params:xml:ns:xmpp-sasl";
constexpr std::string_view kBindNs = "urn:ietf:params:xml:ns:xmpp-bind";
constexpr std::string_view kSessionNs = "urn:ietf:params:xml:ns:xmpp-session";
constexpr std::size_t kUnauthenticatedBytes = 16384;  // RFC 6120 §13.12 asks for 10000 at least
constexpr int kMaxFailures = 3;
constexpr std::size_t kResourceLength = 12;

xml::Element element(std::string_view name, std::string_view ns) { return {std::string(name), std::string(ns)}; }

std::string_view condition_of(xml::ParseError error) {
  switch (error) {
    case xml::ParseError::restricted_xml:
      return "restricted-xml";
    case xml::ParseError::unsupported_encoding:
      return "unsupported-encoding";
    case xml::ParseError::bad_format:
      return "bad-format";
    case xml::ParseError::too_big:
    case xml::ParseError::too_deep:
      return "policy-violation";
    case xml::ParseError::none:
    case xml::ParseError::not_well_formed:
      break;
  }
  return "not-well-formed";
}

// "1.0" and whatever is later; absence is forgiven.
bool is_supported(const std::string* version) {
  return version == nullptr || (!version->empty() && version->front() >= '1' && version->front() <= '9');
}

bool is_stanza(const xml::Element& element) {
  return element.ns == kClientNs && (element.name == "iq" || element.name == "message" || element.name == "presence");
}

}  // namespace

Stream::Stream(Host& host, const ListenerOptions& options, Authenticator& authenticator, Listener::Stats& stats)
    : host_(host), options_(options), authenticator_(authenticator), stats_(stats), parser_(*this, limits()) {}

xml::ParseLimits Stream::limits() const {
  return {is_authenticated() ? options_.max_stanza : std::min(options_.max_stanza, kUnauthenticatedBytes),
          options_.max_depth};
}

void Stream::receive(std::string_view bytes) {
  if (has_ended()) return;
  const xml::ParseError error = parser_.feed(bytes);
  if (error != xml::ParseError::none) end(condition_of(error), name_of(error));
}

void Stream::tls_started() {
  if (state_ != State::tls) return;
  secure_ = true;
  restart();
}

void Stream::restart() {
  state_ = State::header;
  header_written_ = false;
  parser_.reset(limits());
}

void Stream::write_header(const xml::Parser::Root* root) {
  std::string header = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='" +
                       std::string(kStreamNs) + "' id='" + base::random_id(20) + "' from='" +
                       xml::escaped(options_.domain) + "'";
  if (root != nullptr) {
    const auto from = Jid::parse(root->element.attribute_or("from", ""));
    if (from) header += " to='" + xml::escaped(from->str()) + "'";
  }
  header_written_ = true;
  host_.write(header + " version='1.0' xml:lang='en'>");
}

void Stream::write_features() {
  std::string features = "<stream:features>";
  if (is_authenticated()) {
    xml::Element bind = element("bind", kBindNs);
    bind.add(element("required", kBindNs));
    xml::Element session = element("session", kSessionNs);
    session.add(element("optional", kSessionNs));
    features += xml::print(bind, kClientNs) + xml::print(session, kClientNs);
  } else {
    if (!secure_ && options_.tls != Tls::off) {
      xml::Element starttls = element("starttls", kTlsNs);
      if (options_.tls == Tls::required) starttls.add(element("required", kTlsNs));
      features += xml::print(starttls, kClientNs);
    }
    if (secure_ || options_.tls != Tls::required) {
      xml::Element mechanisms = element("mechanisms", kSaslNs);
      for (const std::string& name : authenticator_.mechanisms()) {
        mechanisms.add(element("mechanism", kSaslNs)).add_text(name);
      }
      features += xml::print(mechanisms, kClientNs);
    }
  }
  host_.write(features + "</stream:features>");
}

void Stream::on_open(const xml::Parser::Root& root) {
  if (has_ended()) return;
  write_header(&root);
  if (root.element.ns != kStreamNs) return end("invalid-namespace");
  if (root.element.name != "stream") return end("bad-format");
  if (root.default_ns != kClientNs) return end("invalid-namespace");
  if (!is_supported(root.element.attribute("version"))) return end("unsupported-version");
  if (const std::string* to = root.element.attribute("to")) {
    const auto domain = Jid::parse(*to);
    if (!domain) return end("improper-addressing");
    if (*domain != Jid{{}, options_.domain, {}}) return end("host-unknown");
  }
  state_ = is_authenticated() ? State::binding : State::negotiating;
  write_features();
}

void Stream::on_close() {
  if (has_ended()) return;
  host_.write("</stream:stream>");
  leave();
}

void Stream::on_element(xml::Element element) {
  if (element.is("error", kStreamNs)) return on_close();  // the client's own stream error
  switch (state_) {
    case State::negotiating:
      return negotiate(element);
    case State::sasl:
      return continue_sasl(element);
    case State::binding:
      if (element.is("iq", kClientNs) && element.find("bind", kBindNs) != nullptr) return bind(element);
      return end(is_stanza(element) ? "not-authorized" : "unsupported-stanza-type");
    case State::bound:
      return route(std::move(element));
    case State::header:
    case State::tls:
    case State::ended:
      return;
  }
}

void Stream::negotiate(const xml::Element& element) {
  if (element.is("starttls", kTlsNs)) return begin_tls();
  if (element.is("auth", kSaslNs)) return begin_sasl(element);
  if (element.ns == kSaslNs) return fail_sasl(element.name == "abort" ? "aborted" : "malformed-request");
  end(is_stanza(element) ? "not-authorized" : "unsupported-stanza-type");
}

void Stream::begin_tls() {
  if (secure_ || options_.tls == Tls::off) {  // RFC 6120 §5.4.2.2
    host_.write(xml::print(element("failure", kTlsNs), kClientNs) + "</stream:stream>");
    return leave();
  }
  state_ = State::tls;
  parser_.stop();  // what came in the clear behind <starttls/> must not be taken for something said under TLS
  host_.write(xml::print(element("proceed", kTlsNs), kClientNs));
  host_.start_tls();
}

void Stream::begin_sasl(const xml::Element& auth) {
  if (!secure_ && options_.tls == Tls::required) return fail_sasl("encryption-required");
  exchange_ = authenticator_.begin(auth.attribute_or("mechanism", ""));
  if (!exchange_) return fail_sasl("invalid-mechanism");
  state_ = State::sasl;
  step_sasl(auth.text());
}

void Stream::continue_sasl(const xml::Element& element) {
  if (element.is("response", kSaslNs)) return step_sasl(element.text());
  if (element.is("abort", kSaslNs)) return fail_sasl("aborted");
  if (element.ns == kSaslNs) return fail_sasl("malformed-request");
  end(is_stanza(element) ? "not-authorized" : "unsupported-stanza-type");
}

void Stream::step_sasl(const std::string& base64_input) {
  const auto input = base64_input == "=" ? base::Result<std::string>(std::string()) : from_base64(base64_input);
  if (!input) return fail_sasl("incorrect-encoding");
  const SaslExchange::Step step = exchange_->step(*input);
  if (step.status == SaslExchange::Status::failure) return fail_sasl(step.condition);
  const bool more = step.status == SaslExchange::Status::more;
  xml::Element reply = element(more ? "challenge" : "success", kSaslNs);
  reply.add_text(base64(step.output));
  host_.write(xml::print(reply, kClientNs));
  if (more) return;
  account_ = exchange_->account();
  account_.password.clear();
  account_.verifier.clear();
  exchange_.reset();
  client_ = {account_.name, options_.domain, {}};
  ++stats_.authenticated;
  restart();
}

void Stream::fail_sasl(std::string_view condition) {
  exchange_.reset();
  state_ = State::negotiating;
  ++stats_.authentication_failed;
  base::log::info("xmpp", "authentication failed: {}", condition);
  xml::Element failure = element("failure", kSaslNs);
  failure.add(element(condition, kSaslNs));
  host_.write(xml::print(failure, kClientNs));
  if (++failures_ >= kMaxFailures) end("policy-violation", "too many failed authentications");
}

void Stream::bind(const xml::Element& iq) {
  const auto refuse = [&](std::string_view text) { send(error_of(iq, "modify", "bad-request", text)); };
  if (iq.attribute_or("type", "") != "set" || iq.attribute("id") == nullptr)
    return refuse("bind is an iq set with an id");
  const xml::Element* wanted = iq.find("bind", kBindNs)->find("resource", kBindNs);
  std::string resource = wanted != nullptr ? wanted->text() : "";
  if (resource.empty()) resource = base::random_id(kResourceLength);
  const auto full = Jid::parse(client_.str() + "/" + resource);
  if (!full) return refuse("this resource is none");
  client_ = *full;
  state_ = State::bound;
  base::log::info("xmpp", "{} is bound{}", client_.str(), secure_ ? ", over TLS" : "");
  host_.bind(client_);
  if (has_ended()) return;
  xml::Element result(iq.name, iq.ns);
  result.set("type", "result").set("id", iq.attribute_or("id", ""));
  result.add(element("bind", kBindNs)).add(element("jid", kBindNs)).add_text(client_.str());
  send(result);
}

void Stream::route(xml::Element stanza) {
  if (!is_stanza(stanza)) return end("unsupported-stanza-type");
  ++stats_.stanzas_in;
  if (const std::string* from = stanza.attribute("from")) {
    const auto claimed = Jid::parse(*from);
    if (!claimed || (*claimed != client_ && *claimed != client_.bare())) return end("invalid-from");
  }
  stanza.set("from", client_.str());
  const bool is_iq = stanza.name == "iq";
  const std::string type = stanza.attribute_or("type", "");
  const bool is_answer = type == "error" || (is_iq && type == "result");
  if (const std::string* to = stanza.attribute("to"); to != nullptr && !Jid::parse(*to)) {
    if (!is_answer) send(error_of(stanza, "modify", "jid-malformed"));
    return;
  }
  if (is_iq && !is_answer) {
    if (const auto answer = answer_core_iq(stanza, client_, options_.domain)) return send(*answer);
  }
  if (stanza.name != "presence" && stanza.attribute("to") == nullptr) stanza.set("to", client_.bare().str());
  std::optional<xml::Element> refusal;
  if (is_iq && !is_answer) refusal = error_of(stanza, "cancel", "service-unavailable");
  if (!host_.on_stanza(account_, std::move(stanza)) && refusal) send(*refusal);
}

void Stream::send(const xml::Element& stanza) {
  if (has_ended()) return;
  ++stats_.stanzas_out;
  host_.write(xml::print(stanza, stanza.ns.empty() ? std::string_view() : kClientNs));
}

void Stream::end(std::string_view condition, std::string_view text) {
  if (has_ended()) return;
  ++stats_.stream_errors;
  base::log::debug("xmpp", "stream of {} ends: {} {}", client_.domain.empty() ? "nobody yet" : client_.str(), condition,
                   text);
  if (state_ != State::tls) {  // there, nothing can be said
    if (!header_written_) write_header(nullptr);
    std::string error = "<stream:error>" + xml::print(element(condition, kStreamErrorsNs), kClientNs);
    if (!text.empty()) {
      xml::Element words = element("text", kStreamErrorsNs);
      words.attributes.push_back({"lang", "en", "http://www.w3.org/XML/1998/namespace"});
      error += xml::print(words.add_text(text), kClientNs);
    }
    host_.write(error + "</stream:error></stream:stream>");
  }
  leave();
}

void Stream::drop() {
  if (!has_ended()) leave();
}

void Stream::leave() {
  const bool was_bound = is_bound();
  state_ = State::ended;
  parser_.stop();
  exchange_.reset();
  host_.finish();
  if (was_bound) host_.unbind(client_);
}

}  // namespace xmpp
