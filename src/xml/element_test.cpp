#include "xml/element.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xml/parser.hpp"

namespace xml {
namespace {

TEST(Element, is_found_by_name_and_namespace_together) {
  Element iq("iq", "jabber:client");
  iq.add(Element("query", "a"));
  iq.add(Element("query", "b")).set("x", "1");
  ASSERT_NE(iq.find("query", "b"), nullptr);
  EXPECT_EQ(iq.find("query", "b")->attribute_or("x", ""), "1");
  EXPECT_EQ(iq.find("query", "c"), nullptr);
  EXPECT_EQ(iq.first()->ns, "a");
  EXPECT_EQ(iq.elements().size(), 2U);
}

TEST(Element, setting_an_attribute_twice_keeps_the_last_value_and_removing_it_leaves_none) {
  Element a("a", "");
  a.set("x", "1").set("x", "2");
  EXPECT_EQ(a.attributes.size(), 1U);
  EXPECT_EQ(*a.attribute("x"), "2");
  EXPECT_EQ(a.remove("x").attribute("x"), nullptr);
  EXPECT_EQ(a.attribute_or("x", "none"), "none");
}

TEST(Element, an_attribute_with_a_namespace_is_not_the_one_without) {
  Element a("a", "");
  a.attributes.push_back({"lang", "de", "http://www.w3.org/XML/1998/namespace"});
  EXPECT_EQ(a.attribute("lang"), nullptr);
  EXPECT_EQ(print(a), "<a xml:lang='de'/>");
}

TEST(Element, text_is_what_stands_directly_inside) {
  Element a("a", "");
  a.add_text("one ").add_text("two");
  a.add(Element("b", "")).add_text("inner");
  a.add_text(" three");
  EXPECT_EQ(a.children.size(), 3U);
  EXPECT_EQ(a.text(), "one two three");
}

TEST(Print, writes_a_namespace_only_where_it_changes) {
  Element iq("iq", "jabber:client");
  iq.set("type", "set");
  Element& record = iq.add(Element("record", "urn:xmpp:rayo:record:1"));
  record.add(Element("hint", "urn:xmpp:rayo:record:1"));
  EXPECT_EQ(print(iq, "jabber:client"), "<iq type='set'><record xmlns='urn:xmpp:rayo:record:1'><hint/></record></iq>");
  EXPECT_EQ(print(Element("a", ""), "jabber:client"), "<a xmlns=''/>");
}

TEST(Print, gives_a_prefix_to_attributes_with_a_namespace) {
  Element a("a", "n");
  a.attributes.push_back({"x", "1", "p"});
  a.attributes.push_back({"y", "2", "q"});
  EXPECT_EQ(print(a), "<a xmlns='n' xmlns:ns0='p' ns0:x='1' xmlns:ns1='q' ns1:y='2'/>");
  const auto again = parse(print(a));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attributes[1].ns, "q");
}

TEST(Print, escapes_so_that_the_same_value_is_read_again) {
  const std::string nasty = "a<b>&'\"\t\r\n]]>\xc3\xa9";
  Element a("a", "");
  a.set("x", nasty).add_text(nasty);
  const std::string printed = print(a);
  EXPECT_THAT(printed, testing::Not(testing::HasSubstr("CDATA")));
  const auto again = parse(printed);
  ASSERT_TRUE(again) << printed;
  EXPECT_EQ(*again->attribute("x"), nasty);
  EXPECT_EQ(again->text(), nasty);
}

TEST(Print, replaces_what_xml_cannot_carry) {
  using namespace std::string_literals;
  EXPECT_EQ(escaped("a\0b"s),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(escaped("\x1b\xff\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // a surrogate
  EXPECT_EQ(escaped("\xef\xbf\xbe"), "\xef\xbf\xbd");                          // U+FFFE
  EXPECT_EQ(escaped("\xf0\x9f\x93\x9e"), "\xf0\x9f\x93\x9e");                  // a telephone receiver
}

}  // namespace
}  // namespace xml
