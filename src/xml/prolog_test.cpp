#include "xml/prolog.hpp"

#include <gtest/gtest.h>

#include "xml/parser.hpp"

namespace xml {
namespace {

TEST(Prolog, IsPassedOverUpToTheRoot) {
  EXPECT_EQ(without_prolog("<a/>"), "<a/>");
  EXPECT_EQ(without_prolog("\n  <?xml version=\"1.0\" encoding='ISO-8859-1'?>\n<!-- <b> --> <a>x</a>"), "<a>x</a>");
  EXPECT_EQ(without_prolog("\xef\xbb\xbf<a/>"), "<a/>");
}

TEST(Prolog, MayNameADtd) {
  EXPECT_EQ(without_prolog("<!DOCTYPE grammar PUBLIC \"-//W3C//DTD GRAMMAR > 1.0//EN\" 'http://w3.org/g.dtd'>\n<a/>"),
            "<a/>");
}

TEST(Prolog, WithDeclarationsOfItsOwnIsLeftForTheParserToRefuse) {
  for (const char* document : {"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<!DOCTYPE a", "<!-- ", "<?xml ", ""}) {
    EXPECT_EQ(without_prolog(document), document);
    EXPECT_FALSE(parse(without_prolog(document)));
  }
}

}  // namespace
}  // namespace xml
