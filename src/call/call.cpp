#include "call/call.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "call/local_codecs.hpp"

namespace call {

namespace log = base::log;
using base::Error;
using base::Kind;
using base::Result;

namespace {

// How long a BYE waits for the recordings to be finished, so that a slow disk does not keep the party on the line.
constexpr base::milliseconds kGoodbyeAfter{2000};

// A caller that is gone without a word must not ring for ever; RFC 3261 §13.3.1.1 lets proxies give up after three
// minutes.
constexpr base::milliseconds kUnansweredAfter = std::chrono::minutes(5);

Error unexpected(const char* text) { return {Kind::unexpected, text, base::Fault::peer}; }

void log_finished(const std::string& name, const record::Outcome& outcome) {
  const record::Stats& stats = outcome.stats;
  const auto ms = [&](std::uint64_t samples) { return samples * 1000 / std::max<std::uint32_t>(stats.rate, 1); };
  log::info("record",
            "{}: {} ms, {} bytes, {}; packets: {} received, {} lost, {} late, {} duplicate; ms: {} repaired, {} lost, "
            "{} silent, {} noise, {} held, {} overrun, {} paused, {} adjusted{}{}",
            name, outcome.duration.count(), outcome.size, outcome.uri, stats.packets_received, stats.packets_lost,
            stats.packets_late, stats.packets_duplicate, ms(stats.repaired_samples), ms(stats.lost_samples),
            ms(stats.silent_samples), ms(stats.noise_samples), ms(stats.held_samples), ms(stats.overrun_samples),
            ms(stats.paused_samples), ms(stats.adjusted_samples), outcome.error.empty() ? "" : "; ", outcome.error);
}

const char* name_of(EndReason reason) {
  switch (reason) {
    case EndReason::hungup:
      return "hungup";
    case EndReason::hangup_command:
      return "hangup-command";
    case EndReason::timeout:
      return "timeout";
    case EndReason::busy:
      return "busy";
    case EndReason::rejected:
      return "rejected";
    case EndReason::error:
      return "error";
  }
  return "error";
}

// What a person wants to know of it, for the log.
std::string describe(const sdp::Agreed& agreed) {
  const sdp::CodecChoice& codec = agreed.codec;
  return fmt::format("{}/{} at {} Hz, packets of {} ms{}{}", codec.name, codec.clock, codec.sample_rate,
                     agreed.ptime.count(), codec.fmtp.empty() ? "" : ", ", codec.fmtp);
}

// A stream whose port is 0 is off, and what it is called does not count: it goes on as it was.
void keep_formats(const sdp::Agreed& before, sdp::Agreed& now) {
  now.codec = before.codec;
  now.also_receivable = before.also_receivable;
  now.telephone_event_type = before.telephone_event_type;
  now.telephone_event_in = before.telephone_event_in;
  now.telephone_event_clock = before.telephone_event_clock;
  now.comfort_noise_type = before.comfort_noise_type;
  now.ptime = before.ptime;
}

}  // namespace

Call::Call(Context& context, std::string id, sip::Incoming incoming, std::optional<sdp::Session> offer)
    : context_(context),
      id_(std::move(id)),
      incoming_(std::move(incoming)),
      offer_(std::move(offer)),
      sdp_session_id_(base::random_u64() >> 2) {  // RFC 8866 §5.2: fits a signed 64-bit number
  after(kUnansweredAfter, [](Call& call) {
    if (call.state_ == State::answered || call.state_ == State::ending) return;
    log::info("call", "{}: nobody answered it", call.id_);
    static_cast<void>(call.hangup({}, EndReason::timeout));
  });
}

Call::~Call() { *alive_ = false; }

void Call::after(base::milliseconds delay, std::function<void(Call&)> action) {
  context_.after(delay, [this, alive = alive_, action = std::move(action)] {
    if (*alive) action(*this);
  });
}

// ---- commands ----

Result<void> Call::accept(sip::Headers headers) {
  if (state_ != State::offered) return unexpected("the call has been accepted or answered already");
  std::string sdp;
  if (incoming_.requires_100rel && !offer_) {
    // RFC 3261 §13.2.1: our offer belongs into the first reliable response.
    if (auto created = create_stream(); !created) return created;
    sdp = offer_of_ours();
    offered_early_ = true;
  }
  state_ = State::accepted;
  context_.sip.send(sip::Progress{dialog(), 180, std::move(sdp), std::move(headers)});
  return {};
}

Result<void> Call::answer(sip::Headers headers) {
  if (state_ != State::offered && state_ != State::accepted) return unexpected("the call has been answered already");
  if (auto created = create_stream(); !created) return created;
  std::string sdp;
  if (offer_) {
    auto answer = answer_to(*offer_);
    if (!answer) return std::move(answer.error());
    sdp = std::move(*answer);
    offer_.reset();
  } else if (!offered_early_) {
    sdp = offer_of_ours();
  }
  state_ = State::answered;
  ++context_.stats.answered;
  context_.sip.send(sip::Answer{dialog(), std::move(sdp), std::move(headers)});
  log::info("call", "{}: answered", id_);
  return {};
}

Result<void> Call::reject(RejectReason reason, sip::Headers headers) {
  if (state_ != State::offered) {
    return Error{Kind::not_allowed, "the call has been accepted or answered already", base::Fault::peer};
  }
  EndReason end = EndReason::rejected;
  int status = 603;
  if (reason == RejectReason::busy) end = EndReason::busy, status = 486;
  if (reason == RejectReason::error) end = EndReason::error, status = 500;
  begin_end({end, status, {}}, [this, status, headers = std::move(headers)] {
    context_.sip.send(sip::Reject{dialog(), status, {}, {}, headers});
  });
  return {};
}

Result<void> Call::redirect(const std::string& uri, sip::Headers headers) {
  if (state_ != State::offered && state_ != State::accepted) return unexpected("an answered call cannot be redirected");
  begin_end({EndReason::rejected, 302, {}}, [this, uri, headers = std::move(headers)] {
    context_.sip.send(sip::Reject{dialog(), 302, {}, uri, headers});
  });
  return {};
}

Result<void> Call::hangup(sip::Headers headers, EndReason reason) {
  if (state_ == State::ending) return Error{Kind::not_found, "the call is ending already", base::Fault::peer};
  const int code = reason == EndReason::timeout ? 408 : state_ == State::answered ? 200 : 480;
  if (state_ == State::answered) {
    begin_end({reason, code, {}}, [this, headers = std::move(headers)] {
      context_.sip.send(sip::Bye{dialog(), headers});
    });
  } else {
    begin_end({reason, code, {}}, [this, headers = std::move(headers)] {
      context_.sip.send(sip::Reject{dialog(), 480, {}, {}, headers});
    });
  }
  return {};
}

// ---- recordings ----

void Call::record(const std::string& component, const record::Settings& settings,
                  std::function<void(Result<void>)> started) {
  if (state_ == State::ending) return started(Error{Kind::not_found, "the call is ending", base::Fault::peer});
  if (state_ != State::answered) return started(unexpected("the call has not been answered"));
  auto checked = context_.recorder.check(settings);
  if (!checked) return started(std::move(checked.error()));

  record::Request request;
  request.call_id = id_;
  request.component_id = component;
  request.settings = *checked;
  request.to = to();
  request.from = from();
  if (agreed_) {
    if (const auto* codec = codec_of(agreed_->codec)) request.rate = codec->sample_rate(agreed_->codec.fmtp);
  }
  Recording& recording = recordings_[component];
  recording.settings = std::move(*checked);
  recording.started = std::move(started);
  // The call outlives its recordings, so `this` is good in both.
  recording.id = context_.recorder.open(
      std::move(request), [this, component](Result<record::Track*> opened) { on_opened(component, std::move(opened)); },
      [this, component](const record::Outcome& outcome) { on_finished(component, outcome); });
}

void Call::on_opened(const std::string& component, Result<record::Track*> opened) {
  const auto found = recordings_.find(component);
  if (found == recordings_.end()) return;
  Recording& recording = found->second;
  const bool abandoned = recording.state == RecordingState::abandoned;
  if (abandoned && opened) context_.recorder.discard(recording.id);
  if (abandoned || !opened) {
    const auto started = std::move(recording.started);
    recordings_.erase(found);
    if (!abandoned) {
      ++context_.stats.recordings_failed;
      log::warn("record", "{}/{}: not begun: {}", id_, component, opened.error().text);
      started(std::move(opened.error()));
    }
    return finish_if_done();
  }
  recording.state = RecordingState::running;
  ++context_.stats.recordings;
  log::info("record", "{}/{}: begun ({})", id_, component, recording.settings.format);
  // The reference goes out before anything of the component can happen.
  std::exchange(recording.started, {})({});
  context_.media.add_tap(stream(), recording.id, media::TapOptions{recording.settings, *opened});
}

void Call::on_finished(const std::string& component, const record::Outcome& outcome) {
  recordings_.erase(component);
  if (outcome.reason == record::EndReason::error) ++context_.stats.recordings_failed;
  log_finished(id_ + "/" + component, outcome);
  context_.observer.on_recorded(*this, component, outcome);
  finish_if_done();
}

Result<Call::Recording*> Call::running(const std::string& component) {
  const auto found = recordings_.find(component);
  if (found == recordings_.end() || found->second.state == RecordingState::opening ||
      found->second.state == RecordingState::abandoned) {
    return Error{Kind::not_found, "there is no such recording", base::Fault::peer};
  }
  return &found->second;
}

Result<void> Call::pause(const std::string& component) {
  auto recording = running(component);
  if (!recording) return std::move(recording.error());
  if ((*recording)->state == RecordingState::running) context_.media.pause_tap(stream(), (*recording)->id);
  return {};
}

Result<void> Call::resume(const std::string& component) {
  auto recording = running(component);
  if (!recording) return std::move(recording.error());
  if ((*recording)->state == RecordingState::running) context_.media.resume_tap(stream(), (*recording)->id);
  return {};
}

Result<void> Call::stop(const std::string& component) {
  auto recording = running(component);
  if (!recording) return std::move(recording.error());
  if (std::exchange((*recording)->state, RecordingState::stopping) == RecordingState::running) {
    context_.media.stop_tap(stream(), (*recording)->id);
  }
  return {};
}

// ---- the end ----

void Call::begin_end(End end, std::function<void()> goodbye) {
  log::info("call", "{}: ends: {} {}", id_, name_of(end.reason), end.platform_code);
  state_ = State::ending;
  end_ = std::move(end);
  goodbye_ = std::move(goodbye);
  for (auto& [component, recording] : recordings_) {
    if (recording.state != RecordingState::opening) continue;
    recording.state = RecordingState::abandoned;
    std::exchange(recording.started, {})(Error{Kind::not_found, "the call has ended", base::Fault::peer});
  }
  if (stream_) context_.media.destroy(stream_->ref);  // ends every tap with `hangup`
  if (recordings_.empty()) {
    say_goodbye();
  } else if (goodbye_) {
    after(kGoodbyeAfter, [](Call& call) { call.say_goodbye(); });
  }
  finish_if_done();
}

void Call::say_goodbye() {
  if (goodbye_) std::exchange(goodbye_, {})();
}

void Call::finish_if_done() {
  if (state_ != State::ending || !recordings_.empty() || stream_ || finishing_) return;
  finishing_ = true;
  say_goodbye();
  // Later, so that whoever gave the command that led here is answered first.
  after(base::milliseconds(0), [](Call& call) {
    ++call.context_.stats.ended;
    call.context_.observer.on_ended(call, *call.end_);
    call.context_.over(call.id_);  // destroys the call
  });
}

// ---- from the layers below ----

void Call::on_sip(const sip::Established& event) {
  if (!event.answer.empty()) take_answer(event.answer);
}

void Call::on_sip(const sip::EarlyAnswer& event) { take_answer(event.answer); }

void Call::on_sip(const sip::Reoffered& event) {
  const auto refuse = [&](const std::string& why) {
    log::info("call", "{}: session change refused: {}", id_, why);
    context_.sip.send(sip::RefuseOffer{dialog(), 488});
  };
  if (state_ == State::ending) return;
  if (!stream_) return refuse("no media yet");
  if (event.offer.empty()) {
    context_.sip.send(sip::AnswerOffer{dialog(), offer_of_ours()});
    return;
  }
  const auto offer = sdp::parse(event.offer);
  if (!offer) return refuse(offer.error().text);
  auto answer = answer_to(*offer);
  if (!answer) return refuse(answer.error().text);
  context_.sip.send(sip::AnswerOffer{dialog(), std::move(*answer)});
}

void Call::on_sip(const sip::Info& event) { log::debug("call", "{}: INFO {}", id_, event.content_type); }

void Call::on_sip(sip::Ended event) {
  if (state_ == State::ending) {
    goodbye_ = {};
    return finish_if_done();
  }
  End end{EndReason::error, event.status, std::move(event.headers)};
  switch (event.cause) {
    case sip::EndCause::cancelled:
      end = {EndReason::hungup, 487, std::move(end.headers)};
      break;
    case sip::EndCause::remote_bye:
      end = {EndReason::hungup, 200, std::move(end.headers)};
      break;
    case sip::EndCause::no_ack:
    case sip::EndCause::no_prack:
    case sip::EndCause::no_answer:
    case sip::EndCause::timer:
      end = {EndReason::timeout, 408, std::move(end.headers)};
      break;
    case sip::EndCause::local:
    case sip::EndCause::refused:
    case sip::EndCause::error:
      end.platform_code = event.status == 0 ? 500 : event.status;
      break;
  }
  if (!event.reason.empty()) log::info("call", "{}: {}", id_, event.reason);
  begin_end(std::move(end), {});
}

void Call::on_media(const media::PartySilent&) {
  if (state_ == State::ending) return;
  log::warn("call", "{}: nothing was received from the party for too long", id_);
  static_cast<void>(hangup({}, EndReason::timeout));
}

void Call::on_media(const media::TapEnded& event) {
  for (auto& [component, recording] : recordings_) {
    if (recording.id == event.tap) recording.state = RecordingState::stopping;
  }
}

void Call::on_media(const media::TapUnheard& event) {
  ++context_.stats.recordings_unheard;
  for (const auto& [component, recording] : recordings_) {
    if (recording.id == event.tap) {
      log::warn("record", "{}/{}: no packet was received in its first 2 s", id_, component);
    }
  }
}

void Call::on_media(const media::Digit& event) {
  log::debug("call", "{}: digit {} ({} ms)", id_, event.digit, event.duration.count());
}

void Call::on_media(const media::Destroyed&) {
  stream_.reset();
  finish_if_done();
}

// ---- session descriptions ----

Result<void> Call::create_stream() {
  if (stream_) return {};
  auto created = context_.media.create();
  if (!created) return std::move(created.error()).in("open an RTP port");
  stream_ = *created;
  context_.note_stream(stream_->ref, *this);
  return {};
}

sdp::Local Call::local_description() {
  sdp::Local local;
  local.address = context_.rtp_address;
  local.rtp_port = stream_->rtp_port;
  local.rtcp_port = stream_->rtcp_port;
  add_local_codecs(local);
  local.session_id = sdp_session_id_;
  local.session_version = sdp_version_;
  return local;
}

// RFC 3264 §8: the version goes up by one when the description differs from the last, and stays when it does not.
std::string Call::numbered(sdp::Session session) {
  session.origin_version = sdp_version_;
  std::string text = sdp::print(session);
  if (!last_sdp_.empty() && text != last_sdp_) {
    session.origin_version = ++sdp_version_;
    text = sdp::print(session);
  }
  last_sdp_ = text;
  return text;
}

Result<std::string> Call::answer_to(const sdp::Session& offer) {
  auto answered = sdp::answer(offer, local_description());
  if (!answered) return std::move(answered.error());
  apply(answered->agreed);
  return numbered(std::move(answered->answer));
}

std::string Call::offer_of_ours() {
  our_offer_ = sdp::make_offer(local_description());
  return numbered(*our_offer_);
}

void Call::take_answer(const std::string& text) {
  if (!our_offer_ || !stream_ || state_ == State::ending) return;
  const sdp::Session offer = *std::exchange(our_offer_, std::nullopt);
  const auto parsed = sdp::parse(text);
  auto agreed = parsed ? sdp::accept(offer, *parsed, local_description()) : Result<sdp::Agreed>(parsed.error());
  if (agreed) return apply(*agreed);
  log::warn("call", "{}: the answer to our offer: {}", id_, agreed.error().text);
  if (agreed_) return;  // a session that was agreed on before goes on as it was
  static_cast<void>(hangup({}, EndReason::error));
}

void Call::apply(sdp::Agreed agreed) {
  if (agreed.remote_rtp_port == 0 && agreed_) keep_formats(*agreed_, agreed);
  if (!agreed_ || describe(*agreed_) != describe(agreed)) log::info("call", "{}: {}", id_, describe(agreed));
  media::Format format;
  format.codec = codec_of(agreed.codec);
  format.payload_type = agreed.codec.payload_type;
  format.fmtp = agreed.codec.fmtp;
  for (const sdp::CodecChoice& also : agreed.also_receivable) {
    if (const auto* codec = codec_of(also)) format.also.push_back({also.payload_type, codec, also.fmtp});
  }
  format.telephone_event_type = agreed.telephone_event_type;
  if (agreed.telephone_event_in != 0) format.telephone_event_type = agreed.telephone_event_in;
  format.telephone_event_clock = agreed.telephone_event_clock;
  format.comfort_noise_type = agreed.comfort_noise_type;
  format.ptime = agreed.ptime;
  if (const auto address = net::Address::parse(agreed.remote_address, agreed.remote_rtp_port)) {
    format.remote_rtp = *address;
    format.remote_rtcp = *address;
    format.remote_rtcp.set_port(agreed.remote_rtcp_port);
  }
  format.rtcp_mux = agreed.rtcp_mux;
  using sdp::Direction;
  format.may_send = agreed.direction == Direction::sendrecv || agreed.direction == Direction::sendonly;
  format.may_receive = agreed.direction == Direction::sendrecv || agreed.direction == Direction::recvonly;
  format.held = agreed.direction != Direction::sendrecv;
  format.relearn_source = !agreed_ || agreed_->remote_address != agreed.remote_address ||
                          agreed_->remote_rtp_port != agreed.remote_rtp_port;
  agreed_ = std::move(agreed);
  context_.media.configure(stream_->ref, std::move(format));
}

}  // namespace call
