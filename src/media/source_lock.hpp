#pragma once
// Symmetric RTP (RFC 4961): from whom packets are taken, and where to send. Sends to the signalled address until the
// first valid packet comes, then locks on its source; the signalled address may take the lock over whenever a packet
// comes from it. Others are foreign until the signalling says otherwise. A value, owned by a stream.

#include "net/address.hpp"

namespace media {

class SourceLock {
 public:
  void configure(const net::Address& signalled, bool relearn) {
    signalled_ = signalled;
    if (!relearn) return;
    previous_ = locked_;
    still_previous_ = 0;
    locked_ = {};
  }

  // Would a packet from there be taken?
  bool accepts(const net::Address& from) const { return !locked_.is_set() || from == locked_ || from == signalled_; }
  // A valid packet came from there; accepts() was true.
  void lock(const net::Address& from) {
    // What was on its way when the signalling moved does not count, until it goes on for longer than that.
    if (!locked_.is_set() && from == previous_ && ++still_previous_ < kOnItsWay) return;
    if (!(from == locked_)) locked_ = from;
  }
  bool is_locked() const { return locked_.is_set(); }
  // Unset: nowhere.
  net::Address target() const {
    if (locked_.is_set()) return locked_;
    if (!signalled_.is_set() || signalled_.is_any() || signalled_.port() == 0) return {};
    return signalled_;
  }

 private:
  static constexpr int kOnItsWay = 50;  // packets

  net::Address signalled_;
  net::Address previous_;
  int still_previous_ = 0;
  net::Address locked_;
};

}  // namespace media
