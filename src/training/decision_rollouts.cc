#include "training/decision_rollouts.h"

#include "sample/dataset.h"
#include "text/known_words.h"

#include <algorithm>

namespace yanxing::training {
namespace {

std::vector<std::int64_t> wide(std::span<const llm::Token> tokens) { return {tokens.begin(), tokens.end()}; }

bool does_nothing(const std::vector<Action> &actions) {
  return std::all_of(actions.begin(), actions.end(), [](const Action &action) { return action.name == kNoAction; });
}

} // namespace

train::Written written_of(const llm::SampledRequest &sampled) {
  train::Written written{wide(sampled.tokens), sampled.prompt, {}};
  for (const auto &drawn : sampled.drawn) {
    train::Choice choice{
        wide(std::span(drawn.context).subspan(sampled.prompt)), {}, drawn.taken, drawn.log_probability};
    for (const auto &candidate : drawn.candidates) {
      choice.candidates.push_back({candidate.token, candidate.bias});
    }
    written.choices.push_back(std::move(choice));
  }
  return written;
}

Result<std::unique_ptr<DecisionRollouts>>
DecisionRollouts::open(const std::vector<std::string> &datasets, LiveEngine engine, eval::Rewards rewards,
                       const action::Registry *own, const text::Repairer *repairer,
                       const DecisionRolloutSettings &settings, const std::function<void(const Error &)> &on_bad) {
  std::unique_ptr<DecisionRollouts> rollouts(new DecisionRollouts(std::move(engine), std::move(rewards), settings));
  for (const auto &name : datasets) {
    auto reader = sample::SampleReader::open(name);
    if (!reader) {
      return reader.error();
    }
    while (const auto sample = reader->next()) {
      const auto added = *sample ? rollouts->add(**sample, own, repairer) : Status(sample->error());
      if (!added) {
        on_bad(added.error());
      }
    }
  }
  if (rollouts->rows_.empty()) {
    return Error{"the data sets hold no decision to try out",
                 R"(grpo takes rows of {"transcript":…,"action":…,"actions":…}, as 'yanxing data make' writes them)"};
  }
  return rollouts;
}

Result<const action::Registry *> DecisionRollouts::registry_of(const eval::Row &row, const action::Registry *own) {
  if (row.actions.is_null()) {
    return own;
  }
  const auto key = row.actions.dump();
  auto found = registries_.find(key);
  if (found == registries_.end()) {
    auto made = row.actions.is_string() ? action::Registry::load(row.actions.get<std::string>())
                                        : action::Registry::from_json(row.actions, "actions");
    if (!made) {
      return made.error();
    }
    found = registries_.emplace(key, std::move(*made)).first;
  }
  return &found->second;
}

Status DecisionRollouts::add(const sample::Sample &sample, const action::Registry *own,
                             const text::Repairer *repairer) {
  if (!sample.decision || sample.decision->transcript.empty()) {
    return Error{sample.where + R"(: grpo takes decisions with a "transcript", no conversations)", ""};
  }
  auto prompt = std::make_unique<Prompt>();
  prompt->row = *sample.decision;
  const auto registry = registry_of(prompt->row, own);
  if (!registry) {
    return Error{sample.where + ": " + registry.error().what, registry.error().hint};
  }
  prompt->registry = *registry;
  if (!prompt->row.screen.is_null()) {
    auto seen = screen_from_json(prompt->row.screen, sample.where);
    if (!seen) {
      return seen.error();
    }
    prompt->screen = std::move(*seen);
  }
  prompt->contacts = prompt->row.contacts.value_or(std::vector<Contact>{});
  const auto known = text::known_words((*registry)->actions(), &prompt->screen, &prompt->contacts);
  prompt->words = repairer == nullptr ? prompt->row.transcript : repairer->repair(prompt->row.transcript, known).text;
  rows_.push_back(std::move(prompt));
  return {};
}

Result<std::vector<train::Rollout>> DecisionRollouts::collect(const nn::Model &model,
                                                              std::span<const std::size_t> prompts, std::size_t count,
                                                              std::uint64_t seed) {
  const auto engine = engine_.with_adapter_of(model);
  if (!engine) {
    return engine.error();
  }
  std::vector<train::Rollout> rollouts;
  std::vector<const Prompt *> of;
  std::vector<std::string> texts;
  for (const auto index : prompts) {
    const auto &prompt = *rows_[index];
    const text::TurnContext context{&prompt.registry->actions(), &prompt.screen, &prompt.contacts, prompt.row.history};
    for (std::size_t i = 0; i < count; ++i) {
      auto sampled =
          llm::sample_decision(**engine, context, prompt.words, settings_.drawing, (seed * 31 + index) * 1000003U + i);
      if (!sampled) {
        return Error{prompt.row.id + ": " + sampled.error().what, sampled.error().hint};
      }
      train::Rollout rollout;
      for (const auto &request : sampled->requests) {
        rollout.tokens += static_cast<std::int64_t>(request.tokens.size() - request.prompt);
        rollout.written.push_back(written_of(request));
      }
      rollout.finished = rollout.tokens <= settings_.longest;
      rollout.abstained = does_nothing(sampled->actions);
      texts.push_back(text::answer_text(sampled->actions));
      rollout.record = {{"utterance", prompt.words}, {"completion", texts.back()}};
      rollouts.push_back(std::move(rollout));
      of.push_back(&prompt);
    }
  }
  if (auto rewarded = reward(rollouts, of, texts); !rewarded) {
    return rewarded.error();
  }
  return rollouts;
}

Status DecisionRollouts::reward(std::vector<train::Rollout> &rollouts, const std::vector<const Prompt *> &prompts,
                                const std::vector<std::string> &texts) {
  eval::RewardBatch batch;
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    const auto &row = prompts[i]->row;
    batch.push_back({texts[i],
                     rollouts[i].tokens,
                     rollouts[i].finished,
                     &row.raw,
                     row.gold ? &*row.gold : nullptr,
                     {prompts[i]->registry, &prompts[i]->contacts},
                     {}});
  }
  auto given = rewards_(batch);
  if (!given) {
    return given.error();
  }
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    rollouts[i].reward = given->total[i];
    for (const auto &[name, values] : given->functions) {
      rollouts[i].rewards.emplace_back(name, values[i]);
    }
  }
  return {};
}

} // namespace yanxing::training
