#include "call/session.hpp"

#include <utility>

#include "base/log.hpp"
#include "base/random.hpp"
#include "call/local_codecs.hpp"

namespace call {

namespace log = base::log;
using base::Result;

namespace {

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

// The direction without receiving.
sdp::Direction without_receiving(sdp::Direction direction) {
  using sdp::Direction;
  return direction == Direction::sendrecv || direction == Direction::sendonly ? Direction::sendonly
                                                                              : Direction::inactive;
}

// Takes receiving out of what an answer says of its open streams.
void stop_receiving(sdp::Session& session) {
  for (sdp::Media& media : session.media) {
    if (media.port == 0) continue;
    const auto is_direction = [](const sdp::Attribute& attribute) {
      return attribute.name == "sendrecv" || attribute.name == "sendonly" || attribute.name == "recvonly" ||
             attribute.name == "inactive";
    };
    bool sends = true;
    for (const sdp::Attribute& attribute : media.attributes) {
      if (is_direction(attribute)) sends = attribute.name == "sendrecv" || attribute.name == "sendonly";
    }
    std::erase_if(media.attributes, is_direction);
    media.attributes.push_back({sends ? "sendonly" : "inactive", {}});
  }
}

}  // namespace

Session::Session(Context& context, std::string call_id)
    : context_(context),
      call_id_(std::move(call_id)),
      sdp_session_id_(base::random_u64() >> 2) {}  // RFC 8866 §5.2: fits a signed 64-bit number

Result<void> Session::open() {
  if (stream_) return {};
  auto created = context_.media.create();
  if (!created) return std::move(created.error()).in("open an RTP port");
  stream_ = *created;
  return {};
}

void Session::close() {
  if (stream_) context_.media.destroy(stream_->ref);
}

std::uint32_t Session::rate() const {
  const codec::Codec* codec = agreed_ ? codec_of(agreed_->codec) : nullptr;
  return codec != nullptr ? codec->sample_rate(agreed_->codec.fmtp) : 8000;
}

sdp::Local Session::local_description() const {
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
std::string Session::numbered(sdp::Session session) {
  session.origin_version = sdp_version_;
  std::string text = sdp::print(session);
  if (!last_sdp_.empty() && text != last_sdp_) {
    session.origin_version = ++sdp_version_;
    text = sdp::print(session);
  }
  last_sdp_ = text;
  return text;
}

Result<std::string> Session::answer(const sdp::Session& offer) {
  auto answered = sdp::answer(offer, local_description());
  if (!answered) return std::move(answered.error());
  our_offer_.reset();
  if (holding_) {
    stop_receiving(answered->answer);
    answered->agreed.direction = without_receiving(answered->agreed.direction);
  }
  apply(answered->agreed);
  return numbered(std::move(answered->answer));
}

std::string Session::offer() {
  our_offer_ = sdp::make_offer(local_description(), holding_ ? sdp::Direction::sendonly : sdp::Direction::sendrecv);
  return numbered(*our_offer_);
}

Result<void> Session::take_answer(const std::string& text, bool provisional) {
  if (!our_offer_ || !stream_) return {};
  const sdp::Session offer = *our_offer_;
  if (!provisional) our_offer_.reset();
  const auto parsed = sdp::parse(text);
  auto agreed = parsed ? sdp::accept(offer, *parsed, local_description()) : Result<sdp::Agreed>(parsed.error());
  if (!agreed) {
    log::warn("call", "{}: the answer to our offer: {}", call_id_, agreed.error().text);
    return std::move(agreed.error());
  }
  if (holding_) agreed->direction = without_receiving(agreed->direction);
  apply(std::move(*agreed));
  return {};
}

std::string Session::relayed(const std::string& sdp) {
  auto session = sdp::parse(sdp);
  if (!session) return sdp;
  session->origin_user.assign(1, '-');
  session->origin_id = sdp_session_id_;
  session->origin_address = context_.rtp_address;
  return numbered(std::move(*session));
}

void Session::set_aside() {
  if (!stream_ || !agreed_) return;
  sdp::Agreed aside = *agreed_;
  aside.direction = sdp::Direction::inactive;
  context_.media.configure(stream_->ref, format_of(aside));
}

media::Format Session::format_of(const sdp::Agreed& agreed) const {
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
  return format;
}

void Session::apply(sdp::Agreed agreed) {
  if (agreed.remote_rtp_port == 0 && agreed_) keep_formats(*agreed_, agreed);
  if (!agreed_ || describe(*agreed_) != describe(agreed)) log::info("call", "{}: {}", call_id_, describe(agreed));
  media::Format format = format_of(agreed);
  agreed_ = std::move(agreed);
  context_.media.configure(stream_->ref, std::move(format));
}

}  // namespace call
