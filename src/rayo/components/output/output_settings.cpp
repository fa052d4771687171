#include "rayo/components/output/output_settings.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "play/ssml.hpp"
#include "play/uri_list.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/payload.hpp"

namespace rayo {

using base::bad_request;
using base::Result;
using play::Document;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view kSsmlNs = "http://www.w3.org/2001/10/synthesis";
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kRenderer = "native";    // our own; there is no other
constexpr std::uint64_t kMost = 1'000'000'000'000;  // ms, times: no sum of samples can overflow

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(kSpace);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

base::Error not_supported(std::string text) { return {base::Kind::not_supported, std::move(text), base::Fault::peer}; }

base::Error wrong_value(const xml::Attribute& attribute, std::string_view expected) {
  return bad_request("attribute '" + attribute.name + "': expected " + std::string(expected) + ", not " +
                     play::in_quotes(attribute.value));
}

Result<std::uint64_t> read_number(const xml::Attribute& attribute) {
  const std::string& text = attribute.value;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > kMost) {
    return wrong_value(attribute, "a whole number, 0 or more");
  }
  return value;
}

Result<milliseconds> read_duration(const xml::Attribute& attribute) {
  const auto value = read_number(attribute);
  if (!value) return wrong_value(attribute, "a number of milliseconds, 0 or more");
  return milliseconds(*value);
}

// rayo-server's; 'voice' and 'speech' both are on the way.
Result<call::InterruptOn> read_interrupt_on(const xml::Attribute& attribute) {
  const std::string& value = attribute.value;
  if (value == "none") return call::InterruptOn{};
  if (value == "dtmf") return call::InterruptOn{.digit = true, .voice = false};
  if (value == "voice" || value == "speech") return call::InterruptOn{.digit = false, .voice = true};
  if (value == "any") return call::InterruptOn{.digit = true, .voice = true};
  return wrong_value(attribute, "any, voice, speech, dtmf or none");
}

Result<std::string> read_voice(const xml::Attribute& attribute) {
  if (attribute.value.empty()) return bad_request("attribute 'voice' is empty");
  return attribute.value;
}

template <class T, class Read>
Result<void> take(T& place, const Read& read, const xml::Attribute& attribute) {
  auto value = read(attribute);
  if (!value) return std::move(value.error());
  place = std::move(*value);
  return {};
}

Result<void> read_attributes(call::OutputSettings& settings, const xml::Element& element) {
  if (auto known = check_attributes(element, {"start-offset", "start-paused", "repeat-interval", "repeat-times",
                                              "max-time", "renderer", "voice", "interrupt-on", "url"});
      !known) {
    return known;
  }
  for (const xml::Attribute& attribute : element.attributes) {
    if (!attribute.ns.empty()) continue;  // xml:lang and the like
    const std::string& name = attribute.name;
    play::Manner& manner = settings.manner;
    Result<void> taken;
    if (name == "start-offset") taken = take(manner.start_offset, read_duration, attribute);
    if (name == "start-paused") taken = take(manner.start_paused, read_boolean, attribute);
    if (name == "repeat-interval") taken = take(manner.repeat_interval, read_duration, attribute);
    if (name == "repeat-times") taken = take(manner.repeat_times, read_number, attribute);
    if (name == "max-time") taken = take(settings.max_time, read_timeout, attribute);
    if (name == "voice") taken = take(settings.voice, read_voice, attribute);
    if (name == "interrupt-on") taken = take(settings.interrupt_on, read_interrupt_on, attribute);
    if (name == "renderer" && attribute.value != kRenderer) {
      return not_supported("attribute 'renderer': this server has one, '" + std::string(kRenderer) + "'");
    }
    if (!taken) return taken;
  }
  return {};
}

// What can be said of a document without rendering it.
Result<Document> checked(Document document) {
  switch (document.type) {
    case Document::Type::uri:
      if (play::scheme_of(document.content).empty())
        return bad_request(play::in_quotes(document.content) + " is not a URI");
      break;
    case Document::Type::uri_list:
      if (auto uris = play::read_uri_list(document.content); !uris) return std::move(uris.error());
      break;
    case Document::Type::text:
      if (trimmed(document.content).empty()) return bad_request("there is no text to speak");
      break;
    case Document::Type::ssml:
      if (auto ssml = play::read_ssml(document.content); !ssml) return std::move(ssml.error());
      break;
  }
  return document;
}

// SSML that stands as elements in the stanza has the namespace of what is around it where it says none.
xml::Element in_ssml_namespace(const xml::Element& element) {
  xml::Element own = element;
  if (own.ns == ns::kOutput || own.ns.empty()) own.ns = kSsmlNs;
  for (auto& child : own.children) {
    if (auto* inner = std::get_if<xml::Element>(&child)) *inner = in_ssml_namespace(*inner);
  }
  return own;
}

