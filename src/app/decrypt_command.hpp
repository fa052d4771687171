#pragma once
// `telegraphone decrypt` and `telegraphone make-key`: the other side of [recording] encrypt-to, to be run where the
// secret key is and the server is not (docs/encryption.md). Exit status: 0 the whole file; 3 what there is of one that
// was cut short, put right so that it plays; 1 nothing: it was altered, is for other keys, or cannot be read or
// written; 2 wrong arguments.

#include <string>

#include <CLI/CLI.hpp>

namespace app {

class DecryptCommand {
 public:
  explicit DecryptCommand(CLI::App& cli);
  DecryptCommand(const DecryptCommand&) = delete;
  DecryptCommand& operator=(const DecryptCommand&) = delete;

  bool is_asked() const { return decrypt_->parsed() || make_key_->parsed(); }
  int run() const;

 private:
  int decrypt() const;
  int make_key() const;

  CLI::App* decrypt_;
  CLI::App* make_key_;
  std::string in_, out_, key_;
  bool only_verify_ = false;
};

}  // namespace app
