#include "play/speech.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <thread>

#include "base/clock.hpp"
#include "play/audio_file.hpp"
#include "play/audio_for_test.hpp"
#include "play/ssml.hpp"

namespace {

using namespace play;
using namespace play::testing;
using base::Kind;
using ::testing::HasSubstr;

struct SpeechTest : ::testing::Test {
  SpeechTest() { EXPECT_TRUE(cache.make()); }

  Speech speech() { return Speech(options, cache, stopping); }
  // A command that is a shell script; it counts how often it is run.
  void use_script(const std::string& script, std::vector<std::string> arguments) {
    const fs::path file = directory.path() / "say";
    write_file(file, "#!/bin/sh\necho run >> " + count_file().string() + "\n" + script + "\n");
    fs::permissions(file, fs::perms::owner_all);
    options.command = {file.string()};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  }
  fs::path count_file() const { return directory.path() / "count"; }
  std::size_t runs() const { return fs::exists(count_file()) ? fs::file_size(count_file()) / 4 : 0; }
  double seconds(base::Result<base::Fd> spoken) {
    EXPECT_TRUE(spoken) << spoken.error().text;
    auto file = AudioFile::open(std::move(*spoken), 8000);
    EXPECT_TRUE(file) << file.error().text;
    return static_cast<double>((*file)->length()) / 8000;
  }

