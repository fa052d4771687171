#include "rayo/server.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/utc.hpp"
#include "rayo/address.hpp"
#include "rayo/namespaces.hpp"

namespace rayo {

namespace log = base::log;
using base::Error;
using base::Kind;
using base::Result;

namespace {

// XEP-0203: when it happened, in UTC.
xml::Element delay_stamp() {
  return xml::Element("delay", std::string(ns::kDelay)).set("stamp", base::utc_text(std::chrono::system_clock::now()));
}

void add_headers(xml::Element& element, const sip::Headers& headers) {
  for (const auto& [name, value] : headers) {
    element.add(xml::Element("header", std::string(ns::kRayo)).set("name", name).set("value", value));
  }
}

bool is_rayo(std::string_view ns) { return ns.starts_with("urn:xmpp:rayo:"); }

}  // namespace

Server::Server(ServerOptions options, Reply::Send send)
    : options_(std::move(options)), send_(std::move(send)), clients_(options_.dialect) {}

// ---- what clients send ----

bool Server::on_stanza(const xmpp::Account& account, xml::Element stanza) {
  const auto from = xmpp::Jid::parse(stanza.attribute_or("from", ""));
  if (!from) return false;
  const std::string* to_text = stanza.attribute("to");
  const auto to = to_text != nullptr ? xmpp::Jid::parse(*to_text) : std::nullopt;
  const bool ours = to && is_ours(*to, options_.domain);
  if (stanza.name == "presence") {
    on_presence(*from, account, stanza, to);
    return true;
  }
  clients_.note(*from, account.dialect);
  const std::string type = stanza.attribute_or("type", "");
  if (stanza.name == "message") {
    if (type != "error" && ours) {
      send_(*from, xmpp::error_of(stanza, "cancel", "feature-not-implemented", "messages are not passed on to calls"));
    }
    return true;
  }
  if (!ours || to->bare() == from->bare()) return false;
  const std::optional<Addressee> addressee = resolve(*to, *from);
  if (type == "get") return on_get(*from, addressee, std::move(stanza));
  if (type == "set") return on_set(*from, addressee, std::move(stanza));
  return true;  // answers to questions that we do not ask
}

void Server::on_presence(const xmpp::Jid& from, const xmpp::Account& account, const xml::Element& stanza,
                         const std::optional<xmpp::Jid>& to) {
  const bool directed = to && is_ours(*to, options_.domain) && to->local.empty();
  if (to && !directed) return;  // to a call, or to somebody who is none of ours: says nothing about registration
  clients_.on_presence(from, account.dialect, stanza, directed);
  drop_calls_without_clients();
}

std::optional<Server::Addressee> Server::resolve(const xmpp::Jid& to, const xmpp::Jid& from) {
  if (to.local.empty()) {
    if (to.resource.empty()) return Addressee{Target::server, nullptr, {}};
    // Component ids are unique in the server: some clients address a component as domain/component.
    call::Call* call = calls_->find_by_component(to.resource);
    if (call == nullptr) return std::nullopt;
    return Addressee{Target::component, call, to.resource};
  }
  call::Call* call = calls_->find(to.local);
  if (call == nullptr) return std::nullopt;
  if (to.resource.empty()) return Addressee{Target::call, call, {}};
  if (calls_->find_by_component(to.resource) == call) return Addressee{Target::component, call, to.resource};
  // One client addresses a call with its own resource behind it.
  if (to.resource == from.resource) return Addressee{Target::call, call, {}};
  return std::nullopt;
}

bool Server::on_get(const xmpp::Jid& from, const std::optional<Addressee>& addressee, xml::Element iq) {
  const xml::Element* payload = iq.first();
  if (payload == nullptr) return false;
  const bool is_ours_to_answer =
      payload->is("query", ns::kDiscoInfo) || payload->is("query", ns::kDiscoItems) || payload->is("ping", ns::kPing);
  if (!is_ours_to_answer) return false;
  const xml::Element query = *payload;
  Reply reply(send_, from, std::move(iq));
  if (!addressee) {
    reply.error({Kind::not_found, "there is no such call or component", base::Fault::peer});
  } else if (query.ns == ns::kPing) {
    reply.result();
  } else if (query.ns == ns::kDiscoItems) {
    reply.result(xml::Element("query", std::string(ns::kDiscoItems)));
  } else {
    const Entity entity = addressee->target == Target::server ? Entity::server
                          : addressee->target == Target::call ? Entity::call
                                                              : Entity::component;
    reply.result(disco_info(entity, query.attribute_or("node", "")));
  }
  return true;
}

bool Server::on_set(const xmpp::Jid& from, const std::optional<Addressee>& addressee, xml::Element iq) {
  const std::vector<const xml::Element*> elements = iq.elements();
  if (elements.size() == 1 && !is_rayo(elements[0]->ns)) return false;
  std::optional<xml::Element> payload;
  if (elements.size() == 1) payload = *elements[0];
  Reply reply(send_, from, std::move(iq));
  if (!payload) {
    reply.error(base::bad_request("an iq of type set has exactly one child element"));
    return true;
  }
  if (!addressee || (addressee->target == Target::call && addressee->call->state() == call::State::ending)) {
    reply.error({Kind::not_found, "there is no such call or component", base::Fault::peer});
    return true;
  }
  const Verb* verb = find_verb(addressee->target, *payload);
  if (verb == nullptr) {
    reply.refuse_verb("<" + payload->name + " xmlns='" + payload->ns + "'/> is not supported on " +
                      std::string(name_of(addressee->target)));
    return true;
  }
  if (addressee->call != nullptr) {
    if (const auto taken = take_control(*addressee->call, from); !taken) {
      reply.error(taken.error());
      return true;
    }
  }
  verb->handle(*this, Command{.call = addressee->call,
                              .component = addressee->component,
                              .payload = *payload,
                              .dialect = clients_.dialect(from),
                              .reply = std::move(reply)});
  return true;
}

Result<void> Server::take_control(call::Call& call, const xmpp::Jid& from) {
  Control& control = controls_[call.id()];
  if (control.controller && *control.controller != from) {
    // A client that lost its connection finds its calls again under its next resource.
    const bool abandoned = !clients_.is_connected(*control.controller) && control.controller->bare() == from.bare();
    if (!abandoned) return Error{Kind::conflict, "another client controls this call", base::Fault::peer};
    log::info("rayo", "{}: now controlled by {}", call.id(), from.str());
  }
  control.controller = from;
  control.involved.insert(from);
  return {};
}

void Server::on_gone(const xmpp::Jid& client) {
  clients_.remove(client);
  drop_calls_without_clients();
}

// §6.2.2: when every client that could control a call has gone, it is refused as if there had been none. An answered
// call stays up, and so do its recordings.
void Server::drop_calls_without_clients() {
  std::vector<call::Call*> orphans;
  for (const auto& [id, control] : controls_) {
    call::Call* call = calls_->find(id);
    if (call == nullptr) continue;
    if (call->state() != call::State::offered && call->state() != call::State::accepted) continue;
    bool anybody = false;
    if (control.controller) {
      anybody = clients_.is_connected(*control.controller);
    } else {
      for (const xmpp::Jid& client : control.involved) anybody = anybody || clients_.is_available(client);
    }
    if (!anybody) orphans.push_back(call);
  }
  for (call::Call* call : orphans) static_cast<void>(call->hangup({}, call::EndReason::rejected));
}

// ---- what calls report ----

bool Server::on_offer(call::Call& call) {
  const std::vector<xmpp::Jid> available = clients_.available();
  if (available.empty()) return false;
  xml::Element offer("offer", std::string(ns::kRayo));
  offer.set("to", call.to()).set("from", call.from());
  add_headers(offer, call.headers());
  Control& control = controls_[call.id()];
  control.involved.insert(available.begin(), available.end());
  for (const xmpp::Jid& client : available) {
    tell(client, call_jid(options_.domain, call.id()), false, offer, Entity::call);
  }
  return true;
}

void Server::on_recorded(call::Call& call, const std::string& component, const record::Outcome& outcome) {
  component_is_over(component);
  const Control& control = controls_[call.id()];
  if (!control.controller) return;
  const Dialect dialect = clients_.dialect(*control.controller);
  xml::Element complete("complete", std::string(ns::kExt));
  complete.add(complete_reason(dialect, outcome));
  if (!outcome.uri.empty()) {
    complete.add(xml::Element("recording", std::string(ns::kRecordComplete))
                     .set("uri", outcome.uri)
                     .set("duration", std::to_string(outcome.duration.count()))
                     .set("size", std::to_string(outcome.size)));
  }
  tell(*control.controller, component_jid(options_.domain, call.id(), component), complete_is_unavailable(dialect),
       std::move(complete), std::nullopt);
}

void Server::on_ended(call::Call& call, const call::End& end) {
  const auto found = controls_.find(call.id());
  if (found == controls_.end()) return;
  for (const xmpp::Jid& client : found->second.involved) {
    xml::Element event("end", std::string(ns::kRayo));
    event.add(end_reason(clients_.dialect(client), end));
    add_headers(event, end.headers);
    tell(client, call_jid(options_.domain, call.id()), true, std::move(event), std::nullopt);
  }
  controls_.erase(found);
}

void Server::tell(const xmpp::Jid& to, const xmpp::Jid& from, bool unavailable, xml::Element event,
                  std::optional<Entity> with_caps) {
  const std::string what = event.name;
  xml::Element presence("presence", std::string(xmpp::kClientNs));
  presence.set("to", to.str()).set("from", from.str());
  if (unavailable) presence.set("type", "unavailable");
  presence.add(std::move(event));
  if (with_caps) presence.add(caps(*with_caps));
  if (events_are_stamped(clients_.dialect(to))) presence.add(delay_stamp());
  if (!send_(to, presence)) log::warn("rayo", "{}: <{}/> could not be told to {}: gone", from.str(), what, to.str());
}

// ---- components ----

void Server::component_begins(const std::string& call, const std::string& component) {
  calls_->note_component(component, call);
}

void Server::component_is_over(const std::string& component) { calls_->forget_component(component); }

xml::Element Server::reference_to(const std::string& call, const std::string& component) const {
  return xml::Element("ref", std::string(ns::kRayo))
      .set("uri", "xmpp:" + component_jid(options_.domain, call, component).str())
      .set("id", component);
}

}  // namespace rayo
