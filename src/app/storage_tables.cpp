#include "app/storage_tables.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

#include <nlohmann/json.hpp>

#include "app/config_errors.hpp"
#include "app/config_keys.hpp"
#include "app/config_values.hpp"
#include "record/settings.hpp"

namespace app {
namespace {

using base::bad_request;
using base::Result;
using nlohmann::json;

constexpr std::string_view kOnly = "main";  // what the one store of [storage] strategy is called

json json_of(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    json object = json::object();
    for (const auto& [name, value] : *table) object[std::string(name.str())] = json_of(value);
    return object;
  }
  if (const auto* array = node.as_array()) {
    json list = json::array();
    for (const auto& value : *array) list.push_back(json_of(value));
    return list;
  }
  if (const auto value = node.value_exact<std::string>()) return *value;
  if (const auto value = node.value_exact<std::int64_t>()) return *value;
  if (const auto value = node.value_exact<double>()) return *value;
  if (const auto value = node.value_exact<bool>()) return *value;
  std::ostringstream out;  // dates
  node.visit([&](const auto& value) { out << value; });
  return out.str();
}

std::string toml_of(const json& value) {
  if (value.is_string()) return toml_string(value.get<std::string>());
  if (value.is_array()) {
    std::string list;
    for (const json& one : value) list += (list.empty() ? "" : ", ") + toml_of(one);
    return "[" + list + "]";
  }
  if (value.is_object()) {
    std::string table;
    for (const auto& [name, one] : value.items()) {
      table += (table.empty() ? "" : ", ") + toml_string(name) + " = " + toml_of(one);
    }
    return "{" + table + "}";
  }
  return value.dump();
}

bool is_secret(std::string_view key) {
  return key.find("secret") != std::string_view::npos || key.find("password") != std::string_view::npos ||
         key.find("token") != std::string_view::npos || key == "bearer";
}

// By which servers may be told who it is.
bool is_secret_header(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return is_secret(name) || name.find("auth") != std::string::npos || name.find("key") != std::string::npos ||
         name.find("cookie") != std::string::npos;
}

// "https://name:password@host"
bool has_password(const json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  const std::size_t host = text.find("://");
  return host != std::string::npos && text.find('@', host) < text.find('/', host + 3);
}

// A line of a store's table, without what nobody is to read.
std::string setting_text(const std::string& key, json value) {
  std::string hidden;
  if (is_secret(key) || has_password(value)) return fmt::format("# {} = (not shown)\n", key);
  if (key == "headers" && value.is_object()) {
    for (auto at = value.begin(); at != value.end();) {
      const bool is_hidden = is_secret_header(at.key());
      if (is_hidden) hidden += fmt::format("# {}.{} = (not shown)\n", key, toml_string(at.key()));
      at = is_hidden ? value.erase(at) : std::next(at);
    }
  }
  return hidden + fmt::format("{} = {}\n", key, toml_of(value));
}

Result<void> add_store(Config& config, const std::string& name, const toml::table& table, const json& values,
                       const std::string& file) {
  storage::Settings settings(values);
  if (auto opened = storage::open_store(settings); !opened) {
    // "key: what is expected"
    const std::string& text = opened.error().text;
    const toml::node* node = table.get(text.substr(0, text.find(':')));
    return bad_request(place(file, (node == nullptr ? static_cast<const toml::node&>(table) : *node).source()) +
                       "store '" + name + "': " + text);
  }
  config.dispatch.delivery.stores.emplace(name, std::move(settings));
  return {};
}

// The keys of a table of strings; `take` gets each.
template <class Take>
Result<void> read_rule(const toml::node& node, const std::string& key, const std::string& file, std::string_view known,
                       Take&& take) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return wrong(file, node, key, "a table [[" + key + "]]");
  for (const auto& [name, value] : *table) {
    const std::string full = key + "." + std::string(name.str());
    const std::string expected = take(name.str(), value);
    if (expected == "unknown") {
      return bad_request(fmt::format("{}unknown key '{}': expected {}", place(file, name.source()), full, known));
    }
    if (!expected.empty()) return wrong(file, value, full, expected);
  }
  return {};
}

// Empty, or what is expected.
std::string take_text(std::string& place, const toml::node& node) {
  return take_string(place, node) ? std::string() : "a string";
}

