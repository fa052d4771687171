#include "rayo/server.hpp"

#include <memory>
#include <utility>

#include "base/log.hpp"
#include "rayo/address.hpp"
#include "rayo/conditions.hpp"
#include "rayo/namespaces.hpp"

namespace rayo {

namespace log = base::log;
using base::Error;
using base::Kind;
using base::Result;

namespace {

bool is_rayo(std::string_view ns) { return ns.starts_with("urn:xmpp:rayo:"); }

Error nobody() { return {Kind::not_found, "there is no such call, mixer or component", base::Fault::peer}; }

}  // namespace

Server::Server(ServerOptions options, Reply::Send send)
    : options_(std::move(options)), send_(std::move(send)), clients_(options_.dialect), untold_(options_.untold) {}

void Server::serve(call::Calls& calls) {
  calls_ = &calls;
  untold_.start(std::chrono::system_clock::now());
}

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
    if (type != "error" && ours) on_message(*from, to, stanza);
    return true;
  }
  if (!ours || to->bare() == from->bare()) return false;
  const std::optional<Addressee> addressee = resolve(*to, *from);
  if (type == "get") return on_get(*from, addressee, std::move(stanza));
  if (type == "set") return on_set(*from, account, addressee, std::move(stanza));
  return true;  // answers to questions that we do not ask
}

void Server::on_presence(const xmpp::Jid& from, const xmpp::Account& account, const xml::Element& stanza,
                         const std::optional<xmpp::Jid>& to) {
  const bool directed = to && is_ours(*to, options_.domain) && to->local.empty();
  if (to && !directed) {  // says nothing about registration
    if (is_ours(*to, options_.domain)) on_subscription(from, *to, stanza.attribute_or("type", ""));
    return;
  }
  clients_.on_presence(from, account.dialect, stanza, directed);
  drop_calls_without_clients();
  tell_what_is_due(from);
}

// §6.4: whoever is of a mixer's zone may subscribe to its presence.
void Server::on_subscription(const xmpp::Jid& from, const xmpp::Jid& to, const std::string& type) {
  call::Mixer* mixer = calls_->mixers().find(zone_of(from), to.local);
  if (mixer == nullptr) return;
  if (type == "subscribe") {
    send_(from, xml::Element("presence", std::string(xmpp::kClientNs))
                    .set("to", from.bare().str())
                    .set("from", to.bare().str())
                    .set("type", "subscribed"));
    watch(*mixer, from);
  } else if (type == "probe") {
    tell(from, jid_of(options_.domain, *mixer), false, std::nullopt, Entity::mixer);
  } else if (type == "unsubscribe") {
    watchers_[mixer->id()].erase(from);
  }
}

// §6.8.1: the body goes to the party as a SIP MESSAGE.
void Server::on_message(const xmpp::Jid& from, const std::optional<xmpp::Jid>& to, const xml::Element& stanza) {
  const auto refuse = [this, from, stanza](std::string_view type, std::string_view condition, const std::string& text) {
    send_(from, xmpp::error_of(stanza, type, condition, text));
  };
  const auto addressee = resolve(*to, from);
  if (!addressee) return refuse("cancel", "item-not-found", nobody().text);
  if (addressee->target != Target::call) {
    return refuse("cancel", "feature-not-implemented", "messages can be sent to calls only");
  }
  const std::string type = stanza.attribute_or("type", "normal");
  if (type != "normal") {
    return refuse("modify", "feature-not-implemented", "a message to a call has the type 'normal'");
  }
  const xml::Element* body = stanza.find("body", xmpp::kClientNs);
  if (body == nullptr) {  // §6.8.1: no translation is possible
    return refuse("cancel", "feature-not-implemented", "only the <body/> of a message can be sent to a call");
  }
  if (auto allowed = authorize(*addressee, from); !allowed) {
    const Condition condition = condition_of(allowed.error().kind);
    return refuse(condition.type, condition.name, allowed.error().text);
  }
  static_cast<call::Call*>(addressee->host)->send_message("text/plain", body->text(), [refuse](Result<void> outcome) {
    if (outcome) return;
    const bool untranslatable = outcome.error().kind == Kind::not_supported;
    const Condition condition = condition_of(outcome.error().kind);
    refuse(untranslatable ? "cancel" : condition.type, condition.name, outcome.error().text);
  });
}

std::optional<Server::Addressee> Server::resolve_component(const std::string& component) const {
  const auto found = owned_.find(component);
  call::Host* host = found == owned_.end() ? nullptr : calls_->find_host(found->second.host);
  if (host == nullptr) return std::nullopt;
  return Addressee{Target::component, host, component};
}

std::optional<Server::Addressee> Server::resolve(const xmpp::Jid& to, const xmpp::Jid& from) const {
  if (to.local.empty()) {
    if (to.resource.empty()) return Addressee{Target::server, nullptr, {}};
    // Component ids are unique in the server: some clients address a component as domain/component.
    return resolve_component(to.resource);
  }
  call::Host* host = calls_->find(to.local);
  if (host == nullptr) host = calls_->mixers().find(zone_of(from), to.local);
  if (host == nullptr) return std::nullopt;
  const Addressee itself{host->is_mixer() ? Target::mixer : Target::call, host, {}};
  if (to.resource.empty()) return itself;
  if (const auto component = resolve_component(to.resource); component && component->host == host) return component;
  // One client addresses a call with its own resource behind it.
  if (to.resource == from.resource) return itself;
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
    reply.error(nobody());
  } else if (query.ns == ns::kPing) {
    reply.result();
  } else if (query.ns == ns::kDiscoItems) {
    reply.result(xml::Element("query", std::string(ns::kDiscoItems)));
  } else {
    const Entity entity = addressee->target == Target::server  ? Entity::server
                          : addressee->target == Target::call  ? Entity::call
                          : addressee->target == Target::mixer ? Entity::mixer
                                                               : Entity::component;
    reply.result(disco_info(entity, query.attribute_or("node", "")));
  }
  return true;
}

