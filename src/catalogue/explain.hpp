#pragma once
// Says in plain words what became of a recording: why it is short, silent or missing, as far as the catalogue knows.
// Pure functions.

#include <string>
#include <vector>

#include "catalogue/recording.hpp"

namespace catalogue {

// What is true of its file now; nothing is known where there is none to look at.
enum class FileState { unknown, there, gone };

// Sentences, the most important first.
std::vector<std::string> explain(const Recording& recording, const std::vector<Attempt>& attempts, FileState file,
                                 Instant now);

}  // namespace catalogue