  TemporaryDirectory directory;
  DiskCache cache{directory.path() / "cache", 10'000'000};
  std::atomic<bool> stopping{false};
  SpeechOptions options;
};

TEST_F(SpeechTest, EspeakSpeaksTextAndSsml) {
  Speech speech = this->speech();
  const double word = seconds(speech.say("Hello", {}));
  EXPECT_GT(word, 0.3);
  EXPECT_LT(word, 2);
  EXPECT_GT(seconds(speech.say("Hello, this is a much longer sentence than that", {})), word + 1);
  const double pause = seconds(speech.say_ssml("<speak>Hello<break time='3s'/>you</speak>", {}));
  EXPECT_GT(pause, 3);
  // Markup in plain text is spoken, not obeyed.
  EXPECT_GT(seconds(speech.say("<break time='3s'/>", {})), 0.5);
}

TEST_F(SpeechTest, AVoiceIsTakenOrRefused) {
  Speech speech = this->speech();
  EXPECT_GT(seconds(speech.say("Guten Tag", {"de", {}})), 0.3);
  for (const char* voice : {"nonsense", "../../../etc/passwd", "-x", "a b", "en;ls"}) {
    const auto spoken = speech.say("Hello", {voice, {}});
    ASSERT_FALSE(spoken) << voice;
    EXPECT_EQ(spoken.error().kind, Kind::not_supported) << voice << spoken.error().text;
  }
}

TEST_F(SpeechTest, PlaceholdersAreReplacedAndTheOutputMayBeWhatIsPrinted) {
  const fs::path wav = write_audio(directory.path() / "a.wav", tone(440, 8000), 8000);
  use_script("echo \"$@\" > " + (directory.path() / "args").string() + "; cat > " +
                 (directory.path() / "stdin").string() + "; cat " + wav.string(),
             {"-l", "{language}", "--voice={voice}", "$HOME `ls`"});
  options.voice = "standard";
  Speech speech = this->speech();
  EXPECT_EQ(seconds(speech.say_ssml("<speak>x</speak>", {{}, "de-DE"})), 1);
  const auto args = bytes_of(directory.path() / "args");
  EXPECT_EQ(std::string(args.begin(), args.end()), "-l de-DE --voice=standard $HOME `ls`\n");
  const auto text = bytes_of(directory.path() / "stdin");
  EXPECT_EQ(std::string(text.begin(), text.end()), "<speak>x</speak>");
}

TEST_F(SpeechTest, WhatWasSaidOnceIsNotSaidAgain) {
  const fs::path wav = write_audio(directory.path() / "a.wav", tone(440, 8000), 8000);
  use_script("case \"$1\" in *.wav) cp " + wav.string() + " \"$1\";; esac", {"{file}", "{voice}"});
  Speech speech = this->speech();
  EXPECT_EQ(seconds(speech.say("one", {})), 1);
  EXPECT_EQ(seconds(speech.say("one", {})), 1);
  EXPECT_EQ(runs(), 1U);
  EXPECT_EQ(seconds(speech.say("two", {})), 1);
  EXPECT_EQ(seconds(speech.say("one", {"other", {}})), 1);
  EXPECT_EQ(runs(), 3U);
}

TEST_F(SpeechTest, ATextEngineGetsTextAndRefusesSsml) {
  const fs::path wav = write_audio(directory.path() / "a.wav", tone(440, 8000), 8000);
  use_script("cat > " + (directory.path() / "stdin").string() + "; cat " + wav.string(), {});
  options.input = SpeechInput::text;
  Speech speech = this->speech();
  EXPECT_EQ(seconds(speech.say("5 < 6", {})), 1);
  const auto text = bytes_of(directory.path() / "stdin");
  EXPECT_EQ(std::string(text.begin(), text.end()), "5 < 6");
  EXPECT_EQ(speech.say_ssml("<speak>x</speak>", {}).error().kind, Kind::not_supported);
  EXPECT_EQ(speech.say("x", {"en", {}}).error().kind, Kind::not_supported);  // it has no {voice}
}

TEST_F(SpeechTest, AnEngineThatHangsIsKilledWithAllItStarted) {
  use_script("sleep 100 & echo $! > " + (directory.path() / "pid").string() + "; wait", {});
  options.timeout = std::chrono::milliseconds(300);
  const base::Time before = base::Clock::now();
  const auto spoken = speech().say("x", {});
  ASSERT_FALSE(spoken);
  EXPECT_EQ(spoken.error().kind, Kind::unavailable);
  EXPECT_LT(base::Clock::now() - before, std::chrono::seconds(5));
  const auto pid = bytes_of(directory.path() / "pid");
  const pid_t child = std::stoi(std::string(pid.begin(), pid.end()));
  // Killed, and reaped by whoever inherits it, soon; a zombie is dead as well.
  const auto is_alive = [&] {
    std::ifstream status("/proc/" + std::to_string(child) + "/status");
    const std::string text((std::istreambuf_iterator<char>(status)), {});
    return !text.empty() && text.find("State:\tZ") == std::string::npos;
  };
  while (is_alive() && base::Clock::now() - before < std::chrono::seconds(5)) std::this_thread::yield();
  EXPECT_FALSE(is_alive());
}

TEST_F(SpeechTest, WhatAnEngineComplainsOfIsHandedOn) {
  use_script("echo 'out of words' >&2; exit 3", {});
  const auto failed = speech().say("x", {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Kind::internal);
  EXPECT_THAT(failed.error().text, HasSubstr("out of words"));
  options.command = {"/no/such/engine"};
  EXPECT_EQ(speech().say("x", {}).error().kind, Kind::unavailable);
  options.command = {};
  EXPECT_EQ(speech().say("x", {}).error().kind, Kind::not_supported);
}

TEST_F(SpeechTest, AnEngineGetsNoDescriptorOfOurs) {
  const fs::path wav = write_audio(directory.path() / "a.wav", tone(440, 8000), 8000);
  const int leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  use_script("ls /proc/self/fd > " + (directory.path() / "fds").string() + "; cat " + wav.string(), {});
  EXPECT_EQ(seconds(speech().say("x", {})), 1);
  ::close(leaked);
  const auto fds = bytes_of(directory.path() / "fds");
  EXPECT_EQ(std::string(fds.begin(), fds.end()), "0\n1\n2\n3\n");  // 3: ls reading it
}

}  // namespace
