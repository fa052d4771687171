#pragma once
// The recordings of one endpoint: finds them by id, feeds them, says when they have ended. Owned by a media worker;
// feed() never allocates.

#include <memory>
#include <optional>
#include <vector>

#include "media/event_queue.hpp"
#include "media/tap.hpp"
#include "media/timeline.hpp"

namespace media {

class Taps {
 public:
  // The endpoint that is recorded.
  class Owner {
   public:
    virtual bool can_beep() const = 0;
    // Plays a beep from `now` on, or as soon after as may be; returns when its tone ends.
    virtual base::Time beep(base::Time now) = 0;

   protected:
    ~Owner() = default;
  };

  // `owner` and `timeline` outlive it.
  Taps(EndpointRef ref, Owner& owner, const Timeline& timeline, EventQueue& events)
      : ref_(ref), owner_(owner), timeline_(timeline), events_(&events) {}
  void set_events(EventQueue& events) { events_ = &events; }

  // The timeline begins; those that came before begin with it.
  void begin(base::Time issued);
  // Records from `issued` on, or as its options say, not before `least`.
  void add(TapId id, TapOptions options, base::Time issued, Position least);
  void pause(TapId id, base::Time issued);
  void resume(TapId id, base::Time issued);
  void stop(TapId id, record::EndReason reason, base::Time issued);
  // A hang-up: each ends at `at`, or now where it has been fed that far and more.
  void stop_all(Position at);
  void end_all();
  // Between two frames; allocates.
  void change_rate(std::uint32_t rate);

  void feed(const Frame& frame);
  // True once after a recording with a beep at its end ended of itself.
  bool take_beep_wanted() { return std::exchange(beep_wanted_, false); }

  bool is_empty() const { return taps_.empty(); }
  std::size_t size() const { return taps_.size() + waiting_.size(); }

 private:
  struct Waiting {
    TapId id = 0;
    TapOptions options;
    bool resumed = false, paused = false;
    std::optional<record::EndReason> stopped = std::nullopt;
  };

  void start(TapId id, TapOptions options, Position at);
  Tap* find(TapId id);
  void after_feeding(Tap& tap);

  const EndpointRef ref_;
  Owner& owner_;
  const Timeline& timeline_;
  EventQueue* events_;
  bool begun_ = false;
  std::vector<std::unique_ptr<Tap>> taps_;
  std::vector<Waiting> waiting_;  // for begin()
  bool beep_wanted_ = false;
};

}  // namespace media
