#include "sdp/negotiation.hpp"

#include <gtest/gtest.h>
#include <string>
#include <tuple>

namespace sdp {
namespace {

using std::chrono::milliseconds;

Local local() {
  Local local;
  local.address = "192.0.2.9";
  local.rtp_port = 20000;
  local.rtcp_port = 20001;
  local.codecs = {{"PCMU", 8000, 1, 0, ""}, {"PCMA", 8000, 1, 8, ""}};
  local.session_id = 11;
  local.session_version = 3;
  return local;
}

// As an offerer meets us who has more than G.711.
Local all_codecs() {
  Local all = local();
  all.codecs.push_back({"opus", 48000, 2, 96, "useinbandfec=1"});
  all.codecs.push_back({"G722", 8000, 1, 9, ""});
  all.also_accepted = {{"L16", 8000, 1, 0, ""},
                       {"L16", 16000, 1, 0, ""},
                       {"L16", 48000, 1, 0, ""},
                       {"L16", 44100, 1, 0, ""},
                       {"L16", 44100, 2, 0, ""}};
  all.sample_rate = [](const CodecChoice& choice) -> std::uint32_t {
    if (choice.name == "G722") return 16000;
    return choice.fmtp == "narrow=1" ? 8000 : choice.clock;
  };
  return all;
}

Session session(const std::string& sections, const std::string& connection = "c=IN IP4 192.0.2.1\r\n") {
  auto parsed = parse("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n" + connection + "t=0 0\r\n" + sections);
  EXPECT_TRUE(parsed) << parsed.error().text;
  return *parsed;
}

Answered answered(const Session& offer, const Local& ours = local()) {
  auto result = answer(offer, ours);
  EXPECT_TRUE(result) << result.error().text;
  return result ? *result : Answered{};
}

bool is_refused(const Session& offer, const Local& ours = local()) {
  const auto result = answer(offer, ours);
  return !result && result.error().kind == base::Kind::not_acceptable;
}

TEST(Answer, TakesTheFirstCodecOfTheOfferThatWeKnow) {
  const auto a = answered(session("m=audio 4000 RTP/AVP 18 8 0\r\n"));
  EXPECT_EQ(a.agreed.codec.name, "PCMA");
  EXPECT_EQ(a.agreed.codec.payload_type, 8);
  ASSERT_EQ(a.agreed.also_receivable.size(), 1U);
  EXPECT_EQ(a.agreed.also_receivable[0].name, "PCMU");
  EXPECT_EQ(a.agreed.remote_address, "192.0.2.1");
  EXPECT_EQ(a.agreed.remote_rtp_port, 4000);
  EXPECT_EQ(a.agreed.remote_rtcp_port, 4001);
  EXPECT_EQ(a.agreed.direction, Direction::sendrecv);
  EXPECT_EQ(a.agreed.ptime, milliseconds(20));
  EXPECT_EQ(print(a.answer),
            "v=0\r\no=- 11 3 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
            "m=audio 20000 RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 "
            "PCMU/8000\r\na=ptime:20\r\na=maxptime:120\r\na=sendrecv\r\n");
}

TEST(Answer, UsesTheOfferersPayloadTypes) {
  const auto a = answered(
      session("m=audio 4000 RTP/AVP 97 96\r\na=rtpmap:97 pcmu/8000/1\r\na=rtpmap:96 telephone-event/8000\r\n"));
  EXPECT_EQ(a.agreed.codec.payload_type, 97);
  EXPECT_EQ(a.agreed.codec.name, "PCMU");
  EXPECT_EQ(a.agreed.telephone_event_type, 96);
  EXPECT_EQ(a.agreed.telephone_event_in, 0);
  const Media& media = a.answer.media[0];
  EXPECT_EQ(media.formats, (std::vector<std::string>{"97", "96"}));
  EXPECT_EQ(*media.attribute("fmtp"), "96 0-16");
}

TEST(Answer, HasTelephoneEventOnlyIfItWasOffered) {
  const auto a = answered(session("m=audio 4000 RTP/AVP 0\r\n"));
  EXPECT_FALSE(a.agreed.telephone_event_type);
  EXPECT_FALSE(a.answer.media[0].has("fmtp"));
}

TEST(Answer, TakesTheTelephoneEventOfTheCodecsClockIfThereIsOne) {
  const char* events = "a=rtpmap:96 telephone-event/48000\r\na=rtpmap:97 telephone-event/8000\r\n";
  const auto both = answered(session(std::string("m=audio 4000 RTP/AVP 0 96 97\r\n") + events));
  EXPECT_EQ(both.agreed.telephone_event_type, 97);
  EXPECT_EQ(both.agreed.telephone_event_clock, 8000U);
  EXPECT_EQ(both.answer.media[0].formats, (std::vector<std::string>{"0", "97"}));
  // Another will do where there is no better one.
  const auto other = answered(session(std::string("m=audio 4000 RTP/AVP 0 96\r\n") + events));
  EXPECT_EQ(other.agreed.telephone_event_type, 96);
  EXPECT_EQ(other.agreed.telephone_event_clock, 48000U);
  EXPECT_EQ(*other.answer.media[0].attribute("fmtp"), "96 0-16");
  EXPECT_NE(print(other.answer).find("a=rtpmap:96 telephone-event/48000\r\n"), std::string::npos);
}

TEST(Answer, TakesComfortNoiseAtTheCodecsClock) {
  const auto plain = answered(session("m=audio 4000 RTP/AVP 0 13\r\n"));
  EXPECT_EQ(plain.agreed.comfort_noise_type, 13);
  EXPECT_EQ(plain.answer.media[0].formats, (std::vector<std::string>{"0", "13"}));
  const char* noises = "a=rtpmap:97 L16/16000\r\na=rtpmap:98 CN/16000\r\n";
  const auto wide = answered(session(std::string("m=audio 4000 RTP/AVP 97 13 98\r\n") + noises), all_codecs());
  EXPECT_EQ(wide.agreed.comfort_noise_type, 98);
  EXPECT_EQ(wide.answer.media[0].formats, (std::vector<std::string>{"97", "98"}));
  const auto none = answered(session(std::string("m=audio 4000 RTP/AVP 97 13\r\n") + noises), all_codecs());
  EXPECT_FALSE(none.agreed.comfort_noise_type);
  EXPECT_FALSE(answered(session("m=audio 4000 RTP/AVP 0\r\n")).agreed.comfort_noise_type);
}

TEST(Answer, KeepsToTheSampleRateAndClockOfTheCodecItTakes) {
  const std::string maps =
      "a=rtpmap:96 opus/48000/2\r\na=rtpmap:97 L16/16000\r\na=rtpmap:98 L16/48000\r\na=rtpmap:99 L16/8000\r\n";
  const auto formats = [&](const std::string& offered) {
    const auto a = answered(session("m=audio 4000 RTP/AVP " + offered + "\r\n" + maps), all_codecs());
    std::vector<std::string> also;
    for (const auto& one : a.agreed.also_receivable) also.push_back(std::to_string(one.payload_type));
    EXPECT_EQ(a.answer.media[0].formats.size(), 1 + also.size());
    return std::make_tuple(a.agreed.codec.name, a.agreed.codec.sample_rate, also);
  };
  using Also = std::vector<std::string>;
  EXPECT_EQ(formats("96 0 9 98"), std::make_tuple("opus", 48000U, Also{"98"}));
  EXPECT_EQ(formats("0 96 8 9 99"), std::make_tuple("PCMU", 8000U, Also{"8", "99"}));
  // G.722 and L16/16000 sound alike, but count time differently.
  EXPECT_EQ(formats("9 97 0"), std::make_tuple("G722", 16000U, Also{}));
}

TEST(Answer, AsksTheCodecWithThePeersParametersForTheRate) {
  const auto a = answered(session("m=audio 4000 RTP/AVP 96 98\r\na=rtpmap:96 opus/48000/2\r\n"
                                  "a=fmtp:96 narrow=1\r\na=rtpmap:98 L16/48000\r\n"),
                          all_codecs());
  EXPECT_EQ(a.agreed.codec.sample_rate, 8000U);
  EXPECT_TRUE(a.agreed.also_receivable.empty());
}

TEST(Answer, KnowsOpusWithoutItsChannels) {
  for (const char* map : {"opus/48000", "OPUS/48000/1", "Opus/48000/2"}) {
    const auto a =
        answered(session(std::string("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 ") + map + "\r\n"), all_codecs());
    EXPECT_EQ(a.agreed.codec.name, "opus") << map;
    EXPECT_EQ(a.agreed.codec.channels, 2) << map;
    EXPECT_EQ(*a.answer.media[0].attribute("rtpmap"), "96 opus/48000/2") << map;
  }
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/3\r\n"), all_codecs()));
}

TEST(Answer, TellsStereoFromMono) {
  const auto a = answered(session("m=audio 4000 RTP/AVP 10 11\r\n"), all_codecs());
  EXPECT_EQ(a.agreed.codec.channels, 2);
  EXPECT_EQ(a.answer.media[0].formats, (std::vector<std::string>{"10", "11"}));
  EXPECT_EQ(*a.answer.media[0].attribute("rtpmap"), "10 L16/44100/2");
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 L16/48000/2\r\n"), all_codecs()));
}

TEST(Answer, TakesEachFormatOnceWhateverIsRepeated) {
  const auto a =
      answered(session("m=audio 4000 RTP/AVP 96 96 97 0 0\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:96 PCMA/8000\r\n"
                       "a=fmtp:96 useinbandfec=1\r\na=fmtp:96 stereo=1\r\n"
                       "a=rtpmap:97 opus/48000/2\r\na=fmtp:97 narrow=1\r\n"),
               all_codecs());
  EXPECT_EQ(a.answer.media[0].formats, std::vector<std::string>{"96"});
  EXPECT_EQ(a.agreed.codec.name, "opus");
  EXPECT_EQ(a.agreed.codec.fmtp, "useinbandfec=1;stereo=1");
}

TEST(Answer, IsRefusedWithoutACommonCodec) {
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/AVP 18\r\n")));
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n")));
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/16000\r\n")));
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/AVP 999 x\r\n")));
  EXPECT_TRUE(is_refused(session("m=video 4000 RTP/AVP 0\r\n")));
  EXPECT_TRUE(is_refused(session("")));
}

TEST(Answer, TakesAvpfButNotSecureProfiles) {
  EXPECT_EQ(answered(session("m=audio 4000 RTP/AVPF 0\r\n")).answer.media[0].proto, "RTP/AVPF");
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/SAVP 0\r\n")));
  EXPECT_TRUE(is_refused(session("m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n")));
  EXPECT_TRUE(is_refused(session("m=audio 4000 udp 0\r\n")));
}

TEST(Answer, KeepsEverySectionInOrderAndRefusesTheRestWithPortZero) {
  const auto a =
      answered(session("m=video 5000 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n"
                       "m=audio 4000 RTP/SAVP 0\r\n"
                       "m=audio 4002 RTP/AVP 0\r\n"
                       "m=audio 4004 RTP/AVP 0\r\n"
                       "m=image 6000 udptl t38\r\n"));
  ASSERT_EQ(a.answer.media.size(), 5U);
  EXPECT_EQ(a.agreed.remote_rtp_port, 4002);
  for (const std::size_t refused : {0U, 1U, 3U, 4U}) {
    EXPECT_EQ(a.answer.media[refused].port, 0);
    EXPECT_TRUE(a.answer.media[refused].attributes.empty());
  }
  EXPECT_EQ(a.answer.media[0].formats, std::vector<std::string>{"99"});
  EXPECT_EQ(a.answer.media[1].proto, "RTP/SAVP");
  EXPECT_EQ(a.answer.media[2].port, 20000);
  EXPECT_EQ(a.answer.media[4].proto, "udptl");
}

TEST(Answer, PrefersTheSectionsOwnConnection) {
  const auto a = answered(session("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.77\r\n"));
  EXPECT_EQ(a.agreed.remote_address, "192.0.2.77");
}

TEST(Answer, KeepsAHostNameOutOfTheRemoteAddress) {
  const auto a = answered(session("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP4 phone.example.com\r\n"));
  EXPECT_EQ(a.agreed.remote_address, "");
  EXPECT_EQ(a.agreed.remote_rtp_port, 4000);
  EXPECT_EQ(a.agreed.direction, Direction::sendrecv);
}

TEST(Answer, RefusesMulticastAndTheOtherFamily) {
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP4 233.252.0.1/127\r\n")));
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP4 255.255.255.255\r\n")));
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP6 2001:db8::1\r\n")));
  Local v6 = local();
  v6.address = "2001:db8::9";
  EXPECT_TRUE(is_refused(session("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP6 ff1e::1\r\n"), v6));
  const auto a = answered(session("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP6 2001:db8::1\r\n"), v6);
  EXPECT_EQ(a.agreed.remote_address, "2001:db8::1");
  EXPECT_NE(print(a.answer).find("c=IN IP6 2001:db8::9\r\n"), std::string::npos);
}

struct Hold {
  const char* offer;  // what follows m=
  Direction ours;
  const char* written;
};
class HoldStyles : public testing::TestWithParam<Hold> {};

TEST_P(HoldStyles, AreMirrored) {
  const auto a = answered(session(std::string("m=audio 4000 RTP/AVP 0\r\n") + GetParam().offer));
  EXPECT_EQ(a.agreed.direction, GetParam().ours);
  EXPECT_TRUE(a.answer.media[0].has(GetParam().written));
}
INSTANTIATE_TEST_SUITE_P(Rfc3264, HoldStyles,
                         testing::Values(Hold{"", Direction::sendrecv, "sendrecv"},
                                         Hold{"a=sendrecv\r\n", Direction::sendrecv, "sendrecv"},
                                         Hold{"a=sendonly\r\n", Direction::recvonly, "recvonly"},
                                         Hold{"a=recvonly\r\n", Direction::sendonly, "sendonly"},
                                         Hold{"a=inactive\r\n", Direction::inactive, "inactive"},
                                         Hold{"c=IN IP4 0.0.0.0\r\n", Direction::recvonly, "recvonly"},
                                         Hold{"c=IN IP4 0.0.0.0\r\na=sendonly\r\n", Direction::recvonly, "recvonly"},
                                         Hold{"c=IN IP4 0.0.0.0\r\na=recvonly\r\n", Direction::inactive, "inactive"},
                                         Hold{"c=IN IP4 0.0.0.0\r\na=inactive\r\n", Direction::inactive, "inactive"}));

TEST(Answer, InheritsTheSessionsDirectionUnlessTheSectionSaysOtherwise) {
  EXPECT_EQ(answered(session("a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\n")).agreed.direction, Direction::recvonly);
  EXPECT_EQ(answered(session("a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n")).agreed.direction,
            Direction::sendrecv);
  EXPECT_EQ(answered(session("a=inactive\r\nm=audio 4000 RTP/AVP 0\r\n")).agreed.direction, Direction::inactive);
  EXPECT_EQ(answered(session("a=recvonly\r\nm=audio 4000 RTP/AVP 0\r\n")).agreed.direction, Direction::sendonly);
}

TEST(Answer, SeesTheOldHoldInTheSessionsConnectionToo) {
  const auto held = answered(session("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP4 0.0.0.0\r\n"));
  EXPECT_EQ(held.agreed.direction, Direction::recvonly);
  EXPECT_EQ(held.answer.connection, "192.0.2.9");
  // A section's own address goes before the session's.
  EXPECT_EQ(
      answered(session("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n", "c=IN IP4 0.0.0.0\r\n")).agreed.direction,
      Direction::sendrecv);
  Local v6 = local();
  v6.address = "2001:db8::9";
  EXPECT_EQ(answered(session("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP6 ::\r\n"), v6).agreed.direction,
            Direction::recvonly);
}

TEST(Answer, TakesTheSameFormatsWhileHeldAsBefore) {
  for (const char* hold : {"a=sendonly\r\n", "a=inactive\r\n", "c=IN IP4 0.0.0.0\r\n"}) {
    const auto a = answered(session(std::string("m=audio 4000 RTP/AVP 8 13 101\r\n"
                                                "a=rtpmap:101 telephone-event/8000\r\n") +
                                    hold));
    EXPECT_EQ(a.answer.media[0].formats, (std::vector<std::string>{"8", "13", "101"})) << hold;
    EXPECT_EQ(a.answer.media[0].port, 20000) << hold;
  }
}

TEST(Answer, TellsTheOldHoldByItsAddressOfZeros) {
  const auto a = answered(session("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"));
  EXPECT_EQ(a.agreed.remote_address, "0.0.0.0");
}

TEST(Answer, AnswersADisabledStreamAsDisabled) {
  const auto a = answered(session("m=audio 0 RTP/AVP 0\r\n"));
  EXPECT_EQ(a.agreed.direction, Direction::inactive);
  EXPECT_TRUE(a.agreed.held());
  EXPECT_EQ(a.agreed.remote_rtp_port, 0);
  EXPECT_EQ(a.answer.media[0].port, 0);
  // Only where nothing better is offered.
  const auto b = answered(session("m=audio 0 RTP/AVP 0\r\nm=audio 4000 RTP/AVP 0\r\n"));
  EXPECT_EQ(b.agreed.remote_rtp_port, 4000);
  EXPECT_EQ(b.answer.media[0].port, 0);
}

struct Ptime {
  const char* offer;
  int agreed;
};
class PacketTimes : public testing::TestWithParam<Ptime> {};

TEST_P(PacketTimes, AreHonouredFromTenToSixtyAndComeNearToLongerOnes) {
  const auto a = answered(session(std::string("m=audio 4000 RTP/AVP 0\r\n") + GetParam().offer));
  EXPECT_EQ(a.agreed.ptime, milliseconds(GetParam().agreed));
  EXPECT_EQ(*a.answer.media[0].attribute("ptime"), std::to_string(GetParam().agreed));
}
INSTANTIATE_TEST_SUITE_P(Offered, PacketTimes,
                         testing::Values(Ptime{"", 20}, Ptime{"a=ptime:10\r\n", 10}, Ptime{"a=ptime:30\r\n", 30},
                                         Ptime{"a=ptime:60\r\n", 60}, Ptime{"a=ptime:5\r\n", 20},
                                         Ptime{"a=ptime:100\r\n", 60}, Ptime{"a=ptime:120\r\n", 60},
                                         Ptime{"a=ptime:121\r\n", 20}, Ptime{"a=ptime:25\r\n", 20},
                                         Ptime{"a=ptime:x\r\n", 20}, Ptime{"a=ptime:99999999999\r\n", 20},
                                         Ptime{"a=ptime: 40\r\n", 40}, Ptime{"a=maxptime:10\r\n", 10},
                                         Ptime{"a=ptime:60\r\na=maxptime:40\r\n", 40}, Ptime{"a=maxptime:0\r\n", 20},
                                         Ptime{"a=ptime:20\r\na=maxptime:200\r\n", 20},
                                         Ptime{"a=ptime:120\r\na=maxptime:30\r\n", 30}));

TEST(Answer, SendsInWhatTheCodecCan) {
  Local ours = local();
  ours.packet_time = [](const CodecChoice& choice, milliseconds wanted) {
    return choice.name == "PCMA" ? std::max(milliseconds(20), wanted / 20 * 20) : wanted;
  };
  const auto a = answered(session("m=audio 4000 RTP/AVP 8\r\na=ptime:30\r\n"), ours);
  EXPECT_EQ(a.agreed.ptime, milliseconds(20));
  EXPECT_EQ(*a.answer.media[0].attribute("ptime"), "20");
}

TEST(Answer, FindsTheRtcpPort) {
  EXPECT_EQ(answered(session("m=audio 4000 RTP/AVP 0\r\na=rtcp:4500\r\n")).agreed.remote_rtcp_port, 4500);
  EXPECT_EQ(answered(session("m=audio 4000 RTP/AVP 0\r\na=rtcp:4500 IN IP4 192.0.2.1\r\n")).agreed.remote_rtcp_port,
            4500);
  EXPECT_EQ(answered(session("m=audio 4000 RTP/AVP 0\r\na=rtcp:70000\r\n")).agreed.remote_rtcp_port, 4001);
  EXPECT_EQ(answered(session("m=audio 4000 RTP/AVP 0\r\na=rtcp:x\r\n")).agreed.remote_rtcp_port, 4001);
}

TEST(Answer, NamesItsOwnRtcpPortWhereItIsNotTheNext) {
  Local apart = local();
  apart.rtcp_port = 30001;
  EXPECT_EQ(*answered(session("m=audio 4000 RTP/AVP 0\r\n"), apart).answer.media[0].attribute("rtcp"), "30001");
  EXPECT_FALSE(answered(session("m=audio 4000 RTP/AVP 0\r\n")).answer.media[0].has("rtcp"));
}

TEST(Answer, MultiplexesRtcpIfBothSidesWantTo) {
  const Session offer = session("m=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\n");
  const auto both = answered(offer);
  EXPECT_TRUE(both.agreed.rtcp_mux);
  EXPECT_EQ(both.agreed.remote_rtcp_port, 4000);
  EXPECT_TRUE(both.answer.media[0].has("rtcp-mux"));
  Local apart = local();
  apart.offer_rtcp_mux = false;
  const auto one = answered(offer, apart);
  EXPECT_FALSE(one.agreed.rtcp_mux);
  EXPECT_EQ(one.agreed.remote_rtcp_port, 4001);
  EXPECT_FALSE(one.answer.media[0].has("rtcp-mux"));
  EXPECT_FALSE(answered(session("m=audio 4000 RTP/AVP 0\r\n")).answer.media[0].has("rtcp-mux"));
}

TEST(Answer, AgreesOnParametersOfEachSideForItself) {
  Local ours = local();
  ours.codecs = {{"opus", 48000, 2, 96, "useinbandfec=1"}};
  const auto a =
      answered(session("m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 stereo=0\r\n"), ours);
  EXPECT_EQ(a.agreed.codec.fmtp, "stereo=0");
  EXPECT_EQ(*a.answer.media[0].attribute("fmtp"), "111 useinbandfec=1");
  EXPECT_EQ(*a.answer.media[0].attribute("rtpmap"), "111 opus/48000/2");
}

TEST(Offer, NamesAllThatWeCanDo) {
  EXPECT_EQ(print(make_offer(local())),
            "v=0\r\no=- 11 3 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
            "m=audio 20000 RTP/AVP 0 8 13 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:13 CN/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 "
            "0-16\r\na=ptime:20\r\na=maxptime:120\r\na=sendrecv\r\na=rtcp-mux\r\n");
  EXPECT_TRUE(make_offer(local(), Direction::sendonly).media[0].has("sendonly"));
}

TEST(Offer, LeavesOutWhatIsOnlyAccepted) {
  const Media media = make_offer(all_codecs()).media[0];
  EXPECT_EQ(media.formats, (std::vector<std::string>{"0", "8", "96", "9", "13", "101", "102"}));
}

TEST(Offer, HasAnEventForTheClockOfEachCodec) {
  const std::string text = print(make_offer(all_codecs()));
  EXPECT_NE(text.find("a=rtpmap:101 telephone-event/8000\r\n"), std::string::npos);
  EXPECT_NE(text.find("a=rtpmap:102 telephone-event/48000\r\n"), std::string::npos);
  Local crowded = all_codecs();
  crowded.codecs[2].payload_type = 102;
  EXPECT_EQ(make_offer(crowded).media[0].formats.back(), "103");
}

TEST(Offer, HasNoComfortNoiseWithoutACodecOfItsClock) {
  Local wide = local();
  wide.codecs = {{"opus", 48000, 2, 96, ""}};
  EXPECT_EQ(make_offer(wide).media[0].formats, (std::vector<std::string>{"96", "101"}));
}

TEST(Accept, RefusesACodecThatWasNotOffered) {
  EXPECT_FALSE(accept(make_offer(all_codecs()), session("m=audio 4000 RTP/AVP 10\r\n"), all_codecs()));
}

TEST(Accept, ReceivesByOurPayloadTypeAndSendsByTheirs) {
  const auto agreed = accept(make_offer(all_codecs()),
                             session("m=audio 4000 RTP/AVP 111 97\r\na=rtpmap:111 opus/48000/2\r\n"
                                     "a=fmtp:111 stereo=0\r\na=rtpmap:97 telephone-event/48000\r\n"),
                             all_codecs());
  ASSERT_TRUE(agreed) << agreed.error().text;
  EXPECT_EQ(agreed->codec.payload_type, 111);
  ASSERT_EQ(agreed->also_receivable.size(), 1U);
  EXPECT_EQ(agreed->also_receivable[0].payload_type, 96);
  EXPECT_EQ(agreed->also_receivable[0].name, "opus");
  EXPECT_EQ(agreed->also_receivable[0].fmtp, "stereo=0");
  EXPECT_EQ(agreed->telephone_event_type, 97);
  EXPECT_EQ(agreed->telephone_event_in, 102);
  EXPECT_EQ(agreed->telephone_event_clock, 48000U);
}

TEST(Accept, TakesAllThatThePartyMaySendAtWhateverRate) {
  const auto agreed = accept(
      make_offer(all_codecs()),
      session(
          "m=audio 4000 RTP/AVP 0 96 9 8 13 101\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n"),
      all_codecs());
  ASSERT_TRUE(agreed) << agreed.error().text;
  EXPECT_EQ(agreed->codec.name, "PCMU");
  ASSERT_EQ(agreed->also_receivable.size(), 3U);
  EXPECT_EQ(agreed->also_receivable[0].name, "opus");
  EXPECT_EQ(agreed->also_receivable[1].name, "G722");
  EXPECT_EQ(agreed->also_receivable[2].name, "PCMA");
  EXPECT_EQ(agreed->comfort_noise_type, 13);
}

TEST(Accept, TakesTheAnswersChoice) {
  const auto agreed =
      accept(make_offer(local()),
             session("m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:30\r\n"), local());
  ASSERT_TRUE(agreed) << agreed.error().text;
  EXPECT_EQ(agreed->codec.name, "PCMA");
  EXPECT_EQ(agreed->telephone_event_type, 101);
  EXPECT_EQ(agreed->telephone_event_in, 0);
  EXPECT_EQ(agreed->ptime, milliseconds(30));
  EXPECT_FALSE(agreed->rtcp_mux);
  EXPECT_EQ(agreed->remote_rtcp_port, 4001);
}

TEST(Accept, KnowsEventsByOurNumberAndSendsThemByTheirs) {
  const auto agreed = accept(make_offer(local()),
                             session("m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"), local());
  ASSERT_TRUE(agreed);
  EXPECT_EQ(agreed->telephone_event_type, 96);
  EXPECT_EQ(agreed->telephone_event_in, 101);
}

TEST(Accept, RefusesWhatIsNoAnswerToTheOffer) {
  const Session offer = make_offer(local());
  for (const char* bad : {"", "m=audio 0 RTP/AVP 0\r\n", "m=audio 4000 RTP/AVP 18\r\n", "m=video 4000 RTP/AVP 0\r\n",
                          "m=audio 4000 RTP/SAVP 0\r\n", "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 239.1.1.1\r\n"}) {
    const auto agreed = accept(offer, session(bad), local());
    ASSERT_FALSE(agreed) << bad;
    EXPECT_EQ(agreed.error().kind, base::Kind::not_acceptable);
  }
}

TEST(Accept, NarrowsTheDirectionToWhatBothSidesDo) {
  const auto direction = [](Direction offered, const char* answered) {
    return accept(make_offer(local(), offered), session(std::string("m=audio 4000 RTP/AVP 0\r\n") + answered), local())
        ->direction;
  };
  EXPECT_EQ(direction(Direction::sendrecv, ""), Direction::sendrecv);
  EXPECT_EQ(direction(Direction::sendrecv, "a=recvonly\r\n"), Direction::sendonly);
  EXPECT_EQ(direction(Direction::sendrecv, "a=inactive\r\n"), Direction::inactive);
  EXPECT_EQ(direction(Direction::sendonly, "a=sendrecv\r\n"), Direction::sendonly);
  EXPECT_EQ(direction(Direction::recvonly, "a=sendonly\r\n"), Direction::recvonly);
  EXPECT_EQ(direction(Direction::sendrecv, "c=IN IP4 0.0.0.0\r\n"), Direction::recvonly);
}

TEST(Accept, MultiplexesOnlyWhatWasOfferedSo) {
  const Session answer = session("m=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\n");
  EXPECT_TRUE(accept(make_offer(local()), answer, local())->rtcp_mux);
  Local apart = local();
  apart.offer_rtcp_mux = false;
  EXPECT_FALSE(accept(make_offer(apart), answer, apart)->rtcp_mux);
}

TEST(Negotiation, OfOurOfferWithOurselvesAgrees) {
  const auto theirs = answered(make_offer(local()));
  const auto ours = accept(make_offer(local()), theirs.answer, local());
  ASSERT_TRUE(ours) << ours.error().text;
  EXPECT_EQ(ours->codec.name, theirs.agreed.codec.name);
  EXPECT_EQ(ours->direction, Direction::sendrecv);
  EXPECT_TRUE(ours->rtcp_mux && theirs.agreed.rtcp_mux);
}

}  // namespace
}  // namespace sdp
