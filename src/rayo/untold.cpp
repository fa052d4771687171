#include "rayo/untold.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "base/random.hpp"

namespace rayo {

namespace log = base::log;
using std::chrono::milliseconds;

namespace {

using Json = nlohmann::json;

constexpr std::int64_t kYear9999 = 253402300799999;  // ms
constexpr std::string_view kOnMixer = "mixer ";
constexpr const char* kNothingFound =
    "the server was stopped by force while this was recorded, and nothing of it was found";

std::string text_at(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}
std::optional<std::int64_t> number_at(const Json& json, const char* name, std::int64_t most) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto value = found->get<std::uint64_t>();
  return value > static_cast<std::uint64_t>(most) ? std::nullopt : std::optional(static_cast<std::int64_t>(value));
}
bool flag_at(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

// What XML cannot carry ends nobody's stream.
bool is_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
}

bool are_parties(const std::optional<xmpp::Jid>& host, const std::optional<xmpp::Jid>& client) {
  return host && client && host->is_bare() && !host->local.empty() && !client->is_bare();
}

}  // namespace

std::string text_of(const UntoldEvent& event) {
  Json json = {{"host", event.host.str()}, {"mixer", event.on_mixer}, {"client", event.client.str()}};
  if (event.due) {
    json["due"] =
        std::max<std::int64_t>(std::chrono::duration_cast<milliseconds>(event.due->time_since_epoch()).count(), 0);
  }
  if (event.kind == UntoldEvent::Kind::end) {
    json["end"] = static_cast<unsigned>(event.end.reason);
    json["code"] = static_cast<unsigned>(std::max(event.end.platform_code, 0));
  } else if (event.due) {
    json["reason"] = static_cast<unsigned>(event.outcome.reason);
    json["error"] = event.outcome.error;
    json["uri"] = event.outcome.uri;
    json["duration"] = std::max<std::int64_t>(event.outcome.duration.count(), 0);
    json["size"] = event.outcome.size;
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<UntoldEvent> parse_untold(const std::string& id, std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !base::Notes::is_name(id)) return std::nullopt;
  const auto host = xmpp::Jid::parse(text_at(json, "host"));
  const auto client = xmpp::Jid::parse(text_at(json, "client"));
  if (!are_parties(host, client)) return std::nullopt;
  UntoldEvent event{.id = id, .host = *host, .on_mixer = flag_at(json, "mixer"), .client = *client};
  if (const auto due = number_at(json, "due", kYear9999)) event.due = Instant(milliseconds(*due));
  if (json.contains("end")) {
    const auto reason = number_at(json, "end", static_cast<int>(call::EndReason::error));
    if (!reason || !event.due || event.on_mixer) return std::nullopt;
    event.kind = UntoldEvent::Kind::end;
    event.end.reason = static_cast<call::EndReason>(*reason);
    event.end.platform_code = static_cast<int>(number_at(json, "code", 699).value_or(0));
  } else if (event.due) {
    const auto reason = number_at(json, "reason", static_cast<int>(record::EndReason::interrupted));
    if (!reason) return std::nullopt;
    event.outcome.reason = static_cast<record::EndReason>(*reason);
    event.outcome.error = text_at(json, "error");
    event.outcome.uri = text_at(json, "uri");
    if (!is_text(event.outcome.error) || !is_text(event.outcome.uri)) return std::nullopt;
    event.outcome.duration = milliseconds(number_at(json, "duration", kYear9999).value_or(0));
    event.outcome.size = static_cast<std::uint64_t>(number_at(json, "size", std::int64_t{1} << 62U).value_or(0));
  }
  return event;
}

std::string asker_text(const xmpp::Jid& host, bool on_mixer, const xmpp::Jid& client) {
  return (on_mixer ? std::string(kOnMixer) : std::string()) + host.bare().str() + " " + client.str();
}

std::optional<UntoldEvent> parse_asker(const std::string& component, std::string_view text) {
  const bool on_mixer = text.starts_with(kOnMixer);
  if (on_mixer) text.remove_prefix(kOnMixer.size());
  const auto blank = text.find(' ');  // there is none in a bare JID
  if (blank == std::string_view::npos || !base::Notes::is_name(component)) return std::nullopt;
  const auto host = xmpp::Jid::parse(text.substr(0, blank));
  const auto client = xmpp::Jid::parse(text.substr(blank + 1));
  if (!are_parties(host, client)) return std::nullopt;
  return UntoldEvent{.id = component, .host = *host, .on_mixer = on_mixer, .client = *client};
}

// ---- what the process before this one left ----

void Untold::start(Instant now) {
  if (options_.folder.empty()) return;
  const auto found = notes_.start();
  if (!found)
    return log::warn("rayo", "clients that are away when it happens will not be told: {}", found.error().text);
  std::vector<UntoldEvent> due;
  std::map<xmpp::Jid, xmpp::Jid> calls;  // that need an end, and who is to hear of it
  for (const auto& [id, text] : *found) {
    auto event = parse_untold(id, text);
    if (!event) {
      log::warn("rayo", "a note of what a client is to be told cannot be read: {}", id);
      notes_.remove(id);
      continue;
    }
    if (event->kind == UntoldEvent::Kind::recording && !event->on_mixer) calls.emplace(event->host, event->client);
    if (event->due) {
      event->due = std::min(*event->due, now);
      due.push_back(std::move(*event));
    } else {
      awaited_.insert(id);
      put(std::move(*event));
    }
  }
  std::ranges::stable_sort(due, {}, [](const UntoldEvent& event) { return *event.due; });
  for (UntoldEvent& event : due) {
    if (event.kind == UntoldEvent::Kind::end) calls.erase(event.host);
    const Instant when = *event.due;
    make_due(event, when);
    put(std::move(event));
  }
  for (const auto& [host, client] : calls) {
    lost_calls_.insert(host);
    add_end(host, client, {call::EndReason::error, 0, {}}, now);
  }
  drop_old(now);
}

void Untold::close_awaited(const std::vector<std::string>& but, Instant now) {
  for (const std::string& id : std::exchange(awaited_, {})) {
    if (std::ranges::find(but, id) != but.end()) {
      awaited_.insert(id);
    } else {
      set_due(id, {.reason = record::EndReason::interrupted, .error = kNothingFound, .uri = {}, .stats = {}}, now);
    }
  }
}

// ---- what comes ----

void Untold::begin(const std::string& component, const xmpp::Jid& host, bool on_mixer, const xmpp::Jid& client) {
  put({.id = component, .host = host.bare(), .on_mixer = on_mixer, .client = client});
  notes_.write(component, text_of(events_.at(component)));
}

const UntoldEvent* Untold::find(const std::string& id) const {
  const auto found = events_.find(id);
  return found == events_.end() ? nullptr : &found->second;
}

void Untold::put(UntoldEvent event) {
  const auto [place, is_new] = events_.try_emplace(event.id, std::move(event));
  assert(is_new && "ids are unique");
  const UntoldEvent& put = place->second;
  if (is_new && put.kind == UntoldEvent::Kind::recording && !put.on_mixer) ++recordings_[put.host];
}

void Untold::make_due(UntoldEvent& event, Instant now) {
  event.due = now;
  event.order = ++last_order_;
  due_[event.order] = event.id;
}

void Untold::set_due(const std::string& component, const record::Outcome& outcome, Instant now,
                     const std::optional<xmpp::Jid>& client) {
  const auto found = events_.find(component);
  if (found == events_.end() || found->second.due) return;
  UntoldEvent& event = found->second;
  awaited_.erase(component);
  if (client) event.client = *client;
  event.outcome = outcome;
  make_due(event, now);
  notes_.write(component, text_of(event));
  drop_old(now);
}

void Untold::add(UntoldEvent event, const record::Outcome& outcome, Instant now) {
  if (events_.contains(event.id)) return;
  const std::string id = event.id;
  // One end for all that were lost of a call.
  if (!event.on_mixer && lost_calls_.insert(event.host).second) {
    add_end(event.host, event.client, {call::EndReason::error, 0, {}}, now);
  }
  put(std::move(event));
  set_due(id, outcome, now);
}

void Untold::add_end(const xmpp::Jid& host, const xmpp::Jid& client, const call::End& end, Instant now) {
  UntoldEvent event{.kind = UntoldEvent::Kind::end, .id = "end-" + base::random_id(16), .host = host, .client = client};
  event.end = {end.reason, end.platform_code, {}};
  make_due(event, now);
  notes_.write(event.id, text_of(event));
  put(std::move(event));
  drop_old(now);
}

bool Untold::has_of(const xmpp::Jid& call, const xmpp::Jid& client) const {
  return has_of(call) && std::ranges::any_of(events_, [&](const auto& each) {
           return each.second.host == call && each.second.client == client &&
                  each.second.kind == UntoldEvent::Kind::recording;
         });
}

// ---- what goes ----

void Untold::settle(const std::string& id) {
  const auto found = events_.find(id);
  if (found == events_.end()) return;
  const UntoldEvent& event = found->second;
  if (event.due) due_.erase(event.order);
  if (event.kind == UntoldEvent::Kind::recording && !event.on_mixer) {
    const auto of = recordings_.find(event.host);
    if (--of->second == 0) recordings_.erase(of);
  }
  awaited_.erase(id);
  notes_.remove(id);
  events_.erase(found);
}

void Untold::drop_old(Instant now) {
  while (!due_.empty()) {
    const std::string id = due_.begin()->second;
    const UntoldEvent& event = events_.at(id);
    const bool is_old = *event.due + options_.keep <= now;
    if (!is_old && due_.size() <= options_.most) return;
    log::warn("rayo", "{}/{}: dropped: {} did not come back to be told {}", event.host.str(),
              event.kind == UntoldEvent::Kind::end ? "" : id, event.client.str(),
              is_old ? "in time" : "(too many wait)");
    settle(id);
  }
}

const UntoldEvent* Untold::next(const std::function<bool(const UntoldEvent&)>& fits, Instant now) {
  drop_old(now);
  for (const auto& [order, id] : due_) {
    const UntoldEvent& event = events_.at(id);
    if (event.kind == UntoldEvent::Kind::end && has_of(event.host)) continue;
    if (fits(event)) return &event;
  }
  return nullptr;
}

}  // namespace rayo
