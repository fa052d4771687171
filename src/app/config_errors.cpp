#include "app/config_errors.hpp"

#include <fmt/format.h>
#include <sstream>

#include "base/log.hpp"

namespace app {
namespace {

// The node as it would be written, cut short.
std::string shown(const toml::node& node) {
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  std::string text = base::log::escaped(out.str());
  if (text.find("AGE-SECRET-KEY-") != std::string::npos) return "a secret key, which belongs elsewhere";
  if (text.size() > 60) text = text.substr(0, 60) + "…";
  return text;
}

}  // namespace

std::string place(const std::string& file, const toml::source_region& source) {
  return fmt::format("{}:{}:{}: ", file, source.begin.line, source.begin.column);
}

base::Error wrong(const std::string& file, const toml::node& node, const std::string& key, std::string_view expected) {
  return base::bad_request(
      fmt::format("{}{}: expected {}, found {}", place(file, node.source()), key, expected, shown(node)));
}

}  // namespace app
