// What calls, mixers and their components report, as events to clients: see server.hpp.
#include <chrono>
#include <string_view>
#include <strings.h>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/utc.hpp"
#include "rayo/address.hpp"
#include "rayo/completion.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/server.hpp"

namespace rayo {

namespace log = base::log;

namespace {

// XEP-0203: when it happened, in UTC.
xml::Element delay_stamp() {
  return xml::Element("delay", std::string(ns::kDelay)).set("stamp", base::utc_text(std::chrono::system_clock::now()));
}

xml::Element rayo_element(std::string_view name) { return {std::string(name), std::string(ns::kRayo)}; }

void add_headers(xml::Element& element, const sip::Headers& headers) {
  for (const auto& [name, value] : headers) element.add(rayo_element("header").set("name", name).set("value", value));
}

// "text/plain", whatever its parameters; also what says nothing (RFC 3428 §4).
bool is_plain_text(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
  return type.empty() || (type.size() == 10 && strncasecmp(type.data(), "text/plain", 10) == 0);
}

const call::Mixer& mixer(const call::Host& host) { return static_cast<const call::Mixer&>(host); }
const call::Call& call(const call::Host& host) { return static_cast<const call::Call&>(host); }

}  // namespace

// ---- how it is told ----

bool Server::tell(const xmpp::Jid& to, const xmpp::Jid& from, bool unavailable, std::optional<xml::Element> event,
                  std::optional<Entity> with_caps, bool before_the_reply) {
  const std::string what = event ? event->name : "presence";
  xml::Element presence("presence", std::string(xmpp::kClientNs));
  presence.set("to", to.str()).set("from", from.str());
  if (unavailable) presence.set("type", "unavailable");
  if (event) presence.add(std::move(*event));
  if (with_caps) presence.add(caps(*with_caps));
  if (events_are_stamped(clients_.dialect(to))) presence.add(delay_stamp());
  if (handling_ && !before_the_reply) {
    held_.emplace_back(to, std::move(presence));
    return clients_.is_connected(to);
  }
  if (send_(to, presence)) return true;
  log::warn("rayo", "{}: <{}/> could not be told to {}: gone", from.str(), what, to.str());
  return false;
}

const xmpp::Jid* Server::controller_of(const call::Host& host) const {
  const auto found = controls_.find(host.id());
  return found != controls_.end() && found->second.controller ? &*found->second.controller : nullptr;
}

void Server::tell_controller(const call::Call& call, xml::Element event) {
  if (const xmpp::Jid* controller = controller_of(call)) {
    tell(*controller, jid_of(options_.domain, call), false, std::move(event));
  }
}

// §6.4 shows the mixer's presence in front of the reply to the join that made it. Of a mixer hear those who have joined
// calls to it, or have subscribed.
void Server::watch(const call::Mixer& mixer, const xmpp::Jid& client) {
  if (!watchers_[mixer.id()].insert(client).second) return;
  tell(client, jid_of(options_.domain, mixer), false, std::nullopt, Entity::mixer, true);
}

// ---- calls ----

bool Server::on_offer(call::Call& call) {
  const std::vector<xmpp::Jid> available = clients_.available();
  if (available.empty()) return false;
  xml::Element offer = rayo_element("offer");
  offer.set("to", call.to()).set("from", call.from());
  add_headers(offer, call.headers());
  Control& control = controls_[call.id()];
  control.involved.insert(available.begin(), available.end());
  for (const xmpp::Jid& client : available) {
    tell(client, jid_of(options_.domain, call), false, offer, Entity::call);
  }
  return true;
}

void Server::on_ringing(call::Call& call, const sip::Headers& headers) {
  xml::Element event = rayo_element("ringing");
  add_headers(event, headers);
  tell_controller(call, std::move(event));
}

void Server::on_answered(call::Call& call, const sip::Headers& headers) {
  xml::Element event = rayo_element("answered");
  add_headers(event, headers);
  tell_controller(call, std::move(event));
}

void Server::on_digit(call::Call& call, char digit, base::milliseconds duration) {
  tell_controller(
      call,
      rayo_element("dtmf").set("signal", std::string(1, digit)).set("duration", std::to_string(duration.count())));
}

// §6.8.1: a MESSAGE of the party is a message of the call.
void Server::on_message(call::Call& call, const sip::Message& message) {
  const xmpp::Jid* controller = controller_of(call);
  if (controller == nullptr || !is_plain_text(message.content_type)) return;
  xml::Element stanza("message", std::string(xmpp::kClientNs));
  stanza.set("to", controller->str()).set("from", jid_of(options_.domain, call).str()).set("type", "normal");
  xml::Element body("body", std::string(xmpp::kClientNs));
  body.add_text(message.body);
  stanza.add(std::move(body));
  send_(*controller, stanza);
}

void Server::on_ended(call::Call& call, const call::End& end) {
  const auto found = controls_.find(call.id());
  if (found == controls_.end()) return;
  for (const xmpp::Jid& client : found->second.involved) {
    xml::Element event = rayo_element("end");
    event.add(end_reason(clients_.dialect(client), end));
    add_headers(event, end.headers);
    const xmpp::Jid jid = jid_of(options_.domain, call);
    const bool is_told = tell(client, jid, true, std::move(event));
    // It follows what could not be told either.
    if (!is_told && untold_.has_of(jid, client)) untold_.add_end(jid, client, end, std::chrono::system_clock::now());
  }
  controls_.erase(found);
}

// ---- joins and mixers ----

// `event` of `host`, which is joined, or was, to `beside`.
void Server::tell_join(std::string_view event, call::Host& host, call::Host& beside) {
  xml::Element element = rayo_element(event);
  if (beside.is_mixer()) {
    element.set("mixer-name", mixer(beside).name());
  } else {
    element.set("call-uri", "xmpp:" + jid_of(options_.domain, beside).str()).set("call-id", beside.id());
  }
  if (!host.is_mixer()) return tell_controller(call(host), std::move(element));
  for (const xmpp::Jid& watcher : watchers_[host.id()]) {
    tell(watcher, jid_of(options_.domain, host), false, element);
  }
}

void Server::on_joined(call::Host& one, call::Host& other) {
  for (const auto& [host, beside] : {std::pair(&one, &other), std::pair(&other, &one)}) {
    const xmpp::Jid* controller = controller_of(*beside);
    if (host->is_mixer() && controller != nullptr) watch(mixer(*host), *controller);
  }
  tell_join("joined", one, other);
  tell_join("joined", other, one);
}

void Server::on_unjoined(call::Host& one, call::Host& other) {
  tell_join("unjoined", one, other);
  tell_join("unjoined", other, one);
}

void Server::on_speaking(call::Mixer& mixer, call::Call& speaker, bool speaking) {
  xml::Element event = rayo_element(speaking ? "started-speaking" : "stopped-speaking");
  event.set("call-uri", "xmpp:" + jid_of(options_.domain, speaker).str()).set("call-id", speaker.id());
  for (const xmpp::Jid& watcher : watchers_[mixer.id()]) tell(watcher, jid_of(options_.domain, mixer), false, event);
}

void Server::on_mixer_gone(call::Mixer& mixer) {
  const auto found = watchers_.find(mixer.id());
  if (found == watchers_.end()) return;
  for (const xmpp::Jid& watcher : found->second) tell(watcher, jid_of(options_.domain, mixer), true, std::nullopt);
  watchers_.erase(found);
}

// ---- components ----

void Server::on_timers_started(call::Host& host, const std::string& component) {
  const auto found = owned_.find(component);
  if (found == owned_.end()) return;
  tell(found->second.owner, component_jid(options_.domain, host, component), false,
       xml::Element("input-timers-started", std::string(ns::kPrompt)));
}

void Server::on_complete(call::Host& host, const std::string& component, const call::Outcome& outcome) {
  const auto found = owned_.find(component);
  if (found == owned_.end()) return;
  // A call's controlling party may have come back under another resource.
  const xmpp::Jid* controller = controller_of(host);
  const xmpp::Jid to = controller != nullptr ? *controller : found->second.owner;
  owned_.erase(found);
  const Dialect dialect = clients_.dialect(to);
  const bool is_told = tell(to, component_jid(options_.domain, host, component), complete_is_unavailable(dialect),
                            complete_element(dialect, outcome));
  const auto* recording = std::get_if<record::Outcome>(&outcome);
  if (recording == nullptr) return;
  if (is_told) return untold_.settle(component);
  untold_.set_due(component, *recording, std::chrono::system_clock::now(), to);
  tell_what_is_due_of(to.bare());
}

}  // namespace rayo
