#pragma once
// The errno of a file operation as an Error: no_resources where waiting or tidying up may help (ENOSPC, EDQUOT, EMFILE,
// ENFILE, ENOMEM), else internal.

#include <string>

#include "base/result.hpp"

namespace storage {

base::Error disk_error(const std::string& attempt, int error_number);

}  // namespace storage
