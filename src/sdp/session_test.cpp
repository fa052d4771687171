#include "sdp/session.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sdp {
namespace {

// RFC 8866 §5, shortened to what a phone sends.
constexpr const char* kExample =
    "v=0\r\n"
    "o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\n"
    "s=Call to John Smith\r\n"
    "i=SDP Offer #1\r\n"
    "u=http://www.jdoe.example.com/home.html\r\n"
    "e=Jane Doe <jane@jdoe.example.com>\r\n"
    "c=IN IP4 198.51.100.1\r\n"
    "b=AS:64\r\n"
    "t=0 0\r\n"
    "a=tool:test\r\n"
    "m=audio 49170 RTP/AVP 0 101\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
    "a=rtcp-mux\r\n"
    "m=video 51372/2 RTP/AVP 99\r\n"
    "c=IN IP6 2001:db8::2\r\n"
    "a=rtpmap:99 h263-1998/90000\r\n";

std::string error_of(std::string_view text) {
  const auto parsed = parse(text);
  EXPECT_FALSE(parsed) << text;
  return parsed ? std::string() : parsed.error().text;
}

TEST(Session, ReadsEveryPartThatMatters) {
  const auto parsed = parse(kExample);
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(parsed->origin_user, "jdoe");
  EXPECT_EQ(parsed->origin_id, 3724394400U);
  EXPECT_EQ(parsed->origin_version, 3724394405U);
  EXPECT_EQ(parsed->origin_address, "198.51.100.1");
  EXPECT_EQ(parsed->name, "Call to John Smith");
  EXPECT_EQ(parsed->connection, "198.51.100.1");
  ASSERT_TRUE(parsed->attribute("tool"));
  EXPECT_EQ(*parsed->attribute("tool"), "test");
  ASSERT_EQ(parsed->media.size(), 2U);
  const Media& audio = parsed->media[0];
  EXPECT_EQ(audio.type, "audio");
  EXPECT_EQ(audio.port, 49170);
  EXPECT_EQ(audio.proto, "RTP/AVP");
  EXPECT_EQ(audio.formats, (std::vector<std::string>{"0", "101"}));
  EXPECT_EQ(audio.connection, "");
  EXPECT_EQ(*audio.attribute("rtpmap"), "101 telephone-event/8000");
  EXPECT_TRUE(audio.has("rtcp-mux"));
  EXPECT_EQ(*audio.attribute("rtcp-mux"), "");
  EXPECT_FALSE(audio.has("tool"));
  EXPECT_EQ(parsed->media[1].port, 51372);
  EXPECT_EQ(parsed->media[1].connection, "2001:db8::2");
}

TEST(Session, AcceptsBareLineFeedsAndAMissingLastOne) {
  const auto parsed = parse("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\nm=audio 4000 RTP/AVP 0");
  ASSERT_TRUE(parsed) << parsed.error().text;
  ASSERT_EQ(parsed->media.size(), 1U);
  EXPECT_EQ(parsed->media[0].formats.back(), "0");
}

TEST(Session, DoesNotMissWhatOldPhonesLeaveOut) {
  EXPECT_TRUE(parse("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n"));  // s=, t=
  EXPECT_TRUE(parse("v=0\r\nm=audio 4000 RTP/AVP 0\r\n"));                              // and o=
}

TEST(Session, SkipsGarbageLines) {
  const auto parsed = parse("v=0\r\n\r\nm=audio 4000 RTP/AVP 0\r\n--boundary--\r\nx=1\r\n?");
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(parsed->media.size(), 1U);
}

TEST(Session, NamesTheLineThatIsWrong) {
  EXPECT_EQ(error_of("v=0\r\no=- x 1 IN IP4 127.0.0.1\r\n"),
            "session description, line 2 (o=): session id or version is not a number");
  EXPECT_NE(error_of("v=0\r\ns=-\r\nm=audio 65536 RTP/AVP 0\r\n").find("line 3 (m=)"), std::string::npos);
  EXPECT_NE(error_of("v=0\r\nm=audio -1 RTP/AVP 0\r\n").find("line 2 (m=)"), std::string::npos);
  EXPECT_NE(error_of("v=0\r\nm=audio 1 RTP/AVP\r\n").find("no format"), std::string::npos);
  EXPECT_NE(error_of("v=0\r\nm=audio\r\n").find("line 2 (m=)"), std::string::npos);
  EXPECT_NE(error_of("v=0\r\nm=audio 1/x RTP/AVP 0\r\n").find("port count"), std::string::npos);
  EXPECT_NE(error_of("v=0\r\nc=IN IP4\r\n").find("line 2 (c=)"), std::string::npos);
  EXPECT_NE(error_of("v=0\r\nc=ATM NSAP 1\r\n").find("line 2 (c=)"), std::string::npos);
  EXPECT_NE(error_of("v=1\r\n").find("line 1 (v=)"), std::string::npos);
  EXPECT_NE(error_of("s=-\r\nv=0\r\n").find("line 1 (s=)"), std::string::npos);
  EXPECT_NE(error_of("v=0\r\nv=0\r\n").find("line 2 (v=)"), std::string::npos);
  EXPECT_NE(error_of("").find("no v= line"), std::string::npos);
}

TEST(Session, RefusesWhatIsTooLarge) {
  std::string text = "v=0\r\n";
  text.resize(kMaxSize + 1, 'x');
  EXPECT_NE(error_of(text).find("65536"), std::string::npos);
}

TEST(Session, TakesNumbersThatDoNotFitAsLargeOnes) {
  const auto parsed = parse("v=0\r\no=- 99999999999999999999 1 IN IP4 127.0.0.1\r\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->origin_id, UINT64_MAX);
}

TEST(Session, KeepsAHostNameAndDropsTimeToLive) {
  const auto parsed =
      parse("v=0\r\nc=IN IP4 phone.example.com\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 233.252.0.1/127/3\r\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->connection, "phone.example.com");
  EXPECT_EQ(parsed->media[0].connection, "233.252.0.1");
}

TEST(Session, PrintsInTheOrderOfTheGrammar) {
  Session session;
  session.origin_id = 7;
  session.origin_version = 8;
  session.origin_address = session.connection = "::1";
  session.attributes.push_back({"sendonly", ""});
  Media media;
  media.port = 4000;
  media.formats = {"0", "8"};
  media.connection = "127.0.0.1";
  media.attributes = {{"rtpmap", "0 PCMU/8000"}, {"rtcp-mux", ""}};
  session.media.push_back(media);
  EXPECT_EQ(print(session),
            "v=0\r\no=- 7 8 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nt=0 0\r\na=sendonly\r\n"
            "m=audio 4000 RTP/AVP 0 8\r\nc=IN IP4 127.0.0.1\r\na=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\n");
}

TEST(Session, ComesBackTheSameAfterPrintAndParse) {
  const auto first = parse(kExample);
  ASSERT_TRUE(first);
  const std::string text = print(*first);
  const auto second = parse(text);
  ASSERT_TRUE(second) << second.error().text;
  EXPECT_EQ(print(*second), text);
}

}  // namespace
}  // namespace sdp
