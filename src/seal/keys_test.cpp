#include "seal/keys.hpp"

#include <gtest/gtest.h>

#include "seal/bech32.hpp"

namespace seal {
namespace {

TEST(Keys, TakesBip173sValidTextsAndNoOthers) {
  for (const char* text : {"A12UEL5L", "a12uel5l", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
                           "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w"}) {
    EXPECT_TRUE(parse_bech32(text)) << text;
  }
  for (const char* text : {"", "1", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8", "10a06t8",
                           "1qzzfhee", "a12UEL5L", "a12uel5q"}) {
    EXPECT_FALSE(parse_bech32(text)) << text;
  }
}

// The pair of age's own test vectors (testkit).
TEST(Keys, AreThoseOfAge) {
  const auto identity = Identity::parse("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->secret()[0], 0x42);
  EXPECT_EQ(identity->recipient().text(), "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj");
}

TEST(Keys, AreWrittenAsTheyAreRead) {
  const Identity identity = Identity::make();
  EXPECT_TRUE(identity.text().starts_with("AGE-SECRET-KEY-1"));
  EXPECT_EQ(Identity::parse(identity.text())->secret(), identity.secret());
  const Recipient recipient = identity.recipient();
  EXPECT_TRUE(recipient.text().starts_with("age1"));
  EXPECT_EQ(Recipient::parse(recipient.text()), recipient);
  EXPECT_FALSE(Identity::parse(recipient.text())) << "the public key is no secret one";
  EXPECT_FALSE(Recipient::parse(identity.text()));
}

TEST(Keys, APointThatMakesEverybodysSecretTheSameIsRefused) {
  EXPECT_FALSE(Recipient::parse(std::string(64, '0')));
  EXPECT_FALSE(Recipient::parse("01" + std::string(62, '0')));
  EXPECT_TRUE(Recipient::parse("09" + std::string(62, '0')));
}

TEST(Keys, AFileHasOneALine) {
  const Identity one = Identity::make();
  const Identity two = Identity::make();
  const auto read = parse_identities("# created: today\n# public key: age1…\n" + one.text() + "\n\n" + two.text());
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->at(1).secret(), two.secret());
  EXPECT_EQ(parse_identities("# x\nnonsense\n").error().text, "line 2: expected AGE-SECRET-KEY-1…");
  EXPECT_FALSE(parse_identities("# nothing\n"));
  EXPECT_FALSE(read_identities("/nowhere/key"));
}

}  // namespace
}  // namespace seal
