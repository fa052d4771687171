#include "storage/stores/s3/credentials.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace storage::s3 {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? "" : value;
}

bool is_whole(const Credentials& keys) { return !keys.access_key.empty() && !keys.secret_key.empty(); }

base::Error missing(std::string text) { return {base::Kind::not_authorized, std::move(text)}; }

}  // namespace

Credentials read_profile(std::string_view text, std::string_view profile) {
  Credentials keys;
  bool inside = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('[')) inside = trimmed(line.substr(1, line.find(']') - 1)) == profile;
    const std::size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos || line.starts_with('#')) continue;
    const std::string_view name = trimmed(line.substr(0, equals));
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (name == "aws_access_key_id") keys.access_key = value;
    if (name == "aws_secret_access_key") keys.secret_key = value;
    if (name == "aws_session_token") keys.session_token = value;
  }
  return keys;
}

CredentialSource CredentialSource::take(Settings& settings) {
  CredentialSource source;
  source.given_ = {settings.text("access-key"), settings.text("secret-key"), settings.text("session-token")};
  source.file_ = settings.text("credentials-file");
  source.profile_ = settings.text("profile", "default");
  if (source.given_.access_key.empty() != source.given_.secret_key.empty()) {
    settings.refuse("access-key", "an access key together with its secret-key");
  }
  return source;
}

base::Result<Credentials> CredentialSource::get() const {
  if (is_whole(given_)) return given_;
  if (file_.empty()) {
    Credentials keys{variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"), variable("AWS_SESSION_TOKEN")};
    if (is_whole(keys)) return keys;
    return missing("no credentials: neither access-key nor credentials-file is set, nor AWS_ACCESS_KEY_ID");
  }
  std::ifstream in(file_);
  if (!in) return missing("no credentials: " + file_ + " cannot be read");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  Credentials keys = read_profile(text, profile_);
  if (is_whole(keys)) return keys;
  return missing("no credentials: " + file_ + " has none for the profile '" + profile_ + "'");
}

}  // namespace storage::s3
