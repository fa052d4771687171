#include "call/calls.hpp"

#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "call/local_codecs.hpp"
#include "call/sip_status.hpp"

namespace call {

namespace log = base::log;

Calls::Calls(Context context) : context_(std::move(context)), mixers_(context_), joins_(context_) {
  context_.calls = this;
  context_.mixers = &mixers_;
  context_.joins = &joins_;
  context_.note_endpoint = [this](media::EndpointRef endpoint, Host& host) { by_endpoint_[endpoint.id] = host.id(); };
  context_.over = [this](const std::string& id) { remove(id); };
}

Call* Calls::find(const std::string& id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second.get();
}

Host* Calls::find_host(const std::string& id) {
  if (Call* call = find(id)) return call;
  return mixers_.find_by_id(id);
}

base::Result<Call*> Calls::dial(const std::string& wanted_id, Dial dial) {
  if (shutting_down_) return base::Error{base::Kind::unavailable, "the server is stopping"};
  if (!wanted_id.empty() && find_host(wanted_id) != nullptr) {
    return base::Error{base::Kind::conflict, "there is a call of that name", base::Fault::peer};
  }
  auto made = std::make_unique<Call>(context_, wanted_id.empty() ? base::random_id(20) : wanted_id, std::move(dial));
  Call& call = *made;
  calls_.emplace(call.id(), std::move(made));
  by_dialog_[call.dialog()] = &call;
  if (auto dialled = call.dial(); !dialled) {
    remove(call.id());
    return std::move(dialled.error());
  }
  return &call;
}

void Calls::on_incoming(sip::Incoming incoming) {
  const auto refuse = [&](int status, std::uint64_t& counter, const std::string& why) {
    ++counter;
    log::info("call", "from {} refused with {}: {}", incoming.from, status, why);
    context_.sip.send(sip::Reject{incoming.dialog, status, {}, {}, {}});
  };
  if (shutting_down_) return refuse(503, context_.stats.refused_shutdown, "the server is stopping");

  std::optional<sdp::Session> offer;
  if (!incoming.offer.empty()) {
    auto parsed = sdp::parse(incoming.offer);
    if (!parsed) return refuse(400, context_.stats.refused_malformed, "its SDP: " + parsed.error().text);
    // Judged before anybody is bothered with it; negotiated in earnest when it is answered.
    sdp::Local dry_run;
    dry_run.address = context_.rtp_address;
    dry_run.rtp_port = 1, dry_run.rtcp_port = 2;
    add_local_codecs(dry_run);
    const auto judged = sdp::answer(*parsed, dry_run);
    if (!judged) {
      return refuse(sip_status(judged.error().kind), context_.stats.refused_codec, judged.error().text);
    }
    if (judged->agreed.remote_rtp_port == 0) {
      return refuse(488, context_.stats.refused_codec, "it offers no audio that is open");
    }
    offer = std::move(*parsed);
  }

  const sip::DialogId dialog = incoming.dialog;
  auto made = std::make_unique<Call>(context_, base::random_id(20), std::move(incoming), std::move(offer));
  Call& call = *made;
  calls_.emplace(call.id(), std::move(made));
  by_dialog_[dialog] = &call;
  log::info("call", "{}: offered, from {} to {}", call.id(), call.from(), call.to());
  ++context_.stats.offered;
  if (!context_.observer.on_offer(call)) {
    ++context_.stats.refused_nobody;
    log::info("call", "{}: refused with 480: no client is available", call.id());
    context_.sip.send(sip::Reject{dialog, 480, {}, {}, {}});
    by_dialog_.erase(dialog);
    calls_.erase(call.id());
  }
}

void Calls::remove(const std::string& id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return mixers_.remove(id);
  by_dialog_.erase(found->second->dialog());
  calls_.erase(found);
  if (calls_.empty() && on_empty_) std::exchange(on_empty_, {})();
}

template <class Event>
void Calls::pass_to_dialog(Event event) {
  const auto found = by_dialog_.find(event.dialog);
  if (found == by_dialog_.end()) return;
  found->second->on_sip(std::move(event));
}

void Calls::on_sip(sip::Event event) {
  std::visit(
      [&](auto& it) {
        using Kind = std::decay_t<decltype(it)>;
        if constexpr (std::is_same_v<Kind, sip::Incoming>) {
          on_incoming(std::move(it));
        } else if constexpr (std::is_same_v<Kind, sip::Registered>) {
          const bool stands = it.status >= 200 && it.status < 300;
          log::info("call", "registration of {}: {} ({})", it.aor, stands ? "stands" : "failed", it.status);
        } else if constexpr (!std::is_same_v<Kind, sip::Stopped>) {
          pass_to_dialog(std::move(it));
        }
      },
      event);
}

Host* Calls::host_of(media::EndpointRef endpoint) {
  const auto found = by_endpoint_.find(endpoint.id);
  return found == by_endpoint_.end() ? nullptr : find_host(found->second);
}

Call* Calls::call_of(media::EndpointRef endpoint) {
  Host* host = host_of(endpoint);
  return host == nullptr || host->is_mixer() ? nullptr : static_cast<Call*>(host);
}

// What components of a mixer see of its members.
template <class Event>
void Calls::pass_to_mixers_of(Host& member, const Event& event) {
  for (Host* host : joins_.joined_to(member)) {
    if (host->is_mixer()) host->pass_on(event);
  }
}

void Calls::on_host_event(const media::Digit& event) {
  if (Call* call = call_of(event.endpoint)) on_digit(*call, DigitWays::Way::media, event);
}

void Calls::on_digit(Call& call, DigitWays::Way way, const media::Digit& event) {
  if (call.is_ending() || !call.digit_ways().counts(way, event.digit, base::Clock::now())) return;
  call.on_digit(event);
  call.pass_on(event);
  pass_to_mixers_of(call, event);
}

void Calls::on_host_event(const media::Voice& event) {
  Call* call = call_of(event.endpoint);
  if (call == nullptr || call->is_ending()) return;
  call->pass_on(event);
  pass_to_mixers_of(*call, event);
}

void Calls::on_host_event(const media::Speaking& event) {
  Host* host = host_of(event.endpoint);
  Call* speaker = call_of(event.speaker);
  if (host == nullptr || !host->is_mixer() || host->is_ending() || speaker == nullptr) return;
  context_.observer.on_speaking(static_cast<Mixer&>(*host), *speaker, event.speaking);
}

void Calls::on_host_event(const media::PartySilent& event) {
  if (Call* call = call_of(event.endpoint)) call->on_media(event);
}

void Calls::on_host_event(const media::Destroyed& event) {
  Host* host = host_of(event.endpoint);
  by_endpoint_.erase(event.endpoint.id);
  if (host == nullptr) return;
  if (host->is_mixer()) {
    static_cast<Mixer*>(host)->on_media(event);
  } else {
    static_cast<Call*>(host)->on_media(event);
  }
}

// The host may be gone; the feed is not needed any more in any case.
void Calls::on_host_event(const media::OutputEnded& event) {
  if (Host* host = host_of(event.endpoint)) host->pass_on(event);
  context_.renderer.close(event.output);
}

// What concerns components of the host alone.
template <class Event>
void Calls::on_host_event(const Event& event) {
  if (Host* host = host_of(event.endpoint)) host->pass_on(event);
}

void Calls::on_media(const media::Event& event) {
  std::visit([&](const auto& it) { on_host_event(it); }, event);
}

void Calls::shut_down(std::function<void()> done) {
  shutting_down_ = true;
  context_.sip.send(sip::SetAccepting{false});
  if (calls_.empty()) return done();
  on_empty_ = std::move(done);
  std::vector<std::string> ids;
  for (const auto& [id, call] : calls_) ids.push_back(id);
  for (const std::string& id : ids) {
    // One that is ending already says so, and is waited for.
    if (Call* call = find(id)) static_cast<void>(call->hangup({}));
  }
}

}  // namespace call
