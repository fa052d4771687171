#include "play/ssml.hpp"

#include <algorithm>
#include <array>

#include "play/uri_list.hpp"
#include "xml/parser.hpp"
#include "xml/prolog.hpp"

namespace play {

using base::bad_request;
using base::Result;

namespace {

constexpr std::string_view kSsmlNs = "http://www.w3.org/2001/10/synthesis";
constexpr std::string_view kXmlNs = "http://www.w3.org/XML/1998/namespace";
constexpr std::string_view kSpace = " \t\r\n";

constexpr std::array<std::string_view, 21> kElements = {
    "speak",   "p",     "s",    "paragraph", "sentence", "say-as", "phoneme", "sub", "voice", "emphasis", "break",
    "prosody", "audio", "mark", "desc",      "metadata", "meta",   "token",   "w",   "lang",  "lexicon"};

bool is_blank(std::string_view text) { return text.find_first_not_of(kSpace) == std::string_view::npos; }

// The XEP's examples, copied as they are printed, end like this.
std::string_view without_cdata_end(std::string_view text) {
  const std::size_t end = text.find_last_not_of(kSpace);
  if (end != std::string_view::npos && text.substr(0, end + 1).ends_with("]]>")) {
    text.remove_suffix(text.size() - end + 2);
  }
  return text;
}

bool is_spoken(const xml::Element& element) {
  if (element.name == "break" || element.name == "sub") return true;
  return std::ranges::any_of(element.children, [](const auto& child) {
    const auto* inner = std::get_if<xml::Element>(&child);
    return inner != nullptr ? is_spoken(*inner) : !is_blank(std::get<std::string>(child));
  });
}

// Goes through a document and begins a new one, with the same elements open, behind each <audio/>.
class Splitter {
 public:
  Result<std::vector<SpokenPart>> split(const xml::Element& root) {
    ns_ = root.ns;
    if (auto walked = walk(root); !walked) return std::move(walked.error());
    return std::move(parts_);
  }

 private:
  // The element without what is in it, as an engine gets it. Attributes of other namespaces are hints to XML editors.
  static xml::Element shell_of(const xml::Element& element) {
    xml::Element shell(element.name, std::string(kSsmlNs));
    std::ranges::copy_if(element.attributes, std::back_inserter(shell.attributes),
                         [](const xml::Attribute& a) { return a.ns.empty() || a.ns == kXmlNs; });
    return shell;
  }

  Result<void> walk(const xml::Element& element) {
    if (element.ns != ns_ || std::ranges::find(kElements, element.name) == kElements.end()) {
      return bad_request("SSML has no element <" + element.name.substr(0, 100) + "/>");
    }
    if (element.name == "lexicon") {
      return base::Error{base::Kind::not_supported, "SSML: <lexicon/> is not supported", base::Fault::peer};
    }
    if (element.name == "audio") return add_audio(element);
    open_.push_back(shell_of(element));
    for (const auto& child : element.children) {
      if (const auto* inner = std::get_if<xml::Element>(&child)) {
        if (auto walked = walk(*inner); !walked) return walked;
      } else {
        open_.back().add_text(std::get<std::string>(child));
      }
    }
    if (open_.size() == 1) {
      cut();
    } else {
      xml::Element done = std::move(open_.back());
      open_.pop_back();
      open_.back().add(std::move(done));
    }
    return {};
  }

  Result<void> add_audio(const xml::Element& audio) {
    const std::string* source = audio.attribute("src");
    if (source == nullptr || scheme_of(*source).empty()) return bad_request("SSML: <audio/> has no URI in 'src'");
    cut();
    SpokenPart part;
    part.audio = *source;
    // What is inside is rendered where the audio cannot be had.
    xml::Element instead = open_.front();
    instead.ns = ns_;
    std::ranges::copy_if(audio.children, std::back_inserter(instead.children), [](const auto& child) {
      const auto* inner = std::get_if<xml::Element>(&child);
      return inner == nullptr || inner->name != "desc";
    });
    auto parts = Splitter().split(instead);
    if (!parts) return std::move(parts.error());
    part.instead = std::move(*parts);
    parts_.push_back(std::move(part));
    return {};
  }

  // What is open becomes a document of its own, if there is something in it to speak.
  void cut() {
    xml::Element whole = open_.back();
    for (std::size_t i = open_.size() - 1; i-- > 0;) {
      xml::Element outer = open_[i];
      outer.add(std::move(whole));
      whole = std::move(outer);
    }
    if (is_spoken(whole)) parts_.push_back({xml::print(whole), {}, {}});
    for (xml::Element& element : open_) element.children.clear();
  }

  std::string ns_;
  std::vector<xml::Element> open_;  // the root first, each with what has come behind the last cut
  std::vector<SpokenPart> parts_;
};

}  // namespace

Result<Ssml> read_ssml(std::string_view document) {
  auto root = xml::parse(xml::without_prolog(without_cdata_end(document)));
  if (!root) return std::move(root.error()).in("SSML");
  if (root->name != "speak") return bad_request("SSML: the root is <" + root->name.substr(0, 100) + "/>, not <speak/>");
  if (!root->ns.empty() && root->ns != kSsmlNs)
    return bad_request("SSML: <speak/> is in the namespace '" + root->ns.substr(0, 100) + "'");
  Ssml ssml;
  for (const xml::Attribute& attribute : root->attributes) {
    if (attribute.ns == kXmlNs && attribute.name == "lang") ssml.language = attribute.value;
  }
  auto parts = Splitter().split(*root);
  if (!parts) return std::move(parts.error());
  ssml.parts = std::move(*parts);
  if (ssml.parts.empty()) return bad_request("SSML: there is nothing to speak");
  return ssml;
}

std::string ssml_of(std::string_view text) {
  xml::Element speak("speak", std::string(kSsmlNs));
  speak.set("version", "1.0").add_text(text);
  return xml::print(speak);
}

}  // namespace play
