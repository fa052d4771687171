#pragma once
// The decoders of one stream: which payload type means which, and those that packets still waiting were sent for. A
// payload type that is given another meaning takes nothing from what arrived before. Owned by a media worker.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "audio/interpolator.hpp"
#include "codec/codec.hpp"

namespace media {

struct Decoding {
  const codec::Codec* codec = nullptr;
  std::string fmtp;
  std::uint32_t rate = 8000;  // of the decoder's samples
  bool is_mulaw = false;
  std::unique_ptr<codec::Decoder> decoder;
  audio::Upsampler upsampler;  // to the timeline's rate, if that is higher
};

class Decodings {
 public:
  static constexpr std::uint8_t kNone = 0xff;

  Decodings() { by_type_.fill(kNone); }

  // Allocates. A codec that was used before with the same parameters goes on with its state.
  void set(std::uint8_t payload_type, const codec::Codec& codec, const std::string& fmtp, std::uint32_t timeline_rate) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i]->codec != &codec || all_[i]->fmtp != fmtp) continue;
      by_type_[payload_type & 127U] = static_cast<std::uint8_t>(i);
      return;
    }
    // Fewer than any call has use for; a peer that invents a new fmtp each time gets the last of them.
    constexpr std::size_t kMost = 200;
    auto made = std::make_unique<Decoding>();
    made->codec = &codec;
    made->fmtp = fmtp;
    made->is_mulaw = codec.name() == "PCMU";
    made->rate = codec.sample_rate(fmtp);
    made->decoder = codec.make_decoder(fmtp);
    if (made->rate < timeline_rate) made->upsampler.configure(made->rate, timeline_rate);
    if (all_.size() < kMost) {
      all_.push_back(std::move(made));
    } else {
      *all_.back() = std::move(*made);
    }
    by_type_[payload_type & 127U] = static_cast<std::uint8_t>(all_.size() - 1);
  }
  void change_rate(std::uint32_t timeline_rate) {
    for (const auto& one : all_) {
      if (one->rate < timeline_rate) one->upsampler.configure(one->rate, timeline_rate);
    }
  }

  // The number by which a packet of this type is to be decoded; kNone: it means nothing.
  std::uint8_t of_type(std::uint8_t payload_type) const { return by_type_[payload_type & 127U]; }
  Decoding* find(std::uint8_t number) const { return number < all_.size() ? all_[number].get() : nullptr; }

 private:
  std::array<std::uint8_t, 128> by_type_;
  std::vector<std::unique_ptr<Decoding>> all_;
};

}  // namespace media
