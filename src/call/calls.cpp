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

Calls::Calls(Context context) : context_(std::move(context)) {
  context_.note_stream = [this](media::EndpointRef stream, Call& call) { by_stream_[stream.id] = call.id(); };
  context_.over = [this](const std::string& id) { remove(id); };
}

Call* Calls::find(const std::string& id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second.get();
}

Call* Calls::find_by_component(const std::string& component) {
  const auto found = components_.find(component);
  return found == components_.end() ? nullptr : find(found->second);
}

void Calls::note_component(const std::string& component, const std::string& call) { components_[component] = call; }
void Calls::forget_component(const std::string& component) { components_.erase(component); }

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
  if (found == calls_.end()) return;
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
          log::info("call", "registration of {}: {}", it.aor, it.status);
        } else if constexpr (!std::is_same_v<Kind, sip::Stopped>) {
          pass_to_dialog(std::move(it));
        }
      },
      event);
}

template <class Event>
void Calls::pass_to_stream(const Event& event) {
  const auto found = by_stream_.find(event.endpoint.id);
  if (found == by_stream_.end()) return;
  if (Call* call = find(found->second)) call->on_media(event);
}

void Calls::on_media(const media::Event& event) {
  std::visit(
      [&](const auto& it) {
        using Kind = std::decay_t<decltype(it)>;
        pass_to_stream(it);
        if constexpr (std::is_same_v<Kind, media::Destroyed>) by_stream_.erase(it.endpoint.id);
      },
      event);
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
