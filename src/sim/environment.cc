#include "sim/environment.h"

#include "action/policy.h"
#include "sim/effect.h"

#include <algorithm>

namespace yanxing::sim {
namespace fs = std::filesystem;
namespace {

constexpr int kDeepestJson = 16;

bool deeper_than(const Json &json, int levels) {
  return json.is_structured() && (levels == 0 || std::any_of(json.begin(), json.end(), [&](const Json &one) {
                                    return deeper_than(one, levels - 1);
                                  }));
}

// Action files as one tools array.
Result<Json> read_actions(const fs::path &folder) {
  std::vector<fs::path> files;
  std::error_code code;
  for (const auto &entry : fs::directory_iterator(folder, code)) {
    if (entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  Json tools = Json::array();
  for (const auto &file : files) {
    auto json = read_json_file(file);
    if (!json) {
      return json.error();
    }
    if (json->is_array()) {
      tools.insert(tools.end(), json->begin(), json->end());
    } else {
      tools.push_back(std::move(*json));
    }
  }
  return tools.empty() ? Result<Json>(Error{folder.string() + " holds no action files", "Give a folder of them"})
                       : tools;
}

Result<double> share_from(const Json &json, const char *key) {
  if (!json.is_number() || json.get<double>() < 0 || json.get<double>() > 1) {
    return Error{std::string("\"") + key + "\" must be a number from 0 to 1", ""};
  }
  return json.get<double>();
}

std::optional<Error> read_rewards(const Json &json, eval::RewardTable &table) {
  if (!json.is_object()) {
    return Error{"\"rewards\" must be an object", ""};
  }
  std::size_t known = 0;
  bool numbers = true;
  table.for_each_field([&](const char *key, double &field) {
    if (const auto found = json.find(key); found != json.end()) {
      ++known;
      numbers = numbers && found->is_number();
      field = found->is_number() ? found->get<double>() : field;
    }
  });
  return known == json.size() && numbers
             ? std::nullopt
             : std::optional(Error{"\"rewards\" knows success, wrong_action, ask, abstain and "
                                   "declined, each a number",
                                   ""});
}

std::optional<Error> read_option(const std::string &key, const Json &value, EpisodeOptions &options) {
  const auto text = value.is_string() ? value.get<std::string>() : "";
  if (key == "lang" && (text == "zh" || text == "en" || text == "mix")) {
    options.language = text;
  } else if (key == "split" && (text == "train" || text == "test")) {
    options.split = text == "train" ? Split::kTrain : Split::kTest;
  } else if (key == "kinds" && value.is_array()) {
    for (const auto &kind : value) {
      const auto &all = task_kinds();
      if (!kind.is_string() ||
          std::none_of(all.begin(), all.end(), [&](const TaskKind &k) { return k.name == kind; })) {
        return Error{"there is no kind of task " + dump(kind).substr(0, 60), "yanxing sim --list names them"};
      }
      options.kinds.insert(kind.get<std::string>());
    }
  } else if (key == "noise" || key == "faults") {
    const auto share = share_from(value, key.c_str());
    if (!share) {
      return share.error();
    }
    (key == "noise" ? options.noise : options.faults) = *share;
  } else if (key == "most_turns" && value.is_number_integer() && value.get<int>() >= 1) {
    options.most_turns = value.get<int>();
  } else if (key == "rewards") {
    return read_rewards(value, options.rewards);
  } else if (key != "seed") {
    return Error{"\"" + key + "\": " + dump(value).substr(0, 60) + " is no option of a reset",
                 "Options: lang zh|en|mix, split train|test, kinds, noise, faults, most_turns, rewards"};
  }
  return std::nullopt;
}

} // namespace

Result<EpisodeOptions> episode_options_from_json(const Json &json) {
  EpisodeOptions options;
  if (!json.is_object()) {
    return Error{R"(a reset is an object, e.g. {"seed":1,"lang":"zh"})", ""};
  }
  for (const auto &[key, value] : json.items()) {
    if (auto problem = read_option(key, value, options)) {
      return *problem;
    }
  }
  return options;
}

std::string_view ending_name(Ending ending) {
  switch (ending) {
  case Ending::kSuccess:
    return "success";
  case Ending::kAsked:
    return "asked";
  case Ending::kAbstained:
    return "abstained";
  case Ending::kDeclined:
    return "declined";
  case Ending::kFault:
    return "fault";
  case Ending::kWrong:
    break;
  }
  return "wrong_action";
}

Json to_json(const Observation &observation) {
  Json json{{"transcript", observation.utterance}, {"lang", std::string(language_code(observation.language))}};
  json["screen"] = to_json(*observation.screen);
  json["actions"] = *observation.actions_json;
  json["contacts"] = Json::array();
  for (const auto &contact : *observation.contacts) {
    json["contacts"].push_back(to_json(contact));
  }
  json["history"] = Json::array();
  for (const auto &turn : *observation.history) {
    json["history"].push_back({{"transcript", turn.utterance}, {"action", Json::parse(turn.decision, nullptr, false)}});
  }
  return json;
}

Json to_json(const StepResult &result) {
  Json json{{"ending", std::string(ending_name(result.ending))}};
  if (!result.question.empty()) {
    json["question"] = result.question;
    json["answer"] = result.answer;
  }
  json["outcomes"] = result.outcomes;
  json["changed"] = result.changed;
  return json;
}

struct Environment::Impl {
  enum class Fault { kNone, kElementGone, kAppClosed, kDeviceOffline };
  struct Registry {
    Json json;
    action::Registry registry;
  };

  Knowledge knowledge;
  std::unique_ptr<Noise> noise;
  std::array<Registry, 2> registries; // by Language

  EpisodeOptions options;
  Task task;
  Desktop desktop;
  View view;
  std::vector<text::PastTurn> history;
  std::size_t stage = 0;
  int turns = 0;
  bool asked = false; // in this stage
  bool over = true;
  Fault fault = Fault::kNone; // still to come

  [[nodiscard]] const Registry &registry() const { return registries[task.language == Language::kChinese ? 0 : 1]; }
  [[nodiscard]] const Stage &now() const { return task.stages[stage]; }
  [[nodiscard]] bool answered() const { return asked && now().answer; }
  [[nodiscard]] const std::string &utterance() const { return answered() ? now().answer->utterance : now().utterance; }
  [[nodiscard]] const std::vector<Action> &gold() const { return answered() ? now().answer->gold : now().gold; }

  bool draw(std::uint64_t seed) {
    constexpr std::uint64_t kSplits = 2;
    Random random(seed * kSplits + (options.split == Split::kTest ? 1 : 0), 0x51D);
    double shares = 0;
    std::vector<const TaskKind *> kinds;
    for (const auto &kind : task_kinds()) {
      if (options.kinds.empty() || options.kinds.contains(kind.name)) {
        kinds.push_back(&kind);
        shares += kind.share;
      }
    }
    constexpr int kWorlds = 200; // a kind that needs a rare world
    constexpr int kTries = 4;    // in one world
    double at = random.unit() * shares;
    std::size_t chosen = 0;
    while (chosen + 1 < kinds.size() && at >= kinds[chosen]->share) {
      at -= kinds[chosen++]->share;
    }
    const bool chinese = options.language == "zh" || (options.language == "mix" && random.chance(0.5));
    const auto language = chinese ? Language::kChinese : Language::kEnglish;
    const auto &actions = registries[chinese ? 0 : 1].registry.actions();
    for (int world = 0; world < kWorlds; ++world) {
      Drafter drafter(knowledge, actions, language, options.split, *noise, options.noise, random);
      draw_mail_fault(drafter, random);
      for (int i = 0; i < kTries; ++i) {
        if (auto drawn = kinds[chosen]->draw(drafter)) {
          task = std::move(*drawn);
          task.kind = kinds[chosen]->name;
          draw_fault(random);
          return true;
        }
      }
    }
    return false;
  }

  void draw_mail_fault(Drafter &drafter, Random &random) const {
    drafter.desktop.mail_down = random.chance(options.faults);
  }

  void draw_fault(Random &random) {
    fault = !random.chance(options.faults) ? Fault::kNone
            : random.chance(0.4)           ? Fault::kElementGone
            : random.chance(0.5)           ? Fault::kAppClosed
                                           : Fault::kDeviceOffline;
  }

  [[nodiscard]] bool reached(const Desktop &state) const {
    const auto &accepted = now().goal.accepted;
    return std::any_of(accepted.begin(), accepted.end(),
                       [&](const Desktop &wanted) { return same_state(state, wanted); });
  }

  // Is this what was meant? It does the same as one of the right actions.
  [[nodiscard]] bool meant(const ActionSpec &spec, const Action &action) const {
    auto trial = desktop;
    perform({trial, view, spec, action});
    const auto &right = gold();
    return std::any_of(right.begin(), right.end(), [&](const Action &one) {
      const auto *one_spec = registry().registry.find(one.name);
      auto other = desktop;
      return one_spec != nullptr && perform({other, view, *one_spec, one}).status != OutcomeStatus::kFailed &&
             same_state(trial, other);
    });
  }

  // The action runs while something is not as it was seen; afterwards all is back. Empty where this fault does not
  // concern it.
  std::optional<Outcome> run_with_fault(const ActionSpec &spec, const Action &action) {
    const auto was = desktop;
    const auto now_failing = std::exchange(fault, Fault::kNone);
    if (now_failing == Fault::kAppClosed && !desktop.windows.empty()) {
      desktop.windows.pop_back();
    } else if (now_failing == Fault::kElementGone && desktop.front() != nullptr) {
      for (auto &item : desktop.front()->items) {
        item.gone = true;
      }
    } else if (now_failing == Fault::kDeviceOffline) {
      for (auto &device : desktop.home) {
        device.offline = true;
      }
    }
    const auto outcome = perform({desktop, view, spec, action});
    const bool failed_by_it = outcome.status == OutcomeStatus::kFailed;
    const auto deeds = desktop.deeds;
    desktop = was;
    desktop.deeds = failed_by_it ? deeds : was.deeds;
    return failed_by_it ? std::optional(outcome) : std::nullopt;
  }

  void remember(const std::vector<Action> &actions, const std::string &question) {
    Decision decision;
    decision.actions = actions;
    if (decision.actions.empty()) {
      decision.actions.push_back({std::string(kNoAction), Json::object(), question});
    }
    history.push_back({utterance(), dump(to_json(decision))});
  }

  // The user answers, or says the same again; asked twice, they give up.
  void ask(const std::string &question, const std::vector<Action> &actions, StepResult &result) {
    result.ending = Ending::kAsked;
    result.question = question.empty() ? "?" : question;
    remember(actions, result.question);
    over = asked;
    asked = true;
    result.answer = over ? "" : utterance();
  }

  // What one action of a decision comes to; nothing where it ran and the next may.
  std::optional<Ending> run(const Action &action, const std::vector<Action> &all, StepResult &result) {
    const auto *spec = registry().registry.find(action.name);
    const auto judged = action::judge(spec, action, view.screen, desktop.contacts, task.language);
    switch (judged.verdict) {
    case action::Verdict::kRefuse:
      result.outcomes.push_back(judged.reason);
      return Ending::kWrong;
    case action::Verdict::kClarify:
      result.outcomes.push_back(judged.reason);
      if (now().goal.still || desktop.deeds > 0) { // a question about what nobody wanted, or halfway
        return Ending::kWrong;
      }
      ask(judged.question, all, result);
      return Ending::kAsked;
    case action::Verdict::kAsk: {
      result.question = judged.question;
      const bool right = meant(*spec, action);
      result.answer = right && now().consents ? (task.language == Language::kChinese ? "好的" : "yes")
                                              : (task.language == Language::kChinese ? "不" : "no");
      if (action::heard_yes(result.answer) != std::optional(true)) {
        result.outcomes.emplace_back("refused: the user said no");
        return right && reached(desktop) ? Ending::kSuccess : Ending::kDeclined;
      }
      break;
    }
    case action::Verdict::kRun:
      break;
    }
    if (fault != Fault::kNone && desktop.deeds == 0) { // what is halfway is not begun again
      if (const auto outcome = run_with_fault(*spec, action)) {
        result.outcomes.push_back("failed: " + outcome->detail);
        return Ending::kFault;
      }
    }
    const auto outcome = perform({desktop, view, *spec, action});
    result.outcomes.push_back(std::string(action::status_name(outcome.status)) + ": " + outcome.detail);
    return outcome.status == OutcomeStatus::kFailed ? std::optional(Ending::kWrong) : std::nullopt;
  }

  void finish(Ending ending, StepResult &result) {
    result.ending = ending;
    if (ending == Ending::kSuccess && stage + 1 < task.stages.size()) {
      ++stage;
      asked = false;
    } else if (ending != Ending::kFault) {
      over = true;
    }
    const auto &table = options.rewards;
    result.reward = ending == Ending::kSuccess     ? table.success
                    : ending == Ending::kWrong     ? table.wrong
                    : ending == Ending::kAbstained ? table.abstain
                    : ending == Ending::kDeclined  ? table.declined
                                                   : 0;
  }
};

Environment::Environment(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Environment::Environment(Environment &&) noexcept = default;
Environment &Environment::operator=(Environment &&) noexcept = default;
Environment::~Environment() = default;

Result<Environment> Environment::open(const Parts &parts) {
  auto impl = std::make_unique<Impl>();
  auto knowledge = Knowledge::load(parts.sim);
  if (!knowledge) {
    return knowledge.error();
  }
  impl->knowledge = std::move(*knowledge);
  const auto &home = impl->knowledge.home;
  if (!home.contains("devices") || !home.contains("alike") || !home.contains("actions")) {
    return Error{(parts.sim / "home.json").string() + " must hold devices, actions and alike", ""};
  }
  impl->noise = std::make_unique<Noise>(impl->knowledge, parts.pinyin);
  const auto files = read_actions(parts.actions);
  if (!files) {
    return files.error();
  }
  for (std::size_t i = 0; i < impl->registries.size(); ++i) {
    auto &one = impl->registries[i];
    one.json = *files;
    const auto &more = home["actions"][i == 0 ? "zh" : "en"];
    one.json.insert(one.json.end(), more.begin(), more.end());
    auto registry = action::Registry::from_json(one.json, "the actions of the simulation");
    if (!registry) {
      return registry.error();
    }
    one.registry = std::move(*registry);
  }
  return Environment(std::move(impl));
}

Result<Observation> Environment::reset(std::uint64_t seed, const EpisodeOptions &options) {
  auto &e = *impl_;
  e.options = options;
  e.over = true;
  if (!e.draw(seed)) {
    return Error{"no task of these kinds can be asked for with these actions", "Give other kinds, or more actions"};
  }
  e.desktop = e.task.start;
  e.view = look(e.desktop);
  e.history = e.task.history;
  e.stage = 0;
  e.turns = 0;
  e.asked = e.over = false;
  return observe();
}

Result<StepResult> Environment::step(const std::vector<Action> &actions, bool asked, const std::string &question) {
  auto &e = *impl_;
  if (e.over) {
    return Error{"there is no episode", "Reset first"};
  }
  constexpr std::size_t kMostActions = 16;
  if (actions.size() > kMostActions) {
    return Error{"a decision has at most 16 actions", ""};
  }
  StepResult result;
  ++e.turns;
  const bool nothing =
      std::all_of(actions.begin(), actions.end(), [](const Action &action) { return action.name == kNoAction; });
  e.desktop.deeds = 0;
  if (asked && !e.now().goal.still) {
    e.ask(question, actions, result);
  } else if (asked || nothing) { // a question to small talk does no harm and no good
    const bool right = e.now().goal.still && !asked;
    e.finish(right ? Ending::kSuccess : Ending::kAbstained, result);
    if (asked) {
      result.ending = Ending::kAsked;
    }
  } else {
    std::optional<Ending> ending;
    for (std::size_t i = 0; i < actions.size() && !ending; ++i) {
      if (actions[i].name != kNoAction) {
        ending = e.run(actions[i], actions, result);
      }
    }
    if (ending != Ending::kAsked) {
      e.remember(actions, "");
      // Where the user would have said no, what was meant is no silent deed.
      const bool right = !ending && !e.now().goal.still && e.now().consents && e.reached(e.desktop);
      e.finish(ending ? *ending : right ? Ending::kSuccess : Ending::kWrong, result);
    }
  }
  if (result.ending == Ending::kAsked) {
    result.reward = e.options.rewards.ask;
  }
  e.over = e.over || e.turns >= e.options.most_turns;
  result.done = e.over;
  result.changed = differences(e.task.start, e.desktop);
  e.view = look(e.desktop);
  return result;
}

Result<StepResult> Environment::step(const Json &decision) {
  if (!decision.is_object() || deeper_than(decision, kDeepestJson)) {
    return Error{R"(a decision is an object such as {"action":"set_volume","level":30})", ""};
  }
  const auto flag = decision.value("asked", Json(false));
  auto plain = decision;
  plain.erase("asked");
  auto actions = actions_from_json(plain, "the decision");
  if (!actions) {
    return actions.error();
  }
  bool asked = flag.is_boolean() && flag.get<bool>();
  if (actions->size() == 1 && actions->front().name == "ask") {
    asked = true;
    actions->clear();
  }
  return step(*actions, asked, string_or_empty(decision, "reply"));
}

Observation Environment::observe() const {
  const auto &e = *impl_;
  return {e.over && e.stage >= e.task.stages.size() ? std::string() : e.utterance(),
          e.task.language,
          &e.view.screen,
          &e.registry().registry.actions(),
          &e.registry().json,
          &e.desktop.contacts,
          &e.history};
}

const Task &Environment::task() const { return impl_->task; }
const Desktop &Environment::desktop() const { return impl_->desktop; }
std::vector<Action> Environment::gold() const { return impl_->over ? std::vector<Action>{} : impl_->gold(); }
bool Environment::done() const { return impl_->over; }

} // namespace yanxing::sim
