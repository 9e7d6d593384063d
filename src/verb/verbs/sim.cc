#include "base/files.h"
#include "base/log.h"
#include "base/paths.h"
#include "screen/look.h"
#include "sim/environment.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <memory>

namespace yanxing::verb {
namespace {

struct SimOptions {
  std::string actions; // a folder
  bool list = false;
  std::size_t count = 5;
  std::uint64_t seed = 1;
  std::string language = "mix";
  std::string split = "train";
  std::vector<std::string> kinds;
  double noise = 0.15;
  double faults = 0.05;
  std::string render;
  std::size_t bench = 0;
};

Result<sim::Environment> open_environment(const SimOptions &options) {
  sim::Environment::Parts parts;
  parts.sim = share_folder() / "assets" / "sim";
  parts.actions = options.actions.empty() ? share_folder() / "actions" : std::filesystem::path(options.actions);
  if (auto pinyin = text::Pinyin::open(models_folder() / "pinyin")) {
    parts.pinyin = *pinyin;
  } else {
    log_info("Mandarin is not heard wrong by sound here: " + pinyin.error().message());
  }
  return sim::Environment::open(parts);
}

Result<sim::EpisodeOptions> episode_options(const SimOptions &options) {
  Json json{{"lang", options.language}, {"split", options.split}, {"noise", options.noise}, {"faults", options.faults}};
  if (!options.kinds.empty()) {
    json["kinds"] = options.kinds;
  }
  return sim::episode_options_from_json(json);
}

Json decision_json(const std::vector<Action> &actions) {
  Decision decision;
  decision.actions = actions.empty() ? std::vector<Action>{{std::string(kNoAction), Json::object(), ""}} : actions;
  return to_json(decision);
}

// Tasks with their right decisions, played to their ends.
Status list(const SimOptions &options, sim::Environment &environment, const sim::EpisodeOptions &episode) {
  for (std::size_t i = 0; i < options.count; ++i) {
    auto observation = environment.reset(options.seed + i, episode);
    if (!observation) {
      return observation.error();
    }
    Json turns = Json::array();
    while (!environment.done()) {
      const auto utterance = environment.observe().utterance;
      const auto gold = environment.gold();
      const auto result = environment.step(gold);
      if (!result) {
        return result.error();
      }
      Json turn{{"transcript", utterance}, {"action", decision_json(gold)}};
      turn.update(sim::to_json(*result));
      turn["reward"] = result->reward;
      turns.push_back(std::move(turn));
    }
    std::cout << dump({{"seed", options.seed + i}, {"kind", environment.task().kind}, {"turns", turns}}) << "\n";
  }
  return {};
}

Status show(const SimOptions &options, sim::Environment &environment, const sim::EpisodeOptions &episode) {
  const auto observation = environment.reset(options.seed, episode);
  if (!observation) {
    return observation.error();
  }
  const auto picture = screen::annotate(sim::render(environment.desktop()), *observation->screen);
  if (auto written = screen::write_png(options.render, picture); !written) {
    return written;
  }
  std::cout << dump({{"kind", environment.task().kind},
                     {"transcript", observation->utterance},
                     {"action", decision_json(environment.gold())},
                     {"state", sim::to_json(environment.desktop())}})
            << "\n";
  return {};
}

Status bench(const SimOptions &options, sim::Environment &environment, const sim::EpisodeOptions &episode) {
  const auto started = std::chrono::steady_clock::now();
  std::size_t steps = 0;
  std::size_t episodes = 0;
  double reward = 0;
  for (; steps < options.bench; ++episodes) {
    if (auto observation = environment.reset(options.seed + episodes, episode); !observation) {
      return observation.error();
    }
    for (; !environment.done(); ++steps) {
      const auto result = environment.step(environment.gold());
      if (!result) {
        return result.error();
      }
      reward += result->reward;
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::cout << dump({{"episodes", episodes},
                     {"steps", steps},
                     {"seconds", seconds},
                     {"resets_and_steps_per_s", static_cast<double>(steps + episodes) / seconds},
                     {"steps_per_s", static_cast<double>(steps) / seconds},
                     {"reward_per_episode", reward / static_cast<double>(episodes)}})
            << "\n";
  return {};
}

Json answer(sim::Environment &environment, const Json &request) {
  const auto failure = [](const Error &error) { return Json{{"error", error.message()}}; };
  if (request.is_object() && request.contains("reset")) {
    const auto &wanted = request["reset"];
    const auto options = sim::episode_options_from_json(wanted);
    if (!options) {
      return failure(options.error());
    }
    const auto seed = wanted.value("seed", Json(1));
    if (!seed.is_number_unsigned()) {
      return failure(Error{"\"seed\" must be a whole number, 0 or more", ""});
    }
    const auto observation = environment.reset(seed.get<std::uint64_t>(), *options);
    return observation
               ? Json{{"observation", sim::to_json(*observation)}, {"info", {{"kind", environment.task().kind}}}}
               : failure(observation.error());
  }
  if (request.is_object() && request.contains("step")) {
    const auto result = environment.step(request["step"]);
    if (!result) {
      return failure(result.error());
    }
    Json reply = Json::object();
    if (!result->done) {
      auto observation = sim::to_json(environment.observe());
      observation.erase("actions"); // as after the reset
      reply["observation"] = std::move(observation);
    }
    reply["reward"] = result->reward;
    reply["done"] = result->done;
    reply["info"] = sim::to_json(*result);
    return reply;
  }
  if (request.is_object() && request.contains("gold")) {
    return environment.done() ? failure(Error{"there is no episode", "Reset first"})
                              : Json{{"action", decision_json(environment.gold())}};
  }
  if (request.is_object() && request.contains("render") && request["render"].is_string()) {
    const auto file = request["render"].get<std::string>();
    const auto written = screen::write_png(file, sim::render(environment.desktop()));
    return written ? Json{{"file", file}} : failure(written.error());
  }
  return failure(
      Error{R"(expected {"reset":{"seed":1}}, {"step":{"action":…}}, {"gold":true} or {"render":"a.png"})", ""});
}

Status serve_lines(sim::Environment &environment) {
  for (std::string line; std::getline(std::cin, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    const auto request = parse_json(line, "request");
    const auto reply = request ? answer(environment, *request) : Json{{"error", request.error().message()}};
    std::cout << dump(reply) << "\n" << std::flush;
  }
  return {};
}

Status run(const SimOptions &options) {
  auto environment = open_environment(options);
  if (!environment) {
    return environment.error();
  }
  const auto episode = episode_options(options);
  if (!episode) {
    return episode.error();
  }
  if (options.bench > 0) {
    return bench(options, *environment, *episode);
  }
  if (!options.render.empty()) {
    return show(options, *environment, *episode);
  }
  if (options.list) {
    std::string kinds;
    for (const auto &kind : sim::task_kinds()) {
      kinds += " " + kind.name;
    }
    std::cerr << "kinds:" << kinds << "\n";
    return list(options, *environment, *episode);
  }
  return serve_lines(*environment);
}

} // namespace

Verb make_sim_verb() {
  return {"sim", "a simulated desktop and home to act in: reset and step over JSON lines",
          "  yanxing sim --list --count 20 --lang zh         tasks, and what happens when the right thing is done\n"
          "  yanxing sim --render world.png --seed 7         a world as a picture, and its state\n"
          "  yanxing sim --bench 100000                      steps a second\n"
          "  yanxing sim <<'END'                             an environment for another program\n"
          "  {\"reset\":{\"seed\":1,\"lang\":\"zh\",\"split\":\"train\"}}\n"
          "  {\"step\":{\"action\":\"set_volume\",\"level\":30}}\n"
          "  {\"reset\":{\"seed\":2,\"kinds\":[\"ambiguous\"],\"noise\":0,\"rewards\":{\"wrong_action\":-5}}}\n"
          "  {\"step\":{\"action\":\"ask\",\"reply\":\"Which Anna?\"}}\n"
          "  {\"gold\":true}\n"
          "  {\"render\":\"now.png\"}\n"
          "  END",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<SimOptions>();
            app.add_option("--actions", options->actions, "folder of action files; empty: yanxing's own");
            app.add_flag("--list", options->list, "tasks from --seed on, each played rightly");
            app.add_option("--count", options->count, "how many to list")->capture_default_str();
            app.add_option("--seed", options->seed, "first seed")->capture_default_str();
            app.add_option("--lang", options->language, "zh, en or mix")
                ->check(CLI::IsMember({"zh", "en", "mix"}))
                ->capture_default_str();
            app.add_option("--split", options->split, "phrasings: train or test")
                ->check(CLI::IsMember({"train", "test"}))
                ->capture_default_str();
            app.add_option("--kinds", options->kinds, "only these kinds of tasks")->delimiter(',');
            app.add_option("--noise", options->noise, "share of sentences that are heard wrong")
                ->check(CLI::Range(0.0, 1.0))
                ->capture_default_str();
            app.add_option("--faults", options->faults, "share of episodes in which something fails")
                ->check(CLI::Range(0.0, 1.0))
                ->capture_default_str();
            app.add_option("--render", options->render, "write the world of --seed as PNG, with its elements marked");
            app.add_option("--bench", options->bench, "play this many steps and say how fast");
            return [options]() -> Status { return run(*options); };
          },
          ""};
}

} // namespace yanxing::verb
