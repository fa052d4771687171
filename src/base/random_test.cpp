#include "base/random.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace {

TEST(Random, IdsAreAsLongAsAskedOfPlainLettersAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = base::random_id(16);
    ASSERT_EQ(id.size(), 16U);
    ASSERT_EQ(id.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos);
    ASSERT_TRUE(seen.insert(id).second);
  }
}

}  // namespace
