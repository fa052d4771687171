#pragma once
// Offer/answer (RFC 3264) for one audio stream, as pure functions: what the peer offered and what we can do in, the
// session to send back and what was agreed out. Any thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sdp/session.hpp"

namespace sdp {

struct CodecChoice {
  std::string name;            // as in rtpmap ("PCMU", "opus"); any case means the same
  std::uint32_t clock = 8000;  // RTP clock, Hz
  std::uint8_t channels = 1;
  std::uint8_t payload_type = 0;
  std::string fmtp;               // in Local: ours; in Agreed: the peer's
  std::uint32_t sample_rate = 0;  // in Agreed: of its PCM, Hz (Local::sample_rate)
};

// What this server can do and where it listens; in order of preference.
struct Local {
  std::string address;  // numeric
  std::uint16_t rtp_port = 0;
  std::uint16_t rtcp_port = 0;
  std::vector<CodecChoice> codecs;  // payload types are ours for an offer; an answer uses the offerer's
  std::vector<CodecChoice>
      also_accepted;  // not in our offers, which must fit a datagram; their payload types are unused
  std::uint8_t telephone_event_type = 101;  // for the clock of the first codec; other clocks take the numbers after it
  // What the codecs make of the peer's description; unset: the clock, and any length that is asked for.
  std::function<std::uint32_t(const CodecChoice&)> sample_rate;  // Hz
  std::function<std::chrono::milliseconds(const CodecChoice&, std::chrono::milliseconds wanted)> packet_time;
  bool offer_rtcp_mux = true;
  std::uint64_t session_id = 0;
  std::uint64_t session_version = 0;  // incremented by the caller for every changed description of a dialog
};

// What both sides agreed on for the audio stream; directions are ours.
struct Agreed {
  CodecChoice codec;                         // payload_type: what we receive and send
  std::vector<CodecChoice> also_receivable;  // further common codecs that the peer may switch to at any time
  std::optional<std::uint8_t> telephone_event_type;
  std::uint8_t telephone_event_in = 0;             // payload type we receive events with, if it differs (0: the same)
  std::uint32_t telephone_event_clock = 8000;      // Hz; of timestamps and durations of events
  std::optional<std::uint8_t> comfort_noise_type;  // RFC 3389, at the codec's clock
  std::string remote_address;                      // numeric; empty or 0.0.0.0 style: on hold by the old way (RFC 2543)
  std::uint16_t remote_rtp_port = 0;
  std::uint16_t remote_rtcp_port = 0;  // a=rtcp or RTP + 1
  bool rtcp_mux = false;
  Direction direction = Direction::sendrecv;  // ours: may we send, do we receive
  std::chrono::milliseconds ptime{20};        // what to send in: near the peer's ptime, 10-60 ms
  bool held() const { return direction == Direction::sendonly || direction == Direction::inactive; }
};

struct Answered {
  Session answer;
  Agreed agreed;
};

// Answers an offer: the first audio section that has a codec of ours and a transport of ours (RTP/AVP; RTP/AVPF is
// answered as such) is taken, every other section is refused with port 0, in order. not_acceptable when there is none.
// The codec is the first of the offer's that we know, so that both directions use the same. Of the others only those
// are answered that have its sample rate and RTP clock: a party may switch among the formats agreed on at any packet,
// without a word, and so cannot change the rate of what is being recorded (nor its source's clock, RFC 7160 §3).
// sendonly is answered recvonly and so on.
base::Result<Answered> answer(const Session& offer, const Local& local);

// An offer of everything in `local`, for an INVITE without one. `direction` is ours.
Session make_offer(const Local& local, Direction direction = Direction::sendrecv);

// Judges the peer's answer to make_offer()'s offer. not_acceptable when it refused the stream or chose what was not
// offered. Where its payload types differ from the offer's, also_receivable has ours too: by RFC 3264 §6.1 they are
// what it will send.
base::Result<Agreed> accept(const Session& offer, const Session& answer, const Local& local);

}  // namespace sdp
