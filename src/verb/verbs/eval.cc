#include "base/files.h"
#include "base/log.h"
#include "eval/dataset.h"
#include "eval/scorer.h"
#include "eval/summary.h"
#include "eval/text_errors.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <unistd.h>

namespace yanxing::verb {
namespace {

struct Options : DecidingOptions {
  std::string dataset;
  std::string predictions;
  std::string calibrate;
  std::size_t limit = 0;
  bool repair = true;
};

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Everything is loaded once, when the first row needs it, and serves every row.
class Evaluation {
public:
  Evaluation(const Options &options, Settings settings) : options_(options), settings_(std::move(settings)) {}

  // The prediction line of one row.
  Result<Json> predict(const eval::Row &row, eval::RowResult &result) {
    const auto started = Clock::now();
    const bool only_hearing = row.gold_text && !row.gold; // its actions and contacts are then only known words
    const auto registry = registry_of(row);
    if (!registry) {
      return registry.error();
    }
    assistant::Turn::Parts parts;
    parts.registry = *registry;
    parts.contacts = row.contacts.value_or(std::vector<Contact>{});
    if (auto opened = open_parts(row, only_hearing, parts); !opened) {
      return opened.error();
    }
    const auto contacts = parts.contacts;
    assistant::Turn turn(std::move(parts));
    turn.begin();
    turn.remember(row.history);
    if (!only_hearing) {
      auto sight = sight_of(row);
      if (!sight) {
        return sight.error();
      }
      const double see_ms = ms_since(started);
      if (auto seen = turn.see(std::move(*sight), see_ms); !seen) {
        return seen.error();
      }
    }
    const auto end_of_speech = Clock::now();
    if (auto heard = hear(row, turn); !heard) {
      return heard.error();
    }
    if (!only_hearing) {
      if (auto decided = turn.decide(); !decided) {
        return decided.error();
      }
      if (auto acted = turn.act(); !acted) { // a dry run: policy and reply, no deed
        return acted.error();
      }
    }
    turn.report().timings_ms["total"] = ms_since(end_of_speech);
    return line_of(row, turn.report(), only_hearing, **registry, contacts, result);
  }

  [[nodiscard]] const Settings &settings() const { return settings_; }

private:
  static double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  }

  // Registries given by path are kept; inline ones are made for their row.
  Result<const action::Registry *> registry_of(const eval::Row &row) {
    const auto keep = [&](const std::string &key, Result<action::Registry> made) -> Result<const action::Registry *> {
      if (!made) {
        return made.error();
      }
      return &(registries_[key] = std::move(*made));
    };
    if (!row.actions.is_null() && !row.actions.is_string()) {
      return keep("inline", action::Registry::from_json(row.actions, row.id + ": actions"));
    }
    const auto path = row.actions.is_string() ? row.actions.get<std::string>() : options_.actions;
    const auto known = registries_.find("path " + path);
    return known != registries_.end() ? Result<const action::Registry *>(&known->second)
                                      : keep("path " + path, open_registry(path));
  }

  Status open_parts(const eval::Row &row, bool only_hearing, assistant::Turn::Parts &parts) {
    if (options_.repair && !repairer_) {
      auto repairer = open_repairer();
      if (!repairer) {
        return repairer.error();
      }
      repairer_ = std::move(*repairer);
    }
    if (!row.audio.empty() && !recognizer_) {
      auto recognizer = open_recognizer(settings_, options_.threads);
      if (!recognizer) {
        return recognizer.error();
      }
      recognizer_ = std::move(*recognizer);
    }
    if (!only_hearing && !mind_) {
      auto mind = open_mind(options_, settings_, false);
      if (!mind) {
        return mind.error();
      }
      mind_ = std::move(*mind);
    }
    parts.mind = mind_.get();
    parts.recognizer = recognizer_.get();
    parts.repairer = repairer_.get();
    return {};
  }

  Result<screen::Sight> sight_of(const eval::Row &row) {
    screen::Sight sight;
    if (!row.screen.is_null()) {
      auto seen = screen_from_json(row.screen, row.id);
      if (!seen) {
        return seen.error();
      }
      sight.screen = std::move(*seen);
      return sight;
    }
    if (row.screenshot.empty()) {
      return sight;
    }
    auto picture = screen::read_picture(row.screenshot);
    if (!picture) {
      return picture.error();
    }
    if (!reader_) {
      reader_ = open_text_reader(options_.threads);
    }
    return screen::look_at_picture(std::move(*picture), *reader_);
  }

  static Status hear(const eval::Row &row, assistant::Turn &turn) {
    if (!row.transcript.empty() || row.audio.empty()) {
      turn.read(row.transcript);
      return {};
    }
    const auto clip = audio::read_clip(row.audio);
    return clip ? turn.hear(*clip, row.language) : Status(clip.error());
  }