// `element`'s content as SSML: a <speak/>, or what belongs into one.
std::string ssml_inside(const xml::Element& element) {
  const auto children = element.elements();
  if (children.size() == 1 && children[0]->name == "speak" && trimmed(element.text()).empty()) {
    return xml::print(in_ssml_namespace(*children[0]));
  }
  xml::Element speak("speak", std::string(kSsmlNs));
  speak.children = element.children;
  return xml::print(in_ssml_namespace(speak));
}

bool looks_like_ssml(std::string_view text) {
  text = trimmed(text);
  return text.starts_with("<speak") || text.starts_with("<?xml") || text.starts_with("<!");
}

// §7.13.1.2
Result<Document> read_document(const xml::Element& element) {
  if (element.name != "document" || element.ns != ns::kOutput) {
    return bad_request("<" + element.name + "/> beside <document/> is unknown");
  }
  if (auto known = check_attributes(element, {"url", "content-type"}); !known) return std::move(known.error());
  const std::string* url = element.attribute("url");
  const std::string* type = element.attribute("content-type");
  if (url != nullptr) {
    if (type != nullptr || element.first() != nullptr || !trimmed(element.text()).empty()) {
      return bad_request("<document/> has a 'url', and a content type or a body too");
    }
    return checked({Document::Type::uri, std::string(trimmed(*url))});
  }
  if (type == nullptr) return bad_request("<document/> has neither 'url' nor 'content-type'");
  const std::string essence = lower(trimmed(std::string_view(*type).substr(0, type->find(';'))));
  if (essence.empty()) return bad_request("attribute 'content-type' is empty");
  const bool is_ssml = essence == "application/ssml+xml";
  if (!is_ssml && essence != "text/plain" && essence != "text/uri-list") {
    return not_supported(
        "attribute 'content-type': this server renders text/uri-list, text/plain and "
        "application/ssml+xml, not " +
        play::in_quotes(*type));
  }
  if (is_ssml)
    return checked({Document::Type::ssml, element.first() != nullptr ? ssml_inside(element) : element.text()});
  if (element.first() != nullptr) {
    return bad_request("<" + element.first()->name + "/> inside a <document/> of text is unknown");
  }
  return checked({essence == "text/plain" ? Document::Type::text : Document::Type::uri_list, element.text()});
}

// The forms of 2011-2013: what is to be rendered stands in <output/> itself.
Result<Document> read_inline(const xml::Element& element) {
  const std::string text = element.text();
  if (const std::string* url = element.attribute("url")) {
    if (element.first() != nullptr || !trimmed(text).empty()) {
      return bad_request("<output/> has a 'url', and a body too");
    }
    return checked({Document::Type::uri, std::string(trimmed(*url))});
  }
  if (element.first() == nullptr && trimmed(text).empty()) return bad_request("<output/> has no document");
  if (element.first() != nullptr) return checked({Document::Type::ssml, ssml_inside(element)});
  return checked({looks_like_ssml(text) ? Document::Type::ssml : Document::Type::text, text});
}

}  // namespace

Result<call::OutputSettings> read_output(const xml::Element& element) {
  call::OutputSettings settings;
  if (auto read = read_attributes(settings, element); !read) return std::move(read.error());
  const auto children = element.elements();
  if (std::ranges::none_of(children, [](const xml::Element* child) { return child->name == "document"; })) {
    auto document = read_inline(element);
    if (!document) return std::move(document.error());
    settings.documents.push_back(std::move(*document));
    return settings;
  }
  if (element.attribute("url") != nullptr) return bad_request("attribute 'url' stands beside <document/>");
  if (!trimmed(element.text()).empty()) return bad_request("text beside <document/>");
  for (const xml::Element* child : children) {
    auto document = read_document(*child);
    if (!document) return std::move(document.error());
    settings.documents.push_back(std::move(*document));
  }
  return settings;
}

Result<milliseconds> read_seek(const xml::Element& element) {
  if (auto known = check_attributes(element, {"direction", "amount"}); !known) return std::move(known.error());
  if (element.first() != nullptr || !trimmed(element.text()).empty()) return bad_request("<seek/> must be empty");
  const std::string* direction = element.attribute("direction");
  const std::string* amount = element.attribute("amount");
  if (direction == nullptr || (*direction != "forward" && *direction != "back")) {
    return bad_request("attribute 'direction': expected forward or back");
  }
  if (amount == nullptr) return bad_request("<seek/> has no attribute 'amount'");
  const auto by = read_duration({"amount", *amount, {}});
  if (!by || by->count() == 0) return bad_request("attribute 'amount': expected a positive number of milliseconds");
  return *direction == "back" ? -*by : *by;
}

}  // namespace rayo
