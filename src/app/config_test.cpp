#include "app/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string error_of(const std::string& text) {
  auto config = app::parse_config(text, "t.toml");
  return config ? std::string("(accepted)") : config.error().text;
}

TEST(Config, EmptyFileMeansTheDefaults) {
  const auto config = app::parse_config("", "t.toml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->xmpp.domain, "localhost");
  EXPECT_EQ(config->xmpp.listen, std::vector<std::string>{"127.0.0.1:5222"});
  EXPECT_EQ(config->sip.listen, (std::vector<std::string>{"udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"}));
  EXPECT_EQ(config->rtp.first_port, 20000);
  EXPECT_EQ(config->rtp.last_port, 29999);
  EXPECT_EQ(config->recording_format, "mp3");
  EXPECT_EQ(config->recording_pause, record::PauseMode::skip);
  EXPECT_FALSE(config->rtp.silence_digits);
  EXPECT_EQ(config->dialect, rayo::Dialect::rayo_2011);
  EXPECT_EQ(config->keep_untold, std::chrono::hours(7 * 24));
}

TEST(Config, TakesKeysToEncryptToAndRefusesOthersByTheirPlace) {
  const std::string key = seal::Identity::make().recipient().text();
  const std::string other = seal::Identity::make().recipient().text();
  const auto one = app::parse_config("[recording]\nencrypt-to = \"" + key + "\"\n", "t.toml");
  ASSERT_TRUE(one) << one.error().text;
  ASSERT_EQ(one->recording_encrypt_to.size(), 1U);
  EXPECT_EQ(one->recording_encrypt_to.front().text(), key);
  const auto two = app::parse_config("[recording]\nencrypt-to = [\"" + key + "\", \"" + other + "\"]\n", "t.toml");
  ASSERT_TRUE(two) << two.error().text;
  EXPECT_EQ(two->recording_encrypt_to.size(), 2U);
  EXPECT_EQ(app::parse_config(app::print_config(*two), "t.toml")->recording_encrypt_to, two->recording_encrypt_to);

  EXPECT_THAT(error_of("[recording]\nencrypt-to = \"age1wrong\"\n"),
              StartsWith("t.toml:2:14: recording.encrypt-to: expected a public key"));
  EXPECT_THAT(error_of("[recording]\nencrypt-to = []\n"), StartsWith("t.toml:2:14: recording.encrypt-to"));
  EXPECT_THAT(error_of("[recording]\nencrypt-to = [\"" + key + "\", 5]\n"), StartsWith("t.toml:2:14: "));
  std::string typo = key;
  typo[10] = typo[10] == 'q' ? 'p' : 'q';
  EXPECT_THAT(error_of("[recording]\nencrypt-to = \"" + typo + "\"\n"), StartsWith("t.toml:2:14: "));
  const std::string secret = seal::Identity::make().text();
  const std::string error = error_of("[recording]\nencrypt-to = \"" + secret + "\"\n");
  EXPECT_THAT(error, HasSubstr("found a secret key"));
  EXPECT_EQ(error.find(secret.substr(20)), std::string::npos);
}

TEST(Config, TakesEveryKey) {
  const auto config = app::parse_config(R"(
[xmpp]
domain = "rayo.example"
listen = ["127.0.0.1:0", "[::1]:5222"]
tls = "required"
certificate = "/c.pem"
key = "/k.pem"
[[xmpp.account]]
name = "app"
password = "secret"
dialect = "xep-0327"
[rayo]
dialect = "rayo-server-2013"
keep-untold = "36h"
[sip]
listen = ["tcp:[::1]:5070"]
[rtp]
address = "::1"
ports = "30000-30009"
idle = "silence"
timeout = 7
record-depth = 60
[recording]
directory = "/var/recordings"
format = "wav"
writers = 3
pause = "tone"
dtmf = "silence"
[log]
level = "debug"
format = "json"
)",
                                        "t.toml");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->xmpp.tls, xmpp::Tls::required);
  ASSERT_EQ(config->xmpp.accounts.size(), 1U);
  EXPECT_EQ(config->xmpp.accounts[0].dialect, "xep-0327");
  EXPECT_EQ(config->dialect, rayo::Dialect::rayo_server_2013);
  EXPECT_EQ(config->keep_untold, std::chrono::hours(36));
  EXPECT_EQ(config->rtp.timeout, std::chrono::seconds(7));
  EXPECT_EQ(config->rtp.record_depth, std::chrono::milliseconds(60));
  EXPECT_EQ(config->rtp.idle, media::Idle::silence);
  EXPECT_EQ(config->rtp.last_port, 30009);
  EXPECT_EQ(config->recording_directory, "/var/recordings");
  EXPECT_EQ(config->recording_writers, 3);
  EXPECT_EQ(config->recording_pause, record::PauseMode::tone);
  EXPECT_TRUE(config->rtp.silence_digits);
  EXPECT_EQ(config->log_format, base::log::Format::json);
}

