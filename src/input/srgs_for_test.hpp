#pragma once
// Grammars and keys for tests: what a matcher makes of them.

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "input/matcher.hpp"
#include "xml/parser.hpp"

namespace input {

// XEP-0327 example 58, as it is.
inline constexpr std::string_view kPinGrammar = R"(
  <?xml version="1.0"?>
  <grammar mode="dtmf" version="1.0"
           xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
           xsi:schemaLocation="http://www.w3.org/2001/06/grammar
                               http://www.w3.org/TR/speech-grammar/grammar.xsd"
           xmlns="http://www.w3.org/2001/06/grammar">
    <rule id="digit">
      <one-of>
        <item> 0 </item> <item> 1 </item> <item> 2 </item> <item> 3 </item> <item> 4 </item>
        <item> 5 </item> <item> 6 </item> <item> 7 </item> <item> 8 </item> <item> 9 </item>
      </one-of>
    </rule>
    <rule id="pin" scope="public">
      <one-of>
        <item>
          <item repeat="4"><ruleref uri="#digit"/></item>
          #
        </item>
        <item>
          * 9
        </item>
      </one-of>
    </rule>
  </grammar>
)";

// A grammar of mode dtmf with these rules; the root is "r".
inline std::string grammar_of(const std::string& rules, const std::string& attributes = "") {
  return "<grammar xmlns='http://www.w3.org/2001/06/grammar' version='1.0' mode='dtmf' root='r' " + attributes + ">" +
         rules + "</grammar>";
}
inline std::string rule(const std::string& expansion) { return grammar_of("<rule id='r'>" + expansion + "</rule>"); }

inline Grammar read(std::string_view document) {
  auto grammar = read_srgs(document);
  EXPECT_TRUE(grammar) << document << ": " << grammar.error().text;
  return grammar ? std::move(*grammar) : Grammar{};
}

// "no", "more" (may match with more keys), "yes, more" (matches, and may with more), "yes".
inline std::string judge(Grammar grammar, std::string_view keys) {
  std::vector<Grammar> grammars;
  grammars.push_back(std::move(grammar));
  Matcher matcher(std::move(grammars));
  for (const char key : keys) matcher.feed(key);
  if (matcher.matches()) return matcher.can_go_on() ? "yes, more" : "yes";
  return matcher.can_go_on() ? "more" : "no";
}
inline std::string judge(const std::string& document, std::string_view keys) { return judge(read(document), keys); }

}  // namespace input
