#include "codec/codec.hpp"

#include <string>
#include <strings.h>

namespace codec {

const Codec* find(std::string_view name, std::uint32_t rtp_clock, int channels) {
  for (const Codec* codec : codecs()) {
    const std::string_view own = codec->name();
    if (codec->rtp_clock() == rtp_clock && codec->channels() == channels && own.size() == name.size() &&
        strncasecmp(own.data(), name.data(), name.size()) == 0) {
      return codec;
    }
  }
  return nullptr;
}

}  // namespace codec
