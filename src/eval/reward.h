// What completions are worth to reinforcement learning: built-in functions (a file each in rewards/), functions of the
// user in a process of their own (plugin_reward.h), and their weighted sum as a recipe names it.
//
// A recipe, as JSON:
//   {"success":1, "wrong_action":-5, "ask":-0.1, "abstain":0,      the table (scorer.h)
//    "outcome":1, "format":0.2, "length":{"weight":0.1,"soft_max_length":96}, …   built-in functions: weight, settings
//    "plugins":[{"name":"mine","command":["python3","mine.py"],"weight":0.5,"timeout_s":60}]}
// Every key may be left out; `outcome` has weight 1 unless the recipe says otherwise.
#pragma once

#include "eval/scorer.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace yanxing::eval {

// One completion with all that may be asked about it. Pointers are not owned and may be null.
struct Completion {
  std::string text;
  std::int64_t tokens = 0;           // of the text
  bool finished = true;              // it ended by itself, not at the limit of tokens
  const Json *row = nullptr;         // its data set row, with every column
  const Gold *gold = nullptr;        // what should happen
  Ground ground;                     // registry and contacts of the row
  std::optional<double> environment; // what a simulator gave for it (sim::StepResult::reward)
};
using RewardBatch = std::vector<Completion>;

class RewardFunction {
public:
  virtual ~RewardFunction() = default;
  [[nodiscard]] virtual const std::string &name() const = 0;
  // One number a completion, in order; NaN: this function says nothing about it. An Error says which completion lacks
  // what, or what went wrong with the process behind it.
  virtual Result<std::vector<double>> operator()(const RewardBatch &batch) = 0;
};

// What a recipe says about one function. Reading marks a key as known; done() is an Error for one that nobody read.
class RewardSettings {
public:
  RewardSettings(std::string where, Json json, RewardTable table)
      : where_(std::move(where)), json_(std::move(json)), table_(table) {}
  [[nodiscard]] const RewardTable &table() const { return table_; }
  // The number under `key`, within low … high.
  double number(const char *key, double otherwise, double low, double high);
  [[nodiscard]] Status done() const;

private:
  std::string where_;
  Json json_;
  RewardTable table_;
  std::set<std::string, std::less<>> read_;
  std::optional<Error> problem_;
};

// A function that looks at each completion by itself.
class EachReward : public RewardFunction {
public:
  explicit EachReward(std::string name) : name_(std::move(name)) {}
  [[nodiscard]] const std::string &name() const override { return name_; }
  Result<std::vector<double>> operator()(const RewardBatch &batch) override;

private:
  virtual Result<double> of(const Completion &completion) = 0;
  std::string name_;
};

// The names of the built-in functions: those of the files in rewards/.
std::vector<std::string> reward_names();

// Several functions and their weights.
class Rewards {
public:
  // `where` names the recipe in errors: an unknown key, a wrong type, a process that does not start.
  static Result<Rewards> from_json(const Json &recipe, const std::string &where);
  static Result<Rewards> load(const std::filesystem::path &json_file);

  struct Given {
    std::vector<double> total;                                          // Σ weight × reward; NaN counts as 0
    std::vector<std::pair<std::string, std::vector<double>>> functions; // each function's own, not weighted
  };
  Result<Given> operator()(const RewardBatch &batch);
  [[nodiscard]] const RewardTable &table() const { return table_; }
  // Another function beside the recipe's, e.g. one that a program computes itself.
  void add(std::unique_ptr<RewardFunction> function, double weight);

private:
  struct Weighted {
    std::unique_ptr<RewardFunction> function;
    double weight = 1;
  };
  RewardTable table_;
  std::vector<Weighted> functions_;
};

} // namespace yanxing::eval
