#include "app/config.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "app/config_keys.hpp"

namespace app {

using base::bad_request;
using base::Result;

namespace {

std::string place(const std::string& file, const toml::source_region& source) {
  return fmt::format("{}:{}:{}: ", file, source.begin.line, source.begin.column);
}

// The node as it would be written, cut short.
std::string shown(const toml::node& node) {
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  std::string text = base::log::escaped(out.str());
  if (text.find("AGE-SECRET-KEY-") != std::string::npos) return "a secret key, which belongs elsewhere";
  if (text.size() > 60) text = text.substr(0, 60) + "…";
  return text;
}

base::Error wrong(const std::string& file, const toml::node& node, const std::string& key, std::string_view expected) {
  return bad_request(
      fmt::format("{}{}: expected {}, found {}", place(file, node.source()), key, expected, shown(node)));
}

template <class Keys>
auto find_key(const Keys& keys, std::string_view name) {
  return std::ranges::find_if(keys, [&](const auto& key) { return key.name == name; });
}

Result<xmpp::Account> read_account(const toml::node& node, const std::string& file) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return wrong(file, node, "xmpp.account", "a table [[xmpp.account]]");
  xmpp::Account account;
  for (const auto& [name, value] : *table) {
    const auto key = find_key(account_keys(), name.str());
    if (key == account_keys().end()) {
      return bad_request(fmt::format("{}unknown key 'xmpp.account.{}': expected name, password, verifier or dialect",
                                     place(file, name.source()), name.str()));
    }
    if (!key->take(account, value)) return wrong(file, value, "xmpp.account." + std::string(key->name), key->expected);
  }
  const std::string at = place(file, table->source());
  if (account.name.empty()) return bad_request(at + "this [[xmpp.account]] has no name");
  if (account.password.empty() == account.verifier.empty()) {
    return bad_request(at + "account '" + account.name + "': expected either a password or a verifier");
  }
  return account;
}

Result<void> read_accounts(Config& config, const toml::node& node, const std::string& file) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return wrong(file, node, "xmpp.account", "tables [[xmpp.account]]");
  for (const toml::node& entry : *list) {
    auto account = read_account(entry, file);
    if (!account) return std::move(account.error());
    for (const xmpp::Account& other : config.xmpp.accounts) {
      if (other.name == account->name) {
        return bad_request(place(file, entry.source()) + "account '" + account->name + "' is there twice");
      }
    }
    config.xmpp.accounts.push_back(std::move(*account));
  }
  return {};
}

std::string known_names(std::string_view table) {
  std::string names;
  for (const Key& key : config_keys()) {
    if (key.table == table) names += (names.empty() ? "" : ", ") + std::string(key.name);
  }
  return names;
}

Result<void> read_table(Config& config, std::string_view table_name, const toml::table& table,
                        const std::string& file) {
  for (const auto& entry : table) {
    const toml::key& name = entry.first;
    const toml::node& value = entry.second;
    if (table_name == "xmpp" && name.str() == "account") {
      if (auto read = read_accounts(config, value, file); !read) return read;
      continue;
    }
    const auto key = std::ranges::find_if(config_keys(),
                                          [&](const Key& k) { return k.table == table_name && k.name == name.str(); });
    if (key == config_keys().end()) {
      return bad_request(fmt::format("{}unknown key '{}.{}': expected {}", place(file, name.source()), table_name,
                                     name.str(), known_names(table_name)));
    }
    if (!key->take(config, value)) {
      return wrong(file, value, fmt::format("{}.{}", table_name, name.str()), key->expected);
    }
  }
  return {};
}

}  // namespace

std::filesystem::path data_directory() {
  const char* xdg = std::getenv("XDG_DATA_HOME");
  if (xdg != nullptr && xdg[0] == '/') return std::filesystem::path(xdg) / "telegraphone";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : "/") / ".local/share/telegraphone";
}

Result<Config> parse_config(std::string_view text, const std::string& file_name) {
  toml::table root;
  try {
    root = toml::parse(text, file_name);
  } catch (const toml::parse_error& error) {
    return bad_request(place(file_name, error.source()) + std::string(error.description()));
  }
  Config config;
  for (const auto& entry : root) {
    const toml::key& name = entry.first;
    const toml::node& value = entry.second;
    const bool known = std::ranges::any_of(config_keys(), [&](const Key& key) { return key.table == name.str(); });
    if (!known) {
      return bad_request(
          fmt::format("{}unknown key '{}': expected the tables xmpp, rayo, sip, rtp, dial, recording, output, log",
                      place(file_name, name.source()), name.str()));
    }
    if (!value.is_table()) {
      return wrong(file_name, value, std::string(name.str()), fmt::format("a table [{}]", name.str()));
    }
    if (auto read = read_table(config, name.str(), *value.as_table(), file_name); !read) return std::move(read.error());
  }
  if (config.xmpp.certificate.empty() != config.xmpp.key.empty()) {
    const toml::node* node = root["xmpp"][config.xmpp.key.empty() ? "certificate" : "key"].node();
    return bad_request(place(file_name, node->source()) + "xmpp.certificate and xmpp.key go together");
  }
  return config;
}

Result<Config> read_config(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad() || std::filesystem::is_directory(file)) {
    return bad_request(file.string() + ":1:1: cannot be read");
  }
  return parse_config(text, file.string());
}

std::string print_config(const Config& config) {
  std::string out = "# Telegraphone's configuration. Every key may be left out.\n";
  std::string_view table;
  const auto line = [&](std::string_view name, const std::string& value, std::string_view meaning) {
    const std::string setting = value.empty() ? fmt::format("# {} =", name) : fmt::format("{} = {}", name, value);
    out += fmt::format("{:<50} # {}\n", setting, meaning);
  };
  const auto accounts = [&] {
    if (config.xmpp.accounts.empty()) {
      out += "\n# [[xmpp.account]]  (none: one is made at start, its password kept in the data directory)\n";
      for (const AccountKey& key : account_keys())
        out += fmt::format("# {:<48} # {}\n", fmt::format("{} =", key.name), key.meaning);
    }
    for (const xmpp::Account& account : config.xmpp.accounts) {
      out += "\n[[xmpp.account]]\n";
      for (const AccountKey& key : account_keys()) line(key.name, key.print(account), key.meaning);
    }
  };
  for (const Key& key : config_keys()) {
    if (key.table != table) {
      if (table == "xmpp") accounts();
      table = key.table;
      out += fmt::format("\n[{}]\n", table);
    }
    line(key.name, key.print(config), key.meaning);
  }
  return out;
}

}  // namespace app
