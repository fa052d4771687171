#pragma once
// `telegraphone recordings …` and `telegraphone explain`: works on the catalogue's file, whether a server runs or not.
// Main thread of a process of its own. Exit status: 0 done; 1 it could not be done, or verify found something.

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/config.hpp"
#include "catalogue/keeper.hpp"
#include "catalogue/queries.hpp"

namespace app {

class RecordingsCommand {
 public:
  // Adds its subcommands; `cli` outlives this.
  explicit RecordingsCommand(CLI::App& cli);
  RecordingsCommand(const RecordingsCommand&) = delete;
  RecordingsCommand& operator=(const RecordingsCommand&) = delete;

  bool is_asked() const { return recordings_->parsed() || explain_->parsed(); }
  int run();

 private:
  // What is common to them: where the catalogue is, and which recordings are meant.
  void add_place(CLI::App* command);
  void add_filter(CLI::App* command);
  void add_json(CLI::App* command);
  CLI::App* add(const std::string& name, const std::string& meaning);

  base::Result<void> find_places();
  base::Result<catalogue::Filter> filter() const;
  base::Result<int> run_found();
  base::Result<int> list(const catalogue::Database& database);
  base::Result<int> show(const catalogue::Database& database);
  base::Result<int> explain(const catalogue::Database& database);
  base::Result<int> verify(const catalogue::Database& database);
  base::Result<int> export_to(const catalogue::Database& database);
  base::Result<int> change();
  base::Result<void> delete_one(catalogue::Catalogue& catalogue, const catalogue::Recording& recording);
  base::Result<void> change_one(catalogue::Catalogue& catalogue, const std::string& key);

  CLI::App* recordings_ = nullptr;
  CLI::App* explain_ = nullptr;
  CLI::App *list_ = nullptr, *show_ = nullptr, *verify_ = nullptr, *retry_ = nullptr, *delete_ = nullptr,
           *hold_ = nullptr, *release_ = nullptr, *export_ = nullptr;

  // As they were typed.
  std::string config_file_, catalogue_file_;
  std::string state_, delivery_, since_, before_;
  catalogue::Filter filter_;
  bool only_deleted_ = false, also_deleted_ = false, only_held_ = false;
  std::int64_t limit_ = 0;
  bool json_ = false;
  std::vector<std::string> keys_;
  std::string why_, folder_, public_key_, head_;

  std::set<std::string> deleted_;
  catalogue::Places places_;
  std::vector<std::filesystem::path> recordings_folders_;  // none: not known
  std::filesystem::path spool_;                            // likewise
};

// Where the catalogue is, for a server and for the commands.
std::filesystem::path catalogue_file(const Config& config);
// Likewise the recordings, and those that grow.
std::filesystem::path recordings_directory(const Config& config);
std::filesystem::path spool_directory(const Config& config);

}  // namespace app
