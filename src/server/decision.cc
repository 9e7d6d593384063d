#include "server/decision.h"

#include "base/log.h"
#include "server/media.h"
#include "text/known_words.h"

#include <algorithm>
#include <chrono>

namespace yanxing::server {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Result<screen::Sight> look(Service &service, Question &question) {
  screen::Sight sight;
  if (question.picture) {
    auto reader = service.reader.take();
    if (!reader) {
      return reader.error();
    }
    return screen::look_at_picture(std::move(*question.picture), **reader);
  }
  if (question.screen) {
    sight.screen = std::move(*question.screen);
  }
  return sight;
}

// Where acting on the decision would not pay, the remote tier is asked, if there is one and this may be sent to it. The
// report as its answer makes it: policy and reply are those of a turn.
void ask_remote(Service &service, const std::vector<ActionSpec> &actions, const std::vector<Contact> &contacts,
                assistant::TurnReport &report) {
  if (!service.remote || report.decision.confidence >= service.acts_above || report.transcript.empty()) {
    return;
  }
  auto answer = service.remote->decide(actions, report.screen, contacts, report.transcript);
  if (!answer) {
    log_warning(answer.error().message());
    return;
  }
  if (answer->confidence <= report.decision.confidence) {
    return;
  }
  report.decision = {std::move(answer->actions), answer->confidence, "remote"};
  report.marked.clear();
  report.policy.clear();
  report.reply.clear();
  for (const auto &action : report.decision.actions) {
    const auto spec =
        std::find_if(actions.begin(), actions.end(), [&](const auto &one) { return one.name == action.name; });
    if (action.name == kNoAction || spec == actions.end()) {
      report.reply = action.reply;
      continue;
    }
    const auto judgement = action::judge(&*spec, action, report.screen, contacts, report.language);
    report.policy.push_back(judgement.reason);
    report.reply = judgement.question;
    if (const auto target = string_or_empty(action.arguments, "target"); report.screen.find(target) != nullptr) {
      report.marked = target;
    }
  }
}

} // namespace

Result<std::string> hear(Service &service, const audio::Clip &clip, std::optional<Language> language,
                         const action::Registry *actions, const Screen *screen, const std::vector<Contact> *contacts) {
  const auto &known_actions = actions != nullptr ? actions->actions() : service.settings.registry.actions();
  auto known = text::known_words(known_actions, screen, contacts != nullptr ? contacts : &service.settings.contacts);
  std::stable_sort(known.begin(), known.end(), [](const auto &a, const auto &b) { return a.weight > b.weight; });
  constexpr std::size_t kMostPhrases = 500;
  speech::HearingOptions options;
  options.language = language;
  for (std::size_t i = 0; i < std::min(known.size(), kMostPhrases); ++i) {
    options.phrases.push_back(known[i].text);
  }
  auto recognizer = service.recognizer.take();
  if (!recognizer) {
    return recognizer.error();
  }
  const auto transcript = (*recognizer)->transcribe(clip, options);
  if (!transcript) {
    return transcript.error();
  }
  auto repairer = service.repairer.take(); // without the pinyin table nothing is repaired
  return repairer ? (*repairer)->repair(transcript->text, known).text : transcript->text;
}

Result<Screen> see(Service &service, const std::string &picture) {
  auto decoded = picture_of(service.settings, picture);
  if (!decoded) {
    return decoded.error();
  }
  auto reader = service.reader.take();
  if (!reader) {
    return reader.error();
  }
  auto sight = screen::look_at_picture(std::move(*decoded), **reader);
  return sight ? Result<Screen>(std::move(sight->screen)) : Result<Screen>(sight.error());
}

Result<assistant::TurnReport> decide(Service &service, Question question) {
  const auto started = Clock::now();
  auto sight = look(service, question);
  if (!sight) {
    return sight.error();
  }
  const double see_ms = ms_since(started);
  std::optional<Desk<speech::Recognizer>::Hold> recognizer;
  if (question.sound) {
    auto taken = service.recognizer.take();
    if (!taken) {
      return taken.error();
    }
    recognizer.emplace(std::move(*taken));
  }
  std::optional<Desk<text::Repairer>::Hold> repairer;
  if (question.repair && service.openers.repairer) {
    if (auto taken = service.repairer.take()) { // without the pinyin table nothing is repaired
      repairer.emplace(std::move(*taken));
    }
  }
  auto mind = service.mind.take();
  if (!mind) {
    return mind.error();
  }
  assistant::Turn::Parts parts;
  parts.mind = &**mind;
  parts.recognizer = recognizer ? &**recognizer : nullptr;
  parts.repairer = repairer ? &**repairer : nullptr;
  parts.registry = question.actions ? &*question.actions : &service.settings.registry;
  const auto contacts = question.contacts ? std::move(*question.contacts) : service.settings.contacts;
  parts.contacts = contacts;
  assistant::Turn turn(std::move(parts));
  turn.remember(std::move(question.history));
  if (auto seen = turn.see(std::move(*sight), see_ms); !seen) {
    return seen.error();
  }
  if (question.sound) {
    if (auto heard = turn.hear(*question.sound, question.language); !heard) {
      return heard.error();
    }
  } else {
    turn.read(question.utterance);
  }
  if (auto decided = turn.decide(); !decided) {
    return decided.error();
  }
  if (auto judged = turn.act(); !judged) { // a dry run: policy and reply, no deed
    return judged.error();
  }
  ask_remote(service, (question.actions ? *question.actions : service.settings.registry).actions(), contacts,
             turn.report());
  turn.report().timings_ms["total"] = ms_since(started);
  return std::move(turn.report());
}

Json decision_json(const Service &service, const assistant::TurnReport &report, bool with_screen) {
  auto json = assistant::to_json(report);
  const auto *target = report.marked.empty() ? nullptr : report.screen.find(report.marked);
  Json answer{{"transcript", json["transcript"]},
              {"decision", json["decision"]},
              {"confidence", json["confidence"]},
              {"tier", json["tier"]},
              {"acts_above", service.acts_above},
              {"policy", report.policy},
              {"outcome", json["outcome"]},
              {"reply", json["reply"]},
              {"target_box", target == nullptr ? Json() : to_json(target->box)},
              {"timings_ms", json["timings_ms"]}};
  if (with_screen) {
    answer["screen"] = json["screen"];
  }
  return answer;
}

} // namespace yanxing::server
