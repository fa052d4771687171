#pragma once
// The table of configuration keys: name, meaning, how a TOML value becomes a setting, how the setting is printed.

#include <functional>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

#include "app/config.hpp"

namespace app {

struct Key {
  std::string_view table;
  std::string_view name;
  std::string_view meaning;
  // Takes the value over; false if it is of the wrong type or impossible.
  std::function<bool(Config&, const toml::node&)> take;
  std::string_view expected;  // what would have been right
  // The value as TOML; empty: nothing to print (unset).
  std::function<std::string(const Config&)> print;
};

const std::vector<Key>& config_keys();

// Parts of it, one for each subject that has many.
std::vector<Key> dial_keys();
std::vector<Key> output_keys();
std::vector<Key> spool_keys();
std::vector<Key> storage_keys();
std::vector<Key> untold_keys();

// The keys of one [[xmpp.account]].
struct AccountKey {
  std::string_view name;
  std::string_view meaning;
  std::function<bool(xmpp::Account&, const toml::node&)> take;
  std::string_view expected;
  std::function<std::string(const xmpp::Account&)> print;
};
const std::vector<AccountKey>& account_keys();

}  // namespace app
