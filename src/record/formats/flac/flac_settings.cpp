#include "record/formats/flac/flac_settings.hpp"

#include "record/formats/hint_value.hpp"

namespace record::flac {

base::Result<FlacSettings> flac_settings(std::span<const Hint> hints) {
  FlacSettings settings;
  for (const Hint& hint : hints) {
    if (hint.name != "compression") continue;
    auto value = whole_number(hint, 0, 8);
    if (!value) return std::move(value.error());
    settings.compression = *value;
  }
  return settings;
}

}  // namespace record::flac
