#include "assistant/rehearsal.h"

#include "action/template.h"
#include "base/log.h"
#include "speech/clauses.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sched.h>

namespace yanxing::assistant {
namespace {

constexpr std::size_t kMostFillings = 24; // of one template

// Values that a placeholder is likely to have; empty where they are not known ahead.
std::vector<Json> likely_values(const Parameter &parameter, const std::vector<Contact> &contacts) {
  if (!parameter.choices.empty()) {
    return parameter.choices;
  }
  std::vector<Json> values;
  if (parameter.kind == ParameterKind::kContact) {
    for (const auto &contact : contacts) {
      values.emplace_back(contact.name);
    }
  } else if (parameter.type == "integer" && parameter.minimum && parameter.maximum) {
    constexpr double kStep = 10;
    for (double value = std::ceil(*parameter.minimum / kStep) * kStep;
         value <= *parameter.maximum && values.size() <= kMostFillings; value += kStep) {
      values.emplace_back(static_cast<long>(value));
    }
  }
  return values;
}

// Every way to fill the template, or none where there are too many or a value is not known ahead.
std::vector<Json> fillings(const ActionSpec &spec, const std::string &pattern, const std::vector<Contact> &contacts) {
  std::vector<Json> filled{Json::object()};
  for (const auto &name : action::placeholders_of(pattern)) {
    const auto *parameter = spec.find(name);
    const auto values = parameter == nullptr ? std::vector<Json>{} : likely_values(*parameter, contacts);
    if (values.empty() || filled.size() * values.size() > kMostFillings) {
      return {};
    }
    std::vector<Json> longer;
    for (const auto &some : filled) {
      for (const auto &value : values) {
        longer.push_back(some);
        longer.back()[name] = value;
      }
    }
    filled = std::move(longer);
  }
  return filled;
}

// The clauses before the first placeholder that end before it does: "好的，已经把{target}…" → "好的，".
std::string fixed_beginning(const std::string &pattern) {
  const auto begin = pattern.substr(0, pattern.find('{'));
  std::string fixed;
  std::string clauses;
  for (const auto &clause : speech::clauses_of(begin + "{")) { // the brace is no speech: it only says that more comes
    fixed = clauses;
    clauses += clause.text;
  }
  return fixed;
}

} // namespace

std::string lead_in(Language language) { return language == Language::kChinese ? "请确认，" : "Please confirm: "; }

std::vector<std::string> sayings_of(const std::vector<ActionSpec> &actions, const std::vector<Contact> &contacts) {
  std::vector<std::string> beginnings{lead_in(Language::kChinese), lead_in(Language::kEnglish)};
  std::vector<std::string> wholes;
  for (const auto &spec : actions) {
    for (const auto &pattern : {spec.say.zh, spec.say.en}) {
      beginnings.push_back(fixed_beginning(pattern));
      for (const auto &values : fillings(spec, pattern, contacts)) {
        wholes.push_back(action::fill_template(pattern, values));
      }
    }
  }
  std::vector<std::string> sayings;
  for (const auto *list : {&beginnings, &wholes}) {
    for (const auto &saying : *list) {
      if (!saying.empty() && std::find(sayings.begin(), sayings.end(), saying) == sayings.end()) {
        sayings.push_back(saying);
      }
    }
  }
  return sayings;
}

Rehearsal::Rehearsal(Opener open, std::vector<std::string> sayings, std::function<bool()> busy)
    : worker_(
          [open = std::move(open), sayings = std::move(sayings), busy = std::move(busy)](const std::stop_token &stop) {
            sched_param none{};
            sched_setscheduler(0, SCHED_IDLE, &none); // of this thread; without effect where it is not allowed
            auto synthesizer = open();
            if (!synthesizer) {
              log_debug("nothing is rehearsed: " + synthesizer.error().message());
              return;
            }
            for (const auto &saying : sayings) {
              while (busy() && !stop.stop_requested()) {
                std::this_thread::sleep_for(std::chrono::milliseconds(200));
              }
              if (stop.stop_requested()) {
                return;
              }
              const auto heard = [&](std::span<const float>) { return !stop.stop_requested() && !busy(); };
              if (auto spoken = (*synthesizer)->speak(saying, heard); !spoken) {
                log_debug("rehearsal stopped: " + spoken.error().message());
                return;
              }
            }
            log_debug("all that can be said ahead is kept");
          }) {}

} // namespace yanxing::assistant
