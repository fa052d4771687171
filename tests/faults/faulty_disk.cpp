// A disk that fails or stalls on order, for LD_PRELOAD: what concerns FAULTY_ROOT obeys the file FAULTY_ORDERS, which
// may change at any time (support/faulty.py). A line of it:
//
//   <call> <what> [<part of a path>]     write | sync | change     EIO | EROFS | stall     only paths that have it in
//   them
//
//   write    write, pwrite, ftruncate of a file
//   sync     fsync, fdatasync, syncfs
//   change   open for writing, mkdir, rename, link, unlink
//
// "stall" waits until no line says so any more, then goes on as if nothing had been.
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? std::string() : value;
}

// By system calls: open() here is our own.
std::string orders() {
  static const std::string path = variable("FAULTY_ORDERS");
  const auto fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd < 0) return {};
  char text[4096];
  const auto size = ::syscall(SYS_read, fd, text, sizeof text);
  ::syscall(SYS_close, fd);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string order(const std::string& call, const std::string& path) {
  static const std::string root = variable("FAULTY_ROOT");
  if (root.empty() || path.rfind(root, 0) != 0) return {};
  std::istringstream lines(orders());
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string which, what, part;
    words >> which >> what >> part;
    if (which == call && path.find(part) != std::string::npos) return what;
  }
  return {};
}

// Zero, or the errno that the call is to end with.
int fault(const std::string& call, const std::string& path) {
  const int before = errno;
  std::string what = order(call, path);
  while (what == "stall") {
    ::usleep(10'000);
    what = order(call, path);
  }
  errno = before;
  return what == "EIO" ? EIO : what == "EROFS" ? EROFS : 0;
}

std::string path_of(int fd) {
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string();
}

int fault(const std::string& call, int fd) {
  const int before = errno;
  const std::string path = path_of(fd);
  errno = before;
  return path.empty() ? 0 : fault(call, path);
}

template <class Result, class Place, class... Arguments>
Result obey(const char* call, const char* name, Place place, Arguments... arguments) {
  if (const int error = fault(call, place); error != 0) {
    errno = error;
    return -1;
  }
  return next<Result (*)(Place, Arguments...)>(name)(place, arguments...);
}

template <class Open>
int open_by(const char* name, const char* path, int flags, mode_t mode) {
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0) {
    if (const int error = fault("change", std::string(path)); error != 0) {
      errno = error;
      return -1;
    }
  }
  return next<Open>(name)(path, flags, mode);
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : mode_t{0};
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_by<int (*)(const char*, int, ...)>("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_by<int (*)(const char*, int, ...)>("open64", path, flags, mode);
}
ssize_t write(int fd, const void* data, size_t size) {
  // Most of what is written are eventfds and sockets; all are looked at, which is slow and does not matter here.
  return obey<ssize_t>("write", "write", fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return obey<ssize_t>("write", "pwrite", fd, data, size, at);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  return obey<ssize_t>("write", "pwrite64", fd, data, size, at);
}
int ftruncate(int fd, off_t size) noexcept { return obey<int>("write", "ftruncate", fd, size); }
int ftruncate64(int fd, off64_t size) noexcept { return obey<int>("write", "ftruncate64", fd, size); }
int fsync(int fd) { return obey<int>("sync", "fsync", fd); }
int fdatasync(int fd) { return obey<int>("sync", "fdatasync", fd); }
int syncfs(int fd) noexcept { return obey<int>("sync", "syncfs", fd); }
int mkdir(const char* path, mode_t mode) noexcept { return obey<int>("change", "mkdir", path, mode); }
int rename(const char* from, const char* to) noexcept { return obey<int>("change", "rename", from, to); }
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  if (const int error = fault("change", std::string(from)); error != 0) {
    errno = error;
    return -1;
  }
  return next<int (*)(int, const char*, int, const char*, unsigned)>("renameat2")(from_folder, from, to_folder, to,
                                                                                  flags);
}
int link(const char* from, const char* to) noexcept { return obey<int>("change", "link", from, to); }
int unlink(const char* path) noexcept { return obey<int>("change", "unlink", path); }

}  // extern "C"
