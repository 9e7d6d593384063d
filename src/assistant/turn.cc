#include "assistant/turn.h"

#include "text/known_words.h"

#include <algorithm>
#include <chrono>

namespace yanxing::assistant {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string in(Language language, const char *zh, const char *en) { return language == Language::kChinese ? zh : en; }

} // namespace

Json to_json(const TurnReport &report) {
  Json timings = Json::object();
  for (const auto &[stage, ms] : report.timings_ms) {
    timings[stage] = static_cast<double>(static_cast<long>(ms * 10)) / 10;
  }
  Json json{{"transcript", report.transcript},
            {"screen", yanxing::to_json(report.screen)},
            {"decision", yanxing::to_json(report.decision)},
            {"confidence", report.decision.confidence},
            {"tier", report.decision.tier},
            {"outcome",
             {{"status", std::string(action::status_name(report.outcome.status))}, {"detail", report.outcome.detail}}},
            {"reply", report.reply},
            {"timings_ms", timings}};
  if (!report.repairs.empty()) {
    json["heard"] = report.heard;
  }
  return json;
}

void Turn::begin() { report_ = TurnReport(); }

void Turn::tell(const std::string &stage, const std::string &text) const {
  if (parts_.narrate) {
    parts_.narrate(stage, text);
  }
}

text::TurnContext Turn::context() const {
  return {&parts_.registry->actions(), &sight_.screen, &parts_.contacts, history_};
}

std::vector<text::KnownWord> Turn::known_words() const {
  return text::known_words(parts_.registry->actions(), &sight_.screen, &parts_.contacts);
}

Status Turn::see(screen::Sight sight, double see_ms, const std::stop_token &stop) {
  sight_ = std::move(sight);
  report_.screen = sight_.screen;
  report_.timings_ms["see"] = see_ms;
  const auto started = Clock::now();
  auto ready = parts_.mind->prepare(context(), stop);
  report_.timings_ms["prepare"] = ms_since(started);
  return ready;
}

Status Turn::hear(const audio::Clip &clip, std::optional<Language> language) {
  const auto started = Clock::now();
  speech::HearingOptions options;
  options.language = language;
  constexpr std::size_t kMostPhrases = 500; // people first, then values of closed sets, then labels
  auto known = known_words();
  std::stable_sort(known.begin(), known.end(), [](const auto &a, const auto &b) { return a.weight > b.weight; });
  known.resize(std::min(known.size(), kMostPhrases));
  for (auto &word : known) {
    options.phrases.push_back(std::move(word.text));
  }
  auto transcript = parts_.recognizer->transcribe(clip, options);
  if (!transcript) {
    return transcript.error();
  }
  read(transcript->text);
  if (parts_.keep_sound) {
    report_.sound = clip;
  }
  report_.language = transcript->text.empty() ? report_.language : transcript->language;
  report_.timings_ms["asr"] = ms_since(started);
  return {};
}

void Turn::read(const std::string &text) {
  report_.heard = text;
  report_.transcript = text;
  report_.language = language_of(text);
  if (parts_.repairer != nullptr) {
    auto repaired = parts_.repairer->repair(text, known_words());
    report_.transcript = std::move(repaired.text);
    report_.repairs = std::move(repaired.repairs);
  }
  tell("heard",
       report_.transcript.empty() ? in(report_.language, "（没有听到话）", "(nobody spoke)") : report_.transcript);
  for (const auto &repair : report_.repairs) {
    tell("repaired", repair.from + " → " + repair.to);
  }
}

Status Turn::decide() {
  report_.history = history_;
  auto decided = parts_.mind->decide(context(), report_.transcript);
  if (!decided) {
    return decided.error();
  }
  report_.decision = std::move(decided->decision);
  report_.timings_ms["prefill"] = decided->prefill_ms;
  report_.timings_ms["decode"] = decided->decode_ms;
  tell("decided", dump(yanxing::to_json(report_.decision)));
  return {};
}

