// The sound volume, by whichever mixer this machine has: PipeWire, PulseAudio or ALSA.
#include "action/executor.h"
#include "os/process.h"

#include <algorithm>
#include <optional>
#include <regex>

namespace yanxing::action {
namespace {

constexpr int kTimeoutMs = 3000;

// First number followed by '%', or a fraction for wpctl ("Volume: 0.45").
std::optional<int> percent_in(const std::string &text) {
  std::smatch found;
  if (std::regex_search(text, found, std::regex(R"(([0-9]{1,3})%)"))) {
    return std::stoi(found[1]);
  }
  if (std::regex_search(text, found, std::regex(R"(([0-9])\.([0-9])([0-9])?)"))) {
    return std::stoi(found[1]) * 100 + std::stoi(found[2]) * 10 + (found[3].matched ? std::stoi(found[3]) : 0);
  }
  return std::nullopt;
}

struct Mixer {
  std::vector<std::string> get;
  std::vector<std::string> set; // the level is appended as "N%"
};

std::optional<Mixer> find_mixer() {
  if (!os::find_program("wpctl").empty()) {
    return Mixer{{"wpctl", "get-volume", "@DEFAULT_AUDIO_SINK@"}, {"wpctl", "set-volume", "@DEFAULT_AUDIO_SINK@"}};
  }
  if (!os::find_program("pactl").empty()) {
    return Mixer{{"pactl", "get-sink-volume", "@DEFAULT_SINK@"}, {"pactl", "set-sink-volume", "@DEFAULT_SINK@"}};
  }
  if (!os::find_program("amixer").empty()) {
    return Mixer{{"amixer", "sget", "Master"}, {"amixer", "-q", "sset", "Master"}};
  }
  return std::nullopt;
}

class SetVolume final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:set_volume"; }

  Outcome execute(const ActionSpec & /*spec*/, const Action &action, Hands &hands) override {
    return set(level_of(action.arguments), hands, "");
  }
  Outcome undo(const Json &data, Hands &hands) override {
    return set(level_of(data), hands, hands.language == Language::kChinese ? "音量已恢复。" : "The volume is back.");
  }

private:
  // Louder than 100 % hurts, whatever an action file allows.
  static int level_of(const Json &values) {
    constexpr int kDefault = 50;
    const auto level = values.value("level", Json(kDefault));
    return level.is_number() ? static_cast<int>(std::clamp(level.get<double>(), 0.0, 100.0)) : kDefault;
  }

  static Outcome set(int level, const Hands &hands, const std::string &reply) {
    const auto mixer = find_mixer();
    if (!mixer) {
      return failed(hands, "this machine has no mixer (wpctl, pactl or amixer)", "这台机器没有音量控制。",
                    "This machine has no volume control.");
    }
    const auto before = os::run_process(mixer->get, kTimeoutMs);
    auto argv = mixer->set;
    argv.push_back(std::to_string(level) + "%");
    const auto done = os::run_process(argv, kTimeoutMs);
    if (!done || done->exit_code != 0) {
      return failed(hands, done ? argv[0] + ": " + done->errors.substr(0, 200) : done.error().message(),
                    "音量没有调成。", "The volume could not be set.");
    }
    const auto old = before ? percent_in(before->output) : std::nullopt;
    return {OutcomeStatus::kDone, "volume " + std::to_string(level) + " %", reply,
            old ? Json{{"level", *old}} : Json()};
  }
};

} // namespace

std::unique_ptr<Executor> make_set_volume_executor() { return std::make_unique<SetVolume>(); }

} // namespace yanxing::action
