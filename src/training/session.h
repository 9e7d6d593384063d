// What the training verbs that go over a data set have in common: their options (ms-swift's names and defaults, version
// 4, with the older spellings beside them), and a session that has opened what they ask for.
//
//   auto session = Session::open(app, options);    // checks, folders, curves, processes
//   auto rows = (*session)->rows(answers);          // the data sets, encoded and packed
//   auto model = (*session)->model();               // with something to train
//   return (*session)->finish(train::…(…, (*session)->on_step()));
#pragma once

#include "sample/prepare.h"
#include "train/run.h"
#include "train/watch.h"
#include "training/sample_media.h"
#include "training/tuning_options.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::training {

struct RunOptions {
  std::string model;
  std::string model_type;
  std::string vocabulary;
  std::vector<std::string> datasets;
  std::vector<std::string> validation_sets;
  TuningOptions tuning;
  std::string output = "output";
  std::string resume;
  std::string schedule = "cosine";
  double validation = 0;
  std::int64_t batch = 1;
  std::int64_t accumulation = 0; // 0: 16 samples a step together
  std::int64_t max_length = 2048;
  std::int64_t logging_steps = 5;
  std::string report_to = "tensorboard";
  int threads = 0;
  bool packing = true;
  bool share_prefixes = true;
  bool strict = false;
  std::string actions;
  bool freeze_llm = false;
  bool freeze_vit = true;
  bool freeze_aligner = true;
  PixelLimits pixels;
  train::RunSettings recipe;
};

void add_run_options(CLI::App &app, RunOptions &options);

struct Rows {
  sample::Prepared prepared;
  std::vector<pack::PackedRow> validation;
};

class Session {
public:
  // `app` and `options` outlive the session. Errors: options that exclude each other, a model that is not here, a
  // folder that cannot be written to, processes that do not come.
  static Result<std::unique_ptr<Session>> open(const CLI::App &app, RunOptions &options);

  // Error: what in the data sets cannot be read, or that nothing is left.
  [[nodiscard]] Result<Rows> rows(sample::Answers answers) const;
  Result<std::unique_ptr<nn::Model>> model();
  // Tells the watch, where this process has one.
  train::OnStep on_step();
  // Draws the curve, turns an adapter into llama.cpp's form (output/adapter.gguf) and says what came of it: {steps,
  // loss, checkpoint, adapter?, …}; null in processes that do not lead.
  Result<Json> close(const Result<train::RunResult> &result);
  // The same, printed.
  Status finish(const Result<train::RunResult> &result);

  [[nodiscard]] const std::filesystem::path &model_file() const { return file_; }
  [[nodiscard]] const train::RunSettings &settings() const { return options_.recipe; }
  [[nodiscard]] const Tuning &tuning() const { return tuning_; }
  [[nodiscard]] bool leads() const { return processes_.leads(); }
  [[nodiscard]] int threads() const;

private:
  Session(RunOptions &options, Tuning tuning, std::filesystem::path file, train::ProcessGroup processes,
          SampleMedia media)
      : options_(options), tuning_(std::move(tuning)), file_(std::move(file)), processes_(std::move(processes)),
        media_(std::move(media)) {}
  [[nodiscard]] Result<Json> summarise(const train::RunResult &result) const;

  RunOptions &options_;
  Tuning tuning_;
  std::filesystem::path file_;
  train::ProcessGroup processes_;
  SampleMedia media_;
  std::optional<train::Watch> watch_;
};

} // namespace yanxing::training
