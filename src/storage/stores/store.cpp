#include "storage/stores/store.hpp"

#include <algorithm>

namespace storage {

const Strategy* find_strategy(std::string_view name) {
  const auto all = stores();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Strategy* one) { return one->name() == name; });
  return found == all.end() ? nullptr : *found;
}

base::Result<std::unique_ptr<Store>> open_store(Settings settings) {
  const std::string name = settings.text("strategy");
  const Strategy* strategy = find_strategy(name);
  if (strategy == nullptr) {
    std::string known;
    for (const Strategy* one : stores()) known += (known.empty() ? "" : ", ") + std::string(one->name());
    return base::bad_request("strategy: '" + name + "' is none of " + known);
  }
  auto store = strategy->open(settings);
  if (!store) return store;
  if (auto good = settings.judge(); !good) return std::move(good.error());
  return store;
}

}  // namespace storage
