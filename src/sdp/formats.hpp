#pragma once
// The formats of an audio section: what their numbers mean, which of them we have in common with the peer, and how ours
// are written. For negotiation.cpp; pure functions, any thread.

#include <optional>
#include <vector>

#include "sdp/negotiation.hpp"
#include "sdp/session.hpp"

namespace sdp {

// What a section's formats have in common with ours, in the section's order, with its payload types.
struct Common {
  std::vector<CodecChoice> codecs;       // fmtp as the section says; one sample rate and clock
  std::vector<const CodecChoice*> ours;  // the same, as Local says
  std::optional<CodecChoice> telephone_event;
  std::optional<CodecChoice> comfort_noise;
};

// `in_offer`: the section is of the peer's offer, so that it may hold what we would not offer.
Common common_formats(const Media& media, const Local& local, bool in_offer);

// Writes those of an answer, or of an offer, into `media`.
void add_common_formats(Media& media, const Common& common);
void add_offered_formats(Media& media, const Local& local);

// The telephone-events of our offers: one for each clock of a codec (RFC 4733 §2.1), numbered in the codecs' order.
std::vector<CodecChoice> offered_events(const Local& local);

}  // namespace sdp