std::string take_stores(std::vector<std::string>& stores, const toml::node& node) {
  const bool good = take_list(stores, node, [](std::string_view text) { return !text.empty(); });
  return good ? std::string() : "a list of names of [storage.store.NAME]";
}

std::string take_header(storage::Rule& rule, const toml::node& node) {
  std::string text;
  const std::string expected = "a header and its value, like \"X-Keep: legal*\"";
  if (!take_string(text, node)) return expected;
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos) return expected;
  rule.header_name = text.substr(0, colon);
  std::ranges::transform(rule.header_name, rule.header_name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  rule.header_value = text.substr(std::min(text.size(), text.find_first_not_of(" \t", colon + 1)));
  return {};
}

Result<storage::Rule> read_storage_rule(const toml::node& node, const std::string& file) {
  storage::Rule rule;
  auto read = read_rule(node, "storage.rule", file, "account, format, header or stores",
                        [&](std::string_view name, const toml::node& value) -> std::string {
                          if (name == "account") return take_text(rule.account, value);
                          if (name == "format") return take_text(rule.format, value);
                          if (name == "header") return take_header(rule, value);
                          if (name == "stores") return take_stores(rule.stores, value);
                          return "unknown";
                        });
  if (!read) return std::move(read.error());
  if (rule.stores.empty()) return bad_request(place(file, node.source()) + "this [[storage.rule]] names no stores");
  return rule;
}

// "30d", "12h"; "forever".
std::string take_keep(std::optional<std::chrono::hours>& keep, const toml::node& node) {
  const std::string expected = "a time like \"30d\" or \"12h\", or \"forever\"";
  std::string text;
  if (!take_string(text, node)) return expected;
  keep.reset();
  if (text == "forever") return {};
  const bool is_number = text.size() > 1 && text.size() < 8 &&
                         std::all_of(text.begin(), text.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number || (text.back() != 'd' && text.back() != 'h')) return expected;
  keep = std::chrono::hours(std::stol(text) * (text.back() == 'd' ? 24 : 1));
  return {};
}

std::string keep_text(const std::optional<std::chrono::hours>& keep) {
  if (!keep) return "forever";
  return keep->count() % 24 == 0 ? fmt::format("{}d", keep->count() / 24) : fmt::format("{}h", keep->count());
}

Result<catalogue::RetentionRule> read_retention_rule(const toml::node& node, const std::string& file) {
  catalogue::RetentionRule rule;
  bool says_how_long = false;
  auto read = read_rule(node, "retention", file, "account, party, format, reason, state or keep",
                        [&](std::string_view name, const toml::node& value) -> std::string {
                          if (name == "account") return take_text(rule.account, value);
                          if (name == "party") return take_text(rule.party, value);
                          if (name == "format") return take_text(rule.format, value);
                          if (name == "keep") {
                            says_how_long = true;
                            return take_keep(rule.keep, value);
                          }
                          std::string text;
                          if (name == "reason") {
                            const bool good =
                                take_string(text, value) && (record::parse_reason(text) || text == "discarded");
                            rule.reason = text;
                            return good ? std::string() : "a reason, like \"hangup\"";
                          }
                          if (name == "state") {
                            if (take_string(text, value)) rule.state = catalogue::parse_state(text);
                            const bool has_ended = rule.state && *rule.state != catalogue::State::recording;
                            return has_ended ? std::string() : "\"completed\", \"failed\" or \"interrupted\"";
                          }
                          return "unknown";
                        });
  if (!read) return std::move(read.error());
  if (!says_how_long) return bad_request(place(file, node.source()) + "this [[retention]] does not say how long: keep");
  return rule;
}

Result<void> check_names(const Config& config, const toml::table& table, const std::string& file) {
  const auto& stores = config.dispatch.delivery.stores;
  const auto check = [&](const std::vector<std::string>& names) -> Result<void> {
    for (const std::string& name : names) {
      if (stores.contains(name) || (name == "local" && stores.empty())) continue;
      return bad_request(place(file, table.source()) + "there is no store '" + name + "': [storage.store." + name +
                         "]");
    }
    return {};
  };
  if (auto good = check(config.dispatch.stores); !good) return good;
  for (const storage::Rule& rule : config.dispatch.rules) {
    if (auto good = check(rule.stores); !good) return good;
  }
  return {};
}

}  // namespace