  static Json line_of(const eval::Row &row, const assistant::TurnReport &report, bool only_hearing,
                      const action::Registry &registry, const std::vector<Contact> &contacts, eval::RowResult &result) {
    const auto whole = assistant::to_json(report);
    Json line{{"id", row.id}, {"transcript", report.transcript}};
    result.timings_ms = report.timings_ms;
    if (row.gold_text) {
      result.language = row.language.value_or(language_of(*row.gold_text));
      result.text = eval::text_errors(*row.gold_text, report.transcript, result.language);
    }
    if (!only_hearing) {
      const auto *target = report.screen.find(string_or_empty(report.decision.actions.front().arguments, "target"));
      result.tier = report.decision.tier;
      result.confidence = report.decision.confidence;
      line["action"] = whole["decision"];
      line["confidence"] = report.decision.confidence;
      line["tier"] = report.decision.tier;
      line["target_box"] = target == nullptr || target->box.empty() ? Json() : to_json(target->box);
      line["reply"] = report.reply;
      if (row.gold) {
        eval::Prediction prediction{
            report.decision.actions, report.outcome.status == action::OutcomeStatus::kAsked, {}};
        if (target != nullptr) {
          prediction.target_box = target->box;
        }
        result.score = eval::score(*row.gold, prediction, {&registry, &contacts});
        line["right"] = result.score->exact;
      }
    }
    line["timings_ms"] = whole["timings_ms"];
    return line;
  }

  const Options &options_;
  Settings settings_;
  std::map<std::string, action::Registry> registries_;
  std::unique_ptr<assistant::Mind> mind_;
  std::unique_ptr<speech::Recognizer> recognizer_;
  std::unique_ptr<text::Repairer> repairer_;
  std::unique_ptr<screen::TextReader> reader_;
};

// A row that could not be worked off counts as nothing done and nothing heard.
void count_as_failed(const Result<eval::Row> &row, eval::RowResult &result) {
  result.failed = true;
  if (row && row->gold) {
    result.score = eval::score(*row->gold, {});
  }
  if (row && row->gold_text) {
    result.language = row->language.value_or(language_of(*row->gold_text));
    result.text = eval::text_errors(*row->gold_text, "", result.language);
  }
}

// Adds to the file what puts this model's probabilities right, over what is in use.
Status calibrate(const eval::Summary &summary, const std::string &model, const fs::path &file) {
  constexpr std::size_t kFewest = 50;
  const auto decisions = summary.decisions("light");
  if (decisions.size() < kFewest) {
    return Error{"a calibration needs at least " + std::to_string(kFewest) + " rows with a gold action, not " +
                     std::to_string(decisions.size()),
                 "Make some with 'yanxing data make'"};
  }
  Json known = Json::object();
  if (fs::exists(file)) {
    auto read = read_json_file(file);
    if (!read) {
      return read.error();
    }
    known = std::move(*read);
  }
  const auto line = text::fit_calibration(decisions).after(assistant::calibration_for(model));
  known[model] = {{"slope", line.slope}, {"offset", line.offset}, {"rows", decisions.size()}};
  return write_file(file, known.dump(2) + "\n");
}

Status evaluate(const Options &options) {
  auto reader = eval::DatasetReader::open(options.dataset);
  if (!reader) {
    return reader.error();
  }
  auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  std::ofstream predictions;
  if (!options.predictions.empty()) {
    predictions.open(options.predictions);
    if (!predictions) {
      return Error{"cannot write " + options.predictions, "Choose a folder that exists and that you may write to"};
    }
  }
  Evaluation evaluation(options, std::move(*configured));
  eval::Summary summary;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  std::size_t rows = 0;
  while (auto row = reader->next()) {
    if (options.limit > 0 && rows == options.limit) {
      break;
    }
    ++rows;
    eval::RowResult result;
    auto line = *row ? evaluation.predict(**row, result) : Result<Json>(row->error());
    if (!line) {
      count_as_failed(*row, result);
      line =
          Json{{"id", *row ? (*row)->id : "row " + std::to_string(reader->line())}, {"error", line.error().message()}};
      log_warning(line->at("error").get<std::string>());
    }
    summary.add(result);
    if (predictions.is_open()) {
      predictions << dump(*line) << "\n" << std::flush;
    }
    if (terminal) {
      std::cerr << "\r" << rows << " rows" << std::flush;
    }
  }
  if (terminal) {
    std::cerr << "\r";
  }
  if (predictions.is_open() && !predictions) {
    return Error{"the predictions could not all be written to " + options.predictions,
                 "Free some disk space and try again"};
  }
  if (!options.calibrate.empty()) {
    const auto model = options.model.empty() ? evaluation.settings().light : options.model;
    if (auto calibrated = calibrate(summary, model, options.calibrate); !calibrated) {
      return calibrated;
    }
  }
  std::cout << (options.json ? dump(summary.to_json()) : summary.to_json().dump(2)) << "\n";
  return {};
}

} // namespace

Verb make_eval_verb() {
  return {"eval", "how right and how fast: exact actions, arguments, transcripts, reward, latency",
          "  yanxing eval --dataset commands.jsonl\n"
          "  yanxing eval --dataset commands.jsonl --predictions out.jsonl --large none --json",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            app.add_option("--dataset", options->dataset,
                           "JSON lines; each row names its own audio or transcript, screen, actions, contacts, gold")
                ->required();
            app.add_option("--predictions", options->predictions, "write one JSON line a row");
            app.add_option(
                "--calibrate", options->calibrate,
                "fit this model's probabilities to how often it was right, into this file; with --large none");
            app.add_option("--limit", options->limit, "stop after this many rows");
            app.add_flag("!--no-repair", options->repair, "leave what was heard as it is");
            add_deciding_options(app, *options);
            return [options] { return evaluate(*options); };
          },
          ""};
}

} // namespace yanxing::verb
