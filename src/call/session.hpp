#pragma once
// The media session of one call: its stream, and the session descriptions by which that was agreed on with the party
// (RFC 3264). Knows no signalling: texts go in and out. Control thread.
//
//   open() ──▶ answer(their offer) ──────────────┐
//        └───▶ offer() ──▶ take_answer(theirs) ──┴──▶ agreed: the stream is configured ──▶ (again, at each change)

#include <cstdint>
#include <optional>
#include <string>

#include "call/context.hpp"
#include "sdp/negotiation.hpp"

namespace call {

class Session {
 public:
  Session(Context& context, std::string call_id);

  // Makes the stream, if there is none yet.
  base::Result<void> open();
  // What it was made for is over: the stream goes; on_destroyed() follows.
  void close();
  void on_destroyed() { stream_.reset(); }
  bool is_open() const { return stream_.has_value(); }
  media::EndpointRef endpoint() const { return stream_ ? stream_->ref : media::EndpointRef{}; }
  bool is_agreed() const { return agreed_.has_value(); }
  // Something that is sent is heard: it has been agreed on, and the party has not put us on hold.
  bool may_send() const {
    return agreed_ &&
           (agreed_->direction == sdp::Direction::sendrecv || agreed_->direction == sdp::Direction::sendonly);
  }
  std::uint32_t rate() const;  // Hz; of the codec agreed on

  // The answer to an offer of theirs, which takes effect.
  base::Result<std::string> answer(const sdp::Session& offer);
  // An offer of ours; the next take_answer() judges the answer to it.
  std::string offer();
  bool is_offering() const { return our_offer_.has_value(); }
  // Their answer to our offer, which takes effect; a `provisional` one may be followed by another (forks). With an
  // error what was agreed on before goes on.
  base::Result<void> take_answer(const std::string& text, bool provisional = false);
  // The offer was refused: what was agreed on before goes on.
  void withdraw_offer() { our_offer_.reset(); }

  // We put the party on hold: the descriptions from now on say sendonly, and nothing of it is received.
  void set_holding(bool holding) { holding_ = holding; }
  bool is_holding() const { return holding_; }

  // Somebody else's description, for our party: as part of the same session (RFC 3264 §8, RFC 3725).
  std::string relayed(const std::string& sdp);
  // The party's media goes elsewhere: the stream waits without a timeout, until the next answer.
  void set_aside();

 private:
  sdp::Local local_description() const;
  void apply(sdp::Agreed agreed);
  std::string numbered(sdp::Session session);
  media::Format format_of(const sdp::Agreed& agreed) const;

  Context& context_;
  const std::string call_id_;
  std::optional<media::CreatedStream> stream_;
  std::optional<sdp::Session> our_offer_;  // while it is unanswered
  std::optional<sdp::Agreed> agreed_;
  bool holding_ = false;
  const std::uint64_t sdp_session_id_;
  std::uint64_t sdp_version_ = 0;
  std::string last_sdp_;  // what we last described, to number versions by RFC 3264 §8
};

}  // namespace call
