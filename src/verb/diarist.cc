#include "verb/diarist.h"

#include "action/executor.h"
#include "action/overlay.h"
#include "base/log.h"
#include "text/correction.h"

namespace yanxing::verb {

Result<std::unique_ptr<Diarist>> Diarist::open(const std::filesystem::path &file,
                                               const std::vector<Contact> &contacts) {
  auto diary = diary::Diary::open(file);
  if (!diary) {
    return diary.error();
  }
  return std::unique_ptr<Diarist>(new Diarist(std::move(*diary), contacts));
}

Diarist::Diarist(std::unique_ptr<diary::Diary> diary, const std::vector<Contact> &contacts)
    : diary_(std::move(diary)), contacts_(Json::array()) {
  for (const auto &contact : contacts) {
    contacts_.push_back(to_json(contact));
  }
}

void Diarist::note(const assistant::TurnReport &report, const action::Registry &registry,
                   const std::optional<Decision> &proposed) {
  if (report.transcript.empty() || report.outcome.status == action::OutcomeStatus::kDryRun) {
    return; // nobody spoke, or nothing was done
  }
  if (auto written = write(report, registry, proposed); !written) {
    log_warning("this turn is not kept: " + written.error().message());
  }
}

void Diarist::undone() {
  if (last_ > 0) {
    if (auto marked = diary_->set_status(std::exchange(last_, 0), "undone"); !marked) {
      log_warning("that the last turn was taken back is not kept: " + marked.error().message());
    }
  }
}

Status Diarist::write(const assistant::TurnReport &report, const action::Registry &registry,
                      const std::optional<Decision> &proposed) {
  const auto &first = report.decision.actions.front();
  if (last_ > 0 && first.name == "undo") {
    undone();
    return {};
  }
  diary::Entry entry;
  entry.language = language_code(report.language);
  entry.heard = report.heard;
  entry.transcript = report.transcript;
  for (const auto &turn : report.history) {
    auto decision = parse_json(turn.decision, "the last turn");
    entry.history.push_back(
        {{"transcript", turn.utterance}, {"action", decision ? std::move(*decision) : Json(turn.decision)}});
  }
  entry.screen = report.screen.elements.empty() ? Json() : to_json(report.screen);
  entry.actions = Json::array();
  for (const auto &spec : registry.actions()) {
    entry.actions.push_back(action::json_of(spec));
  }
  entry.contacts = contacts_;
  const auto &decided = proposed ? *proposed : report.decision;
  entry.decision = to_json(decided);
  entry.confidence = decided.confidence;
  entry.tier = decided.tier;
  entry.status = action::status_name(report.outcome.status);
  entry.agreed = report.answer.value_or(false);
  entry.declined = report.answer.has_value() && !*report.answer;
  if (!report.sound.samples.empty()) {
    auto wav = audio::encode_clip(audio::resample(report.sound, audio::kSpeechRateHz), "wav");
    if (!wav) {
      return wav.error();
    }
    entry.wav = std::move(*wav);
  }
  const bool corrects = last_ > 0 && first.name != kNoAction && text::corrects_last_turn(report.transcript) &&
                        !(last_action_ && text::is_change_of_mind(last_words_, *last_action_, first));
  if (corrects) {
    if (auto put_right = diary_->correct(last_, to_json(report.decision)); !put_right) {
      return put_right;
    }
  }
  const auto kept = diary_->keep(entry);
  if (!kept) {
    return kept.error();
  }
  if (proposed) {
    if (auto put_right = diary_->correct(*kept, to_json(report.decision)); !put_right) {
      return put_right;
    }
  }
  last_ = *kept;
  last_words_ = report.transcript;
  last_action_ = report.decision.actions.size() == 1 ? std::optional(first) : std::nullopt;
  return {};
}

} // namespace yanxing::verb
