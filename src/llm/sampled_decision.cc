#include "llm/sampled_decision.h"

#include "llm/writer.h"
#include "text/requests.h"

namespace yanxing::llm {
namespace {

std::vector<Token> prompt_of(const Engine &engine, const text::TurnContext &context, const std::string &request) {
  std::vector<Token> prompt;
  for (const auto &pieces :
       {text::instructions_part(), text::functions_part(*context.actions), text::context_part(context),
        text::utterance_part(request, unlisted_candidates(context, request))}) {
    for (const auto &piece : pieces) {
      const auto part = engine.tokenize(piece.text, piece.special);
      prompt.insert(prompt.end(), part.begin(), part.end());
    }
  }
  return prompt;
}

} // namespace

Result<SampledDecision> sample_decision(Engine &engine, const text::TurnContext &context, const std::string &utterance,
                                        const DrawSettings &settings, std::uint64_t seed) {
  Drawing drawing;
  drawing.temperature = settings.temperature;
  drawing.most = settings.most;
  drawing.random.seed(seed);
  SampledDecision decision;
  auto so_far = context;
  for (const auto &request : text::split_requests(utterance, *context.actions)) {
    const auto prompt = prompt_of(engine, so_far, request);
    Guide guide(engine, prompt);
    guide.draw_with(&drawing);
    auto actions = write_actions(guide, so_far, request, {settings.none_bias, settings.evidence_bias});
    if (!actions) {
      return actions.error();
    }
    SampledRequest sampled{guide.tokens(), prompt.size(), std::move(drawing.drawn)};
    drawing.drawn.clear();
    sampled.tokens.push_back(engine.end_of_turn());
    decision.requests.push_back(std::move(sampled));
    so_far.history.push_back({request, text::answer_text(*actions)});
    decision.actions.insert(decision.actions.end(), actions->begin(), actions->end());
  }
  return decision;
}

} // namespace yanxing::llm
