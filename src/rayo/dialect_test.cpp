#include "rayo/dialect.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "rayo/completion.hpp"

namespace {

using rayo::Dialect;
using record::EndReason;

const std::vector<Dialect> kAll = {Dialect::xep_0327, Dialect::rayo_2011, Dialect::rayo_server_2013};

std::string complete(Dialect dialect, EndReason reason) {
  record::Outcome outcome;
  outcome.reason = reason;
  outcome.error = "text";
  return xml::print(*rayo::complete_element(dialect, outcome).first());
}

// The table of README.md, "Dialects".
TEST(Dialect, CompletesRecordingsForTheReasonsOfEachGeneration) {
  const std::string record = " xmlns=\"urn:xmpp:rayo:record:complete:1\"/>";
  const std::string ext = " xmlns=\"urn:xmpp:rayo:ext:complete:1\"/>";
  const auto normal = [](std::string text) {
    for (char& c : text) c = c == '\'' ? '"' : c;
    return text;
  };
  const std::tuple<EndReason, std::string, std::string, std::string> rows[] = {
      {EndReason::max_duration, "<max-duration" + record, "<success" + record, "<timeout" + record},
      {EndReason::final_timeout, "<final-timeout" + record, "<success" + record, "<stop" + ext},
      {EndReason::stop, "<stop" + ext, "<stop" + ext, "<stop" + ext},
      {EndReason::hangup, "<hangup" + ext, "<hangup" + ext, "<hangup" + ext},
  };
  for (const auto& [reason, xep, of_2011, of_2013] : rows) {
    EXPECT_EQ(normal(complete(Dialect::xep_0327, reason)), xep);
    EXPECT_EQ(normal(complete(Dialect::rayo_2011, reason)), of_2011);
    EXPECT_EQ(normal(complete(Dialect::rayo_server_2013, reason)), of_2013);
  }
  EXPECT_EQ(normal(complete(Dialect::xep_0327, EndReason::initial_timeout)), "<initial-timeout" + record);
  EXPECT_EQ(normal(complete(Dialect::rayo_server_2013, EndReason::initial_timeout)), "<ini_timeout" + record);
  EXPECT_EQ(normal(complete(Dialect::rayo_2011, EndReason::initial_timeout)),
            "<error xmlns=\"urn:xmpp:rayo:ext:complete:1\">nothing was said within initial-timeout</error>");
}

TEST(Dialect, EndsCallsForTheReasonsOfEachGeneration) {
  const call::End by_party{call::EndReason::hungup, 200, {}};
  const call::End by_client{call::EndReason::hangup_command, 200, {}};
  EXPECT_EQ(rayo::end_reason(Dialect::xep_0327, by_party).name, "hungup");
  EXPECT_EQ(rayo::end_reason(Dialect::xep_0327, by_client).name, "hangup-command");
  EXPECT_EQ(rayo::end_reason(Dialect::rayo_2011, by_party).name, "hangup");
  EXPECT_EQ(rayo::end_reason(Dialect::rayo_server_2013, by_client).name, "hangup");
  EXPECT_EQ(rayo::end_reason(Dialect::rayo_2011, by_party).attribute_or("platform-code", ""), "200");
}

TEST(Dialect, HasANameThatParsesBack) {
  for (const Dialect dialect : kAll) EXPECT_EQ(rayo::parse_dialect(name_of(dialect)), dialect);
  EXPECT_FALSE(rayo::parse_dialect("rayo"));
}

}  // namespace
