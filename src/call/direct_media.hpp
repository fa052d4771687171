#pragma once
// Direct media between two calls (RFC 3725, third-party call control): each party is given the other's description, by
// re-INVITE, and their RTP does not pass through this server. Control thread; owned by Joins.
//
//   begin: re-INVITE one, without SDP ─▶ its offer ─▶ re-INVITE the other with it ─▶ its answer ─▶ ACK to one ─▶
//   connected begin with an offer of the other (its 2xx to our INVITE): re-INVITE one with it ─▶ answer ─▶ ACK to the
//   other connected: a change that one party asks for is passed to the other end: each is re-INVITEd with our own
//   description

#include <memory>
#include <string>

#include "call/context.hpp"

namespace call {

struct JoinSettings {
  enum class Path { bridge, direct };
  media::Flow flow = media::Flow::duplex;
  Path path = Path::bridge;
};

// A join that a call is to have once it is answered: to a call, or to a mixer.
struct JoinWish {
  std::string call;
  std::string zone, mixer;
  JoinSettings settings;
};

class DirectMedia {
 public:
  // `done` is called once: connected, or why not; not before begin() has returned; by end() at the latest.
  DirectMedia(Context& context, Call& one, Call& other, Started done);
  ~DirectMedia();
  DirectMedia(const DirectMedia&) = delete;
  DirectMedia& operator=(const DirectMedia&) = delete;

  void begin(const std::string& offer_of_other);
  bool is_connected() const { return state_ == State::connected || state_ == State::relaying; }
  // Both come back to our media, but for one that is ending.
  void end(Host* ending);

  void on_reoffered(Call& call, const std::string& offer);
  void on_offer_answered(Call& call, int status, const std::string& answer);

 private:
  enum class State { asking, offering, connected, relaying, over };

  Call& beside(const Call& call) const { return &call == &one_ ? other_ : one_; }
  void offer(Call& from, const std::string& description);
  void finish(base::Result<void> outcome);

  Context& context_;
  Call& one_;
  Call& other_;
  Started done_;
  State state_ = State::asking;
  Call* offerer_ = nullptr;  // whose offer waits for the other's answer
  std::string offer_;        // that offer
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace call
