// A headless desktop for one test program: scripts/desktop.sh in a state folder of its own.
#pragma once

#include "support/source.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

namespace yanxing::test {

class DesktopSession {
public:
  // Opens `file` in LibreOffice Calc and sets DISPLAY and DBUS_SESSION_BUS_ADDRESS of this process. `name` keeps the
  // desktops of test programs apart that run side by side; so does the process.
  DesktopSession(const std::string &file, const std::string &name) {
    for (const char *program : {"Xvfb", "soffice", "openbox", "gdbus"}) {
      if (std::system(("command -v " + std::string(program) + " >/dev/null 2>&1").c_str()) != 0) {
        missing_ = std::string(program) + " is not installed, so there is no desktop to test with";
        return;
      }
    }
    setenv("YANXING_DESKTOP", ("/tmp/yanxing-desktop-test-" + name + "-" + std::to_string(getpid())).c_str(), 1);
    std::FILE *pipe = popen((script() + " start '" + file + "' 2>&1").c_str(), "r");
    if (pipe == nullptr) {
      problem_ = "scripts/desktop.sh cannot be started";
      return;
    }
    std::array<char, 512> line{};
    std::string all;
    while (std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr) {
      std::string text = line.data();
      all += text;
      for (const char *name_of : {"DISPLAY", "DBUS_SESSION_BUS_ADDRESS"}) {
        const std::string prefix = std::string(name_of) + "=";
        if (text.starts_with(prefix)) {
          setenv(name_of, text.substr(prefix.size(), text.find('\n') - prefix.size()).c_str(), 1);
        }
      }
    }
    if (pclose(pipe) != 0) {
      problem_ = all;
    }
  }
  ~DesktopSession() {
    if (missing_.empty() && std::system((script() + " stop").c_str()) != 0) {
      std::fputs("scripts/desktop.sh stop failed\n", stderr);
    }
  }
  DesktopSession(const DesktopSession &) = delete;
  DesktopSession &operator=(const DesktopSession &) = delete;

  [[nodiscard]] const std::string &missing() const { return missing_; } // why to skip; empty where all is there
  [[nodiscard]] const std::string &problem() const { return problem_; } // what desktop.sh said when it failed

private:
  static std::string script() { return source("scripts/desktop.sh").string(); }

  std::string missing_;
  std::string problem_;
};

} // namespace yanxing::test
