#include "rayo/components/prompt/prompt_settings.hpp"

#include <utility>

#include "rayo/components/input/input_settings.hpp"
#include "rayo/components/output/output_settings.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/payload.hpp"

namespace rayo {

using base::bad_request;
using base::Result;

Result<call::PromptSettings> read_prompt(const xml::Element& element) {
  if (auto known = check_attributes(element, {"barge-in"}); !known) return std::move(known.error());
  call::PromptSettings settings;
  for (const xml::Attribute& attribute : element.attributes) {
    if (attribute.name != "barge-in") continue;
    const auto barge_in = read_boolean(attribute);
    if (!barge_in) return barge_in.error();
    settings.barge_in = *barge_in;
  }
  const xml::Element* const output = element.find("output", ns::kOutput);
  const xml::Element* const input = element.find("input", ns::kInput);
  if (output == nullptr || input == nullptr || element.elements().size() != 2) {
    return bad_request("<prompt/> holds one <output/> and one <input/>, each in its own namespace");
  }
  auto what_is_played = read_output(*output);
  if (!what_is_played) return std::move(what_is_played.error()).in("<output/>");
  if (what_is_played->interrupt_on.digit || what_is_played->interrupt_on.voice) {
    return bad_request("attribute 'interrupt-on': what interrupts a prompt is its 'barge-in'");
  }
  auto what_is_asked = read_input(*input);
  if (!what_is_asked) return std::move(what_is_asked.error()).in("<input/>");
  settings.output = std::move(*what_is_played);
  settings.input = std::move(*what_is_asked);
  return settings;
}

}  // namespace rayo