Status Turn::act() {
  const auto started = Clock::now();
  parts_.hands.screen = &sight_.screen;
  parts_.hands.picture = &sight_.picture;
  parts_.hands.widgets = &sight_.widgets;
  parts_.hands.grids = &sight_.grids;
  parts_.hands.contacts = &parts_.contacts;
  parts_.hands.language = report_.language;
  std::string replies;
  for (const auto &action : report_.decision.actions) {
    report_.outcome = act_on(action);
    const auto *spec = parts_.registry->find(action.name);
    const auto reply =
        spec == nullptr ? report_.outcome.reply : action::reply_for(*spec, action, report_.outcome, parts_.hands);
    replies += (replies.empty() || report_.language == Language::kChinese ? "" : " ") + reply;
    tell("did", std::string(action::status_name(report_.outcome.status)) + ": " + report_.outcome.detail);
    if (report_.outcome.status != action::OutcomeStatus::kDone &&
        report_.outcome.status != action::OutcomeStatus::kDryRun) {
      break; // what was refused, failed or is in question stops the rest
    }
  }
  report_.reply = replies;
  report_.timings_ms["act"] = ms_since(started);
  constexpr std::size_t kRemembered = 4;
  history_.push_back({report_.transcript, dump(yanxing::to_json(report_.decision))});
  if (history_.size() > kRemembered) {
    history_.erase(history_.begin());
  }
  return {};
}

action::Outcome Turn::act_on(const Action &action) {
  using action::OutcomeStatus;
  using action::Verdict;
  if (action.name == kNoAction) {
    const bool silent = report_.transcript.empty();
    tell("policy", "nothing to do");
    return {OutcomeStatus::kDone, silent ? "nobody spoke" : "no action fits",
            silent ? in(report_.language, "我没有听到您说话。", "I didn't hear anything.") : action.reply, nullptr};
  }
  if (report_.decision.confidence < 1 - parts_.mind->rewards().act_above()) {
    tell("policy", "too unsure to act");
    return {OutcomeStatus::kAsked, "the decision is too unsure",
            in(report_.language, "我没有听明白，请再说一遍。", "I'm not sure what you mean. Please say it again."),
            nullptr};
  }
  const auto *spec = parts_.registry->find(action.name);
  const auto judgement = action::judge(spec, action, sight_.screen, parts_.contacts, report_.language);
  report_.policy.push_back(judgement.reason);
  tell("policy", judgement.reason);
  if (judgement.verdict == Verdict::kRefuse) {
    return {OutcomeStatus::kRefused, judgement.reason,
            judgement.question.empty() ? in(report_.language, "这个不能做。", "I may not do that.")
                                       : judgement.question,
            nullptr};
  }
  if (judgement.verdict == Verdict::kClarify) {
    tell("asked", judgement.question);
    return {OutcomeStatus::kAsked, judgement.reason, judgement.question, nullptr};
  }
  if (const auto target = string_or_empty(action.arguments, "target"); sight_.screen.find(target) != nullptr) {
    report_.marked = target;
  }
  if (parts_.hand == nullptr) {
    return {OutcomeStatus::kDryRun, "dry run: nothing was done", "", nullptr};
  }
  if (judgement.verdict == Verdict::kAsk) {
    tell("asked", judgement.question);
    const auto answer = parts_.confirm ? parts_.confirm(judgement.question) : std::nullopt;
    report_.answer = answer;
    if (!answer) {
      return {OutcomeStatus::kAsked, "waits for a yes: " + judgement.question, judgement.question, nullptr};
    }
    if (!*answer) {
      return {OutcomeStatus::kRefused, "the user said no", in(report_.language, "好，不做了。", "Okay, I won't."),
              nullptr};
    }
  }
  return parts_.hand->perform(*spec, action, parts_.hands);
}

} // namespace yanxing::assistant
