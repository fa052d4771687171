#include "media/live.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace media {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLeast{20}, kMost{200};
constexpr milliseconds kMargin{3};
constexpr milliseconds kUnknown{10};                               // jitter, until a second of packets has been seen
constexpr milliseconds kTooDeep{15}, kTooShallow{6}, kSettled{1};  // off the wanted depth
constexpr milliseconds kHopeless{400};  // further behind than this nothing is drawn out or hurried: it jumps
constexpr double kHurry = 0.004;
constexpr int kQuietLevel = 60;  // mean magnitude: -55 dBFS

bool is_quiet(std::span<const std::int16_t> audio) {
  std::int64_t sum = 0;
  for (const std::int16_t sample : audio) sum += std::abs(sample);
  return sum <= static_cast<std::int64_t>(audio.size()) * kQuietLevel;
}

}  // namespace

Live::Live(std::uint32_t rate, Position media)
    : rate_(rate),
      playout_(rate, kMost, false),
      warp_(playout_),
      concealer_(rate),
      window_end_(media),
      duration_(samples(kTick)) {
  warp_.skip(static_cast<std::size_t>(std::max<Position>(media, 0)), 0);
}

void Live::insert(const Playout::Arrival& arrival) {
  if (playout_.insert(arrival) == Playout::Verdict::duplicate) return;
  if (const auto end = playout_.inserted_end()) note(arrival.position - *end, arrival.position);
  if (playout_.newest_duration() > 0) duration_ = playout_.newest_duration();
}

void Live::note(Position lateness, Position at) {
  if (at >= window_end_) {
    window_end_ = at + samples(milliseconds(1000));
    window_ = (window_ + 1) % kWindows;
    windows_[window_] = {};
  }
  Window& window = windows_[window_];
  if (!window.used) window = {true, lateness, lateness};
  window.least = std::min(window.least, lateness);
  window.most = std::max(window.most, lateness);
}

// A packet that is as late as the latest must be there when its first sample is due: a packet's length after it.
Position Live::wanted() const {
  Window all;
  int used = 0;
  for (const Window& one : windows_) {
    if (!one.used) continue;
    ++used;
    all.least = all.used ? std::min(all.least, one.least) : one.least;
    all.most = all.used ? std::max(all.most, one.most) : one.most;
    all.used = true;
  }
  Position spread = all.most - all.least;
  if (used < 2) spread = std::max(spread, samples(kUnknown));
  return all.least + std::clamp(spread + duration_ + samples(kMargin), samples(kLeast), samples(kMost));
}

void Live::render(std::span<std::int16_t> out, Position media_now, double drift) {
  const auto frame = static_cast<Position>(out.size());
  const Position wanted = this->wanted();
  make_up_for_wait();
  const auto behind = [&] { return media_now - warp_.media() - frame; };
  if (behind() > (std::exchange(begun_, true) ? samples(kHopeless) : wanted)) {
    warp_.skip(static_cast<std::size_t>(behind() - wanted), drift);
  }
  const Position off = behind() - wanted;

  const bool idle = playout_.is_idle();
  const bool draws_out = (idle || quiet_) && off < -samples(kTooShallow);
  Position still = draws_out ? std::min(frame, -off) : 0;  // how much of this frame is drawn out
  if (idle) {
    waited_ = 0;
    if (off > samples(kSettled)) warp_.skip(static_cast<std::size_t>(off), drift);
  }
  const milliseconds tolerated = adjusting_ ? kSettled : off > 0 ? kTooDeep : kTooShallow;
  adjusting_ = !idle && std::abs(off) > samples(tolerated);
  const double correction = drift + (!adjusting_ ? 0 : off > 0 ? kHurry : -kHurry);
  const Position end = warp_.needed_end(out.size(), correction);
  if (behind() < samples(kMost)) still = std::max(still, std::min(frame, playout_.shortage(end)));
  if (off < -samples(kTooShallow) && playout_.missing(end) > 0) still = std::max(still, std::min(frame, -off));

  if (still > 0) {
    concealer_.conceal(out.first(static_cast<std::size_t>(still)));
    if (!idle && !quiet_) waited_ += still, concealed_ += still;
  }
  if (still < frame) play(out.subspan(static_cast<std::size_t>(still)), correction);
  if (still == 0 && quiet_ && !idle && off > frame + samples(kSettled)) hurry(out, correction);
  quiet_ = is_quiet(out);
  depth_ = media_now - warp_.media();
}

// What was drawn out for a packet that turns out to be lost stands in its place.
void Live::make_up_for_wait() {
  if (waited_ == 0 || playout_.shortage(playout_.cursor() + 1) > 0) return;
  const Position lost = playout_.missing(std::numeric_limits<Position>::max());
  warp_.shorten_loss(std::min(lost, std::exchange(waited_, 0)));
}

void Live::play(std::span<std::int16_t> out, double correction) {
  warp_.render(out, {kinds_.data(), out.size()}, correction);
  concealer_.receive(out);
  concealed_ += std::count_if(kinds_.begin(), kinds_.begin() + static_cast<std::ptrdiff_t>(out.size()),
                              [](Kind kind) { return kind == Kind::repaired || kind == Kind::lost; });
}

// Goes from this frame into the next one, if that is as quiet.
void Live::hurry(std::span<std::int16_t> out, double correction) {
  if (!is_quiet(out) || playout_.shortage(warp_.needed_end(out.size(), correction)) > 0) return;
  const std::span<std::int16_t> next(scratch_.data(), out.size());
  play(next, correction);
  const auto blend = static_cast<int>(std::min<std::size_t>(out.size(), rate_ / 200));
  for (int i = 0; i < static_cast<int>(out.size()); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const int weight = std::min(i + 1, blend);
    out[at] = static_cast<std::int16_t>((out[at] * (blend - weight) + next[at] * weight) / blend);
  }
}

std::chrono::milliseconds Live::take_concealed() {
  const Position whole = concealed_ * 1000 / rate_;
  concealed_ -= whole * rate_ / 1000;
  return milliseconds(whole);
}

void Live::change_rate(std::uint32_t rate) {
  const std::uint32_t from = std::exchange(rate_, rate);
  playout_.change_rate(rate);
  warp_.change_rate(from, rate);
  concealer_ = Concealer(rate);
  for (Position* one : {&window_end_, &duration_, &depth_, &waited_, &concealed_}) *one = scaled(*one, from, rate);
  for (Window& window : windows_) {
    window.least = scaled(window.least, from, rate);
    window.most = scaled(window.most, from, rate);
  }
}

}  // namespace media