bool Server::on_set(const xmpp::Jid& from, const xmpp::Account& account, const std::optional<Addressee>& addressee,
                    xml::Element iq) {
  const std::vector<const xml::Element*> elements = iq.elements();
  if (elements.size() == 1 && !is_rayo(elements[0]->ns)) return false;
  std::optional<xml::Element> payload;
  if (elements.size() == 1) payload = *elements[0];
  Reply reply(send_, from, std::move(iq));
  if (!payload) {
    reply.error(base::bad_request("an iq of type set has exactly one child element"));
    return true;
  }
  call::Host* host = addressee ? addressee->host : nullptr;
  call::Component* component = host != nullptr ? host->find_component(addressee->component) : nullptr;
  const bool is_there = addressee && (addressee->target == Target::component ? component != nullptr
                                                                             : host == nullptr || !host->is_ending());
  if (!is_there) {
    reply.error(nobody());
    return true;
  }
  const Verb* verb = find_verb(addressee->target, *payload);
  if (verb == nullptr) {
    reply.refuse_verb("<" + payload->name + " xmlns='" + payload->ns + "'/> is not supported on " +
                      std::string(name_of(addressee->target)));
    return true;
  }
  if (const auto allowed = authorize(*addressee, from); !allowed) {
    reply.error(allowed.error());
    return true;
  }
  handling_ = true;
  verb->handle(*this, Command{.host = host,
                              .call = addressee->target == Target::call ? static_cast<call::Call*>(host) : nullptr,
                              .mixer = addressee->target == Target::mixer ? static_cast<call::Mixer*>(host) : nullptr,
                              .component = component,
                              .payload = *payload,
                              .account = account,
                              .dialect = clients_.dialect(from),
                              .reply = std::move(reply)});
  handling_ = false;
  for (const auto& [to, stanza] : std::exchange(held_, {})) send_(to, stanza);
  return true;
}

// ---- who may command what ----

Result<void> Server::authorize(const Addressee& addressee, const xmpp::Jid& from) {
  if (addressee.host == nullptr) return {};
  if (!addressee.host->is_mixer()) return take_control(*static_cast<call::Call*>(addressee.host), from);
  const auto found = owned_.find(addressee.component);
  if (found == owned_.end() || found->second.owner == from) return {};  // a mixer: resolve() has looked at the zone
  if (!has_abandoned(found->second.owner, from)) {
    return Error{Kind::conflict, "the component belongs to another client", base::Fault::peer};
  }
  found->second.owner = from;
  return {};
}

// A client that lost its connection finds what it controlled again under its next resource.
bool Server::has_abandoned(const xmpp::Jid& owner, const xmpp::Jid& from) const {
  return !clients_.is_connected(owner) && owner.bare() == from.bare();
}

Result<void> Server::take_control(const call::Call& call, const xmpp::Jid& from) {
  Control& control = controls_[call.id()];
  if (control.controller && *control.controller != from) {
    if (!has_abandoned(*control.controller, from)) {
      return Error{Kind::conflict, "another client controls this call", base::Fault::peer};
    }
    log::info("rayo", "{}: now controlled by {}", call.id(), from.str());
  }
  control.controller = from;
  control.involved.insert(from);
  return {};
}

void Server::give_control(const call::Call& call, const xmpp::Jid& client) {
  controls_[call.id()] = Control{{client}, client};
}

bool Server::may_touch(const call::Call& call, const xmpp::Jid& client) const {
  const auto found = controls_.find(call.id());
  if (found == controls_.end()) return false;
  if (found->second.controller) return found->second.controller->bare() == client.bare();
  return found->second.involved.contains(client);
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

// ---- components ----

call::Started Server::starting(call::Host& host, const std::string& component, Reply reply) {
  // Shared because std::function wants to be copied.
  return [this, &host, component, reply = std::make_shared<Reply>(std::move(reply))](const Result<void>& started) {
    if (!started) return reply->error(started.error());
    owned_[component] = Owned{host.id(), reply->from()};
    reply->result(reference_to(host, component));
  };
}

call::Started Server::starting_recording(call::Host& host, const std::string& component, Reply reply) {
  return [this, &host, component, client = reply.from(),
          started = starting(host, component, std::move(reply))](const Result<void>& outcome) {
    if (outcome) untold_.begin(component, jid_of(options_.domain, host), host.is_mixer(), client);
    started(outcome);
  };
}

call::Asker Server::asker(const call::Host& host, const xmpp::Jid& client) const {
  return {asker_text(jid_of(options_.domain, host), host.is_mixer(), client), client.bare().str()};
}

xml::Element Server::reference_to(const call::Host& host, const std::string& component) const {
  const xmpp::Jid jid = component_jid(options_.domain, host, component);
  return xml::Element("ref", std::string(ns::kRayo))
      .set("uri", "xmpp:" + jid.str())
      .set("id", component.empty() ? jid.local : component);
}

}  // namespace rayo
