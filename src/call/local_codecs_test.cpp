#include "call/local_codecs.hpp"

#include <gtest/gtest.h>
#include <set>

namespace {

sdp::Local local() {
  sdp::Local local;
  call::add_local_codecs(local);
  return local;
}

TEST(LocalCodecs, OffersMuLawFirstUnderItsStaticPayloadType) {
  const auto codecs = local().codecs;
  ASSERT_GE(codecs.size(), 2U);
  EXPECT_EQ(codecs[0].name, "PCMU");
  EXPECT_EQ(codecs[0].payload_type, 0);
  EXPECT_EQ(codecs[1].name, "PCMA");
  EXPECT_EQ(codecs[1].payload_type, 8);
  EXPECT_EQ(codecs[1].clock, 8000U);
}

TEST(LocalCodecs, GivesEachOfferedCodecItsOwnPayloadType) {
  std::set<int> types;
  for (const auto& choice : local().codecs) EXPECT_TRUE(types.insert(choice.payload_type).second) << choice.name;
}

TEST(LocalCodecs, CanAllBeFoundAgainByWhatSdpSays) {
  const auto all = local();
  for (const auto* list : {&all.codecs, &all.also_accepted}) {
    for (const auto& choice : *list) {
      const auto* codec = call::codec_of(choice);
      ASSERT_NE(codec, nullptr) << choice.name;
      EXPECT_EQ(codec->channels(), choice.channels);
      EXPECT_EQ(all.sample_rate(choice), codec->sample_rate(choice.fmtp));
    }
  }
}

}  // namespace
