#include "base/log.hpp"

#include <gtest/gtest.h>
#include <string>

namespace {

using base::log::Format;
using base::log::Level;

// What `write` puts on standard error.
template <class Write>
std::string said(Format format, Write write) {
  base::log::configure(Level::info, format);
  ::testing::internal::CaptureStderr();
  write();
  const std::string text = ::testing::internal::GetCapturedStderr();
  base::log::configure(Level::info, Format::text);
  return text;
}

TEST(Log, WritesOneLineAnEvent) {
  const std::string text = said(Format::text, [] { base::log::warn("part", "a {} \n b", 5); });
  EXPECT_NE(text.find(" warn  part: a 5 \\n b\n"), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1);
}

TEST(Log, WritesJsonThatStaysJson) {
  const std::string text = said(Format::json, [] { base::log::error("part", "quote \" and \\ and \t"); });
  EXPECT_NE(text.find(R"("level":"error","part":"part","text":"quote \" and \\ and \u0009"})"), std::string::npos)
      << text;
}

TEST(Log, SaysNothingBelowItsLevel) {
  EXPECT_EQ(said(Format::text, [] { base::log::debug("part", "x"); }), "");
}

}  // namespace
