#include "codec/g722/decoder.hpp"

#include <algorithm>

namespace codec::g722 {
namespace {

// Tables of §6.2: inverse quantisers (QM2, QM4, QM6), their scale factors' steps (WL by RL42, WH by RH2),
// antilogarithms (ILB), and the coefficients of the QMF (Table 11).
constexpr std::array<int, 4> kQm2{-7408, -1616, 7408, 1616};
constexpr std::array<int, 16> kQm4{0,     -20456, -12896, -8968, -6288, -4240, -2584, -1200,
                                   20456, 12896,  8968,   6288,  4240,  2584,  1200,  0};
constexpr std::array<int, 64> kQm6{-136,   -136,   -136,  -136,  -24808, -21904, -19008, -16704, -14984, -13512, -12280,
                                   -11192, -10232, -9360, -8576, -7856,  -7192,  -6576,  -6000,  -5456,  -4944,  -4464,
                                   -4008,  -3576,  -3168, -2776, -2400,  -2032,  -1688,  -1360,  -1040,  -728,   24808,
                                   21904,  19008,  16704, 14984, 13512,  12280,  11192,  10232,  9360,   8576,   7856,
                                   7192,   6576,   6000,  5456,  4944,   4464,   4008,   3576,   3168,   2776,   2400,
                                   2032,   1688,   1360,  1040,  728,    432,    136,    -432,   -136};
constexpr std::array<int, 8> kWl{-60, -30, 58, 172, 334, 538, 1198, 3042};
constexpr std::array<std::size_t, 16> kRl42{0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0};
constexpr std::array<int, 4> kWhByCode{798, -214, 798, -214};
constexpr std::array<int, 32> kIlb{2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543,
                                   2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025, 3091, 3158, 3228,
                                   3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008};
constexpr std::array<int, 12> kQmf{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11};

constexpr int saturated(int value) { return std::clamp(value, -32768, 32767); }
constexpr int limited(int value) { return std::clamp(value, -16384, 16383); }  // §6.2.1.6 LIMIT

}  // namespace

void Band::adapt(int difference) {
  d_[0] = difference;
  r_[0] = saturated(s_ + difference);   // RECONS
  p_[0] = saturated(sz_ + difference);  // PARREC

  // UPPOL2, UPPOL1: the poles.
  const bool same1 = (p_[0] < 0) == (p_[1] < 0), same2 = (p_[0] < 0) == (p_[2] < 0);
  const int fourfold = saturated(4 * a_[1]);
  const int turned = std::min(same1 ? -fourfold : fourfold, 32767);
  const int second = std::clamp((turned >> 7) + (same2 ? 128 : -128) + (a_[2] * 32512 >> 15), -12288, 12288);
  const int most = saturated(15360 - second);
  const int first = std::clamp(saturated((same1 ? 192 : -192) + (a_[1] * 32640 >> 15)), -most, most);

  // UPZERO: the zeros; DELAYA.
  const int gain = difference == 0 ? 0 : 128;
  for (std::size_t i = 6; i > 0; --i) {
    const bool same = (d_[i] < 0) == (difference < 0);
    b_[i] = saturated((same ? gain : -gain) + (b_[i] * 32640 >> 15));
  }
  for (std::size_t i = 6; i > 0; --i) d_[i] = d_[i - 1];
  for (std::size_t i = 2; i > 0; --i) r_[i] = r_[i - 1], p_[i] = p_[i - 1];
  a_[1] = first;
  a_[2] = second;

  // FILTEP, FILTEZ, PREDIC.
  const int sp = saturated((a_[1] * saturated(2 * r_[1]) >> 15) + (a_[2] * saturated(2 * r_[2]) >> 15));
  sz_ = 0;
  for (std::size_t i = 6; i > 0; --i) sz_ += b_[i] * saturated(2 * d_[i]) >> 15;
  sz_ = saturated(sz_);
  s_ = saturated(sp + sz_);
}

// LOGSCL and SCALEL, LOGSCH and SCALEH.
void Band::rescale(int step, int most, int shift) {
  nb_ = std::clamp((nb_ * 127 >> 7) + step, 0, most);
  const int value = kIlb[static_cast<std::size_t>(nb_ >> 6 & 31)];
  const int down = shift - (nb_ >> 11);
  det_ = (down < 0 ? value << -down : value >> down) * 4;
}

int Decoder::decode_low(int code) {
  const auto index = static_cast<std::size_t>(code);
  const int reconstructed = limited(low_.predicted() + (low_.scale() * kQm6[index] >> 15));
  const int difference = low_.scale() * kQm4[index >> 2] >> 15;
  low_.rescale(kWl[kRl42[index >> 2]], 18432, 8);
  low_.adapt(difference);
  return reconstructed;
}

int Decoder::decode_high(int code) {
  const auto index = static_cast<std::size_t>(code);
  const int difference = high_.scale() * kQm2[index] >> 15;
  const int reconstructed = limited(high_.predicted() + difference);
  high_.rescale(kWhByCode[index], 22528, 10);
  high_.adapt(difference);
  return reconstructed;
}

std::size_t Decoder::decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) {
  const std::size_t bytes = std::min(payload.size(), out.size() / 2);
  for (std::size_t n = 0; n < bytes; ++n) {
    const int low = decode_low(payload[n] & 63), high = decode_high(payload[n] >> 6);
    std::copy(x_.begin() + 2, x_.end(), x_.begin());
    x_[22] = low + high;
    x_[23] = low - high;
    int odd = 0, even = 0;
    for (std::size_t i = 0; i < kQmf.size(); ++i) {
      odd += x_[2 * i] * kQmf[i];
      even += x_[2 * i + 1] * kQmf[kQmf.size() - 1 - i];
    }
    out[2 * n] = static_cast<std::int16_t>(saturated(even >> 11));
    out[2 * n + 1] = static_cast<std::int16_t>(saturated(odd >> 11));
  }
  return 2 * bytes;
}

}  // namespace codec::g722
