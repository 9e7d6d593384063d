#include "eval/reward.h"

#include "eval/plugin_reward.h"

#include <algorithm>
#include <cmath>

namespace yanxing::eval {

#define YANXING_DECLARE(name) std::unique_ptr<RewardFunction> make_##name##_reward(RewardSettings &settings);
#include "reward_table.inc"
#undef YANXING_DECLARE

namespace {

struct Builtin {
  std::string name;
  std::unique_ptr<RewardFunction> (*make)(RewardSettings &);
};

const std::vector<Builtin> &builtins() {
  static const std::vector<Builtin> kAll{
#define YANXING_ENTRY(name) {#name, make_##name##_reward},
#include "reward_table.inc"
#undef YANXING_ENTRY
  };
  return kAll;
}

constexpr double kLargest = 1e6; // a reward or weight beyond this is a mistake

Result<double> number_of(const Json &json, const std::string &where) {
  if (!json.is_number() || !std::isfinite(json.get<double>()) || std::abs(json.get<double>()) > kLargest) {
    return Error{where + " must be a number between -1e6 and 1e6", ""};
  }
  return json.get<double>();
}

std::string known_keys() {
  std::string all;
  RewardTable().for_each_field([&](const char *key, double) { all += std::string(key) + ", "; });
  for (const auto &builtin : builtins()) {
    all += builtin.name + ", ";
  }
  return all + "plugins";
}

Result<RewardTable> table_from(const Json &recipe, const std::string &where) {
  RewardTable table;
  std::optional<Error> problem;
  table.for_each_field([&](const char *key, double &field) {
    const auto found = recipe.find(key);
    if (found == recipe.end() || problem) {
      return;
    }
    if (const auto value = number_of(*found, where + ": \"" + key + "\"")) {
      field = *value;
    } else {
      problem = value.error();
    }
  });
  return problem ? Result<RewardTable>(*problem) : Result<RewardTable>(table);
}

bool is_table_key(const std::string &name) {
  bool found = false;
  RewardTable().for_each_field([&](const char *key, double) { found = found || name == key; });
  return found;
}

} // namespace

std::vector<std::string> reward_names() {
  std::vector<std::string> names;
  for (const auto &builtin : builtins()) {
    names.push_back(builtin.name);
  }
  return names;
}

double RewardSettings::number(const char *key, double otherwise, double low, double high) {
  read_.insert(key);
  const auto found = json_.find(key);
  if (found == json_.end()) {
    return otherwise;
  }
  const bool fits = found->is_number() && found->get<double>() >= low && found->get<double>() <= high;
  if (!fits && !problem_) {
    problem_ = Error{
        where_ + ": \"" + key + "\" must be a number between " + dump(Json(low)) + " and " + dump(Json(high)), ""};
  }
  return fits ? found->get<double>() : otherwise;
}

Status RewardSettings::done() const {
  if (problem_) {
    return *problem_;
  }
  for (const auto &[key, value] : json_.items()) {
    if (!read_.contains(key)) {
      std::string all;
      for (const auto &name : read_) {
        all += (all.empty() ? "" : ", ") + name;
      }
      return Error{where_ + " has no setting \"" + key + "\"", "Settings: " + all};
    }
  }
  return {};
}

Result<std::vector<double>> EachReward::operator()(const RewardBatch &batch) {
  std::vector<double> rewards;
  rewards.reserve(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto reward = of(batch[i]);
    if (!reward) {
      return Error{"reward " + name_ + ", completion " + std::to_string(i + 1) + ": " + reward.error().what,
                   reward.error().hint};
    }
    rewards.push_back(*reward);
  }
  return rewards;
}

Result<Rewards> Rewards::from_json(const Json &recipe, const std::string &where) {
  if (!recipe.is_object()) {
    return Error{where + R"(: a reward recipe is an object, e.g. {"success":1,"wrong_action":-5,"format":0.1})", ""};
  }
  Rewards rewards;
  const auto table = table_from(recipe, where);
  if (!table) {
    return table.error();
  }
  rewards.table_ = *table;
  auto asked = recipe;
  if (!asked.contains("outcome")) {
    asked["outcome"] = 1;
  }
  for (const auto &[key, value] : asked.items()) {
    if (is_table_key(key) || key == "plugins") {
      continue;
    }
    const auto name = key;
    const auto builtin =
        std::find_if(builtins().begin(), builtins().end(), [&](const Builtin &b) { return b.name == name; });
    if (builtin == builtins().end()) {
      return Error{where + ": there is no reward \"" + key + "\"", "Known: " + known_keys()};
    }
    RewardSettings settings(where + ": \"" + key + "\"", value.is_object() ? value : Json{{"weight", value}},
                            rewards.table_);
    const double weight = settings.number("weight", 1, -kLargest, kLargest);
    auto function = builtin->make(settings);
    if (auto done = settings.done(); !done) {
      return done.error();
    }
    if (weight != 0) {
      rewards.add(std::move(function), weight);
    }
  }
  const auto plugins = recipe.value("plugins", Json::array());
  if (!plugins.is_array()) {
    return Error{where + R"(: "plugins" must be a list of {"name":…,"command":[…],"weight":…})", ""};
  }
  for (const auto &plugin : plugins) {
    auto started = plugin_from_json(plugin, where + ": plugins");
    if (!started) {
      return started.error();
    }
    const auto weight = number_of(plugin.value("weight", Json(1)), where + ": a plugin's \"weight\"");
    if (!weight) {
      return weight.error();
    }
    rewards.add(std::move(*started), *weight);
  }
  return rewards;
}

Result<Rewards> Rewards::load(const std::filesystem::path &json_file) {
  const auto json = read_json_file(json_file);
  return json ? from_json(*json, json_file.string()) : Result<Rewards>(json.error());
}

void Rewards::add(std::unique_ptr<RewardFunction> function, double weight) {
  functions_.push_back({std::move(function), weight});
}

Result<Rewards::Given> Rewards::operator()(const RewardBatch &batch) {
  Given given;
  given.total.assign(batch.size(), 0.0);
  for (auto &[function, weight] : functions_) {
    auto rewards = (*function)(batch);
    if (!rewards) {
      return rewards.error();
    }
    if (rewards->size() != batch.size()) {
      return Error{"reward " + function->name() + " gave " + std::to_string(rewards->size()) + " numbers for " +
                       std::to_string(batch.size()) + " completions",
                   ""};
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      given.total[i] += std::isnan((*rewards)[i]) ? 0 : weight * (*rewards)[i];
    }
    given.functions.emplace_back(function->name(), std::move(*rewards));
  }
  return given;
}

} // namespace yanxing::eval
