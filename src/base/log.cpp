#include "base/log.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/utc.hpp"

namespace base::log {
namespace {

std::atomic<Format> g_format{Format::text};

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

const char* name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "info";
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("telegraphone", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

std::string now() { return utc_text(std::chrono::system_clock::now()); }

}  // namespace

void configure(Level level, Format format) {
  logger().set_level(spdlog_level(level));
  g_format = format;
}

bool enabled(Level level) { return logger().should_log(spdlog_level(level)); }

void write(Level level, std::string_view part, std::string_view text) {
  if (g_format == Format::json) {
    logger().log(spdlog_level(level), "{}",
                 fmt::format(R"({{"time":"{}","level":"{}","part":"{}","text":"{}"}})", now(), name_of(level),
                             escaped(part), escaped(text)));
  } else {
    logger().log(spdlog_level(level), "{}", fmt::format("{} {:5} {}: {}", now(), name_of(level), part, escaped(text)));
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const bool json = g_format == Format::json;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (json && (c == '"' || c == '\\')) {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace base::log
