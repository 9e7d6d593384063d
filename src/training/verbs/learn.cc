// yanxing learn: from the turns that the user allowed to be kept and put right. A new adapter goes into use only where
// it is better on turns it was not taught and no worse where nothing may be done.
#include "assistant/learned.h"
#include "base/log.h"
#include "base/paths.h"
#include "nn/model.h"
#include "train/sft.h"
#include "training/chosen_model.h"
#include "training/lessons.h"
#include "training/session.h"
#include "verb/evaluation.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <iostream>

namespace yanxing::training {
using namespace verb;

namespace fs = std::filesystem;
namespace {

struct LearnOptions {
  std::vector<std::string> samples;
  std::size_t replay = 160;
  std::size_t asked = 48; // rows of the safety set, and of what must not be forgotten
  std::size_t fewest = 4;
  double epochs = 2;
  float learning_rate = 1e-4F;
  std::string model;
  int threads = 0;
  bool dry_run = false;
  bool rollback = false;
  bool list = false;
  bool json = false;
};

struct Marks {
  std::size_t own = 0;     // of the user's turns that were held back, right
  std::size_t general = 0; // of the generator's
  std::size_t safe = 0;    // nothing was done, rightly
  std::size_t own_all = 0, general_all = 0, safe_all = 0;

  [[nodiscard]] Json to_json() const {
    return {{"own", {own, own_all}}, {"general", {general, general_all}}, {"safe", {safe, safe_all}}};
  }
  [[nodiscard]] std::string told() const {
    const auto share = [](std::size_t right, std::size_t all) {
      return std::to_string(right) + " of " + std::to_string(all);
    };
    return "own turns " + share(own, own_all) + ", others " + share(general, general_all) + ", nothing done rightly " +
           share(safe, safe_all);
  }
};

// More of what was held back is right, and not one more thing is done that should not be.
bool is_better(const Marks &before, const Marks &after) {
  return after.own >= before.own && after.own + after.general > before.own + before.general &&
         after.safe >= before.safe;
}

class Lesson {
public:
  Lesson(const CLI::App &app, const LearnOptions &options, Settings settings)
      : app_(app), options_(options), settings_(std::move(settings)),
        model_(options.model.empty() ? settings_.light : options.model) {}

  Status run() {
    const auto weights = weights_file(model_);
    if (!weights) {
      return weights.error();
    }
    weights_ = *weights;
    if (auto gathered = gather(); !gathered) {
      return gathered;
    }
    const auto from = assistant::adapter_for(model_, weights_);
    log_info(std::to_string(lessons_.taught.size()) + " turns to learn from (" + std::to_string(lessons_.corrected) +
             " corrected), " + std::to_string(lessons_.held.size()) + " held back to ask about");
    const auto before = marks_of(from, "before");
    if (!before) {
      return before.error();
    }
    const auto adapter = train_from(from);
    if (!adapter) {
      return adapter.error();
    }
    const auto after = marks_of(*adapter, "after");
    if (!after) {
      return after.error();
    }
    return decide(*before, *after, *adapter);
  }

private:
  Status gather() {
    std::vector<diary::Entry> entries;
    const auto file = diary::Diary::usual_file();
    std::error_code error;
    if (fs::exists(file, error)) {
      auto diary = diary::Diary::open(file);
      auto kept = diary ? (*diary)->entries() : Result<std::vector<diary::Entry>>(diary.error());
      if (!kept) {
        return kept.error();
      }
      entries = std::move(*kept);
    }
    std::vector<fs::path> files(options_.samples.begin(), options_.samples.end());
    if (const auto page = state_folder() / "samples" / "corrections.jsonl"; fs::exists(page, error)) {
      files.push_back(page);
    }
    std::vector<Json> samples;
    for (const auto &one : files) {
      auto rows = read_rows(one);
      if (!rows) {
        return rows.error();
      }
      samples.insert(samples.end(), rows->begin(), rows->end());
    }
    lessons_ = lessons_of(entries, samples);
    if (lessons_.corrected < options_.fewest) {
      return Error{"there are " + std::to_string(lessons_.corrected) + " corrected turns, too few to learn from (" +
                       std::to_string(options_.fewest) + ")",
                   "Turns are kept with --remember; say \"no, …\" after a wrong one, or use 'yanxing corrections fix'"};
    }
    sim::GeneratorSettings other;
    constexpr std::uint64_t kHeldSeed = 990001; // apart from every other
    other.seed = kHeldSeed;
    other.count = options_.asked;
    auto general = replay(other);
    auto safe = replay(safety_set(options_.asked));
    if (!general || !safe) {
      return general ? safe.error() : general.error();
    }
    general_ = std::move(*general);
    safe_ = std::move(*safe);
    return {};
  }

