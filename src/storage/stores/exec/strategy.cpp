// The strategy "exec": a command of the operator's, in any language, for any place. No shell: `command` is a list. It
// gets one JSON object on standard input (docs/stores.md), and says yes by exit status 0 with the uri as the first line
// of its standard output. What it writes to standard error is in the error, in the log. It must bear to be run again
// for the same id.

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/utc.hpp"
#include "storage/disk_error.hpp"
#include "storage/stores/store.hpp"

extern char** environ;  // NOLINT

namespace storage::exec {
namespace {

using base::Fd;
using base::Result;

constexpr int kLookEvery = 20;  // ms
constexpr std::size_t kMostOfOutput = 64 * 1024;

struct Options {
  std::vector<std::string> command;
  std::chrono::milliseconds timeout{300'000};
  bool deletes = false;
};

// `uri`: of a recording that is to be deleted; empty: it is to be stored.
std::string input_text(const Item& item, const std::string& uri = {}) {
  using Json = nlohmann::ordered_json;
  const About& about = item.about;
  Json files = Json::array();
  for (const Piece& piece : item.pieces) {
    files.push_back({{"path", piece.path.string()},
                     {"name", piece.name},
                     {"size", piece.size},
                     {"sha256", piece.sha256},
                     {"type", piece.content_type}});
  }
  Json json = {{"action", uri.empty() ? "store" : "delete"},
               {"id", about.id},
               {"attempt", item.attempt},
               {"call", about.call_id},
               {"component", about.component_id},
               {"account", about.account},
               {"from", about.from},
               {"to", about.to},
               {"format", about.format},
               {"began", base::utc_text(about.began)},
               {"duration_ms", about.duration.count()},
               {"files", std::move(files)}};
  if (!uri.empty()) json["uri"] = uri;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// A file of no name: no pipe can fill up while nobody reads.
Fd memory_file(std::string_view content) {
  Fd fd(::memfd_create("exec", MFD_CLOEXEC));
  if (fd && !content.empty()) {
    if (::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) return {};
    ::lseek(fd.get(), 0, SEEK_SET);
  }
  return fd;
}

std::string content_of(const Fd& fd) {
  std::string text(kMostOfOutput, '\0');
  const ssize_t got = ::pread(fd.get(), text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
  return line;
}

// In a process group of its own, so that what it has started can be ended with it.
Result<pid_t> spawn(const std::vector<std::string>& command, const Fd& in, const Fd& out, const Fd& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, in.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.get(), STDERR_FILENO);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments;
  for (const std::string& one : command) arguments.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return disk_error("run " + command[0], error);
  return child;
}

class ExecStore final : public Store {
 public:
  explicit ExecStore(Options options) : options_(std::move(options)) {}

  Result<Receipt> store(const Item& item, const std::atomic<bool>& stopping) override {
    auto said = run(input_text(item), stopping);
    if (!said) return std::move(said.error());
    Receipt receipt{first_line(said->output)};
    const std::size_t colon = receipt.uri.find(':');
    const bool is_uri = colon != std::string::npos && colon > 0 && receipt.uri.find(' ') == std::string::npos;
    if (!is_uri) return failed("exit status 0, but no uri on its first line of output", said->errors);
    return receipt;
  }

  Result<void> remove(const Item& item, const std::string& uri, const std::atomic<bool>& stopping) override {
    if (!options_.deletes)
      return base::Error{base::Kind::not_supported, "this store deletes nothing: 'delete' is false"};
    auto said = run(input_text(item, uri), stopping);
    if (!said) return std::move(said.error());
    return {};
  }

 private:
  struct Said {
    std::string output, errors;
  };

  // To its end, with exit status 0.
  Result<Said> run(const std::string& input, const std::atomic<bool>& stopping) const {
    const Fd in = memory_file(input);
    const Fd out = memory_file({});
    const Fd errors = memory_file({});
    if (!in || !out || !errors) return disk_error("run " + options_.command[0], errno);
    auto child = spawn(options_.command, in, out, errors);
    if (!child) return std::move(child.error());
    const base::Time deadline = base::Clock::now() + options_.timeout;
    int status = 0;
    bool killed = false;
    // A child that was killed is gone soon, and has to be waited for.
    while (::waitpid(*child, &status, killed ? 0 : WNOHANG) == 0) {
      if (stopping || base::Clock::now() > deadline) {
        ::kill(-*child, SIGKILL);
        killed = true;
      } else {
        ::poll(nullptr, 0, kLookEvery);
      }
    }
    const std::string said = content_of(errors);
    if (killed) return failed(stopping ? "ended because the server stops" : "took too long", said);
    if (WIFSIGNALED(status)) return failed("ended by signal " + std::to_string(WTERMSIG(status)), said);
    if (WEXITSTATUS(status) != 0) return failed("exit status " + std::to_string(WEXITSTATUS(status)), said);
    return Said{content_of(out), said};
  }

  base::Error failed(const std::string& how, std::string said) const {
    constexpr std::size_t kMost = 500;
    while (said.ends_with('\n')) said.pop_back();
    // Its end says most: a traceback ends with what was wrong.
    if (said.size() > kMost) said = "…" + said.substr(said.size() - kMost);
    for (char& c : said) c = static_cast<unsigned char>(c) < 32 ? ' ' : c;
    std::string text = options_.command[0] + ": " + how;
    if (!said.empty()) text += ": " + said;
    return {base::Kind::unavailable, std::move(text), base::Fault::destination};
  }

  const Options options_;
};

class ExecStrategy final : public Strategy {
 public:
  std::string_view name() const override { return "exec"; }

  Result<std::unique_ptr<Store>> open(Settings& settings) const override {
    Options options;
    options.command = settings.list("command");
    if (options.command.empty() || options.command[0].empty()) {
      settings.refuse("command", "a list: a program and its arguments");
    }
    options.timeout = settings.seconds("timeout", options.timeout);
    options.deletes = settings.boolean("delete", false);
    return std::unique_ptr<Store>(std::make_unique<ExecStore>(std::move(options)));
  }
};

}  // namespace

std::span<const Strategy* const> stores() {
  static const ExecStrategy instance;
  static const std::array<const Strategy*, 1> all = {&instance};
  return all;
}

}  // namespace storage::exec
