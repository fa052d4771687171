#pragma once
// `telegraphone serve`: makes everything, wires it together and runs the control thread until SIGTERM or SIGINT.

#include <filesystem>
#include <optional>

#include "app/config.hpp"

namespace app {

// The process's exit status: 0 after an orderly end, 1 if it could not start (one line on standard error says why).
// `file` is where the configuration came from, to be read again at SIGHUP.
int serve(Config config, const std::optional<std::filesystem::path>& file);

}  // namespace app
