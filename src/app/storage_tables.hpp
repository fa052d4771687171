#pragma once
// The tables of [storage] and [[retention]]: stores with the settings of their strategies, rules.

#include <string>
#include <toml++/toml.h>

#include "app/config.hpp"

namespace app {

// Whether such a key of [storage] is read here. `has_strategy`: the table is short for one store, whose settings are in
// it.
bool is_storage_table(std::string_view name, bool has_strategy);
// All of them; the keys of app/storage_keys.cpp are read before. Opens every store, so that what is wrong is told here.
base::Result<void> read_storage(Config& config, const toml::table& storage, const std::string& file);
std::string print_storage(const Config& config);

base::Result<void> read_retention(Config& config, const toml::node& node, const std::string& file);
std::string print_retention(const Config& config);

}  // namespace app
