// The brightness of the built-in screen, through the kernel's backlight files.
#include "action/executor.h"
#include "base/files.h"
#include "os/process.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace yanxing::action {
namespace fs = std::filesystem;
namespace {

class SetBrightness final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:set_brightness"; }

  Outcome execute(const ActionSpec & /*spec*/, const Action &action, Hands &hands) override {
    return set(level_of(action.arguments), hands, "");
  }
  Outcome undo(const Json &data, Hands &hands) override {
    return set(level_of(data), hands,
               hands.language == Language::kChinese ? "亮度已恢复。" : "The brightness is back.");
  }

private:
  // Never dark: who turned it to 0 could not see how to turn it back.
  static int level_of(const Json &values) {
    constexpr int kDefault = 50;
    const auto level = values.value("level", Json(kDefault));
    return level.is_number() ? static_cast<int>(std::clamp(level.get<double>(), 1.0, 100.0)) : kDefault;
  }

  // brightnessctl may do it through the session where the file's rights are missing.
  static bool by_helper(int level) {
    constexpr int kTimeoutMs = 3000;
    const auto done = os::run_process({"brightnessctl", "-q", "set", std::to_string(level) + "%"}, kTimeoutMs);
    return done && done->exit_code == 0;
  }

  static Outcome set(int level, const Hands &hands, const std::string &reply) {
    std::error_code code;
    for (const auto &entry : fs::directory_iterator("/sys/class/backlight", code)) {
      const auto most = read_file(entry.path() / "max_brightness", 64);
      const auto now = read_file(entry.path() / "brightness", 64);
      const long limit = most ? std::atol(most->c_str()) : 0;
      if (limit <= 0 || !now) {
        continue;
      }
      std::ofstream file(entry.path() / "brightness"); // a sysfs file takes a write in place, not a rename
      file << std::max(1L, limit * level / 100) << std::flush;
      if (!file && !by_helper(level)) {
        return failed(hands, "no right to set the brightness: add your user to the group \"video\"", "没有权限调亮度。",
                      "I have no right to set the brightness.");
      }
      return {OutcomeStatus::kDone, "brightness " + std::to_string(level) + " %", reply,
              Json{{"level", std::atol(now->c_str()) * 100 / limit}}};
    }
    return failed(hands, "this machine has no screen with adjustable brightness", "这台机器不能调亮度。",
                  "This machine's screen brightness can't be set.");
  }
};

} // namespace

std::unique_ptr<Executor> make_set_brightness_executor() { return std::make_unique<SetBrightness>(); }

} // namespace yanxing::action
