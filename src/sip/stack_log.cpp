#include "sip/stack_log.hpp"

#include <cstdarg>
#include <cstdio>
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

bool is_about_malformed(std::string_view format) {
  return format == "nta: %s (%u) %s\n" || format.starts_with("nta: %s has bad %s header") ||
         format.starts_with("nta_agent: received message with");
}

void write(void* /*stream*/, const char* format, va_list arguments) {
  if (format == nullptr) return;
  if (counters_of_thread != nullptr && is_about_malformed(format)) ++counters_of_thread->malformed;
  if (!base::log::enabled(base::log::Level::debug)) return;
  char text[512];
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  if (length <= 0) return;
  std::string_view line(text, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof text - 1));
  while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  base::log::write(base::log::Level::debug, "sofia", line);
}

}  // namespace

StackLog::StackLog(Counters& counters) {
  counters_of_thread = &counters;
  for (su_log_t* log : {tport_log, nua_log, nea_log, iptsec_log, soa_log, su_log_default}) {
    su_log_redirect(log, &write, nullptr);
    su_log_set_level(log, kLevel);
  }
  su_log_redirect(nta_log, &write, nullptr);
  su_log_set_level(nta_log, kNtaLevel);
}

StackLog::~StackLog() { counters_of_thread = nullptr; }

}  // namespace sip