  // How many of the rows this adapter decides rightly.
  Result<std::size_t> right(Evaluation &evaluation, const std::vector<Json> &rows) {
    std::size_t count = 0;
    for (const auto &json : rows) {
      eval::RowResult result;
      const auto row = eval::row_from_json(json, folder(), "a kept turn");
      const auto line = row ? evaluation.predict(*row, result) : Result<Json>(row.error());
      if (!line) {
        return line.error();
      }
      count += result.score && result.score->exact ? 1 : 0;
      bar_(static_cast<double>(++asked_) / static_cast<double>(lessons_.held.size() + general_.size() + safe_.size()));
    }
    return count;
  }

  Result<Marks> marks_of(const fs::path &adapter, const std::string &when) {
    DecidingOptions deciding;
    deciding.model = model_;
    deciding.large = "none";
    deciding.adapter = adapter.empty() ? "none" : adapter.string();
    deciding.threads = options_.threads;
    Evaluation evaluation(deciding, true, settings_);
    bar_ = progress_bar("asking " + when);
    asked_ = 0;
    Marks marks;
    for (auto [rows, count, all] : {std::tuple(&lessons_.held, &marks.own, &marks.own_all),
                                    std::tuple(&general_, &marks.general, &marks.general_all),
                                    std::tuple(&safe_, &marks.safe, &marks.safe_all)}) {
      const auto rightly = right(evaluation, *rows);
      if (!rightly) {
        return rightly.error();
      }
      *count = *rightly;
      *all = rows->size();
    }
    log_info(when + ": " + marks.told());
    return marks;
  }

  // Own turns make up about a third of what is taught.
  Status write_taught() {
    sim::GeneratorSettings replayed;
    replayed.seed = 7000 + lessons_.corrected; // others each time
    replayed.count = options_.replay;
    replayed.group = 24;
    const auto others = replay(replayed);
    if (!others) {
      return others.error();
    }
    constexpr std::size_t kMostTimes = 8;
    const auto times = std::clamp<std::size_t>(others->size() / (2 * lessons_.taught.size()), 1, kMostTimes);
    std::vector<Json> own;
    for (std::size_t i = 0; i < times; ++i) {
      own.insert(own.end(), lessons_.taught.begin(), lessons_.taught.end());
    }
    if (auto written = write_rows(folder() / "own.jsonl", own); !written) {
      return written;
    }
    return write_rows(folder() / "replay.jsonl", *others);
  }

  // The adapter that was made.
  Result<fs::path> train_from(const fs::path &from) {
    if (auto written = write_taught(); !written) {
      return written.error();
    }
    RunOptions run;
    run.model = weights_.string();
    run.datasets = {(folder() / "own.jsonl").string(), (folder() / "replay.jsonl").string()};
    run.output = (folder() / "run").string();
    run.tuning.adapters = from.string();
    run.tuning.learning_rate = options_.learning_rate;
    run.tuning.lora.rank = 16;
    run.recipe.epochs = options_.epochs;
    run.batch = 24;
    run.accumulation = 1;
    run.report_to = "none";
    run.threads = options_.threads;
    std::error_code error;
    fs::remove_all(run.output, error);
    const auto session = Session::open(app_, run);
    if (!session) {
      return session.error();
    }
    const auto rows = (*session)->rows(sample::Answers::kLearned);
    if (!rows) {
      return rows.error();
    }
    const auto model = (*session)->model();
    if (!model) {
      return model.error();
    }
    const auto summary =
        (*session)->close(train::sft(**model, rows->prepared.rows, {}, (*session)->settings(), (*session)->on_step()));
    return summary ? Result<fs::path>(string_or_empty(*summary, "adapter")) : Result<fs::path>(summary.error());
  }

