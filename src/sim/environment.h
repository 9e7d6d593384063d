// The simulated desktop as an environment of reinforcement learning: reset, then one decision a step. The same action
// files and the same policy as in use; what a step is worth is eval's reward table, and whether a wish is fulfilled is
// seen on the state. The same seed and options give the same episode. Not thread-safe; make one a thread.
#pragma once

#include "action/registry.h"
#include "eval/scorer.h"
#include "sim/task.h"
#include "text/pinyin.h"

#include <array>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

namespace yanxing::sim {

struct EpisodeOptions {
  std::string language = "mix"; // zh, en, mix
  Split split = Split::kTrain;  // which phrasings; a seed of one split is another world in the other
  std::set<std::string> kinds;  // of task_kinds(); empty: all
  double noise = 0.15;          // share of sentences that are heard wrong
  double faults = 0.05;         // share of episodes in which something fails once (or the mail server is away)
  int most_turns = 8;
  eval::RewardTable rewards;
};
// {"lang":"zh","split":"test","kinds":[…],"noise":0,"faults":0,"most_turns":8,"rewards":{"success":1,…}}; every key may
// be left out, another one is an Error.
Result<EpisodeOptions> episode_options_from_json(const Json &json);

// What an assistant knows when it decides. Pointers are valid until the next reset or step.
struct Observation {
  std::string utterance;
  Language language = Language::kEnglish;
  const Screen *screen = nullptr;
  const std::vector<ActionSpec> *actions = nullptr;
  const Json *actions_json = nullptr; // the same as an OpenAI tools array
  const std::vector<Contact> *contacts = nullptr;
  const std::vector<text::PastTurn> *history = nullptr; // oldest first
};
Json to_json(const Observation &observation); // as a row that `yanxing eval` reads, without gold

// What became of a step. Rewards come from the table's field of that name; kFault is worth 0, kGoesOn too.
enum class Ending { kSuccess, kWrong, kAsked, kAbstained, kDeclined, kFault };
std::string_view ending_name(Ending ending);

struct StepResult {
  Ending ending = Ending::kWrong;
  double reward = 0;
  bool done = false;
  std::string question;              // of the policy or the assistant, where there was one
  std::string answer;                // what the user said to it
  std::vector<std::string> outcomes; // of the actions that ran: "done: volume 30 %"
  std::vector<std::string> changed;  // of the state, since reset
};
Json to_json(const StepResult &result);

class Environment {
public:
  struct Parts {
    std::filesystem::path sim;                  // assets/sim
    std::filesystem::path actions;              // a folder of action files
    std::shared_ptr<const text::Pinyin> pinyin; // may be null: Mandarin is then heard wrong in small words only
  };
  static Result<Environment> open(const Parts &parts);
  Environment(Environment &&) noexcept;
  Environment &operator=(Environment &&) noexcept;
  ~Environment();

  // A new episode. An Error where the options admit no task (the registry lacks what the kinds need).
  Result<Observation> reset(std::uint64_t seed, const EpisodeOptions &options);
  // `actions`: empty or [none]: nothing is done. `asked`: a question goes to the user instead. An Error where there is
  // no episode or it is over; the state is then as before.
  Result<StepResult> step(const std::vector<Action> &actions, bool asked = false, const std::string &question = "");
  // The same from JSON: {"action":…}, {"actions":[…]}, {"action":"none","reply":…}, {"action":"ask","reply":"…"}, or
  // "asked":true beside any of them.
  Result<StepResult> step(const Json &decision);

  [[nodiscard]] Observation observe() const;
  [[nodiscard]] const Task &task() const;
  [[nodiscard]] const Desktop &desktop() const;
  [[nodiscard]] std::vector<Action> gold() const; // the right decision now
  [[nodiscard]] bool done() const;

private:
  struct Impl;
  explicit Environment(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace yanxing::sim
