#include "record/sealed_output.hpp"

#include <utility>

namespace record {

base::Result<SealedOutput> SealedOutput::open(base::Fd fd, std::span<const seal::Recipient> recipients) {
  auto sealer = seal::Sealer::open(recipients);
  if (!sealer) return std::move(sealer.error());
  return SealedOutput(seal::SealedFile(std::move(fd), std::move(*sealer)));
}

base::Result<void> SealedOutput::rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (offset > size() || bytes.size() > size() - offset) {
    return base::Error{base::Kind::internal, "rewrite behind the end of a sealed file"};
  }
  const std::uint64_t end = offset + bytes.size();
  std::erase_if(kept_,
                [&](const Rewrite& one) { return one.offset >= offset && one.offset + one.bytes.size() <= end; });
  kept_.push_back({offset, {bytes.begin(), bytes.end()}});
  return {};
}

base::Result<void> SealedOutput::truncate(std::uint64_t size) {
  if (size > file_.size()) return base::Error{base::Kind::internal, "a sealed file cannot be made longer by a hole"};
  if (auto written = write_kept(); !written) return written;
  return file_.truncate(size);
}

base::Result<void> SealedOutput::end() {
  if (auto written = write_kept(); !written) return written;
  return file_.end();
}

base::Result<void> SealedOutput::write_kept() {
  for (const Rewrite& one : std::exchange(kept_, {})) {
    if (auto written = file_.rewrite(one.offset, one.bytes); !written) return written;
  }
  return {};
}

}  // namespace record
