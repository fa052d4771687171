#include "app/decrypt_command.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "record/formats/format.hpp"
#include "seal/sealer.hpp"
#include "seal/unsealer.hpp"

namespace app {
namespace {

constexpr int kCutShort = 3;

int fail(const std::string& text, int status = 1) {
  std::fprintf(stderr, "telegraphone: %s\n", base::log::escaped(text).c_str());
  return status;
}

std::string without_extension(const std::string& file) {
  return file.ends_with(seal::kExtension) ? file.substr(0, file.size() - seal::kExtension.size()) : file;
}

const record::Format* format_of(const std::filesystem::path& name) {
  const std::string extension = name.extension().string();
  for (const record::Format* format : record::formats()) {
    if (extension.size() > 1 && format->extension() == std::string_view(extension).substr(1)) return format;
  }
  return nullptr;
}

// Makes headers and durations right of what a crash cut off, as the server does with what it can read. Says what came
// of it; nothing of what is no audio.
std::string put_right(const std::filesystem::path& file, const record::Format& format) {
  auto opened = record::OutputFile::reopen(file);
  if (!opened) return "; not put right: " + opened.error().text;
  auto repaired = format.repair(*opened, {}, {});
  if (repaired) {
    if (auto synced = opened->sync(); !synced) repaired = std::move(synced.error());
  }
  if (!repaired) return "; not put right: " + repaired.error().text;
  if (repaired->samples == 0) return "; nothing of it plays";
  if (format.name() == "raw") return "; cut to whole samples";  // which nothing in the file describes
  return fmt::format("; header and duration put right: {:.3f} s play",
                     static_cast<double>(repaired->samples) / repaired->audio.rate);
}

}  // namespace

DecryptCommand::DecryptCommand(CLI::App& cli) {
  decrypt_ = cli.add_subcommand("decrypt", "decrypt a recording that was encrypted to a key");
  decrypt_->add_option("FILE", in_, "the recording, <name>.sealed")->required();
  decrypt_->add_option("--identity", key_, "file with the secret key (AGE-SECRET-KEY-1…)")->required();
  decrypt_->add_option("--output", out_, "file to make; without it <name>");
  decrypt_->add_flag("--verify", only_verify_, "write nothing; only say whether it is whole and unaltered");
  make_key_ = cli.add_subcommand("make-key", "make a key pair for [recording] encrypt-to (age-keygen's serve too)");
  make_key_->add_option("FILE", key_, "file to make, for the secret key; the public one is printed")->required();
}

int DecryptCommand::run() const { return decrypt_->parsed() ? decrypt() : make_key(); }

int DecryptCommand::decrypt() const {
  std::optional<std::filesystem::path> out;
  if (!only_verify_) out = out_;
  if (out && out_.empty()) {
    if (!in_.ends_with(seal::kExtension)) return fail("say with --output where it shall go", 2);
    out = without_extension(in_);
  }
  auto identities = seal::read_identities(key_);
  if (!identities) return fail(identities.error().text);
  const auto unsealed = seal::unseal_file(in_, out, std::move(*identities));
  if (!unsealed) return fail(unsealed.error().text);
  const std::string where = out ? out->string() : in_;
  if (!unsealed->is_whole) {
    std::string text =
        where + ": cut short, as by a crash; " + std::to_string(unsealed->size) + " bytes are as they were written";
    const record::Format* format = format_of(without_extension(in_));
    if (format == nullptr && out) format = format_of(*out);
    if (out && format != nullptr) text += put_right(*out, *format);
    return fail(text, kCutShort);
  }
  std::printf("%s: whole and unaltered, %llu bytes\n", base::log::escaped(where).c_str(),
              static_cast<unsigned long long>(unsealed->size));
  return 0;
}

int DecryptCommand::make_key() const {
  const base::Fd fd(::open(key_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return fail(key_ + ": " + std::strerror(errno));
  const seal::Identity identity = seal::Identity::make();
  const std::string recipient = identity.recipient().text();
  const std::string text = "# public key: " + recipient + "\n" + identity.text() + "\n";
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(fd.get()) != 0) {
    const std::string why = std::strerror(errno);
    ::unlink(key_.c_str());
    return fail(key_ + ": " + why);
  }
  std::printf("%s\n", recipient.c_str());
  return 0;
}

}  // namespace app
