#include "call/joins.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "call/call.hpp"
#include "call/calls.hpp"
#include "call/mixer.hpp"

namespace call {

namespace log = base::log;
using base::Error;
using base::Kind;
using base::Result;

namespace {

Error refuse(Kind kind, const char* text) { return {kind, text, base::Fault::peer}; }

Call* call_of(Host* host) { return host->is_mixer() ? nullptr : static_cast<Call*>(host); }
Mixer* mixer_of(Host* host) { return host->is_mixer() ? static_cast<Mixer*>(host) : nullptr; }

media::Flow reversed(media::Flow flow) {
  if (flow == media::Flow::send) return media::Flow::recv;
  return flow == media::Flow::recv ? media::Flow::send : flow;
}

}  // namespace

Joins::Edge* Joins::find(const Host& one, const Host& other) {
  for (const auto& edge : edges_) {
    if (edge->joins(one, other)) return edge.get();
  }
  return nullptr;
}

std::vector<Host*> Joins::joined_to(const Host& one) const {
  std::vector<Host*> others;
  for (const auto& edge : edges_) {
    if (Host* other = edge->beside(one)) others.push_back(other);
  }
  return others;
}

Result<void> Joins::check(Host& one, Host& other, const JoinSettings& settings) {
  if (&one == &other) return base::bad_request("a call cannot be joined to itself");
  if (one.is_mixer() && other.is_mixer()) return refuse(Kind::not_supported, "mixers cannot be joined to each other");
  if (one.is_ending() || other.is_ending()) return refuse(Kind::unavailable, "what is to be joined is ending");
  const Edge* present = find(one, other);
  if (settings.path == JoinSettings::Path::direct) {
    if (one.is_mixer() || other.is_mixer())
      return refuse(Kind::not_supported, "a mixer's media is bridged, not direct");
    if (settings.flow != media::Flow::duplex) return refuse(Kind::not_supported, "direct media goes both ways");
    for (Host* host : {&one, &other}) {
      if (call_of(host)->state() != State::answered) {
        return refuse(Kind::unexpected, "direct media needs two calls that have been answered");
      }
      if (host->has_components()) return refuse(Kind::conflict, "a component is using the media of the call");
      const auto others = joined_to(*host);
      if (others.size() > (present != nullptr ? 1U : 0U)) {
        return refuse(Kind::conflict, "a call that is joined to others cannot have direct media");
      }
    }
    return {};
  }
  for (Host* host : {&one, &other}) {
    Call* call = call_of(host);
    if (call == nullptr) continue;
    if (call->direct() != nullptr && (present == nullptr || !present->direct)) {
      return refuse(Kind::conflict, "the call's media goes to another party directly");
    }
    // An unanswered call can be joined where its peer takes early media.
    if (call->direct() != nullptr) continue;
    if (auto media = host->open_media(); !media) return std::move(media.error());
  }
  return {};
}

void Joins::join(Host& one, Host& other, JoinSettings settings, Started done) {
  if (auto checked = check(one, other, settings); !checked) return done(std::move(checked.error()));
  if (Edge* present = find(one, other)) return set_settings(*present, one, other, settings, std::move(done));
  edges_.push_back(std::make_unique<Edge>(Edge{&one, &other, settings, nullptr}));
  connect(*edges_.back(), {}, std::move(done));
}

void Joins::join_mixer(Call& call, const std::string& zone, const std::string& name, JoinSettings settings,
                       Started done) {
  // All that can be refused is refused before a mixer is made.
  if (settings.path == JoinSettings::Path::direct) {
    return done(refuse(Kind::not_supported, "a mixer's media is bridged, not direct"));
  }
  if (call.direct() != nullptr) return done(refuse(Kind::conflict, "the call's media goes to another party directly"));
  if (auto media = call.open_media(); !media) return done(std::move(media.error()));
  join(call, context_.mixers->obtain(zone, name), settings, std::move(done));
}

// Joined already: other parameters, and nothing is told again (§6.3.4).
void Joins::set_settings(Edge& edge, Host& one, Host& other, JoinSettings settings, Started done) {
  if (edge.direct && !edge.direct->is_connected()) {
    return done(refuse(Kind::unexpected, "another change of this join is under way"));
  }
  if (edge.one != &one) settings.flow = reversed(settings.flow);
  const bool was_direct = edge.direct != nullptr;
  edge.settings = settings;
  if (was_direct && settings.path == JoinSettings::Path::direct) return done({});
  if (was_direct) {
    edge.direct->end(nullptr);
    edge.direct.reset();
  } else if (settings.path == JoinSettings::Path::direct) {
    context_.media.unjoin(one.endpoint(), other.endpoint());
  }
  connect(edge, {}, std::move(done));
  for (Host* host : {&one, &other}) {
    if (Mixer* mixer = mixer_of(host)) mixer->change_member(*call_of(edge.beside(*host)));
  }
}

bool Joins::is_heard(const Host& one, const Host& other) const {
  const auto found =
      std::find_if(edges_.begin(), edges_.end(), [&](const auto& edge) { return edge->joins(one, other); });
  if (found == edges_.end()) return false;
  const Edge& edge = **found;
  return edge.settings.flow != (edge.one == &one ? media::Flow::recv : media::Flow::send);
}

void Joins::connect(Edge& edge, const std::string& offer_of_other, Started done) {
  Host& one = *edge.one;
  Host& other = *edge.other;
  if (edge.settings.path == JoinSettings::Path::bridge) {
    context_.media.join(one.endpoint(), other.endpoint(), edge.settings.flow);
    done({});
    return tell(edge);
  }
  // The edge may be gone when the parties have answered: it takes its DirectMedia, which then says nothing more, with
  // it.
  edge.direct = std::make_unique<DirectMedia>(
      context_, *call_of(&one), *call_of(&other), [this, &one, &other, done = std::move(done)](Result<void> outcome) {
        done(outcome);
        Edge* now = find(one, other);
        if (now == nullptr) return;
        if (outcome) return tell(*now);
        const bool was_told = now->told;
        std::erase_if(edges_, [&](const auto& edge) { return edge.get() == now; });
        if (was_told) context_.observer.on_unjoined(one, other);
      });
  edge.direct->begin(offer_of_other);
}

void Joins::tell(Edge& edge) {
  if (std::exchange(edge.told, true)) return;
  ++context_.stats.joins;
  log::info("call", "{} and {}: joined", edge.one->id(), edge.other->id());
  for (Host* host : {edge.one, edge.other}) {
    if (Mixer* mixer = mixer_of(host)) mixer->add_member(*call_of(edge.beside(*host)));
  }
  context_.observer.on_joined(*edge.one, *edge.other);
}

Result<void> Joins::unjoin(Host& one, Host& other) {
  const Edge* edge = find(one, other);
  if (edge == nullptr) return refuse(Kind::not_found, "there is no such join");
  undo(edge, nullptr);
  return {};
}

void Joins::unjoin_all(Host& one) { undo_all(one, false); }

void Joins::undo_all(Host& one, bool ending) {
  for (Host* other : joined_to(one)) {
    if (const Edge* edge = find(one, *other)) undo(edge, ending ? &one : nullptr);
  }
}

void Joins::undo(const Edge* edge, Host* ending) {
  const auto found = std::find_if(edges_.begin(), edges_.end(), [&](const auto& each) { return each.get() == edge; });
  const std::unique_ptr<Edge> gone = std::move(*found);
  edges_.erase(found);
  log::info("call", "{} and {}: unjoined", gone->one->id(), gone->other->id());
  if (gone->direct) {
    gone->direct->end(ending);
  } else {
    context_.media.unjoin(gone->one->endpoint(), gone->other->endpoint());
  }
  if (!gone->told) return;
  context_.observer.on_unjoined(*gone->one, *gone->other);
  for (Host* host : {gone->one, gone->other}) {
    if (Mixer* mixer = mixer_of(host)) mixer->remove_member(*call_of(gone->beside(*host)));
  }
}

// ---- joins of a dial command ----

void Joins::join_as_dialled(Call& call) {
  for (const JoinWish& wish : call.join_wishes()) {
    const auto done = [id = call.id()](const Result<void>& outcome) {
      if (!outcome) log::warn("call", "{}: not joined as it was to be: {}", id, outcome.error().text);
    };
    if (wish.call.empty()) {
      join_mixer(call, wish.zone, wish.mixer, wish.settings, done);
    } else if (Call* target = context_.calls->find(wish.call)) {
      join(call, *target, wish.settings, done);
    } else {
      done(refuse(Kind::unavailable, "the call that it was to be joined to is gone"));
    }
  }
}

void Joins::connect_directly(Call& call, const std::string& offer) {
  const auto fail = [&call](const Result<void>& outcome) {
    if (outcome || call.is_ending()) return;
    log::warn("call", "{}: no direct media: {}", call.id(), outcome.error().text);
    static_cast<void>(call.hangup({}, EndReason::error));
  };
  const JoinWish wish = call.join_wishes().front();
  Call* target = context_.calls->find(wish.call);
  if (target == nullptr) return fail(refuse(Kind::unavailable, "the call that it was to be joined to is gone"));
  if (auto checked = check(*target, call, wish.settings); !checked) return fail(checked);
  edges_.push_back(std::make_unique<Edge>(Edge{target, &call, wish.settings, nullptr}));
  connect(*edges_.back(), offer, fail);
}

}  // namespace call
