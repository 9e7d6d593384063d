#include "llm/decider.h"

#include "base/log.h"
#include "llm/writer.h"

#include "text/polite.h"
#include "text/requests.h"

#include <chrono>
#include <cmath>

namespace yanxing::llm {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Decision nothing(const std::string &tier, const std::string &utterance, double confidence) {
  return {{Action{std::string(kNoAction), Json::object(), text::reply_to_nothing(utterance)}}, confidence, tier};
}

} // namespace

Decider::Decider(std::unique_ptr<Engine> engine, DeciderSettings settings)
    : engine_(std::move(engine)), settings_(std::move(settings)) {
  instructions_ = tokens_of(text::instructions_part());
}
Decider::~Decider() = default;

std::vector<Token> Decider::tokens_of(const std::vector<text::Piece> &pieces) const {
  std::vector<Token> tokens;
  for (const auto &piece : pieces) {
    const auto part = engine_->tokenize(piece.text, piece.special);
    tokens.insert(tokens.end(), part.begin(), part.end());
  }
  return tokens;
}

std::vector<Token> Decider::with_functions(const text::TurnContext &context) const {
  auto tokens = instructions_;
  const auto functions = tokens_of(text::functions_part(*context.actions));
  tokens.insert(tokens.end(), functions.begin(), functions.end());
  return tokens;
}

// A prefix that is the same from day to day is computed once a machine: its state is read from a file afterwards.
void Decider::hold_kept(const std::vector<Token> &prefix) {
  std::size_t hash = 0;
  for (const auto token : prefix) {
    hash = hash * 1000003U + static_cast<std::size_t>(token);
  }
  const auto file = settings_.kept_prefixes / (engine_->fingerprint() + "-" + std::to_string(hash) + ".kv");
  if (engine_->load_prefix(file, prefix)) {
    return;
  }
  if (engine_->hold(prefix)) {
    if (const auto kept = engine_->save_prefix(file); !kept) {
      log_debug(kept.error().message());
    }
  }
}

Status Decider::prepare(const text::TurnContext &context, const std::stop_token &stop) {
  auto tokens = with_functions(context);
  if (engine_->held_tokens() == 0 && !settings_.kept_prefixes.empty()) {
    hold_kept(settings_.keep_functions ? tokens : instructions_);
  }
  for (const auto &part : {tokens_of(text::context_part(context)), engine_->tokenize(text::kUtteranceLead, false)}) {
    tokens.insert(tokens.end(), part.begin(), part.end());
  }
  const auto work = engine_->hold(tokens, stop);
  return work ? Status() : Status(work.error());
}

Result<Decided> Decider::decide(const text::TurnContext &context, const std::string &utterance) {
  Decided decided;
  decided.decision = nothing(settings_.tier, utterance, 1);
  if (utterance.find_first_not_of(" \t\n") == std::string::npos) {
    return decided;
  }
  // A compound sentence is decided request by request; each sees the ones before it as turns that were just taken.
  auto so_far = context;
  std::vector<Action> actions;
  double log_probability = 0;
  for (const auto &request : text::split_requests(utterance, *context.actions)) {
    auto part = decide_one(so_far, request, decided);
    if (!part) {
      return part.error();
    }
    log_probability += part->log_probability;
    so_far.history.push_back({request, text::answer_text(part->actions)});
    actions.insert(actions.end(), part->actions.begin(), part->actions.end());
  }
  decided.decision.confidence = std::exp(log_probability);
  if (!actions.empty()) {
    decided.decision.actions = std::move(actions);
  }
  return decided;
}

Result<Decider::Part> Decider::decide_one(const text::TurnContext &context, const std::string &request, Decided &sum) {
  const auto started = Clock::now();
  if (engine_->held_tokens() == 0) { // else the cache serves what it can
    if (auto ready = prepare(context); !ready) {
      return ready.error();
    }
  }
  auto prompt = with_functions(context);
  for (const auto &pieces :
       {text::context_part(context), text::utterance_part(request, unlisted_candidates(context, request))}) {
    const auto part = tokens_of(pieces);
    prompt.insert(prompt.end(), part.begin(), part.end());
  }
  sum.prompt_tokens += static_cast<int>(prompt.size());
  // The prompt and the answer as far as the words tell it in one pass: each pass costs as much as several tokens.
  const WritingBias bias{settings_.none_bias, settings_.evidence_bias};
  Guide sketch(*engine_, prompt, Guide::Source::kEvidence);
  (void)write_actions(sketch, context, request, bias); // ends where the words do not tell
  const auto last = sketch.choices().empty() ? prompt.size() : sketch.choices().back(); // what follows costs nothing
  const auto asked = std::span(sketch.tokens()).first(last);
  const auto held = engine_->hold(asked, {}, sketch.choices());
  if (!held) {
    return held.error();
  }
  sum.computed_tokens += held->computed;
  sum.prefill_ms += ms_since(started);

  const auto writing = Clock::now();
  Guide guide(*engine_, std::move(prompt));
  auto actions = write_actions(guide, context, request, bias);
  if (!actions) {
    return actions.error();
  }
  sum.decode_ms += ms_since(writing);
  sum.sampled_tokens += guide.sampled_tokens();
  sum.forced_tokens += guide.forced_tokens();
  return Part{std::move(*actions), guide.log_probability()};
}

} // namespace yanxing::llm
