// The program: subcommands and their exit statuses (0 done, 1 could not start, 2 wrong configuration or arguments).
#include <cstdio>
#include <exception>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "app/config.hpp"
#include "app/decrypt_command.hpp"
#include "app/recordings_command.hpp"
#include "app/serve.hpp"

namespace {

int refuse(const base::Error& error) {
  std::fprintf(stderr, "%s\n", base::log::escaped(error.text).c_str());
  return 2;
}

int run(int argc, char** argv) {
  CLI::App cli("Telegraphone: records telephone calls, told to by Rayo clients over XMPP.");
  cli.require_subcommand(1);
  std::string file;
  auto* serve = cli.add_subcommand("serve", "run the server until SIGTERM");
  serve->add_option("--config", file, "configuration file (TOML); without it the embedded defaults");
  auto* check = cli.add_subcommand("check-config", "say whether a configuration file is right; exit status 2 if not");
  check->add_option("FILE", file, "configuration file")->required();
  auto* print = cli.add_subcommand("print-config", "print the configuration in effect, with the meaning of every key");
  print->add_option("--config", file, "configuration file (TOML); without it the embedded defaults");
  auto* version = cli.add_subcommand("version", "print the version");
  app::RecordingsCommand recordings(cli);
  app::DecryptCommand decrypt(cli);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? 0 : 2;
  }

  if (version->parsed()) {
    std::printf("telegraphone %s\n", TELEGRAPHONE_VERSION);
    return 0;
  }
  if (recordings.is_asked()) return recordings.run();
  if (decrypt.is_asked()) return decrypt.run();
  app::Config config;
  if (!file.empty()) {
    auto read = app::read_config(file);
    if (!read) return refuse(read.error());
    config = std::move(*read);
  }
  if (check->parsed()) {
    std::printf("%s: fine\n", file.c_str());
    return 0;
  }
  if (print->parsed()) {
    std::printf("%s", app::print_config(config).c_str());
    return 0;
  }
  return app::serve(std::move(config), file.empty() ? std::nullopt : std::optional<std::filesystem::path>(file));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "telegraphone: %s\n", error.what());
    return 1;
  }
}