TEST(Config, WhatIsPrintedIsReadBackToTheSame) {
  auto config = app::parse_config(
      "[xmpp]\ndomain = \"a.example\"\n[[xmpp.account]]\nname = \"app\"\npassword = \"q\\\"\"\n"
      "[recording]\npause = \"silence\"\ndtmf = \"silence\"\n",
      "t.toml");
  ASSERT_TRUE(config);
  const std::string printed = app::print_config(*config);
  const auto again = app::parse_config(printed, "printed.toml");
  ASSERT_TRUE(again) << again.error().text << "\n" << printed;
  EXPECT_EQ(app::print_config(*again), printed);
  EXPECT_EQ(again->xmpp.accounts[0].password, "q\"");
  EXPECT_EQ(again->recording_pause, record::PauseMode::silence);
  EXPECT_TRUE(again->rtp.silence_digits);
}

TEST(Config, SaysWhatMayBePlayedAndHowItIsSpoken) {
  const auto config = app::parse_config(
      "[output]\nfiles = [\"/sounds\", \"/more\"]\nhttp = false\nmax-size = 5\ncache = \"/var/cache/t\"\n"
      "tts = [\"say\", \"{voice}\"]\ntts-input = \"text\"\nvoice = \"de\"\ntts-timeout = 3\n",
      "t.toml");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->output.roots, (std::vector<std::filesystem::path>{"/sounds", "/more"}));
  EXPECT_FALSE(config->output.fetching.http);
  EXPECT_EQ(config->output.fetching.max_bytes, 5'000'000U);
  EXPECT_EQ(config->output.cache, "/var/cache/t");
  EXPECT_EQ(config->output.speech.command, (std::vector<std::string>{"say", "{voice}"}));
  EXPECT_EQ(config->output.speech.input, play::SpeechInput::text);
  EXPECT_EQ(config->output.speech.timeout, std::chrono::seconds(3));
  const auto none = app::parse_config("[output]\nfiles = []\ntts = []\n", "t.toml");
  ASSERT_TRUE(none) << none.error().text;
  EXPECT_TRUE(none->output.speech.command.empty());
  const auto again = app::parse_config(app::print_config(*none), "printed.toml");
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(app::print_config(*again), app::print_config(*none));
}

TEST(Config, NamesFileLineAndColumnOfWhatIsWrong) {
  EXPECT_THAT(error_of("[xmpp]\n  nonsense = 1\n"), StartsWith("t.toml:2:3: unknown key 'xmpp.nonsense'"));
  EXPECT_THAT(error_of("\n\n[nothing]\n"), StartsWith("t.toml:3:"));
  EXPECT_THAT(error_of("[xmpp]\ndomain = 5\n"), StartsWith("t.toml:2:10: xmpp.domain: expected a domain name"));
  EXPECT_THAT(error_of("[xmpp\n"), StartsWith("t.toml:1:"));
  EXPECT_THAT(error_of("[log]\nlevel = \"loud\"\n"), HasSubstr("found 'loud'"));
  EXPECT_THAT(error_of("xmpp = 3\n"), StartsWith("t.toml:1:8: xmpp: expected a table"));
}

