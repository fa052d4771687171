#include "media/outputs.hpp"

#include <algorithm>

namespace media {

void Outputs::add(OutputId id, play::Feed& feed, std::uint32_t rate) {
  auto made = std::make_unique<Output>();
  made->id = id;
  made->feed = &feed;
  made->change.configure(feed.rate(), rate);
  made->in.resize(feed.rate() / 50 + 1);
  made->out.resize(kMaxFrame);
  outputs_.push_back(std::move(made));
}

void Outputs::remove(OutputId id) {
  const auto found = std::find_if(outputs_.begin(), outputs_.end(), [&](const auto& one) { return one->id == id; });
  if (found == outputs_.end()) return;
  outputs_.erase(found);
  events_->push(OutputEnded{ref_, id, false});
}

void Outputs::remove_all() {
  for (const auto& one : outputs_) events_->push(OutputEnded{ref_, one->id, false});
  outputs_.clear();
}

void Outputs::change_rate(std::uint32_t rate) {
  for (const auto& one : outputs_) one->change.configure(one->change.from(), rate);
}

void Outputs::play(Beat beat, Sum& sum) {
  for (const auto& one : outputs_) {
    const std::span<std::int16_t> in(one->in.data(), beat.samples(one->change.from()));
    if (one->ending > 0) {
      std::fill(in.begin(), in.end(), std::int16_t{0});
      ++one->ending;
    } else if (!one->feed->read(in)) {
      one->ending = 1;
    }
    const std::span<std::int16_t> frame(one->out.data(), sum.size());
    one->change.process(in, frame);
    sum.add(frame);
    if (one->ending > kEnding) events_->push(OutputEnded{ref_, one->id, true});
  }
  std::erase_if(outputs_, [](const auto& one) { return one->ending > kEnding; });
}

}  // namespace media
