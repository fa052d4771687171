// Feeds a stream in random pieces: the pieces must not change what is found, and what is found must survive being
// printed and parsed again. The first byte of the input decides the pieces.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "xml/parser.hpp"

namespace {

struct Trace : xml::Parser::Events {
  void on_open(const xml::Parser::Root& root) override { lines.push_back("open " + xml::print(root.element)); }
  void on_element(xml::Element element) override {
    lines.push_back(xml::print(element));
    elements.push_back(std::move(element));
    if (elements.back().name == "restart") parser->reset({4096, 8});
    if (elements.back().name == "stop") parser->stop();
  }
  void on_close() override { lines.emplace_back("close"); }
  xml::Parser* parser = nullptr;
  std::vector<std::string> lines;
  std::vector<xml::Element> elements;
};

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // Behind an unfinished character expat may wait for a few bytes more: the tail gives them.
  const std::string input = std::string(reinterpret_cast<const char*>(data + 1), size - 1) + "<tail of='the input'/>";
  const std::string_view bytes = input;
  Trace whole;
  xml::Parser at_once(whole, {4096, 8});
  whole.parser = &at_once;
  const xml::ParseError error = at_once.feed(bytes);

  Trace pieces;
  xml::Parser piecewise(pieces, {4096, 8});
  pieces.parser = &piecewise;
  std::uint32_t random = data[0] + 1U;
  xml::ParseError last = xml::ParseError::none;
  for (std::size_t at = 0; at < bytes.size();) {
    random = random * 1664525U + 1013904223U;
    const std::size_t length = 1 + (random >> 24) % (data[0] % 2 == 0 ? 3 : 40);
    last = piecewise.feed(bytes.substr(at, length));
    at += length;
  }
  require(whole.lines == pieces.lines);
  // Expat may notice a fault in text some bytes later when they come one by one, but never finds more faults.
  require(last == xml::ParseError::none || error != xml::ParseError::none);

  for (const xml::Element& element : whole.elements) {
    const std::string printed = xml::print(element);
    const auto again = xml::parse(printed, {1 << 20, 16});
    require(static_cast<bool>(again));
    require(xml::print(*again) == printed);
  }
  (void)xml::parse(bytes);
  return 0;
}