bool is_storage_table(std::string_view name, bool has_strategy) {
  if (name == "store" || name == "rule" || name == "strategy") return true;
  return has_strategy && std::ranges::none_of(
                             config_keys(), [&](const Key& key) { return key.table == "storage" && key.name == name; });
}

Result<void> read_storage(Config& config, const toml::table& storage, const std::string& file) {
  if (const toml::node* stores = storage.get("store")) {
    const toml::table* tables = stores->as_table();
    if (tables == nullptr) return wrong(file, *stores, "storage.store", "tables [storage.store.NAME]");
    for (const auto& [name, value] : *tables) {
      const toml::table* table = value.as_table();
      const std::string key = "storage.store." + std::string(name.str());
      if (table == nullptr) return wrong(file, value, key, "a table [" + key + "]");
      if (auto added = add_store(config, std::string(name.str()), *table, json_of(value), file); !added) return added;
    }
  }
  if (storage.contains("strategy")) {
    json values = json::object();
    for (const auto& [name, value] : storage) {
      if (name == "store" || name == "rule" || !is_storage_table(name.str(), true)) continue;
      values[std::string(name.str())] = json_of(value);
    }
    if (auto added = add_store(config, std::string(kOnly), storage, values, file); !added) return added;
  }
  if (const toml::node* rules = storage.get("rule")) {
    const toml::array* list = rules->as_array();
    if (list == nullptr) return wrong(file, *rules, "storage.rule", "tables [[storage.rule]]");
    for (const toml::node& one : *list) {
      auto rule = read_storage_rule(one, file);
      if (!rule) return std::move(rule.error());
      config.dispatch.rules.push_back(std::move(*rule));
    }
  }
  const auto& stores = config.dispatch.delivery.stores;
  if (config.dispatch.stores.empty() && !stores.empty()) {
    if (stores.size() > 1) {
      return bad_request(place(file, storage.source()) +
                         "[storage] has several stores: say which are used by 'stores'");
    }
    config.dispatch.stores = {stores.begin()->first};
  }
  return check_names(config, storage, file);
}

std::string print_storage(const Config& config) {
  std::string out;
  if (config.dispatch.delivery.stores.empty()) {
    out += "\n# [storage.store.NAME]  (none: strategy \"file\", in [recording] directory)\n# strategy =\n";
  }
  for (const auto& [name, settings] : config.dispatch.delivery.stores) {
    out += "\n[storage.store." + toml_string(name) + "]\n";
    for (const auto& [key, value] : settings.values().items()) {
      out += setting_text(key, value);
    }
  }
  for (const storage::Rule& rule : config.dispatch.rules) {
    out += "\n[[storage.rule]]\n";
    if (!rule.account.empty()) out += "account = " + toml_string(rule.account) + "\n";
    if (!rule.format.empty()) out += "format = " + toml_string(rule.format) + "\n";
    if (!rule.header_name.empty()) {
      out += "header = " + toml_string(rule.header_name + ": " + rule.header_value) + "\n";
    }
    out += "stores = " + list_of(rule.stores) + "\n";
  }
  return out;
}

Result<void> read_retention(Config& config, const toml::node& node, const std::string& file) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return wrong(file, node, "retention", "tables [[retention]]");
  for (const toml::node& one : *list) {
    auto rule = read_retention_rule(one, file);
    if (!rule) return std::move(rule.error());
    config.retention.push_back(std::move(*rule));
  }
  return {};
}

std::string print_retention(const Config& config) {
  if (config.retention.empty()) return "\n# [[retention]]  (none: recordings are kept for ever)\n# keep =\n";
  std::string out;
  for (const catalogue::RetentionRule& rule : config.retention) {
    out += "\n[[retention]]\n";
    const auto line = [&out](const char* name, const std::string& value) {
      if (!value.empty()) out += std::string(name) + " = " + toml_string(value) + "\n";
    };
    line("account", rule.account);
    line("party", rule.party);
    line("format", rule.format);
    line("reason", rule.reason);
    if (rule.state) line("state", std::string(name_of(*rule.state)));
    line("keep", keep_text(rule.keep));
  }
  return out;
}

}  // namespace app
