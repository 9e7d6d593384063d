#include "action/executor.h"
#include "action/picture_file.h"
#include "base/files.h"

#include <array>
#include <ctime>

namespace yanxing::action {
namespace {

class TakeScreenshot final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:take_screenshot"; }

  Outcome execute(const ActionSpec & /*spec*/, const Action & /*action*/, Hands &hands) override {
    Picture fresh;
    const auto *picture = hands.picture;
    if (hands.display != nullptr) {
      auto captured = hands.display->capture();
      if (!captured) {
        return failed(hands, captured.error().message(), "没有截到图。", "The screenshot did not work.");
      }
      fresh = std::move(*captured);
      picture = &fresh;
    }
    if (picture == nullptr || picture->empty()) {
      return failed(hands, "there is no display to take a picture of", "这里没有屏幕可以截图。",
                    "There is no screen to take a picture of.");
    }
    const auto now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    std::array<char, 40> name{};
    std::strftime(name.data(), name.size(), "%Y-%m-%d %H.%M.%S.png", &local);
    const auto file = hands.state / "screenshots" / name.data();
    if (auto written = write_file(file, png_bytes(*picture), 0600); !written) {
      return failed(hands, written.error().message(), "截图没有存下来。", "The screenshot could not be kept.");
    }
    return {OutcomeStatus::kDone, "wrote " + file.string(), "", Json{{"file", file.string()}}};
  }

  Outcome undo(const Json &data, Hands &hands) override {
    std::error_code code;
    if (!std::filesystem::remove(string_or_empty(data, "file"), code)) {
      return failed(hands, "the screenshot is not there any more", "截图已经不在了。",
                    "The screenshot is already gone.");
    }
    return {OutcomeStatus::kDone, "removed the screenshot",
            hands.language == Language::kChinese ? "已删除截图。" : "Screenshot removed.", nullptr};
  }
};

} // namespace

std::unique_ptr<Executor> make_take_screenshot_executor() { return std::make_unique<TakeScreenshot>(); }

} // namespace yanxing::action
