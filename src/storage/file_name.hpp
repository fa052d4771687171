#pragma once
// What a recording's file is called, and its URI (RFC 3986, RFC 8089). Names are made of our own ids and the time
// alone, never of what a peer sent.
//
//   20261123T002318Z-<call id>-<component id>.mp3      in the folder 2026-11-23 (both UTC)

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace storage {

// Whatever is not a letter, a digit, '_' or '-' becomes '_'; cut to 64 characters; never empty.
std::string sanitised(std::string_view id);

// Without its extension.
std::string file_stem(std::chrono::system_clock::time_point began, std::string_view call_id,
                      std::string_view component_id);

// The folder that belongs to a name made by file_stem: "2026-11-23".
std::string day_folder(std::string_view stem);

// "file:/tmp/x.mp3" for an absolute path.
std::string file_uri(const std::filesystem::path& path);

}  // namespace storage
