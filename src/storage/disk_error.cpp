#include "storage/disk_error.hpp"

#include <cerrno>
#include <system_error>

namespace storage {

base::Error disk_error(const std::string& attempt, int error_number) {
  const bool short_of_something = error_number == ENOSPC || error_number == EDQUOT || error_number == EMFILE ||
                                  error_number == ENFILE || error_number == ENOMEM;
  return {short_of_something ? base::Kind::no_resources : base::Kind::internal,
          attempt + ": " + std::generic_category().message(error_number), base::Fault::ours};
}

}  // namespace storage