TEST(Config, TakesSecondsAsANumberOrWithAUnit) {
  const auto timeout = [](const std::string& value) {
    const auto config = app::parse_config("[rtp]\ntimeout = " + value, "t.toml");
    return config ? config->rtp.timeout.count() : -1;
  };
  EXPECT_EQ(timeout("60"), 60000);
  EXPECT_EQ(timeout("1.5"), 1500);
  EXPECT_EQ(timeout("\"500ms\""), 500);
  EXPECT_EQ(timeout("\"2s\""), 2000);
  EXPECT_EQ(timeout("\"3m\""), 180000);
  EXPECT_EQ(timeout("\"2h\""), 7200000);
  for (const char* wrong : {"\"2\"", "\"s\"", "\"2d\"", "true", "-1", "nan", "86401"})
    EXPECT_EQ(timeout(wrong), -1) << wrong;
}

TEST(Config, RefusesImpossibleValues) {
  for (const char* text : {
           "[xmpp]\nlisten = []",
           "[xmpp]\nlisten = [\"localhost:1\"]",
           "[xmpp]\nlisten = \"127.0.0.1:1\"",
           "[xmpp]\ntls = true",
           "[xmpp]\ndomain = \"a@b\"",
           "[xmpp]\ndomain = \"\"",
           "[xmpp]\nkey = \"/k\"",
           "[sip]\nlisten = [\"127.0.0.1:5060\"]",
           "[sip]\nlisten = [\"tls:127.0.0.1:5060\"]",
           "[rtp]\naddress = \"0.0.0.0\"",
           "[rtp]\naddress = \"host\"",
           "[rtp]\nports = \"9-5\"",
           "[rtp]\nports = \"1-70000\"",
           "[rtp]\nports = 20000",
           "[rtp]\ntimeout = -1",
           "[rtp]\nrecord-depth = 501",
           "[recording]\nformat = \"doc\"",
           "[recording]\nwriters = 0",
           "[recording]\npause = \"loud\"",
           "[recording]\npause = true",
           "[recording]\ndtmf = \"drop\"",
           "[output]\nfiles = \"/sounds\"",
           "[output]\nfiles = [\"sounds\"]",
           "[output]\nhttp = \"yes\"",
           "[output]\nmax-size = 0",
           "[output]\nfetch-timeout = 0",
           "[output]\ncache = \"\"",
           "[output]\ntts = \"espeak-ng\"",
           "[output]\ntts = [\"\"]",
           "[output]\ntts-input = \"html\"",
           "[output]\ntts-timeout = \"500ms\"",
           "[log]\nformat = \"xml\"",
           "[rayo]\ndialect = \"rayo\"",
           "[rayo]\nkeep-untold = 7",
           "[rayo]\nkeep-untold = \"7\"",
           "[rayo]\nkeep-untold = \"-1d\"",
           "[rayo]\nkeep-untold = \"1 week\"",
           "[rayo]\nkeep-untold = \"99999d\"",
           "[[xmpp.account]]\nname = \"a\"",
           "[[xmpp.account]]\npassword = \"a\"",
           "[[xmpp.account]]\nname = \"a\"\npassword = \"b\"\nverifier = \"c\"",
           "[[xmpp.account]]\nname = \"a@b\"\npassword = \"b\"",
           "[[xmpp.account]]\nname = \"a\"\npassword = \"b\"\ndialect = \"c\"",
           "[[xmpp.account]]\nname = \"a\"\npassword = \"b\"\n[[xmpp.account]]\nname = \"a\"\npassword = \"b\"",
       }) {
    EXPECT_THAT(error_of(text), StartsWith("t.toml:")) << text;
  }
}

}  // namespace
