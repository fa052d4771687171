// A storage strategy from the command line, for tests against services of others: one JSON object on standard input,
// one on standard output.
//
//     {"settings": {"strategy": "s3", …}, "file": "/tmp/x.mp3", "name": "x.mp3", "attempt": 1, "account": "acme"}
//
//     storage_store_tool store    {"uri": "…"}        all of the file
//     storage_store_tool grow     {"more": true}      what of it is final; "file" is the growing one
//     storage_store_tool forget   {}                  "file" will never come
//                                 {"error": "…"}      and exit status 1

#include <atomic>
#include <filesystem>
#include <iostream>

#include <nlohmann/json.hpp>

#include "storage/checksum.hpp"
#include "storage/stores/store.hpp"

namespace {

using nlohmann::json;
using namespace storage;

const std::atomic<bool> kGoOn{false};

base::Result<json> act(const std::string& action, const json& asked) {
  auto store = open_store(Settings(asked.at("settings")));
  if (!store) return std::move(store.error());
  const std::filesystem::path file = asked.at("file").get<std::string>();
  if (action == "forget") {
    auto forgot = (*store)->forget(file, kGoOn);
    return forgot ? base::Result<json>(json::object()) : std::move(forgot.error());
  }
  About about;
  about.id = file.stem().string();
  about.call_id = "c1";
  about.account = asked.value("account", "");
  about.from = asked.value("from", "sip:alice@example.com");
  about.began = std::chrono::system_clock::from_time_t(1795393398);  // 2026-11-23T00:23:18Z
  Piece piece{file, asked.at("name"), std::filesystem::file_size(file), {}, asked.value("type", "audio/mpeg")};
  if (action == "grow") {
    auto more = (*store)->grown({about, piece}, kGoOn);
    return more ? base::Result<json>(json{{"more", *more}}) : std::move(more.error());
  }
  auto digest = digest_of_file(Digest::sha256, file);
  if (!digest) return std::move(digest.error());
  piece.sha256 = hex(*digest);
  auto receipt = (*store)->store({about, {piece}, asked.value("attempt", 1)}, kGoOn);
  return receipt ? base::Result<json>(json{{"uri", receipt->uri}}) : std::move(receipt.error());
}

}  // namespace

int main(int count, char** words) {
  const std::string action = count == 2 ? words[1] : "";
  if (action != "store" && action != "grow" && action != "forget") {
    std::cerr << "usage: storage_store_tool store|grow|forget\n";
    return 2;
  }
  try {
    const auto done = act(action, json::parse(std::cin));
    std::cout << (done ? *done : json{{"error", done.error().text}}) << '\n';
    return done ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
