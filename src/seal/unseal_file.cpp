#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/fd.hpp"
#include "base/random.hpp"
#include "seal/unsealer.hpp"

namespace seal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 256 * 1024;

base::Error file_error(const std::string& attempt, int error) {
  const base::Kind kind = error == ENOENT   ? base::Kind::not_found
                          : error == EEXIST ? base::Kind::conflict
                          : error == ENOSPC ? base::Kind::no_resources
                                            : base::Kind::internal;
  return {kind, attempt + ": " + std::generic_category().message(error)};
}

// What is decrypted, under another name until it is complete.
class Output {
 public:
  explicit Output(fs::path path)
      : path_(std::move(path)),
        part_(path_.string() + "." + base::random_id(8)),
        fd_(::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)),
        error_(fd_ ? 0 : errno) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (fd_) ::unlink(part_.c_str());
  }

  base::Result<void> opened() const {
    if (error_ != 0) return file_error("write " + path_.string(), error_);
    return {};
  }

  base::Result<void> apply(const Change& change) const {
    if (change.operation == Operation::end) return {};
    if (change.operation == Operation::truncate) {
      if (::ftruncate(fd_.get(), static_cast<off_t>(change.offset)) == 0) return {};
      return file_error("write " + path_.string(), errno);
    }
    auto bytes = change.bytes;
    auto offset = static_cast<off_t>(change.offset);
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(fd_.get(), bytes.data(), bytes.size(), offset);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return file_error("write " + path_.string(), written < 0 ? errno : ENOSPC);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      offset += written;
    }
    return {};
  }

  base::Result<void> complete() const {
    if (::fsync(fd_.get()) != 0) return file_error("write " + path_.string(), errno);
    if (::link(part_.c_str(), path_.c_str()) != 0) return file_error("write " + path_.string(), errno);
    return {};  // the other name goes with this object
  }

 private:
  const fs::path path_, part_;
  const base::Fd fd_;
  const int error_;
};

}  // namespace

base::Result<Unsealed> unseal_file(const fs::path& in, const std::optional<fs::path>& out,
                                   std::vector<Identity> identities) {
  const base::Fd fd(::open(in.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return file_error("read " + in.string(), errno);
  std::optional<Output> output;
  if (out) {
    if (std::error_code error; fs::exists(*out, error)) return file_error("write " + out->string(), EEXIST);
    output.emplace(*out);
    if (auto opened = output->opened(); !opened) return std::move(opened.error());
  }
  Unsealer unsealer(std::move(identities));
  std::vector<std::uint8_t> block(kBlock);
  while (true) {
    const ssize_t got = ::read(fd.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read " + in.string(), errno);
    if (got == 0) break;
    auto fed = unsealer.feed(std::span(block).first(static_cast<std::size_t>(got)), [&](const Change& change) {
      return output ? output->apply(change) : base::Result<void>();
    });
    if (!fed) return std::move(fed.error()).in(in.string());
  }
  if (output) {
    if (auto completed = output->complete(); !completed) return std::move(completed.error());
  }
  return Unsealed{unsealer.size(), unsealer.is_whole()};
}

}  // namespace seal
