#include "xmpp/verifier.hpp"

#include <gtest/gtest.h>

#include "xmpp/listener.hpp"

namespace xmpp {
namespace {

// RFC 7677 §3 and RFC 5802 §5: user "user", password "pencil".
const std::string kSalt256 = "W22ZaJ0SNY7soEsUEjb6gQ==";
const std::string kSha256 =
    "SCRAM-SHA-256$4096:" + kSalt256 +
    "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

TEST(Verifier, of_the_rfc_example_is_read_and_matches_its_password_only) {
  const auto verifier = Verifier::parse(kSha256);
  ASSERT_TRUE(verifier) << verifier.error().text;
  EXPECT_EQ(verifier->iterations, 4096U);
  EXPECT_TRUE(verifier->matches("pencil"));
  EXPECT_FALSE(verifier->matches("pencil "));
  EXPECT_FALSE(verifier->matches(""));
}

TEST(Verifier, derived_from_a_password_is_the_one_of_the_rfc) {
  const auto derived = Verifier::derive(Hash::sha256, "pencil", *from_base64(kSalt256), 4096);
  EXPECT_EQ(base64(derived.stored_key), "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
  EXPECT_EQ(base64(derived.server_key), "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
}

TEST(Verifier, for_sha1_has_shorter_keys) {
  const auto derived = Verifier::derive(Hash::sha1, "pencil", *from_base64("QSXCR+Q6sek8bf92"), 4096);
  const std::string text =
      "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$" + base64(derived.stored_key) + ":" + base64(derived.server_key);
  EXPECT_EQ(base64(derived.server_key), "D+CSWLOshSulAsxiupA+qs2/fTE=");
  EXPECT_TRUE(check_verifier(text));
  EXPECT_FALSE(check_verifier("SCRAM-SHA-256" + text.substr(11)));
}

TEST(Verifier, with_a_fault_is_refused_with_a_reason) {
  for (const std::string& text :
       {std::string(), std::string("pencil"), std::string("SCRAM-SHA-512$1:YQ==$YQ==:YQ=="),
        std::string("SCRAM-SHA-256$"), std::string("SCRAM-SHA-256$4096"), std::string("SCRAM-SHA-256$x:YQ==$YQ==:YQ=="),
        std::string("SCRAM-SHA-256$0:YQ==$YQ==:YQ=="), std::string("SCRAM-SHA-256$100001:YQ==$YQ==:YQ=="),
        std::string("SCRAM-SHA-256$-1:YQ==$YQ==:YQ=="), std::string("SCRAM-SHA-256$4096:?$YQ==:YQ=="),
        std::string("SCRAM-SHA-256$4096:YQ==$YQ==:YQ=="), kSha256.substr(0, kSha256.size() - 4)}) {
    const auto checked = check_verifier(text);
    ASSERT_FALSE(checked) << text;
    EXPECT_FALSE(checked.error().text.empty());
  }
}

TEST(Base64, is_strict) {
  EXPECT_EQ(*from_base64("AGE="), std::string("\0a", 2));
  EXPECT_EQ(*from_base64(""), "");
  for (const char* text : {"A", "AG=", "AGE", "AG E=", "AGE=\n", "A===", "====", "AGE=AGE="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Password, is_prepared_by_saslprep) {
  EXPECT_EQ(prepared("I\xc2\xadX"), "IX");    // RFC 4013 §3: a soft hyphen is dropped
  EXPECT_EQ(prepared("\xe2\x85\xa8"), "IX");  // the Roman numeral nine
  EXPECT_EQ(prepared("\xff not utf8"), "\xff not utf8");
}

}  // namespace
}  // namespace xmpp
