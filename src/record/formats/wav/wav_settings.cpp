#include "record/formats/wav/wav_settings.hpp"

namespace record::wav {

base::Result<std::optional<SampleEncoding>> wav_encoding(std::span<const Hint> hints) {
  std::optional<SampleEncoding> encoding = SampleEncoding::pcm16;
  for (const Hint& hint : hints) {
    if (hint.name != "encoding") continue;
    if (hint.value == "gsm") {
      encoding = std::nullopt;
    } else if (const auto known = sample_encoding_named(hint.value)) {
      encoding = known;
    } else {
      return base::bad_request("hint 'encoding': expected pcm16, mulaw, alaw or gsm");
    }
  }
  return encoding;
}

}  // namespace record::wav
