#pragma once
// What is wrong in a configuration, with file, line and column. Pure functions.

#include <string>
#include <string_view>
#include <toml++/toml.h>

#include "base/result.hpp"

namespace app {

// "file:line:column: "
std::string place(const std::string& file, const toml::source_region& source);
// "…: expected …, found …"
base::Error wrong(const std::string& file, const toml::node& node, const std::string& key, std::string_view expected);

}  // namespace app
