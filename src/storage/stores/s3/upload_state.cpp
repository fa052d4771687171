#include "storage/stores/s3/upload_state.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "storage/checksum.hpp"

namespace storage::s3 {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr std::size_t kLongestText = 2000;  // of an id or ETag, which goes into a request as it is

bool is_plain(const std::string& text) {
  return text.size() <= kLongestText && std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 32; });
}

// Throws what nlohmann throws for what is missing or of the wrong type.
UploadState read(const Json& json) {
  UploadState state;
  state.key = json.at("key");
  state.id = json.at("upload");
  state.is_second = json.value("second", false);
  state.part_size = static_cast<std::uint64_t>(json.at("part-size").get_ref<const std::int64_t&>());
  for (const Json& one : json.at("parts")) {
    const std::int64_t number = one.at("number").get_ref<const std::int64_t&>();
    state.parts[static_cast<std::size_t>(number)] = {one.at("sha256"), one.at("etag"), one.at("checksum")};
  }
  return state;
}

}  // namespace

std::string state_text(const UploadState& state) {
  Json parts = Json::array();
  for (const auto& [number, part] : state.parts) {
    parts.push_back(
        {{"number", number}, {"sha256", part.sha256}, {"etag", part.etag}, {"checksum", part.has_checksum}});
  }
  const Json json = {{"version", kVersion},          {"key", state.key},
                     {"upload", state.id},           {"second", state.is_second},
                     {"part-size", state.part_size}, {"parts", std::move(parts)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Result<UploadState> parse_state(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return base::bad_request("is no JSON object");
  UploadState state;
  try {
    if (json.at("version") != kVersion) return base::bad_request("is of a version that this program does not know");
    state = read(json);
  } catch (const Json::exception& error) {
    return base::bad_request(error.what());
  }
  constexpr std::uint64_t kLeast = std::uint64_t{5} << 20U;
  constexpr std::uint64_t kMost = std::uint64_t{5} << 30U;  // of S3
  if (state.part_size < kLeast || state.part_size > kMost) return base::bad_request("has parts that cannot be");
  const bool good = std::all_of(state.parts.begin(), state.parts.end(), [](const auto& one) {
    const auto& [number, part] = one;
    return number >= 1 && number <= kMostParts && part.sha256.size() == 64 &&
           part.sha256.find_first_not_of("0123456789abcdef") == std::string::npos && is_plain(part.etag) &&
           !part.etag.empty();
  });
  if (!good) return base::bad_request("names a part that cannot be");
  if (state.key.empty() || !is_plain(state.key) || !is_plain(state.id)) return base::bad_request("names no upload");
  return state;
}

std::filesystem::path state_path(const std::filesystem::path& file, const std::string& place) {
  constexpr std::size_t kDigits = 8;
  return file.string() + "." + hex(digest_of(Digest::sha256, place)).substr(0, kDigits) + ".upload";
}

}  // namespace storage::s3
