#pragma once
// The settings of one store as its strategy reads them: keys with values, some of them tables. What is of the wrong
// type and what nobody asked for is remembered and refused by judge(). A value; any thread. Its copies share one Pace:
// all stores that are opened by them are one store to the network.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "storage/pace.hpp"

namespace storage {

class Settings {
 public:
  // An object. The app makes it of the configuration's TOML.
  explicit Settings(nlohmann::json values) : values_(std::move(values)) {}

  std::string text(const std::string& key, std::string otherwise = {});
  bool boolean(const std::string& key, bool otherwise);
  std::int64_t number(const std::string& key, std::int64_t otherwise, std::int64_t least, std::int64_t most);
  std::chrono::milliseconds seconds(const std::string& key, std::chrono::milliseconds otherwise);
  std::string choice(const std::string& key, std::string otherwise, std::initializer_list<std::string_view> of);
  std::vector<std::string> list(const std::string& key);
  std::map<std::string, std::string> table(const std::string& key);
  const nlohmann::json& values() const { return values_; }
  bool has(const std::string& key) const { return values_.contains(key); }
  std::shared_ptr<Pace> pace() const { return pace_; }

  // What a strategy finds wrong itself: "key: what is expected".
  void refuse(const std::string& key, const std::string& expected);
  // bad_request with the first thing that is wrong, or a key that was not asked for.
  base::Result<void> judge() const;

 private:
  const nlohmann::json* take(const std::string& key);

  nlohmann::json values_;
  std::set<std::string> asked_;
  std::string wrong_;
  std::shared_ptr<Pace> pace_ =
      std::make_shared<Pace>();  // shared: the copies are on other threads, and go in any order
};

}  // namespace storage
