#pragma once
// Text to speech by a command: run once for each text, without a shell, for a bounded time; what it said is kept in the
// disk cache. The text is its standard input, a WAV file its result. Owned by one thread, which it blocks.
//
//   espeak-ng -m -b 1 -v {voice} -w {file} --stdin
//
// In each argument {voice} and {language} are replaced by what was asked for, {file} by where the WAV file is to be
// written, a name that ends in .wav; without {file} it is taken from the standard output.

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "play/disk_cache.hpp"

namespace play {

enum class SpeechInput { ssml, text };

struct SpeechOptions {
  std::vector<std::string> command = {"espeak-ng", "-m", "-b", "1", "-v", "{voice}", "-w", "{file}", "--stdin"};
  SpeechInput input = SpeechInput::ssml;  // what the command reads
  std::string voice = "en";               // where neither the client nor the document names one
  std::string language = "en";
  std::chrono::milliseconds timeout{10000};
};

class Speech {
 public:
  // `stopping`: given up at once.
  Speech(const SpeechOptions& options, const DiskCache& cache, const std::atomic<bool>& stopping);

  struct Wish {
    std::string voice;     // as the client says; may be empty
    std::string language;  // as the document says; may be empty
  };
  // Plain text.
  base::Result<base::Fd> say(const std::string& text, const Wish& wish);
  // not_supported where the command reads text only.
  base::Result<base::Fd> say_ssml(const std::string& ssml, const Wish& wish);

 private:
  base::Result<base::Fd> speak(const std::string& input, const Wish& wish);
  base::Result<void> run(const std::vector<std::string>& command, const std::string& input, int output) const;

  const SpeechOptions options_;
  const DiskCache& cache_;
  const std::atomic<bool>& stopping_;
};

}  // namespace play
