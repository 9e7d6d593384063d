#include "verb/evaluation.h"

#include "eval/scorer.h"
#include "eval/text_errors.h"

#include <chrono>

namespace yanxing::verb {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Status hear(const eval::Row &row, assistant::Turn &turn) {
  if (!row.transcript.empty() || row.audio.empty()) {
    turn.read(row.transcript);
    return {};
  }
  const auto clip = audio::read_clip(row.audio);
  return clip ? turn.hear(*clip, row.language) : Status(clip.error());
}

Json line_of(const eval::Row &row, const assistant::TurnReport &report, bool only_hearing,
             const action::Registry &registry, const std::vector<Contact> &contacts, eval::RowResult &result) {
  const auto whole = assistant::to_json(report);
  Json line{{"id", row.id}, {"transcript", report.transcript}};
  result.timings_ms = report.timings_ms;
  if (row.gold_text) {
    result.language = row.language.value_or(language_of(*row.gold_text));
    result.text = eval::text_errors(*row.gold_text, report.transcript, result.language);
  }
  if (!only_hearing) {
    const auto *target = report.screen.find(string_or_empty(report.decision.actions.front().arguments, "target"));
    result.tier = report.decision.tier;
    result.confidence = report.decision.confidence;
    line["action"] = whole["decision"];
    line["confidence"] = report.decision.confidence;
    line["tier"] = report.decision.tier;
    line["target_box"] = target == nullptr || target->box.empty() ? Json() : to_json(target->box);
    line["reply"] = report.reply;
    if (row.gold) {
      eval::Prediction prediction{report.decision.actions, report.outcome.status == action::OutcomeStatus::kAsked, {}};
      if (target != nullptr) {
        prediction.target_box = target->box;
      }
      result.score = eval::score(*row.gold, prediction, {&registry, &contacts});
      line["right"] = result.score->exact;
    }
  }
  line["timings_ms"] = whole["timings_ms"];
  return line;
}

} // namespace

Evaluation::Evaluation(const DecidingOptions &options, bool repair, Settings settings)
    : options_(options), repair_(repair), settings_(std::move(settings)) {}

Result<Json> Evaluation::predict(const eval::Row &row, eval::RowResult &result) {
  const auto started = Clock::now();
  const bool only_hearing = row.gold_text && !row.gold; // its actions and contacts are then only known words
  const auto registry = registry_of(row);
  if (!registry) {
    return registry.error();
  }
  assistant::Turn::Parts parts;
  parts.registry = *registry;
  parts.contacts = row.contacts.value_or(std::vector<Contact>{});
  if (auto opened = open_parts(row, only_hearing, parts); !opened) {
    return opened.error();
  }
  const auto contacts = parts.contacts;
  assistant::Turn turn(std::move(parts));
  turn.begin();
  turn.remember(row.history);
  if (!only_hearing) {
    auto sight = sight_of(row);
    if (!sight) {
      return sight.error();
    }
    const double see_ms = ms_since(started);
    if (auto seen = turn.see(std::move(*sight), see_ms); !seen) {
      return seen.error();
    }
  }
  const auto end_of_speech = Clock::now();
  if (auto heard = hear(row, turn); !heard) {
    return heard.error();
  }
  if (!only_hearing) {
    if (auto decided = turn.decide(); !decided) {
      return decided.error();
    }
    if (auto acted = turn.act(); !acted) { // a dry run: policy and reply, no deed
      return acted.error();
    }
  }
  turn.report().timings_ms["total"] = ms_since(end_of_speech);
  return line_of(row, turn.report(), only_hearing, **registry, contacts, result);
}

Result<const action::Registry *> Evaluation::registry_of(const eval::Row &row) {
  const auto keep = [&](const std::string &key, Result<action::Registry> made) -> Result<const action::Registry *> {
    if (!made) {
      return made.error();
    }
    return &(registries_[key] = std::move(*made));
  };
  if (!row.actions.is_null() && !row.actions.is_string()) {
    return keep("inline", action::Registry::from_json(row.actions, row.id + ": actions"));
  }
  const auto path = row.actions.is_string() ? row.actions.get<std::string>() : options_.actions;
  const auto known = registries_.find("path " + path);
  return known != registries_.end() ? Result<const action::Registry *>(&known->second)
                                    : keep("path " + path, open_registry(path));
}

Status Evaluation::open_parts(const eval::Row &row, bool only_hearing, assistant::Turn::Parts &parts) {
  if (repair_ && !repairer_) {
    auto repairer = open_repairer();
    if (!repairer) {
      return repairer.error();
    }
    repairer_ = std::move(*repairer);
  }
  if (!row.audio.empty() && !recognizer_) {
    auto recognizer = open_recognizer(settings_, options_.threads);
    if (!recognizer) {
      return recognizer.error();
    }
    recognizer_ = std::move(*recognizer);
  }
  if (!only_hearing && !mind_) {
    auto mind = open_mind(options_, settings_, false);
    if (!mind) {
      return mind.error();
    }
    mind_ = std::move(*mind);
  }
  parts.mind = mind_.get();
  parts.recognizer = recognizer_.get();
  parts.repairer = repairer_.get();
  return {};
}

Result<screen::Sight> Evaluation::sight_of(const eval::Row &row) {
  screen::Sight sight;
  if (!row.screen.is_null()) {
    auto seen = screen_from_json(row.screen, row.id);
    if (!seen) {
      return seen.error();
    }
    sight.screen = std::move(*seen);
    return sight;
  }
  if (row.screenshot.empty()) {
    return sight;
  }
  auto picture = screen::read_picture(row.screenshot);
  if (!picture) {
    return picture.error();
  }
  if (!reader_) {
    reader_ = open_text_reader(options_.threads);
  }
  return screen::look_at_picture(std::move(*picture), *reader_);
}

eval::RowResult failed_row(const Result<eval::Row> &row) {
  eval::RowResult result;
  result.failed = true;
  if (row && row->gold) {
    result.score = eval::score(*row->gold, {});
  }
  if (row && row->gold_text) {
    result.language = row->language.value_or(language_of(*row->gold_text));
    result.text = eval::text_errors(*row->gold_text, "", result.language);
  }
  return result;
}

} // namespace yanxing::verb
