#include "record/formats/format.hpp"

#include <algorithm>

namespace record {

const Format* find_format(std::string_view name) {
  const auto all = formats();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Format* format) { return format->name() == name; });
  return found == all.end() ? nullptr : *found;
}

}  // namespace record
