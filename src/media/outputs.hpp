#pragma once
// What is played on one endpoint: feeds, frame by frame at the endpoint's rate. An output ends kEnding frames after the
// last sample of its feed was read: by then the longest packet that holds it has been sent. Owned by a media worker;
// play() never allocates.

#include <cstdint>
#include <memory>
#include <vector>

#include "media/beat.hpp"
#include "media/event_queue.hpp"
#include "media/limiter.hpp"
#include "media/rate_change.hpp"
#include "play/feed.hpp"

namespace media {

class Outputs {
 public:
  Outputs(EndpointRef ref, EventQueue& events) : ref_(ref), events_(&events) {}
  void set_events(EventQueue& events) { events_ = &events; }

  void add(OutputId id, play::Feed& feed, std::uint32_t rate);
  void remove(OutputId id);
  void remove_all();
  // Allocates.
  void change_rate(std::uint32_t rate);

  bool is_empty() const { return outputs_.empty(); }
  std::size_t size() const { return outputs_.size(); }
  // The next frame of each is added.
  void play(Beat beat, Sum& sum);

 private:
  static constexpr int kEnding = 4;  // frames: a packet of 60 ms, and what a change of rate keeps inside

  struct Output {
    OutputId id = 0;
    play::Feed* feed = nullptr;
    RateChange change;
    std::vector<std::int16_t> in, out;
    int ending = 0;  // frames since the feed's end
  };

  const EndpointRef ref_;
  EventQueue* events_;
  std::vector<std::unique_ptr<Output>> outputs_;
};

}  // namespace media
