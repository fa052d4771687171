#pragma once
// The account of a server that was given none: made once, its password kept beside the data for its owner's eyes only.

#include <filesystem>

#include "base/result.hpp"
#include "xmpp/listener.hpp"

namespace app {

struct EmbeddedAccount {
  xmpp::Account account;
  std::filesystem::path password_file;
};

// Reads `directory`/rayo.password, or makes it (mode 0600) with a new random password. The account's name is "rayo".
base::Result<EmbeddedAccount> embedded_account(const std::filesystem::path& directory);

}  // namespace app
