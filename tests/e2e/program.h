// The yanxing binary as its user runs it, with a home of its own.
#pragma once

#include "base/files.h"
#include "base/json.h"
#include "os/process.h"
#include "support/source.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <unistd.h>

namespace yanxing::test {

class Program : public ::testing::Test {
protected:
  void SetUp() override {
    home_ = std::filesystem::temp_directory_path() / ("yanxing-e2e-" + std::to_string(::getpid()));
    std::filesystem::remove_all(home_);
    std::filesystem::create_directories(home_ / "config");
    ::setenv("YANXING_STATE", (home_ / "state").c_str(), 1);
    ::setenv("YANXING_CONFIG", (home_ / "config").c_str(), 1);
    ::setenv("OMP_WAIT_POLICY", "passive", 1);
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  static os::Finished yanxing(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), YANXING_BINARY);
    constexpr int kTimeoutMs = 300000;
    auto finished = os::run_process(arguments, kTimeoutMs);
    EXPECT_TRUE(finished.ok()) << (finished ? "" : finished.error().message());
    return finished ? *finished : os::Finished{-1, "", ""};
  }

  // The last JSON line of a successful run.
  static Json json_of(const os::Finished &finished) {
    EXPECT_EQ(finished.exit_code, 0) << finished.errors;
    auto text = finished.output;
    while (!text.empty() && text.back() == '\n') {
      text.pop_back();
    }
    const auto line = text.substr(text.rfind('\n') + 1);
    const auto json = parse_json(line, "output");
    EXPECT_TRUE(json.ok()) << finished.output;
    return json ? *json : Json::object();
  }

  void settings(const std::string &toml) const { ASSERT_TRUE(write_file(home_ / "config" / "config.toml", toml)); }

  static bool wait_for(const std::filesystem::path &file, int seconds = 20) {
    for (int i = 0; i < seconds * 20 && !std::filesystem::exists(file); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return std::filesystem::exists(file);
  }

  static std::string source(const std::string &relative) { return test::source(relative).string(); }

  std::filesystem::path home_;
};

// Ends a helper process (mail server, broker) with the test.
class Background {
public:
  explicit Background(const std::vector<std::string> &argv) {
    pid_ = ::fork();
    if (pid_ == 0) {
      std::vector<char *> pointers;
      for (const auto &argument : argv) {
        pointers.push_back(const_cast<char *>(argument.c_str()));
      }
      pointers.push_back(nullptr);
      ::execvp(pointers[0], pointers.data());
      ::_exit(127);
    }
  }
  Background(const Background &) = delete;
  Background &operator=(const Background &) = delete;
  ~Background() {
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }

private:
  pid_t pid_ = -1;
};

} // namespace yanxing::test
