#pragma once
// Where the keys of an S3 account come from: the store's settings, a file as AWS's tools write it, or the environment.
// Asked for before every recording, so that keys that change in the file are used at once.

#include <string>

#include "base/result.hpp"
#include "storage/settings.hpp"
#include "storage/stores/s3/signature.hpp"

namespace storage::s3 {

class CredentialSource {
 public:
  // Takes access-key, secret-key and session-token; or credentials-file and profile; without either the environment's
  // AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
  static CredentialSource take(Settings& settings);

  base::Result<Credentials> get() const;

 private:
  Credentials given_;
  std::string file_, profile_;
};

// The profile of an INI text; empty where it is not there.
Credentials read_profile(std::string_view text, std::string_view profile);

}  // namespace storage::s3