  Status decide(const Marks &before, const Marks &after, const fs::path &adapter) {
    const bool better = is_better(before, after);
    Json report{{"before", before.to_json()},
                {"after", after.to_json()},
                {"better", better},
                {"in_use", better && !options_.dry_run}};
    if (better && !options_.dry_run) {
      auto learned = assistant::Learned::of(weights_);
      if (!learned) {
        return learned.error();
      }
      if (auto taken = learned->take(adapter, report); !taken) {
        return taken;
      }
    }
    std::error_code error;
    fs::remove_all(folder(), error); // it holds what was said
    if (options_.json) {
      print_json(report);
      return {};
    }
    std::cout << (!better ? "Not better: nothing is changed."
                  : options_.dry_run
                      ? "Better; nothing is changed (--dry-run)."
                      : "Better: it is in use from the next start on. Take it back with 'yanxing learn --rollback'.")
              << "\n";
    return {};
  }

  static fs::path folder() { return state_folder() / "learning"; }

  const CLI::App &app_;
  const LearnOptions &options_;
  Settings settings_;
  std::string model_;
  fs::path weights_;
  Lessons lessons_;
  std::vector<Json> general_;
  std::vector<Json> safe_;
  std::function<void(double)> bar_;
  std::size_t asked_ = 0;
};

Result<assistant::Learned> learned_of(const LearnOptions &options, const Settings &settings) {
  const auto weights = weights_file(options.model.empty() ? settings.light : options.model);
  return weights ? assistant::Learned::of(*weights) : Result<assistant::Learned>(weights.error());
}

Status roll_back(const LearnOptions &options, const Settings &settings) {
  auto learned = learned_of(options, settings);
  if (!learned) {
    return learned.error();
  }
  const auto number = learned->roll_back();
  if (!number) {
    return number.error();
  }
  std::cout << (*number == 0 ? std::string("What comes with yanxing is in use again.")
                             : "Adapter " + std::to_string(*number) + " is in use again.")
            << "\n";
  return {};
}

Status run(const CLI::App &app, const LearnOptions &options) {
  auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  if (options.rollback) {
    return roll_back(options, *configured);
  }
  if (options.list) {
    const auto learned = learned_of(options, *configured);
    if (!learned) {
      return learned.error();
    }
    for (const auto &adapter : learned->list()) {
      print_json(adapter);
    }
    return {};
  }
  return Lesson(app, options, std::move(*configured)).run();
}

} // namespace

Verb make_learn_training_verb() {
  return {"learn", "learn from your own corrections: a better adapter goes into use, a worse one does not",
          "  yanxing listen --remember        # keeps turns; \"no, I meant the table\" corrects the last one\n"
          "  yanxing learn\n"
          "  yanxing learn --dry-run --json\n"
          "  yanxing learn --rollback",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<LearnOptions>();
            app.add_option("--samples", options->samples, "files of corrected samples beside the turns that are kept");
            app.add_option("--replay", options->replay, "generated samples among them, so that nothing is forgotten")
                ->check(CLI::Range(8, 100000))
                ->capture_default_str();
            app.add_option("--asked", options->asked, "size of the fixed sets that it is asked before and after")
                ->check(CLI::Range(8, 10000))
                ->capture_default_str();
            app.add_option("--fewest", options->fewest, "corrected turns that there must be")
                ->check(CLI::Range(2, 100000))
                ->capture_default_str();
            app.add_option("--num_train_epochs", options->epochs, "passes over them")->capture_default_str();
            app.add_option("--learning_rate", options->learning_rate, "")->capture_default_str();
            app.add_option("--model", options->model, "light tier; empty: as the settings say");
            app.add_option("--threads", options->threads, "0: all cores");
            app.add_flag("--dry-run", options->dry_run, "train and compare, but put nothing into use");
            app.add_flag("--rollback", options->rollback, "put the adapter before this one back");
            app.add_flag("--list", options->list, "what was learned here");
            add_json_option(app, options->json);
            return [options, &app]() -> Status { return run(app, *options); };
          },
          ""};
}

} // namespace yanxing::training
