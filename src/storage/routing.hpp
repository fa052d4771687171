#pragma once
// Which stores a recording goes to: the first rule that fits, in the order of the configuration. Pure.
//
//   [[storage.rule]]
//   account = "acme"            # all that is said must fit; '*' stands for anything
//   format = "flac"
//   header = "X-Keep: legal*"   # of the call's INVITE
//   stores = ["vault", "local"] # the primary, and fallbacks

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace storage {

struct Rule {
  std::string account, format;            // patterns; empty: any
  std::string header_name, header_value;  // name empty: none is asked for
  std::vector<std::string> stores;
};

// What rules ask about.
struct Subject {
  std::string account, format;
  std::map<std::string, std::string> headers;  // names in lower case
};

class Routing {
 public:
  // `otherwise`: for what no rule fits; not empty.
  Routing(std::vector<Rule> rules, std::vector<std::string> otherwise)
      : rules_(std::move(rules)), otherwise_(std::move(otherwise)) {}

  const std::vector<std::string>& stores_for(const Subject& subject) const;

 private:
  std::vector<Rule> rules_;
  std::vector<std::string> otherwise_;
};

// Whether the whole text is as the pattern says; '*' is any number of characters. Takes time linear in both lengths'
// product at worst.
bool fits(std::string_view pattern, std::string_view text);

}  // namespace storage
