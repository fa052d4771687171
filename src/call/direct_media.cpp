#include "call/direct_media.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/log.hpp"
#include "call/call.hpp"

namespace call {

namespace log = base::log;
using base::Error;
using base::Kind;
using base::Result;

namespace {

// "opus/48000/2" of payload type 96, in lower case; empty if nothing maps it, as for static types.
std::string mapping(const sdp::Media& media, const std::string& format) {
  for (const sdp::Attribute& attribute : media.attributes) {
    if (attribute.name != "rtpmap" || !attribute.value.starts_with(format + " ")) continue;
    std::string name = attribute.value.substr(format.size() + 1);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name;
  }
  return {};
}

bool is_audio_codec(const sdp::Media& media, const std::string& format) {
  const std::string name = mapping(media, format);
  return format != "13" && !name.starts_with("telephone-event/") && !name.starts_with("cn/");
}

// Whether an answer takes something of the offer: parties that answer with what they would rather have are not rare.
bool takes_up(const std::string& offer_text, const std::string& answer_text) {
  const auto offer = sdp::parse(offer_text);
  const auto answer = sdp::parse(answer_text);
  if (!offer || !answer) return false;
  for (std::size_t i = 0; i < std::min(offer->media.size(), answer->media.size()); ++i) {
    const sdp::Media& offered = offer->media[i];
    const sdp::Media& taken = answer->media[i];
    if (taken.port == 0 || taken.type != "audio") continue;
    for (const std::string& format : taken.formats) {
      if (!is_audio_codec(taken, format)) continue;
      if (std::ranges::find(offered.formats, format) == offered.formats.end()) continue;
      const std::string meant = mapping(offered, format), understood = mapping(taken, format);
      if (meant.empty() || understood.empty() || meant == understood) return true;
    }
  }
  return false;
}

}  // namespace

DirectMedia::DirectMedia(Context& context, Call& one, Call& other, Started done)
    : context_(context), one_(one), other_(other), done_(std::move(done)) {
  one_.set_direct(this);
  other_.set_direct(this);
}

DirectMedia::~DirectMedia() {
  *alive_ = false;
  for (Call* call : {&one_, &other_}) {
    if (call->direct() == this) call->set_direct(nullptr);
  }
}

void DirectMedia::begin(const std::string& offer_of_other) {
  if (!offer_of_other.empty()) return offer(other_, offer_of_other);
  context_.sip.send(sip::Offer{one_.dialog(), {}});
}

// What `from` offers goes to the other.
void DirectMedia::offer(Call& from, const std::string& description) {
  state_ = is_connected() ? State::relaying : State::offering;
  offerer_ = &from;
  offer_ = description;
  Call& to = beside(from);
  context_.sip.send(sip::Offer{to.dialog(), to.session().relayed(description)});
}

void DirectMedia::on_reoffered(Call& call, const std::string& offer_of_call) {
  const bool expected = state_ == State::asking ? &call == &one_ : state_ == State::connected;
  if (!expected || offer_of_call.empty()) {
    context_.sip.send(sip::RefuseOffer{call.dialog(), 491});
    return;
  }
  offer(call, offer_of_call);
}

void DirectMedia::on_offer_answered(Call& call, int status, const std::string& answer) {
  const bool accepted = status >= 200 && status < 300;
  const bool agreed = accepted && takes_up(offer_, answer);
  if (state_ == State::asking && &call == &one_) {  // it would not even offer
    return finish(Error{Kind::not_supported, "the party refuses direct media: SIP " + std::to_string(status),
                        base::Fault::destination});
  }
  if (offerer_ == nullptr || &call != &beside(*offerer_)) return;
  Call& offerer = *std::exchange(offerer_, nullptr);
  if (agreed) {
    context_.sip.send(sip::AnswerOffer{offerer.dialog(), offerer.session().relayed(answer)});
    const bool was_connected = std::exchange(state_, State::connected) == State::relaying;
    if (was_connected) return;
    one_.session().set_aside();
    other_.session().set_aside();
    log::info("call", "{} and {}: direct media", one_.id(), other_.id());
    return finish({});
  }
  if (state_ == State::relaying) {
    state_ = State::connected;
    context_.sip.send(sip::RefuseOffer{offerer.dialog(), accepted ? 488 : status});
    return;
  }
  // It believes that its media is to go to the offerer.
  if (accepted) context_.sip.send(sip::Offer{call.dialog(), call.session().offer()});
  // The offerer must have an answer: ours.
  const auto offered = sdp::parse(offer_);
  auto ours = offered && offerer.session().is_open() ? offerer.session().answer(*offered)
                                                     : Result<std::string>(base::bad_request("no description"));
  if (ours) {
    context_.sip.send(sip::AnswerOffer{offerer.dialog(), std::move(*ours)});
  } else {
    context_.sip.send(sip::RefuseOffer{offerer.dialog(), 488});
  }
  finish(Error{Kind::not_supported, "the other party refuses direct media: SIP " + std::to_string(status),
               base::Fault::destination});
}

void DirectMedia::finish(Result<void> outcome) {
  if (!outcome) {
    state_ = State::over;
    one_.set_direct(nullptr);
    other_.set_direct(nullptr);
  }
  // Later: whoever is told may destroy this.
  context_.after(base::milliseconds(0), [this, alive = alive_, outcome = std::move(outcome)] {
    if (*alive && done_) std::exchange(done_, {})(outcome);
  });
}

void DirectMedia::end(Host* ending) {
  const State was = std::exchange(state_, State::over);
  Call* const offerer = std::exchange(offerer_, nullptr);
  for (Call* call : {&one_, &other_}) {
    call->set_direct(nullptr);
    if (call == ending || call->is_ending()) continue;
    if (call == offerer) {  // it waits for an answer: it gets ours
      const auto offered = sdp::parse(offer_);
      auto ours = offered ? call->session().answer(*offered) : Result<std::string>(offered.error());
      if (ours) {
        context_.sip.send(sip::AnswerOffer{call->dialog(), std::move(*ours)});
      } else {
        context_.sip.send(sip::RefuseOffer{call->dialog(), 488});
      }
    } else if (was == State::connected || was == State::relaying) {
      context_.sip.send(sip::Offer{call->dialog(), call->session().offer()});
    }
  }
  if (done_) std::exchange(done_, {})(Error{Kind::unavailable, "the other call has ended", base::Fault::destination});
}

}  // namespace call
