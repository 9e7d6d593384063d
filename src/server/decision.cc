#include "server/decision.h"

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

} // namespace

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
  parts.contacts = question.contacts ? std::move(*question.contacts) : service.settings.contacts;
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
