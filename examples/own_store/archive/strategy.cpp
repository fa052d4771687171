// A strategy of one's own, out of the server's tree: recordings are appended to one tar archive a day (POSIX ustar),
// which tape robots and auditors like. See examples/own_store/README.md.
//
//   [storage.store.tapes]
//   strategy = "archive"
//   directory = "/srv/archives"

#include <array>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

#include "base/fd.hpp"
#include "storage/checksum.hpp"
#include "storage/directories.hpp"
#include "storage/disk_error.hpp"
#include "storage/file_name.hpp"
#include "storage/path_template.hpp"
#include "storage/stores/store.hpp"

namespace storage::archive {  // the name of the folder
namespace {

namespace fs = std::filesystem;
using base::Result;

constexpr std::uint64_t kBlock = 512;

std::uint64_t padded(std::uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

std::string header_of(const Piece& piece) {
  std::string block(kBlock, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { block.replace(at, text.size(), text); };
  char number[16];
  put(0, piece.name.substr(0, 99));
  put(100, "0000640");
  put(108, "0000000");
  put(116, "0000000");
  std::snprintf(number, sizeof number, "%011llo", static_cast<unsigned long long>(piece.size));
  put(124, number);
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, "ustar");
  put(263, "00");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  std::snprintf(number, sizeof number, "%06o", sum);
  block.replace(148, 7, std::string(number, 7));  // with its NUL
  return block;
}

class ArchiveStore final : public Store {
 public:
  ArchiveStore(fs::path directory, PathTemplate path) : directory_(std::move(directory)), path_(std::move(path)) {}

  Result<Receipt> store(const Item& item, const std::atomic<bool>& /*stopping*/) override {
    if (auto made = make_directories(directory_); !made) return std::move(made.error());
    const fs::path path = archive_of(item);
    const base::Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (!fd || ::flock(fd.get(), LOCK_EX) != 0) return disk_error("open " + path.string(), errno);
    for (auto piece = item.pieces.rbegin(); piece != item.pieces.rend(); ++piece) {
      if (auto added = add(fd.get(), path, *piece); !added) return std::move(added.error());
    }
    // "Stored" means: a power cut does not take it back.
    if (::fsync(fd.get()) != 0) return disk_error("fsync " + path.string(), errno);
    if (auto synced = sync_directory(directory_); !synced) return std::move(synced.error());
    return Receipt{expected_uri(item)};
  }

  std::string expected_uri(const Item& item) const override {
    return file_uri(archive_of(item)) + "#" + path_encoded(item.pieces.front().name);
  }

 private:
  fs::path archive_of(const Item& item) const {
    return directory_ / (path_.path(item.about, item.pieces.front()).substr(0, 10) + ".tar");
  }

  // Goes through what is there. What an earlier attempt has put there is not put there again; what it has left half
  // (its header is written last) is overwritten.
  static Result<void> add(int fd, const fs::path& path, const Piece& piece) {
    std::uint64_t at = 0;
    std::string block(kBlock, '\0');
    while (::pread(fd, block.data(), kBlock, static_cast<off_t>(at)) == static_cast<ssize_t>(kBlock) && block[0] != 0) {
      const std::uint64_t size = std::strtoull(block.substr(124, 11).c_str(), nullptr, 8);
      if (block.c_str() == piece.name.substr(0, 99)) {
        const auto there = digest_of_file(Digest::sha256, path, at + kBlock, size);
        if (there && hex(*there) == piece.sha256) return {};
      }
      at += kBlock + padded(size);
    }
    std::ifstream in(piece.path, std::ios::binary);
    std::vector<char> bytes(padded(piece.size) + 2 * kBlock);  // and the end of the archive
    if (!in.read(bytes.data(), static_cast<std::streamsize>(piece.size)))
      return disk_error("read " + piece.path.string(), EIO);
    const bool written =
        ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at + kBlock)) ==
            static_cast<ssize_t>(bytes.size()) &&
        ::pwrite(fd, header_of(piece).data(), kBlock, static_cast<off_t>(at)) == static_cast<ssize_t>(kBlock);
    if (!written) return disk_error("write " + path.string(), errno == 0 ? ENOSPC : errno);
    const auto there = digest_of_file(Digest::sha256, path, at + kBlock, piece.size);
    if (there && hex(*there) == piece.sha256) return {};
    return base::Error{base::Kind::internal, path.string() + ": what was written differs"};
  }

  const fs::path directory_;
  const PathTemplate path_;
};

class ArchiveStrategy final : public Strategy {
 public:
  std::string_view name() const override { return "archive"; }

  Result<std::unique_ptr<Store>> open(Settings& settings) const override {
    const fs::path directory = settings.text("directory");
    if (!directory.is_absolute()) settings.refuse("directory", "an absolute path");
    auto path = PathTemplate::parse("{date}/{name}");
    if (!path) return std::move(path.error());
    return std::unique_ptr<Store>(std::make_unique<ArchiveStore>(directory, std::move(*path)));
  }
};

}  // namespace

std::span<const Strategy* const> stores() {
  static const ArchiveStrategy instance;
  static const std::array<const Strategy*, 1> all = {&instance};
  return all;
}

}  // namespace storage::archive
