#include "sip/stack_log.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "sip/sofia.hpp"

extern "C" {
extern su_log_t tport_log[], nta_log[], nua_log[], nea_log[], iptsec_log[], soa_log[], su_log_default[];
}

namespace sip {
namespace {

thread_local Counters* counters_of_thread = nullptr;

constexpr unsigned kLevel = 3;     // errors and warnings
constexpr unsigned kNtaLevel = 5;  // NTA tells of malformed messages at 5

// NTA's last word on a message that it could not make sense of.
bool is_about_malformed(std::string_view line) {
  return line.starts_with("nta: ") &&
         (line.find(" is Bad ") != std::string_view::npos || line.ends_with(" has invalid Via") ||
          line.starts_with("nta: bad version ") || line.ends_with(" is Request Entity Too Large"));
}

void write(void* /*stream*/, const char* format, va_list arguments) {
  const bool is_counted = counters_of_thread != nullptr && format != nullptr && std::strncmp(format, "nta: ", 5) == 0;
  if (format == nullptr || (!is_counted && !base::log::enabled(base::log::Level::debug))) return;
  char text[512];
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  if (length <= 0) return;
  std::string_view line(text, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof text - 1));
  while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  if (is_counted && is_about_malformed(line)) ++counters_of_thread->malformed;
  base::log::debug("sofia", "{}", line);
}

}  // namespace

StackLog::StackLog(Counters& counters) {
  static std::once_flag redirected;
  std::call_once(redirected, [] {
    for (su_log_t* log : {tport_log, nta_log, nua_log, nea_log, iptsec_log, soa_log, su_log_default}) {
      su_log_redirect(log, &write, nullptr);
      su_log_set_level(log, log == nta_log ? kNtaLevel : kLevel);
    }
  });
  counters_of_thread = &counters;
}

StackLog::~StackLog() { counters_of_thread = nullptr; }

}  // namespace sip
