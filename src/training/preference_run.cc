#include "training/preference_run.h"

#include "base/log.h"
#include "nn/model.h"
#include "train/preference.h"
#include "training/chosen_model.h"

#include <CLI/CLI.hpp>

namespace yanxing::training {
namespace {

using Loss = decltype(train::PreferenceSettings::loss);

Result<Loss> loss_of(const std::string &type, const PreferenceOptions &options) {
  const double beta = options.beta.value_or(type == "simpo" ? 2 : 0.1);
  if (beta <= 0) {
    return Error{"--beta must be above 0 for --rlhf_type " + type, "Leave it out for the method's own"};
  }
  if (type != "dpo" && !options.loss_type.empty() && options.loss_type != type) {
    return Error{"--loss_type is for dpo and grpo; " + type + " has one loss", "Leave it out"};
  }
  if (type == "dpo") {
    const auto kind = train::dpo_kind_of(options.loss_type.empty() ? "sigmoid" : options.loss_type);
    return kind ? Result<Loss>(train::DpoSettings{*kind, beta, options.label_smoothing, options.rpo_alpha})
                : Result<Loss>(kind.error());
  }
  if (type == "simpo") {
    return Loss(train::SimpoSettings{beta, options.simpo_gamma, options.cpo_alpha, options.label_smoothing});
  }
  if (type == "orpo") {
    return Loss(train::OrpoSettings{beta});
  }
  return Loss(train::KtoSettings{beta, options.desirable_weight, options.undesirable_weight});
}

} // namespace

void add_preference_options(CLI::App &app, PreferenceOptions &options) {
  const auto share = CLI::Range(0.0, 0.5);
  app.add_option("--label_smoothing", options.label_smoothing,
                 "dpo, simpo: share of pairs that are the wrong way round")
      ->check(share);
  app.add_option("--rpo_alpha", options.rpo_alpha, "dpo: weight of the better answer's own −log p");
  app.add_option("--simpo_gamma", options.simpo_gamma, "simpo: the margin wanted between both answers");
  app.add_option("--cpo_alpha", options.cpo_alpha, "simpo: weight of the better answer's own −log p; the paper has 0");
  app.add_option("--desirable_weight", options.desirable_weight, "kto: weight of good answers");
  app.add_option("--undesirable_weight", options.undesirable_weight, "kto: weight of bad answers");
  app.add_option("--ref_adapters", options.ref_adapters,
                 "dpo, kto: the reference has this adapter, that of --adapters; else it is the model without one");
}

Status learn_preferences(const std::string &type, const CLI::App &app, RunOptions &run,
                         const PreferenceOptions &options) {
  const auto loss = loss_of(type, options);
  if (!loss) {
    return loss.error();
  }
  if (!options.ref_adapters.empty() && options.ref_adapters != run.tuning.adapters) {
    return Error{"--ref_adapters can only be the adapter that --adapters starts from: there is one model in memory",
                 "Give the same folder to both, or leave out --ref_adapters"};
  }
  const auto session = Session::open(app, run);
  if (!session) {
    return session.error();
  }
  const auto rows = (*session)->rows(type == "kto" ? sample::Answers::kLabelled : sample::Answers::kPairs);
  if (!rows) {
    return rows.error();
  }
  const auto model = (*session)->model();
  if (!model) {
    return model.error();
  }
  train::PreferenceSettings settings;
  settings.run = (*session)->settings();
  settings.loss = *loss;
  settings.reference_is_start = (*session)->tuning().full || !options.ref_adapters.empty();
  settings.on_reference = [bar = progress_bar("reference")](std::size_t row, std::size_t all) {
    bar(static_cast<double>(row) / static_cast<double>(all));
  };
  return (*session)->finish(
      train::learn_preferences(**model, rows->prepared.rows, rows->validation, settings, (*session)->on_step()));
}

} // namespace yanxing::training
