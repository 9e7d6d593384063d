#include "eval/plugin_reward.h"

#include "os/line_process.h"

#include <cmath>
#include <limits>

namespace yanxing::eval {
namespace {

constexpr double kDefaultTimeoutS = 60;
constexpr double kLongestTimeoutS = 24 * 3600;

Json request_of(const RewardBatch &batch) {
  Json request{{"completions", Json::array()}};
  for (const auto &completion : batch) {
    request["completions"].push_back(completion.text);
    if (completion.row == nullptr || !completion.row->is_object()) {
      continue;
    }
    for (const auto &[column, value] : completion.row->items()) {
      if (!request.contains(column)) {
        request[column] = Json::array();
        request[column].get_ref<Json::array_t &>().resize(batch.size());
      }
    }
  }
  for (auto &[column, values] : request.items()) {
    for (std::size_t i = 0; column != "completions" && i < batch.size(); ++i) {
      if (batch[i].row != nullptr && batch[i].row->is_object() && batch[i].row->contains(column)) {
        values[i] = (*batch[i].row)[column];
      }
    }
  }
  return request;
}

class PluginReward final : public RewardFunction {
public:
  PluginReward(std::string name, os::LineProcess process, int timeout_ms)
      : name_(std::move(name)), process_(std::move(process)), timeout_ms_(timeout_ms) {}
  [[nodiscard]] const std::string &name() const override { return name_; }

  Result<std::vector<double>> operator()(const RewardBatch &batch) override {
    const auto line = process_.exchange(dump(request_of(batch)), timeout_ms_);
    if (!line) {
      return Error{"reward " + name_ + ": " + line.error().what, line.error().hint};
    }
    const auto answer = parse_json(*line, "reward " + name_);
    if (!answer) {
      return Error{"reward " + name_ + " answered with something that is no JSON: " + line->substr(0, 200),
                   "One line of JSON a batch on stdout; print everything else to stderr"};
    }
    if (answer->is_object() && answer->contains("error")) {
      return Error{"reward " + name_ + " says: " + dump((*answer)["error"]).substr(0, 500), ""};
    }
    return numbers(answer->is_object() ? answer->value("rewards", Json()) : *answer, batch.size());
  }

private:
  [[nodiscard]] Result<std::vector<double>> numbers(const Json &list, std::size_t wanted) const {
    if (!list.is_array()) {
      return Error{"reward " + name_ + R"( must answer with a list of numbers, or {"rewards":[…]})", ""};
    }
    if (list.size() != wanted) {
      return Error{"reward " + name_ + " gave " + std::to_string(list.size()) + " numbers for " +
                       std::to_string(wanted) + " completions",
                   ""};
    }
    std::vector<double> rewards;
    for (const auto &item : list) {
      if (!item.is_null() && !(item.is_number() && std::isfinite(item.get<double>()))) {
        return Error{"reward " + name_ + " gave " + dump(item).substr(0, 100) + " for completion " +
                         std::to_string(rewards.size() + 1) + ", which is no number",
                     ""};
      }
      rewards.push_back(item.is_null() ? std::numeric_limits<double>::quiet_NaN() : item.get<double>());
    }
    return rewards;
  }

  std::string name_;
  os::LineProcess process_;
  int timeout_ms_;
};

} // namespace

Result<std::unique_ptr<RewardFunction>> plugin_from_json(const Json &json, const std::string &where) {
  const auto command = json.is_object() ? json.value("command", Json()) : Json();
  std::vector<std::string> argv;
  for (const auto &word : command.is_array() ? command : Json::array()) {
    if (word.is_string()) {
      argv.push_back(word.get<std::string>());
    }
  }
  if (argv.empty() || argv.size() != command.size()) {
    return Error{where + R"(: a plugin needs "command":["program","argument",…] (there is no shell))", ""};
  }
  for (const auto &[key, value] : json.items()) {
    if (key != "name" && key != "command" && key != "weight" && key != "timeout_s") {
      return Error{where + ": a plugin has no \"" + key + "\"", "Known: name, command, weight, timeout_s"};
    }
  }
  const auto timeout = json.value("timeout_s", Json(kDefaultTimeoutS));
  if (!timeout.is_number() || !(timeout.get<double>() > 0) || timeout.get<double>() > kLongestTimeoutS) {
    return Error{where + R"(: "timeout_s" must be seconds between 0 and 86400)", ""};
  }
  auto process = os::LineProcess::start(argv);
  if (!process) {
    return Error{where + ": " + process.error().what, process.error().hint};
  }
  auto name = string_or_empty(json, "name");
  constexpr double kMsPerS = 1000;
  return std::unique_ptr<RewardFunction>(
      std::make_unique<PluginReward>(name.empty() ? argv.back() : std::move(name), std::move(*process),
                                     std::max(1, static_cast<int>(timeout.get<double>() * kMsPerS))));
}

} // namespace yanxing::eval
