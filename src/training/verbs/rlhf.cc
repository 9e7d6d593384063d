#include "training/gkd_run.h"
#include "training/grpo_run.h"
#include "training/preference_run.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

namespace yanxing::training {
using namespace verb;

namespace {

struct RlhfOptions {
  std::string type = "dpo";
  RunOptions run;
  PreferenceOptions preferences;
  GrpoOptions grpo;
  GkdOptions gkd;
};

void define(CLI::App &app, RlhfOptions &options) {
  app.add_option("--rlhf_type", options.type,
                 "pairs: dpo, orpo, simpo; good and bad answers: kto; trying out: grpo; a teacher: gkd")
      ->check(CLI::IsMember({"dpo", "orpo", "simpo", "kto", "grpo", "gkd"}));
  app.add_option("--beta", options.preferences.beta,
                 "how much the reference holds back; default 0.1, simpo 2, grpo 0.04; gkd: 0 forward KL … 1 "
                 "reverse KL, default 0.5");
  app.add_option("--loss_type", options.preferences.loss_type,
                 "dpo: sigmoid, hinge, ipo; grpo: grpo, bnpo, dr_grpo, dapo, cispo");
  add_preference_options(app, options.preferences);
  add_grpo_options(app, options.grpo);
  add_gkd_options(app, options.gkd);
  add_run_options(app, options.run);
}

Status run(const CLI::App &app, RlhfOptions &options) {
  if (options.type == "grpo") {
    options.grpo.beta = options.preferences.beta;
    options.grpo.loss_type = options.preferences.loss_type;
    return learn_by_trying(app, options.run, options.grpo);
  }
  if (options.type == "gkd") {
    options.gkd.beta = options.preferences.beta.value_or(options.gkd.beta);
    options.gkd.temperature = options.grpo.temperature;
    options.gkd.top_k = options.grpo.top_k;
    return learn_from_teacher(app, options.run, options.gkd);
  }
  return learn_preferences(options.type, app, options.run, options.preferences);
}

} // namespace

Verb make_rlhf_training_verb() {
  return {
      "rlhf",
      "improve a model from answers that are compared, judged, rewarded, or a teacher's",
      "  yanxing rlhf --rlhf_type dpo --dataset pairs.jsonl --output_dir output/dpo\n"
      "  yanxing rlhf --rlhf_type dpo --dataset pairs.jsonl --adapters output/agent/checkpoint-90 \\\n"
      "      --ref_adapters output/agent/checkpoint-90 --rpo_alpha 1\n"
      "  yanxing rlhf --rlhf_type simpo --dataset pairs.jsonl --beta 2 --simpo_gamma 1 --cpo_alpha 0\n"
      "  yanxing rlhf --rlhf_type kto --dataset judged.jsonl --desirable_weight 1 --undesirable_weight 0.5\n"
      "  yanxing rlhf --rlhf_type grpo --dataset commands.jsonl --num_generations 8 --beta 0.04 \\\n"
      "      --reward '{\"success\":1,\"wrong_action\":-5,\"ask\":-0.1,\"abstain\":0}'\n"
      "  yanxing rlhf --rlhf_type gkd --teacher_model qwen2.5-1.5b --dataset commands.jsonl --lmbda 0.5 --beta 0.5\n"
      "A pair: {\"messages\":[…],\"rejected_response\":\"…\"} or "
      "{\"transcript\":…,\"action\":…,\"rejected_action\":…};\n"
      "for kto also {…,\"label\":true} or false.",
      [](CLI::App &app) -> std::function<Status()> {
        auto options = std::make_shared<RlhfOptions>();
        define(app, *options);
        return [options, &app]() -> Status { return run(app, *options); };
      },
      "",
      true};
}

} // namespace yanxing::training
