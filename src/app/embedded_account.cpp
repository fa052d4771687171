#include "app/embedded_account.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <system_error>

#include "base/fd.hpp"
#include "base/random.hpp"

namespace app {

using base::Error;
using base::Kind;
using base::Result;

namespace {

Error failed(const std::filesystem::path& path) {
  return {Kind::internal, path.string() + ": " + std::strerror(errno)};
}

}  // namespace

Result<EmbeddedAccount> embedded_account(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Error{Kind::internal, directory.string() + ": " + error.message()};

  EmbeddedAccount made;
  made.account.name = "rayo";
  made.password_file = directory / "rayo.password";
  const base::Fd fd(::open(made.password_file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd) {
    made.account.password = base::random_id(24);
    const std::string line = made.account.password + "\n";
    if (::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(fd.get()) != 0) {
      const Error failure = failed(made.password_file);
      ::unlink(made.password_file.c_str());  // half a password must not be read back
      return failure;
    }
    return made;
  }
  if (errno != EEXIST) return failed(made.password_file);
  std::ifstream in(made.password_file);
  if (!std::getline(in, made.account.password) || made.account.password.empty()) {
    return Error{Kind::internal, made.password_file.string() + ": holds no password; remove it to have a new one made"};
  }
  return made;
}

}  // namespace app
