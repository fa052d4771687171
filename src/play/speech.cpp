#include "play/speech.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/clock.hpp"
#include "play/ssml.hpp"
#include "storage/disk_error.hpp"

namespace play {

using base::Fd;
using base::Result;

namespace {

constexpr int kLookEvery = 5;  // ms
constexpr std::size_t kLongestName = 64;

// A name that may stand in a command line: no option, no path.
bool is_name(const std::string& text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '+';
  };
  return !text.empty() && text.size() <= kLongestName && text.front() != '-' && std::ranges::all_of(text, fits);
}

std::string replaced(std::string text, std::string_view placeholder, const std::string& value) {
  for (std::size_t at = text.find(placeholder); at != std::string::npos;
       at = text.find(placeholder, at + value.size())) {
    text.replace(at, placeholder.size(), value);
  }
  return text;
}

bool has_placeholder(const std::vector<std::string>& command, std::string_view name) {
  return std::ranges::any_of(command, [&](const std::string& part) { return part.find(name) != std::string::npos; });
}

// What a process is given to read, or writes messages to. No pipe: nothing can block on either side.
Fd memory_file(std::string_view content) {
  Fd file(::memfd_create("speech", MFD_CLOEXEC));
  if (!file) return file;
  while (!content.empty()) {
    const ssize_t count = ::write(file.get(), content.data(), content.size());
    if (count <= 0) return Fd();
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::string first_line_of(int fd) {
  char text[200];
  const ssize_t count = ::pread(fd, text, sizeof text, 0);
  const std::string_view all(text, count > 0 ? static_cast<std::size_t>(count) : 0);
  return std::string(all.substr(0, all.find('\n')));
}

// Starts it in a process group of its own, with these three descriptors and no others.
Result<pid_t> spawn(const std::vector<std::string>& command, int input, int output, int messages) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, messages, 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments;
  for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return base::Error{base::Kind::unavailable, command[0] + ": " + std::strerror(error)};
  return child;
}

}  // namespace

Speech::Speech(const SpeechOptions& options, const DiskCache& cache, const std::atomic<bool>& stopping)
    : options_(options), cache_(cache), stopping_(stopping) {}

Result<Fd> Speech::say(const std::string& text, const Wish& wish) {
  return speak(options_.input == SpeechInput::ssml ? ssml_of(text) : text, wish);
}

Result<Fd> Speech::say_ssml(const std::string& ssml, const Wish& wish) {
  if (options_.input == SpeechInput::text) {
    return base::Error{base::Kind::not_supported, "this server's speech engine does not read SSML", base::Fault::peer};
  }
  return speak(ssml, wish);
}

Result<Fd> Speech::speak(const std::string& input, const Wish& wish) {
  const auto refuse = [](std::string text) {
    return base::Error{base::Kind::not_supported, std::move(text), base::Fault::peer};
  };
  if (options_.command.empty()) return refuse("this server has no speech engine");
  if (!wish.voice.empty() && !has_placeholder(options_.command, "{voice}")) {
    return refuse("this server's speech engine has one voice");
  }
  if (!wish.voice.empty() && !is_name(wish.voice))
    return refuse("there is no voice '" + wish.voice.substr(0, 100) + "'");
  // Of several sources the most deliberate one. A document's language is a voice to espeak-ng.
  const std::string language = is_name(wish.language) ? wish.language : options_.language;
  const std::string voice = !wish.voice.empty() ? wish.voice : options_.voice;

  std::vector<std::string> command = options_.command;
  std::string key = "say";
  for (std::string& part : command) {
    part = replaced(replaced(std::move(part), "{voice}", voice), "{language}", language);
    key += " " + part;
  }
  key += "\n" + input;
  if (auto kept = cache_.find(key)) return std::move(kept->file);

  auto draft = cache_.draft(".wav");
  if (!draft) return std::move(draft.error());
  const bool to_file = has_placeholder(command, "{file}");
  for (std::string& part : command) part = replaced(std::move(part), "{file}", draft->path().string());
  const Fd aside = to_file ? memory_file({}) : Fd();
  if (auto ran = run(command, input, to_file ? aside.get() : draft->fd()); !ran) {
    // Whether it was the voice is for the default one to show.
    if (ran.error().kind == base::Kind::internal && !wish.voice.empty() && speak(input, {{}, wish.language})) {
      return refuse("voice '" + wish.voice + "': " + ran.error().text);
    }
    return std::move(ran.error());
  }
  if (to_file) {
    // A command may have put another file there.
    Fd written(::open(draft->path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!written) return storage::disk_error("what was spoken", errno);
    return cache_.put(key, DiskCache::Draft(std::move(written), draft->path()), {});
  }
  return cache_.put(key, std::move(*draft), {});
}

Result<void> Speech::run(const std::vector<std::string>& command, const std::string& input, int output) const {
  const Fd text = memory_file(input);
  const Fd messages = memory_file({});
  if (!text || !messages || output < 0) return storage::disk_error("run " + command[0], errno);
  auto child = spawn(command, text.get(), output, messages.get());
  if (!child) return std::move(child.error());
  const base::Time deadline = base::Clock::now() + options_.timeout;
  int status = 0;
  bool killed = false;
  // A child that was killed is gone soon, and has to be waited for.
  while (::waitpid(*child, &status, killed ? 0 : WNOHANG) == 0) {
    if (stopping_ || base::Clock::now() > deadline) {
      ::kill(-*child, SIGKILL);
      killed = true;
    } else {
      ::poll(nullptr, 0, kLookEvery);
    }
  }
  if (killed) return base::Error{base::Kind::unavailable, command[0] + " took too long"};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return base::Error{base::Kind::unavailable, command[0] + " cannot be run"};
  const std::string message = first_line_of(messages.get());
  return base::Error{base::Kind::internal, command[0] + ": " + (message.empty() ? "failed" : message)};
}

}  // namespace play
