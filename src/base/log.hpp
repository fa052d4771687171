#pragma once
// The process's log: one line an event, on standard error, as text or as one JSON object a line. Never called from a
// media tick. The one piece of state that is process-wide, as the standard error it writes to is.
//
//   log::warn("sip", "call {}: no common codec", id);

#include <spdlog/fmt/fmt.h>
#include <string>
#include <string_view>

namespace base::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

// Any thread. Nothing below `level` is written.
void configure(Level level, Format format);
bool enabled(Level level);
void write(Level level, std::string_view part, std::string_view text);

template <class... Args>
void debug(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, part, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, part, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warn)) write(Level::warn, part, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, part, fmt::format(format, std::forward<Args>(args)...));
}

// `text` as the inside of a JSON string; control characters are escaped. Also keeps text log lines on one line.
std::string escaped(std::string_view text);

}  // namespace base::log
