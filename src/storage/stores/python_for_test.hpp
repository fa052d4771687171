#pragma once
// For tests: one of the servers of tests/support as a process of its own, on a port that it has chosen, and questions
// to it. It ends with this object.

#include <csignal>
#include <cstdio>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/http_client.hpp"

namespace storage::testing {

class PythonServer {
 public:
  explicit PythonServer(const std::string& script, const std::string& argument = {}) {
    int in[2];
    int out[2];
    if (::pipe(in) != 0 || ::pipe(out) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      for (const int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
      const std::string path = TELEGRAPHONE_SUPPORT "/" + script;
      const char* last = argument.empty() ? nullptr : argument.c_str();
      ::execlp("/usr/bin/python3", "python3", path.c_str(), last, nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    stdin_ = in[1];
    FILE* output = ::fdopen(out[0], "r");
    EXPECT_EQ(std::fscanf(output, "%d", &port_), 1) << script << " does not start";
    std::fclose(output);
  }
  PythonServer(const PythonServer&) = delete;
  PythonServer& operator=(const PythonServer&) = delete;
  ~PythonServer() {
    ::close(stdin_);
    ::waitpid(child_, nullptr, 0);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }

  void misbehave(const nlohmann::json& faults) const { ask("POST", "/_misbehave", faults.dump()); }
  nlohmann::json state() const { return nlohmann::json::parse(ask("GET", "/_state", "")); }

 private:
  std::string ask(const std::string& method, const std::string& path, const std::string& body) const {
    const std::atomic<bool> go_on{false};
    HttpRequest request;
    request.method = method;
    request.url = url() + path;
    request.body = body;
    const auto answer = HttpClient(HttpOptions{}).perform(request, go_on);
    EXPECT_TRUE(answer) << answer.error().text;
    return answer ? answer->body : "";
  }

  pid_t child_ = -1;
  int stdin_ = -1;
  int port_ = 0;
};

}  // namespace storage::testing
