#pragma once
// The configuration: TOML, every key with a default, everything else refused with file, line and column. Reading it
// opens nothing but the file itself.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "call/dial_plan.hpp"
#include "catalogue/deletion.hpp"
#include "media/engine.hpp"
#include "play/renderer.hpp"
#include "rayo/dialect.hpp"
#include "record/dispatcher.hpp"
#include "record/settings.hpp"
#include "sip/user_agent.hpp"
#include "xmpp/listener.hpp"

namespace app {

struct Config {
  xmpp::ListenerOptions xmpp;  // without accounts: one is made at start, see embedded_account()
  rayo::Dialect dialect = rayo::Dialect::rayo_2011;
  std::chrono::milliseconds keep_untold{7 * 86'400'000};
  sip::Options sip;
  media::EngineOptions rtp;
  call::DialPlan dial;  // without credentials and host, which are filled in at start
  std::string dial_user, dial_password, dial_realm;
  std::string dial_register;  // an address of record; empty: none is registered
  std::chrono::seconds dial_register_expires{3600};
  std::string recording_directory;  // empty: "recordings" in the data directory
  std::string recording_format = "mp3";
  int recording_writers = 2;
  record::PauseMode recording_pause = record::PauseMode::skip;
  std::vector<seal::Recipient> recording_encrypt_to;
  std::uint64_t spool_reserve = 100'000'000;  // bytes
  std::chrono::milliseconds spool_sync{250};
  std::uint64_t spool_memory = 256'000'000;  // bytes
  std::chrono::milliseconds spool_writer_timeout{90'000};
  std::chrono::milliseconds recording_max_duration{std::chrono::hours(24)};  // 0: none
  std::string spool_directory;  // empty: "spool" in the recording directory
  record::DispatchOptions dispatch;
  std::chrono::milliseconds catalogue_sweep{60 * 60 * 1000};
  std::string catalogue_file;  // empty: "catalogue.sqlite" in the data directory
  std::vector<catalogue::RetentionRule> retention;
  // Roots as they are configured, to which the recordings are added at start; cache empty: "cache" in the data
  // directory.
  play::RendererOptions output;
  base::log::Level log_level = base::log::Level::info;
  base::log::Format log_format = base::log::Format::text;
};

// $XDG_DATA_HOME/telegraphone, else ~/.local/share/telegraphone.
std::filesystem::path data_directory();

// The error's text starts with "file:line:column: ".
base::Result<Config> read_config(const std::filesystem::path& file);
base::Result<Config> parse_config(std::string_view text, const std::string& file_name);

// The whole configuration as TOML, with what each key means; parse_config() reads it back to the same.
std::string print_config(const Config& config);

}  // namespace app
