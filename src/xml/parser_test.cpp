#include "xml/parser.hpp"

#include <functional>
#include <gtest/gtest.h>

namespace xml {
namespace {

const std::string kOpen =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='localhost' version='1.0'>";

struct Seen : Parser::Events {
  void on_open(const Parser::Root& root) override { roots.push_back(root); }
  void on_element(Element element) override {
    elements.push_back(std::move(element));
    if (then) then(elements.back());
  }
  void on_close() override { ++closed; }
  std::vector<Parser::Root> roots;
  std::vector<Element> elements;
  int closed = 0;
  std::function<void(const Element&)> then;
};

ParseError outcome(std::string_view bytes, ParseLimits limits = {}) {
  Seen seen;
  Parser parser(seen, limits);
  return parser.feed(bytes);
}

TEST(Parser, delivers_root_stanzas_and_end_whatever_the_pieces) {
  const std::string bytes =
      kOpen + "<iq id='1'><q xmlns='x'>a&amp;b&#33;<![CDATA[<c>]]></q></iq>\n <presence/></stream:stream>";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    Seen seen;
    Parser parser(seen);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      ASSERT_EQ(parser.feed(std::string_view(bytes).substr(at, piece)), ParseError::none);
    }
    ASSERT_EQ(seen.roots.size(), 1U);
    EXPECT_TRUE(seen.roots[0].element.is("stream", "http://etherx.jabber.org/streams"));
    EXPECT_EQ(seen.roots[0].default_ns, "jabber:client");
    EXPECT_EQ(seen.roots[0].element.attribute_or("to", ""), "localhost");
    ASSERT_EQ(seen.elements.size(), 2U);
    EXPECT_EQ(print(seen.elements[0], "jabber:client"), "<iq id='1'><q xmlns='x'>a&amp;b!&lt;c&gt;</q></iq>");
    EXPECT_EQ(seen.closed, 1);
  }
}

TEST(Parser, delivers_a_stanza_with_its_last_byte) {
  Seen seen;
  Parser parser(seen);
  const std::string stanza = "<message><body>" + std::string(20000, 'x') + "\xe2\x82\xac</body></message>";
  parser.feed(kOpen);
  for (std::size_t i = 0; i + 1 < stanza.size(); ++i) parser.feed(stanza.substr(i, 1));
  EXPECT_TRUE(seen.elements.empty());
  parser.feed(">");
  EXPECT_EQ(seen.elements.size(), 1U);
}

TEST(Parser, refuses_what_xmpp_forbids) {
  EXPECT_EQ(outcome("<!DOCTYPE a>"), ParseError::restricted_xml);
  EXPECT_EQ(outcome("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><a>"), ParseError::restricted_xml);
  EXPECT_EQ(outcome(kOpen + "<!-- c -->"), ParseError::restricted_xml);
  EXPECT_EQ(outcome("<!-- c -->" + kOpen), ParseError::restricted_xml);
  EXPECT_EQ(outcome(kOpen + "<a/><!-- c --><a/>"), ParseError::restricted_xml);
  EXPECT_EQ(outcome(kOpen + "<a><!- c --></a>"), ParseError::restricted_xml);
  EXPECT_EQ(outcome(kOpen + "<a><?php x?></a>"), ParseError::restricted_xml);
  EXPECT_EQ(outcome("<?xml-stylesheet href='x'?>"), ParseError::restricted_xml);
  EXPECT_EQ(outcome(kOpen + "<?xml version='1.0'?>"), ParseError::restricted_xml);
  EXPECT_EQ(outcome(kOpen + "<a>&nbsp;</a>"), ParseError::restricted_xml);
  EXPECT_EQ(outcome(kOpen + "<a x='&nbsp;'/>"), ParseError::restricted_xml);
}

TEST(Parser, passes_over_comments_inside_a_stanza_whatever_the_pieces) {
  const std::string bytes = kOpen + "<iq>a<!-- <b> &x; ]]> - --><c/><!----><!-- - --></iq>";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    Seen seen;
    Parser parser(seen);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      ASSERT_EQ(parser.feed(std::string_view(bytes).substr(at, piece)), ParseError::none) << piece;
    }
    ASSERT_EQ(seen.elements.size(), 1U);
    EXPECT_EQ(print(seen.elements[0], "jabber:client"), "<iq>a<c/></iq>");
  }
  EXPECT_EQ(outcome(kOpen + "<a><!-- c -- d --></a>"), ParseError::not_well_formed);
}

TEST(Parser, says_what_is_not_well_formed) {
  EXPECT_EQ(outcome(kOpen + "<a></b>"), ParseError::not_well_formed);
  EXPECT_EQ(outcome(kOpen + "<a x='1' x='2'/>"), ParseError::not_well_formed);
  EXPECT_EQ(outcome(kOpen + "<p:a/>"), ParseError::not_well_formed);
  EXPECT_EQ(outcome(kOpen + "<a p:x='1'/>"), ParseError::not_well_formed);
  EXPECT_EQ(outcome(kOpen + "<a>\xff</a>"), ParseError::not_well_formed);
  EXPECT_EQ(outcome(kOpen + "<a>" + std::string(1, '\0') + "</a>"), ParseError::not_well_formed);
  EXPECT_EQ(outcome(kOpen + "<a>&#0;</a>"), ParseError::not_well_formed);
  EXPECT_EQ(outcome(kOpen + "<a>&x<b/>"), ParseError::not_well_formed);
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\n"), ParseError::not_well_formed);
  EXPECT_EQ(outcome(std::string("\x16\x03\x01\x02\x00", 5)), ParseError::not_well_formed);
  EXPECT_EQ(outcome(kOpen + "</stream:stream><a/>"), ParseError::not_well_formed);
}

