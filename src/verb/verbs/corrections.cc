// yanxing corrections: what is kept of the user's turns. Lists it, puts it right, exports it, deletes it.
#include "action/registry.h"
#include "base/files.h"
#include "base/log.h"
#include "base/shapes.h"
#include "diary/diary.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>

namespace yanxing::verb {
namespace {

namespace fs = std::filesystem;

struct Options {
  bool all = false;
  bool json = false;
  std::int64_t id = 0;
  std::string action;
  bool take_back = false;
  std::vector<std::int64_t> ids;
  bool everything = false;
  std::string out;
  bool pairs = false;
};

// Nothing is made where nothing was kept yet.
Result<std::unique_ptr<diary::Diary>> open_diary() {
  const auto file = diary::Diary::usual_file();
  std::error_code error;
  return fs::exists(file, error) ? diary::Diary::open(file)
                                 : Result<std::unique_ptr<diary::Diary>>(
                                       Error{"no turns are kept yet (" + file.string() + " is not there)",
                                             "They are with --remember, or 'remember = true' in config.toml"});
}

Json line_of(const diary::Entry &entry) {
  return {{"id", entry.id},
          {"at", entry.at},
          {"transcript", entry.transcript},
          {"heard", entry.heard},
          {"decision", entry.decision},
          {"confidence", entry.confidence},
          {"status", entry.status},
          {"said_yes", entry.agreed},
          {"said_no", entry.declined},
          {"correction", entry.correction}};
}

Status list(const Options &options) {
  auto diary = open_diary();
  if (!diary) {
    return diary.error();
  }
  const auto entries = (*diary)->entries();
  if (!entries) {
    return entries.error();
  }
  std::size_t shown = 0;
  for (const auto &entry : *entries) {
    if (!options.all && entry.correction.is_null() && !entry.declined && entry.status != "undone") {
      continue;
    }
    ++shown;
    if (options.json) {
      print_json(line_of(entry));
      continue;
    }
    std::cout << entry.id << "  " << entry.at << "  " << entry.status << (entry.declined ? " (you said no)" : "")
              << "  " << entry.transcript << "\n      decided: " << dump(entry.decision) << "\n";
    if (!entry.correction.is_null()) {
      std::cout << "      right:   " << dump(entry.correction) << "\n";
    }
  }
  log_info(std::to_string(shown) + " of " + std::to_string(entries->size()) + " kept turns" +
           (options.all ? "" : " were corrected, declined or undone; --all shows the others"));
  return {};
}

// The action must be one that could have been taken in that turn.
Result<Json> checked_action(const std::string &text, const diary::Entry &entry) {
  auto json = parse_json(text, "--action");
  if (!json) {
    return json.error();
  }
  const auto actions = actions_from_json(*json, "--action");
  if (!actions) {
    return actions.error();
  }
  const auto registry = action::Registry::from_json(entry.actions, "the kept turn");
  if (!registry) {
    return registry.error();
  }
  for (const auto &action : *actions) {
    const auto *spec = registry->find(action.name);
    if (action.name != kNoAction && spec == nullptr) {
      return Error{"there was no action \"" + action.name + "\" in that turn", "See 'yanxing corrections list --json'"};
    }
    for (const auto &[name, value] : action.arguments.items()) {
      if (spec != nullptr && spec->find(name) == nullptr) {
        return Error{"\"" + action.name + "\" has no argument \"" + name + "\"", ""};
      }
    }
  }
  return json;
}

Status fix(const Options &options) {
  auto diary = open_diary();
  if (!diary) {
    return diary.error();
  }
  if (options.take_back) {
    return (*diary)->correct(options.id, Json());
  }
  const auto entry = (*diary)->find(options.id);
  if (!entry) {
    return entry.error();
  }
  if (!*entry) {
    return Error{"there is no turn " + std::to_string(options.id), "See 'yanxing corrections list --all'"};
  }
  const auto action = checked_action(options.action, **entry);
  return action ? (*diary)->correct(options.id, *action) : Status(action.error());
}

Status forget(const Options &options) {
  auto diary = open_diary();
  if (!diary) {
    return diary.error();
  }
  if (options.everything == !options.ids.empty()) {
    return Error{"say which turns to forget", "Their numbers, or --all"};
  }
  return options.everything ? (*diary)->forget_all() : (*diary)->forget(options.ids);
}

Status export_samples(const Options &options) {
  auto diary = open_diary();
  if (!diary) {
    return diary.error();
  }
  const auto entries = (*diary)->entries();
  if (!entries) {
    return entries.error();
  }
  std::string lines;
  std::size_t rows = 0;
  for (const auto &entry : *entries) {
    const auto sample = diary::sample_of(entry);
    const bool paired = sample && sample->contains("rejected_action");
    const bool good = sample && !sample->contains("label");
    if (options.pairs ? paired : good) {
      lines += dump(*sample) + "\n";
      ++rows;
    }
  }
  if (rows == 0) {
    return Error{"nothing is kept that could be exported", "Correct a turn first: 'yanxing corrections fix'"};
  }
  log_info(std::to_string(rows) + " samples written to " + options.out);
  constexpr unsigned kPrivate = 0600;
  return write_file(options.out, lines, kPrivate);
}

std::function<Status()> define(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.require_subcommand(1);
  auto *listing = app.add_subcommand("list", "turns that were corrected, declined or undone");
  listing->add_flag("--all", options->all, "all turns that are kept");
  add_json_option(*listing, options->json);
  auto *fixing = app.add_subcommand("fix", "say what would have been right");
  fixing->add_option("id", options->id, "number of the turn")->required();
  auto *action = fixing->add_option("--action", options->action, R"(as JSON: {"action":"none"})");
  fixing->add_flag("--take-back", options->take_back, "there is no correction after all")->excludes(action);
  auto *forgetting = app.add_subcommand("forget", "delete turns, with their sounds and screens, for good");
  forgetting->add_option("ids", options->ids, "numbers of turns");
  forgetting->add_flag("--all", options->everything, "all of them");
  auto *exporting = app.add_subcommand("export", "write samples for 'yanxing sft', or pairs for 'yanxing rlhf'");
  exporting->add_option("--out", options->out, "JSON lines to write")->required();
  exporting->add_flag("--pairs", options->pairs, "corrected turns only, with what was decided as rejected_action");
  return [options, listing, fixing, forgetting]() -> Status {
    return listing->parsed()      ? list(*options)
           : fixing->parsed()     ? fix(*options)
           : forgetting->parsed() ? forget(*options)
                                  : export_samples(*options);
  };
}

} // namespace

Verb make_corrections_verb() {
  return {
      "corrections", "what is kept of your turns: list, put right, export, delete",
      "  yanxing corrections list\n"
      "  yanxing corrections fix 12 --action "
      "'{\"action\":\"share\",\"target\":\"current_table\",\"recipient\":\"王芳\"}'\n"
      "  yanxing corrections export --out mine.jsonl && yanxing sft --dataset mine.jsonl\n"
      "  yanxing corrections export --pairs --out pairs.jsonl && yanxing rlhf --rlhf_type dpo --dataset pairs.jsonl\n"
      "  yanxing corrections forget 12 13",
      define, ""};
}

} // namespace yanxing::verb
