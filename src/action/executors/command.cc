// {"command":["notify-send","{text}"]}: a program with arguments, never a shell. Each item is one argument whatever it
// holds.
#include "action/executor.h"
#include "action/template.h"
#include "os/process.h"

namespace yanxing::action {
namespace {

class Command final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "command"; }

  Outcome execute(const ActionSpec &spec, const Action &action, Hands &hands) override {
    constexpr int kTimeoutMs = 30000;
    std::vector<std::string> argv;
    for (const auto &item : spec.run["command"]) {
      const auto pattern = item.get<std::string>();
      auto argument = fill_template(pattern, action.arguments);
      // A value at the start of an argument could pose as an option of the program.
      const bool posed = pattern.starts_with("{") && argument.starts_with("-");
      if (posed || (argv.empty() && argument != pattern)) {
        return failed(hands, "\"" + argument + "\" may not stand where it would change the command", "这个值不可以。",
                      "That value is not allowed.");
      }
      argv.push_back(std::move(argument));
    }
    const auto finished = os::run_process(argv, kTimeoutMs);
    if (!finished) {
      return failed(hands, finished.error().message(), "命令没有运行成功。", "The command did not run.");
    }
    const auto &said = finished->exit_code == 0 ? finished->output : finished->errors;
    const auto line = argument_text(Json(said.substr(0, said.find('\n')).substr(0, 200)));
    if (finished->exit_code != 0) {
      return failed(hands,
                    argv[0] + " exited with " + std::to_string(finished->exit_code) + (line.empty() ? "" : ": " + line),
                    "命令出错了。", "The command failed.");
    }
    return {OutcomeStatus::kDone, argv[0] + (line.empty() ? "" : ": " + line), "", nullptr};
  }
};

} // namespace

std::unique_ptr<Executor> make_command_executor() { return std::make_unique<Command>(); }

} // namespace yanxing::action