TEST(Parser, accepts_utf8_by_name_and_no_other_encoding) {
  EXPECT_EQ(outcome("<?xml version='1.0' encoding='utf-8'?><a>"), ParseError::none);
  EXPECT_EQ(outcome("<?xml version='1.0' encoding='iso-8859-1'?><a>"), ParseError::unsupported_encoding);
  EXPECT_EQ(outcome("<?xml version='1.0'><a><b/>?>"), ParseError::not_well_formed);
}

TEST(Parser, refuses_text_between_stanzas_but_not_white_space) {
  EXPECT_EQ(outcome(kOpen + " \r\n\t<a/> "), ParseError::none);
  EXPECT_EQ(outcome(kOpen + "x<a/>"), ParseError::bad_format);
}

TEST(Parser, delivers_a_stanza_of_exactly_the_limit_and_refuses_one_byte_more) {
  const std::string stanza = "<a>" + std::string(193, 'x') + "</a>";
  ASSERT_EQ(stanza.size(), 200U);
  for (const std::size_t piece : {1UL, 7UL, 1000UL}) {
    for (const std::size_t limit : {200UL, 199UL}) {
      Seen seen;
      Parser parser(seen, {1000, 64});
      seen.then = [&](const Element&) { parser.reset({limit, 64}); };
      parser.feed(kOpen + "<go/>");
      seen.then = {};
      parser.feed("<s>");
      ParseError error = ParseError::none;
      const std::string bytes = stanza + "   " + stanza;
      for (std::size_t at = 0; at < bytes.size(); at += piece) error = parser.feed(bytes.substr(at, piece));
      EXPECT_EQ(error, limit == 200 ? ParseError::none : ParseError::too_big);
      EXPECT_EQ(seen.elements.size(), limit == 200 ? 3U : 1U);
    }
  }
}

TEST(Parser, refuses_a_tag_attribute_or_cdata_that_never_ends) {
  for (const std::string start : {"<", "<a x='", "<a><![CDATA[", "<a>&", "<a x='>>>"}) {
    Seen seen;
    Parser parser(seen, {10000, 64});
    ParseError error = parser.feed(kOpen + start);
    for (int i = 0; i < 20000 && error == ParseError::none; ++i) error = parser.feed("y");
    EXPECT_EQ(error, ParseError::too_big) << start;
  }
}

TEST(Parser, white_space_between_stanzas_can_go_on_for_ever) {
  Seen seen;
  Parser parser(seen, {1000, 64});
  parser.feed(kOpen);
  for (int i = 0; i < 10000; ++i) ASSERT_EQ(parser.feed("\n"), ParseError::none);
}

TEST(Parser, refuses_elements_deeper_than_the_limit) {
  EXPECT_EQ(outcome("<s><a><b><c/></b></a>", {1000, 3}), ParseError::none);
  EXPECT_EQ(outcome("<s><a><b><c/></b></a>", {1000, 2}), ParseError::too_deep);
  std::string deep = kOpen;
  for (int i = 0; i < 30000; ++i) deep += "<a>";
  EXPECT_EQ(outcome(deep), ParseError::too_deep);
}

TEST(Parser, starts_a_new_stream_right_behind_the_element_that_asked_for_it) {
  Seen seen;
  Parser parser(seen);
  seen.then = [&](const Element& element) {
    if (element.name == "auth") parser.reset({});
  };
  EXPECT_EQ(parser.feed(kOpen + "<auth/>" + kOpen + "<iq/></stream:stream>"), ParseError::none);
  EXPECT_EQ(seen.roots.size(), 2U);
  ASSERT_EQ(seen.elements.size(), 2U);
  EXPECT_EQ(seen.elements[1].ns, "jabber:client");
  EXPECT_EQ(seen.closed, 1);
}

TEST(Parser, drops_the_rest_when_stopped_in_the_middle) {
  Seen seen;
  Parser parser(seen);
  seen.then = [&](const Element&) { parser.stop(); };
  EXPECT_EQ(parser.feed(kOpen + "<a/><b/><<<"), ParseError::none);
  EXPECT_EQ(parser.feed("<c/>"), ParseError::none);
  EXPECT_EQ(seen.elements.size(), 1U);
}

TEST(Parser, an_error_is_final_until_reset) {
  Seen seen;
  Parser parser(seen);
  EXPECT_EQ(parser.feed("<a></b>"), ParseError::not_well_formed);
  EXPECT_EQ(parser.feed("<a><b/>"), ParseError::not_well_formed);
  EXPECT_TRUE(seen.elements.empty());
  parser.reset({});
  EXPECT_EQ(parser.feed("<a><b/>"), ParseError::none);
  EXPECT_EQ(seen.elements.size(), 1U);
}

TEST(Parse, reads_one_document) {
  const auto element = parse("<?xml version='1.0'?>\n<a xmlns='n' x='1'><b/>text</a>\n");
  ASSERT_TRUE(element);
  EXPECT_EQ(print(*element), "<a xmlns='n' x='1'><b/>text</a>");
}

TEST(Parse, refuses_none_two_or_half_a_document) {
  for (const char* text : {"", "  ", "<a/><b/>", "<a>", "<a", "x", "<a/>x", "</r><r>", "<a/></r>", "<a/></r><r>",
                           "<a/></r", "<?xml version='1.0'", "<a/><!-- -->"}) {
    EXPECT_FALSE(parse(text)) << text;
  }
}

}  // namespace
}  // namespace xml
