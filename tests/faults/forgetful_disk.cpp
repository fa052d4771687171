// A disk that loses power, for LD_PRELOAD: keeps in FORGETFUL_SHADOW what of FORGETFUL_ROOT has been synced, and
// nothing else. The server is killed, then the shadow is what a disk may hold that had nothing written to it on its
// own.
//
//   fsync(file)       its content            blobs/<inode>
//   fsync(directory)  its names              names/<inode>: the path, then lines "<inode> <mode> <name>"
//   syncfs            both of all there is
//
// Nothing is really synced, so that tests are quick. Restored by support/forgetful.py.
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

namespace {

std::string folder(const char* variable) {
  const char* value = ::getenv(variable);
  return value == nullptr ? std::string() : value;
}

const std::string& root() {
  static const std::string value = folder("FORGETFUL_ROOT");
  return value;
}
const std::string& shadow() {
  static const std::string value = folder("FORGETFUL_SHADOW");
  return value;
}

std::mutex& one_at_a_time() {
  static std::mutex mutex;
  return mutex;
}

// Whole or not at all: the process may be killed at any moment.
void put(const std::string& path, const std::string& content) {
  const std::string growing = path + ".growing";
  const int fd = ::open(growing.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::size_t done = 0;
  while (fd >= 0 && done < content.size()) {
    const ssize_t count = ::write(fd, content.data() + done, content.size() - done);
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  ::close(fd);
  ::rename(growing.c_str(), path.c_str());
}

void keep_file(const std::string& path) {
  using Version = std::tuple<off_t, long, long>;
  static std::map<ino_t, Version> kept;
  struct stat status {};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fstat(fd, &status);
  const Version version{status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  const auto found = kept.find(status.st_ino);
  if (found == kept.end() || found->second != version) {
    std::string content;
    char block[1 << 16];
    while (const ssize_t count = ::read(fd, block, sizeof block)) {
      if (count < 0) break;
      content.append(block, static_cast<std::size_t>(count));
    }
    put(shadow() + "/blobs/" + std::to_string(status.st_ino), content);
    kept[status.st_ino] = version;
  }
  ::close(fd);
}

void keep_names(const std::string& path, bool and_all_below) {
  struct stat status {};
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return;
  ::fstat(::dirfd(directory), &status);
  std::string text = path + "\n";
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (entry->d_type == DT_REG) {
      struct stat file {};
      if (::fstatat(::dirfd(directory), entry->d_name, &file, AT_SYMLINK_NOFOLLOW) != 0) continue;
      text += std::to_string(entry->d_ino) + " " + std::to_string(file.st_mode & 0777U) + " " + name + "\n";
    }
    if (!and_all_below) continue;
    if (entry->d_type == DT_REG) keep_file(path + "/" + name);
    if (entry->d_type == DT_DIR) keep_names(path + "/" + name, true);
  }
  ::closedir(directory);
  put(shadow() + "/names/" + std::to_string(status.st_ino), text);
}

// Empty where it is none of ours.
std::string path_of(int fd) {
  char path[4096];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  const std::string text(path, size > 0 ? static_cast<std::size_t>(size) : 0);
  return !root().empty() && text.compare(0, root().size(), root()) == 0 ? text : std::string();
}

int sync_one(int fd, const char* name) {
  const std::string path = path_of(fd);
  if (path.empty()) return reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, name))(fd);
  const std::lock_guard lock(one_at_a_time());
  struct stat status {};
  ::fstat(fd, &status);
  S_ISDIR(status.st_mode) ? keep_names(path, false) : keep_file(path);
  return 0;
}

}  // namespace

extern "C" int fsync(int fd) { return sync_one(fd, "fsync"); }
extern "C" int fdatasync(int fd) { return sync_one(fd, "fdatasync"); }
extern "C" int syncfs(int fd) noexcept {
  if (path_of(fd).empty()) return reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "syncfs"))(fd);
  const std::lock_guard lock(one_at_a_time());
  keep_names(root(), true);
  return 0;
}
