#include "rayo/completion.hpp"

#include <string_view>
#include <utility>
#include <variant>

#include "rayo/namespaces.hpp"

namespace rayo {
namespace {

xml::Element element(std::string_view name, std::string_view ns) {
  return xml::Element(std::string(name), std::string(ns));
}

xml::Element reason_of(Dialect dialect, const record::Outcome& outcome) {
  using record::EndReason;
  const bool xep = dialect == Dialect::xep_0327;
  const bool of_2011 = dialect == Dialect::rayo_2011;
  switch (outcome.reason) {
    case EndReason::stop:
      return stop_reason();
    case EndReason::hangup:
      return hangup_reason();
    case EndReason::error:
    case EndReason::interrupted:
      return error_reason(outcome.error);
    case EndReason::max_duration:
      return element(xep ? "max-duration" : of_2011 ? "success" : "timeout", ns::kRecordComplete);
    case EndReason::initial_timeout:
      if (of_2011) return error_reason("nothing was said within initial-timeout");
      return element(xep ? "initial-timeout" : "ini_timeout", ns::kRecordComplete);
    case EndReason::final_timeout:
      if (xep) return element("final-timeout", ns::kRecordComplete);
      return of_2011 ? element("success", ns::kRecordComplete) : element("stop", ns::kExtComplete);
  }
  return error_reason(outcome.error);
}

}  // namespace

xml::Element stop_reason() { return element("stop", ns::kExtComplete); }
xml::Element hangup_reason() { return element("hangup", ns::kExtComplete); }
xml::Element error_reason(const std::string& text) {
  xml::Element error = element("error", ns::kExtComplete);
  error.add_text(text);
  return error;
}

xml::Element complete_element(Dialect dialect, const call::Outcome& outcome) {
  xml::Element complete = element("complete", ns::kExt);
  std::visit([&](const auto& one) { add_completion(complete, dialect, one); }, outcome);
  return complete;
}

void add_completion(xml::Element& complete, Dialect dialect, const record::Outcome& outcome) {
  complete.add(reason_of(dialect, outcome));
  if (outcome.uri.empty()) return;
  complete.add(element("recording", ns::kRecordComplete)
                   .set("uri", outcome.uri)
                   .set("duration", std::to_string(outcome.duration.count()))
                   .set("size", std::to_string(outcome.size)));
}

namespace {

// Those that outputs and inputs have in common.
template <class Outcome>
xml::Element core_reason(const Outcome& outcome) {
  if (outcome.reason == Outcome::Reason::stop) return stop_reason();
  if (outcome.reason == Outcome::Reason::hangup) return hangup_reason();
  return error_reason(outcome.error);
}

}  // namespace

void add_completion(xml::Element& complete, Dialect dialect, const call::OutputOutcome& outcome) {
  using Reason = call::OutputOutcome::Reason;
  switch (outcome.reason) {
    case Reason::stop:
    case Reason::hangup:
    case Reason::error:
      complete.add(core_reason(outcome));
      return;
    case Reason::finish:
      complete.add(element(dialect == Dialect::xep_0327 ? "finish" : "success", ns::kOutputComplete));
      return;
    case Reason::max_time:
      complete.add(element("max-time", ns::kOutputComplete));
      return;
  }
}

namespace {

xml::Element child_with(std::string_view name, const std::string& text) {
  xml::Element child = element(name, ns::kInputComplete);
  child.add_text(text);
  return child;
}

xml::Element match_reason(Dialect dialect, const call::InputOutcome& outcome) {
  if (dialect == Dialect::xep_0327) {
    xml::Element match = element("match", ns::kInputComplete);
    match.set("content-type", outcome.content_type).add_text(outcome.result);
    return match;
  }
  xml::Element success = element("success", ns::kInputComplete);
  success.set("mode", "dtmf").set("confidence", "1.0");
  success.add(child_with("interpretation", outcome.interpretation));
  success.add(child_with("utterance", outcome.utterance));
  if (!outcome.tag.empty()) success.add(child_with("tag", outcome.tag));
  success.add(child_with("nlsml", outcome.result));
  return success;
}

}  // namespace

void add_completion(xml::Element& complete, Dialect dialect, const call::InputOutcome& outcome) {
  using Reason = call::InputOutcome::Reason;
  switch (outcome.reason) {
    case Reason::stop:
    case Reason::hangup:
    case Reason::error:
      complete.add(core_reason(outcome));
      return;
    case Reason::noinput:
      complete.add(element("noinput", ns::kInputComplete));
      return;
    case Reason::nomatch:
      complete.add(element("nomatch", ns::kInputComplete));
      return;
    case Reason::match:
      complete.add(match_reason(dialect, outcome));
      return;
  }
}

}  // namespace rayo
