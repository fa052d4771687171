// What could not be told when it happened, told when a client comes back: see server.hpp and untold.hpp.
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "base/utc.hpp"
#include "rayo/completion.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/server.hpp"

namespace rayo {

namespace log = base::log;

// XEP-0203: with the time at which it happened, in the dialects that know of such.
bool Server::tell_late(const xmpp::Jid& to, const UntoldEvent& event) {
  const bool is_end = event.kind == UntoldEvent::Kind::end;
  const Dialect dialect = clients_.dialect(to);
  xmpp::Jid from = event.host;
  xml::Element element("end", std::string(ns::kRayo));
  if (is_end) {
    element.add(end_reason(dialect, event.end));
  } else {
    from.resource = event.id;
    element = complete_element(dialect, event.outcome);
  }
  xml::Element presence("presence", std::string(xmpp::kClientNs));
  presence.set("to", to.str()).set("from", from.str());
  if (is_end || complete_is_unavailable(dialect)) presence.set("type", "unavailable");
  presence.add(std::move(element));
  if (events_are_stamped(dialect)) {
    presence.add(xml::Element("delay", std::string(ns::kDelay)).set("stamp", base::utc_text(*event.due)));
  }
  return send_(to, presence);
}

// To the client that it concerned, or to another of its account while that one is not connected.
void Server::tell_what_is_due(const xmpp::Jid& to) {
  if (!clients_.is_available(to)) return;
  const auto fits = [&](const UntoldEvent& event) {
    return event.client == to || (event.client.bare() == to.bare() && !clients_.is_available(event.client));
  };
  const Instant now = std::chrono::system_clock::now();
  while (const UntoldEvent* event = untold_.next(fits, now)) {
    if (!tell_late(to, *event)) return;
    log::info("rayo", "{}{}{}: told {} now", event->host.str(), event->kind == UntoldEvent::Kind::end ? "" : "/",
              event->kind == UntoldEvent::Kind::end ? " (its end)" : event->id, to.str());
    // Of a call that is still up it hears the end, too.
    if (const auto found = controls_.find(event->host.local); found != controls_.end()) {
      found->second.involved.insert(to);
    }
    untold_.settle(std::string(event->id));
  }
}

void Server::tell_what_is_due_of(const xmpp::Jid& account) {
  for (const xmpp::Jid& client : clients_.available()) {
    if (client.bare() == account) tell_what_is_due(client);
  }
}

void Server::on_recovered(const record::Recovered& recovered) {
  const Instant now = std::chrono::system_clock::now();
  const std::string& id = recovered.component_id;
  xmpp::Jid client;
  if (untold_.is_awaited(id)) {
    client = untold_.find(id)->client;
    untold_.set_due(id, recovered.outcome, now);
  } else {
    // One that had ended has been told. Of one that was cut the note may have been lost with the power.
    auto event = parse_asker(id, recovered.client);
    if (recovered.outcome.reason != record::EndReason::interrupted || !event || untold_.find(id) != nullptr) return;
    client = event->client;
    untold_.add(std::move(*event), recovered.outcome, now);
  }
  tell_what_is_due_of(client.bare());
}

void Server::on_recovery_over(const std::vector<std::string>& kept) {
  untold_.close_awaited(kept, std::chrono::system_clock::now());
  for (const xmpp::Jid& client : clients_.available()) tell_what_is_due(client);
}

}  // namespace rayo
