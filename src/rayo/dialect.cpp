#include "rayo/dialect.hpp"

#include "rayo/namespaces.hpp"

namespace rayo {
namespace {

xml::Element element(std::string_view name, std::string_view ns) {
  return xml::Element(std::string(name), std::string(ns));
}

}  // namespace

std::optional<Dialect> parse_dialect(std::string_view name) {
  for (const Dialect dialect : {Dialect::rayo_2011, Dialect::rayo_server_2013, Dialect::xep_0327}) {
    if (name == name_of(dialect)) return dialect;
  }
  return std::nullopt;
}

std::string_view name_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::rayo_2011:
      return "rayo-2011";
    case Dialect::rayo_server_2013:
      return "rayo-server-2013";
    case Dialect::xep_0327:
      return "xep-0327";
  }
  return "rayo-2011";
}

std::string_view dialect_names() { return "rayo-2011, rayo-server-2013 or xep-0327"; }

record::Settings record_defaults(Dialect dialect, const std::string& server_format) {
  record::Settings settings;
  switch (dialect) {
    case Dialect::rayo_2011:
      settings.format = server_format;
      settings.start_beep = true;
      settings.direction = record::Direction::duplex;
      settings.mix = true;
      break;
    case Dialect::rayo_server_2013:
      settings.format = "wav";
      settings.start_beep = false;
      settings.direction = record::Direction::send;
      settings.mix = true;
      break;
    case Dialect::xep_0327:
      settings.format = "wav";
      settings.start_beep = false;
      settings.direction = record::Direction::duplex;
      settings.mix = false;
      break;
  }
  return settings;
}

xml::Element end_reason(Dialect dialect, const call::End& end) {
  using call::EndReason;
  const bool xep = dialect == Dialect::xep_0327;
  std::string_view name = "error";
  switch (end.reason) {
    case EndReason::hungup:
      name = xep ? "hungup" : "hangup";
      break;
    case EndReason::hangup_command:
      name = xep ? "hangup-command" : "hangup";
      break;
    case EndReason::timeout:
      name = "timeout";
      break;
    case EndReason::busy:
      name = "busy";
      break;
    case EndReason::rejected:
      name = "rejected";
      break;
    case EndReason::error:
      name = "error";
      break;
  }
  xml::Element reason = element(name, ns::kRayo);
  if (end.platform_code != 0) reason.set("platform-code", std::to_string(end.platform_code));
  return reason;
}

bool complete_is_unavailable(Dialect dialect) { return dialect == Dialect::xep_0327; }
bool events_are_stamped(Dialect dialect) { return dialect == Dialect::xep_0327; }

}  // namespace rayo
