#pragma once
// Recordings as text: a table for people, JSON (UTF-8) for programs. What a peer named itself cannot move the cursor of
// a terminal. Pure functions.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "catalogue/recording.hpp"
#include "catalogue/verify.hpp"

namespace catalogue {

// A line each, with a heading.
std::string table_of(const std::vector<Recording>& recordings);
// All of one, a line a fact.
std::string sheet_of(const Recording& recording, const std::vector<Attempt>& attempts);
std::string text_of(const VerifyReport& report);

nlohmann::ordered_json json_of(const Recording& recording);  // with details, where it has them
nlohmann::ordered_json json_of(const Attempt& attempt);
nlohmann::ordered_json json_of(const VerifyReport& report);
// Whatever is no UTF-8 is replaced.
std::string dump(const nlohmann::ordered_json& json);

std::string duration_text(std::chrono::milliseconds duration);  // "1:02:03.4", "0:34.0"
std::string size_text(std::uint64_t bytes);                     // "136 kB"

}  // namespace catalogue
