#pragma once
// Sums what is joined to it (XEP-0327's mixer): each member hears all the others and what is played on the bridge, not
// itself. At the widest of the members' rates, which only rises. Reports who speaks; can be recorded (Mixdown). Owned
// by a media worker; mix() and advance() never allocate. The cost of a beat grows with the number of members, no
// faster.
//
//   spoken frames ─▶ to the bridge's rate ─▶ Sum ─▶ Limiter ─▶ minus own ─▶ to the member's rate ─▶ its Ear
//   Outputs ─────────────────────────────────┘

#include <array>
#include <memory>
#include <vector>

#include "media/beat.hpp"
#include "media/mixdown.hpp"
#include "media/outputs.hpp"
#include "media/taps.hpp"

namespace media {

class Bridge final : private Taps::Owner {
 public:
  // `record_depth`: of the streams.
  Bridge(EndpointRef ref, base::Time created, std::chrono::milliseconds record_depth, EventQueue& events);

  // ---- commands ----
  // A member already: changes which way audio goes.
  void join(Stream& stream, bool speaks, bool hears, base::Time issued);
  void unjoin(Stream& stream, base::Time issued);
  // The stream is gone, or goes: nothing more of it is waited for.
  void forget(Stream& stream);
  void add_tap(TapId id, TapOptions options, base::Time issued);
  void pause_tap(TapId id, base::Time issued) { taps_.pause(id, issued); }
  void resume_tap(TapId id, base::Time issued) { taps_.resume(id, issued); }
  void stop_tap(TapId id, record::EndReason reason, base::Time issued) { taps_.stop(id, reason, issued); }
  void add_output(OutputId id, play::Feed& feed) { outputs_.add(id, feed, timeline_.rate); }
  void remove_output(OutputId id) { outputs_.remove(id); }
  // Everybody leaves, outputs end; recordings do when all that was said by now is in them: then it is closed.
  void close(base::Time issued);
  bool is_closing() const { return closing_; }
  bool is_closed() const { return closing_ && taps_.is_empty(); }
  // At once, with what there is.
  void finish();
  // Between two beats: follows the rates of its members; lets go of what nobody records any more.
  void adapt();
  void set_events(EventQueue& events);

  // ---- the media path ----
  void mix(Beat beat);
  void advance(base::Time now);

  EndpointRef ref() const { return ref_; }
  bool is_heard_here(const Stream& stream) const;
  bool hears_here(const Stream& stream) const;
  bool has_member(const Stream& stream) const { return find(stream) != nullptr; }
  // It has left, and the recording still waits for what it said before.
  bool waits_for(const Stream& stream) const { return mixdown_ && mixdown_->waits_for(stream); }
  std::vector<Stream*> streams() const;
  std::size_t member_count() const { return members_.size(); }
  std::size_t tap_count() const { return taps_.size(); }
  std::size_t output_count() const { return outputs_.size(); }
  std::uint32_t rate() const { return timeline_.rate; }

 private:
  struct Member {
    Stream* stream = nullptr;
    bool speaks = false, hears = false;
    RateChange up, down;
    std::array<std::int16_t, kMaxFrame> voice;
    bool is_silent = true;
    bool is_speaking = false;  // as was told
  };

  Member* find(const Stream& stream) const;
  bool can_beep() const override;
  base::Time beep(base::Time now) override;
  void change_rate(std::uint32_t rate);
  void collect(Beat beat);
  void hand_out(Member& member);
  void tell_speaking(Member& member, bool speaking);

  const EndpointRef ref_;
  const std::chrono::milliseconds record_depth_;
  EventQueue* events_;
  Timeline timeline_;
  std::vector<std::unique_ptr<Member>> members_;
  Outputs outputs_;
  Sum sum_, played_;
  Limiter limiter_;
  std::array<std::int16_t, kMaxFrame> everyone_, others_, narrow_;
  Taps taps_;
  std::unique_ptr<Mixdown> mixdown_;  // while there are taps
  bool closing_ = false;
};

}  // namespace media
