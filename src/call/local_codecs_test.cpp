#include "call/local_codecs.hpp"

#include <gtest/gtest.h>

namespace {

TEST(LocalCodecs, OffersMuLawFirstUnderItsStaticPayloadType) {
  const auto codecs = call::local_codecs();
  ASSERT_GE(codecs.size(), 2U);
  EXPECT_EQ(codecs[0].name, "PCMU");
  EXPECT_EQ(codecs[0].payload_type, 0);
  EXPECT_EQ(codecs[1].name, "PCMA");
  EXPECT_EQ(codecs[1].payload_type, 8);
  EXPECT_EQ(codecs[1].clock, 8000U);
}

TEST(LocalCodecs, CanAllBeFoundAgainByWhatSdpSays) {
  for (const auto& choice : call::local_codecs()) EXPECT_NE(codec::find(choice.name, choice.clock), nullptr);
}

}  // namespace
