#include "base/files.h"
#include "base/log.h"
#include "eval/dataset.h"
#include "eval/summary.h"
#include "verb/evaluation.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
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
  const auto line =
      text::fit_calibration(decisions).after(assistant::calibration_for(model).value_or(text::Calibration{}));
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
  const auto light = options.model.empty() ? configured->light : options.model;
  Evaluation evaluation(options, options.repair, std::move(*configured));
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
      result = failed_row(*row);
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
    if (auto calibrated = calibrate(summary, light, options.calibrate); !calibrated) {
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
