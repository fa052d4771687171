#include "media/digit_gate.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>
#include <vector>

namespace {

using media::DigitGate;
using media::FrameBuffer;
using media::Position;

std::vector<std::int16_t> tones(std::initializer_list<double> hz, std::uint32_t rate, double seconds,
                                double amplitude) {
  std::vector<std::int16_t> out(static_cast<std::size_t>(seconds * rate));
  for (std::size_t i = 0; i < out.size(); ++i) {
    double sum = 0;
    for (const double one : hz) sum += std::sin(2 * std::numbers::pi * one * static_cast<double>(i) / rate);
    out[i] = static_cast<std::int16_t>(std::lround(amplitude * sum));
  }
  return out;
}

double level(std::span<const std::int16_t> audio) {
  double sum = 0;
  for (const std::int16_t sample : audio) sum += static_cast<double>(sample) * sample;
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(audio.size(), 1)));
}

class DigitGateTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  std::uint32_t rate() const { return GetParam(); }
  void put(std::span<const std::int16_t> audio, std::size_t at) {
    std::copy(audio.begin(), audio.end(), in_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  // Through the gate; `event`: told when this frame comes.
  template <class Told>
  std::vector<std::int16_t> passed(Told&& told) {
    DigitGate gate(rate());
    const std::size_t size = rate() / 50;
    std::vector<std::int16_t> out;
    FrameBuffer frame;
    const auto take = [&] {
      EXPECT_EQ(frame.position, static_cast<Position>(out.size()));
      out.insert(out.end(), frame.send.begin(), frame.send.begin() + static_cast<std::ptrdiff_t>(frame.size));
    };
    for (std::size_t at = 0; at < in_.size(); at += size) {
      frame = {};
      frame.position = static_cast<Position>(at);
      frame.size = size;
      std::copy_n(in_.begin() + static_cast<std::ptrdiff_t>(at), size, frame.send.begin());
      told(gate, static_cast<Position>(at));
      if (gate.pass(frame)) take();
    }
    while (gate.drain(frame)) take();
    return out;
  }
  std::vector<std::int16_t> passed() {
    return passed([](DigitGate&, Position) {});
  }
  std::size_t ms(double length) const { return static_cast<std::size_t>(length * rate() / 1000); }

  std::vector<std::int16_t> in_ = std::vector<std::int16_t>(GetParam() * 2);
};

TEST_P(DigitGateTest, LeavesNothingOfATone) {
  for (const double length : {50.0, 100.0, 333.0}) {
    for (const double at : {400.0, 407.0, 413.3}) {
      in_.assign(rate() * 2, 0);
      put(tones({770, 1336}, rate(), length / 1000, 4000), ms(at));
      const auto out = passed();
      ASSERT_EQ(out.size(), in_.size());
      EXPECT_LT(level(out), 5) << length << " ms at " << at;
    }
  }
}

TEST_P(DigitGateTest, LeavesWhatIsSpokenBeforeAndAfter) {
  const auto voice = tones({230, 460, 690}, rate(), 0.5, 3000);
  put(voice, 0);
  put(tones({941, 1477}, rate(), 0.12, 4000), ms(600));
  put(voice, ms(800));
  const auto out = passed();
  for (std::size_t i = 0; i < ms(500); ++i) ASSERT_EQ(out[i], in_[i]);
  EXPECT_LT(level(std::span(out).subspan(ms(500), ms(300))), 5);
  for (std::size_t i = ms(800); i < ms(1300); ++i) ASSERT_EQ(out[i], in_[i]) << i;
}

TEST_P(DigitGateTest, PassesEverythingElseBitByBit) {
  unsigned state = 7;
  for (std::int16_t& sample : in_) sample = static_cast<std::int16_t>((state = state * 1103515245 + 12345) >> 17);
  EXPECT_EQ(passed(), in_);
}

TEST_P(DigitGateTest, SilencesTheSpanOfAnEventAndTheToneThatLeakedBeforeIt) {
  put(tones({697, 1209}, rate(), 0.03, 4000), ms(400));  // too short to be detected by its sound
  const auto begin = static_cast<Position>(ms(430));
  put(tones({300}, rate(), 0.3, 2000), ms(430));
  const auto out = passed([&](DigitGate& gate, Position at) {
    const Position lasts = at - static_cast<Position>(ms(440));
    if (lasts >= 0) gate.silence('1', begin, begin + std::min(lasts, static_cast<Position>(ms(250))));
  });
  EXPECT_LT(level(std::span(out).subspan(0, ms(430))), 5);
  EXPECT_EQ(level(std::span(out).subspan(ms(430), ms(250))), 0);
  EXPECT_GT(level(std::span(out).subspan(ms(690), ms(40))), 1000);
}

INSTANTIATE_TEST_SUITE_P(Rates, DigitGateTest, testing::Values(8000, 16000, 44100, 48000));

}  // namespace
