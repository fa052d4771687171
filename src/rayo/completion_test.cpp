#include "rayo/completion.hpp"

#include <gtest/gtest.h>

#include "rayo/namespaces.hpp"

namespace rayo {
namespace {

using Reason = call::InputOutcome::Reason;

call::InputOutcome match() {
  return {.reason = Reason::match,
          .content_type = "application/nlsml+xml",
          .result = "<result xmlns='http://www.ietf.org/xml/ns/mrcpv2'/>",
          .utterance = "12",
          .interpretation = "sales",
          .tag = "sales"};
}

xml::Element reason(Dialect dialect, const call::InputOutcome& outcome) {
  const xml::Element complete = complete_element(dialect, outcome);
  EXPECT_TRUE(complete.is("complete", ns::kExt));
  EXPECT_EQ(complete.elements().size(), 1U);
  return *complete.first();
}

TEST(InputCompletion, IsAMatchWithItsDocumentAsText) {
  const xml::Element found = reason(Dialect::xep_0327, match());
  EXPECT_TRUE(found.is("match", ns::kInputComplete));
  EXPECT_EQ(found.attribute_or("content-type", ""), "application/nlsml+xml");
  EXPECT_EQ(found.text(), match().result);
  EXPECT_TRUE(found.elements().empty());
}

TEST(InputCompletion, IsSuccessInPartsForClientsOf2011To2013) {
  for (const Dialect dialect : {Dialect::rayo_2011, Dialect::rayo_server_2013}) {
    const xml::Element found = reason(dialect, match());
    EXPECT_TRUE(found.is("success", ns::kInputComplete));
    EXPECT_EQ(found.attribute_or("mode", ""), "dtmf");
    EXPECT_EQ(found.attribute_or("confidence", ""), "1.0");
    EXPECT_EQ(found.find("utterance", ns::kInputComplete)->text(), "12");
    EXPECT_EQ(found.find("interpretation", ns::kInputComplete)->text(), "sales");
    EXPECT_EQ(found.find("tag", ns::kInputComplete)->text(), "sales");
    EXPECT_EQ(found.find("nlsml", ns::kInputComplete)->text(), match().result);
  }
}

TEST(InputCompletion, OtherReasonsAreTheSameForAll) {
  for (const Dialect dialect : {Dialect::rayo_2011, Dialect::rayo_server_2013, Dialect::xep_0327}) {
    EXPECT_TRUE(reason(dialect, {.reason = Reason::noinput}).is("noinput", ns::kInputComplete));
    EXPECT_TRUE(reason(dialect, {.reason = Reason::nomatch}).is("nomatch", ns::kInputComplete));
    EXPECT_TRUE(reason(dialect, {.reason = Reason::stop}).is("stop", ns::kExtComplete));
    EXPECT_TRUE(reason(dialect, {.reason = Reason::hangup}).is("hangup", ns::kExtComplete));
    EXPECT_EQ(reason(dialect, {.reason = Reason::error, .error = "x"}).text(), "x");
  }
}

}  // namespace
}  // namespace rayo
