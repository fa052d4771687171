#include "base/notes.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/log.hpp"

namespace base {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFileMode = 0600;  // who calls whom is nobody's business
constexpr mode_t kFolderMode = 0700;

std::string message_of(int error) { return std::generic_category().message(error); }

// 0, or what went wrong.
int write_whole(const fs::path& path, std::string_view text) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!fd) return errno;
  while (!text.empty()) {
    const ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : ENOSPC;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

bool Notes::is_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Notes::~Notes() {
  if (!thread_.joinable()) return;
  changes_.post({{}, {}, true});
  thread_.join();
}

Result<std::map<std::string, std::string>> Notes::start() {
  if (!changes_) return Error{Kind::no_resources, "keep notes in " + folder_.string() + ": no descriptor left"};
  std::error_code failed;
  fs::create_directories(folder_.parent_path(), failed);
  if (::mkdir(folder_.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return Error{Kind::unavailable, "make " + folder_.string() + ": " + message_of(errno)};
  }
  const fs::path lock = folder_ / ".lock";
  Fd held(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!held) return Error{Kind::unavailable, "make " + lock.string() + ": " + message_of(errno)};
  if (::flock(held.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{Kind::unavailable, folder_.string() + " is in use by another process"};
  }
  auto found = read();
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return Error{Kind::no_resources, std::string("start the notes' thread: ") + error.what()};
  }
  lock_ = std::move(held);
  return found;
}

std::map<std::string, std::string> Notes::read() const {
  std::map<std::string, std::string> found;
  std::error_code failed;
  for (fs::directory_iterator at(folder_, failed), end; !failed && at != end; at.increment(failed)) {
    const fs::path& path = at->path();
    std::error_code odd;
    if (path.extension() == ".new") {
      ::unlink(path.c_str());  // never became a note
    } else if (path.extension() == ".json" && is_name(path.stem().string()) && fs::is_regular_file(path, odd) &&
               fs::file_size(path, odd) <= kLargest) {
      std::ifstream in(path, std::ios::binary);
      found.emplace(path.stem().string(), std::string(std::istreambuf_iterator<char>(in), {}));
    }
  }
  return found;
}

void Notes::write(std::string name, std::string text) {
  if (thread_.joinable() && is_name(name)) changes_.post({std::move(name), std::move(text)});
}

void Notes::remove(std::string name) {
  if (thread_.joinable() && is_name(name)) changes_.post({std::move(name), std::nullopt});
}

void Notes::run() {
  pthread_setname_np(pthread_self(), "notes");
  bool is_over = false;
  while (!is_over) {
    changes_.wait(std::chrono::milliseconds(-1));
    std::map<std::string, std::optional<std::string>> wanted;  // of several for one name the last one counts
    changes_.drain([&](Change&& change) {
      if (change.is_last) {
        is_over = true;
      } else {
        wanted[std::move(change.name)] = std::move(change.text);
      }
    });
    for (const auto& [name, text] : wanted) apply(name, text);
  }
}

void Notes::apply(const std::string& name, const std::optional<std::string>& text) {
  const fs::path path = path_of(name);
  int error = 0;
  if (text) {
    const fs::path draft = path.string() + ".new";
    error = write_whole(draft, *text);
    if (error == 0 && ::rename(draft.c_str(), path.c_str()) != 0) error = errno;
    if (error != 0) ::unlink(draft.c_str());
  } else if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    error = errno;
  }
  // A full disk would say so for every call.
  if (error != 0 && !has_complained_) log::warn("notes", "{}: {}", path.string(), message_of(error));
  has_complained_ = error != 0;
}

}  // namespace base
