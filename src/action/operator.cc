#include "action/executor.h"
#include "action/template.h"
#include "base/files.h"
#include "base/log.h"
#include "text/utf8.h"

#include <algorithm>

namespace yanxing::action {

#define YANXING_DECLARE(name) std::unique_ptr<Executor> make_##name##_executor();
#include "executor_table.inc"
#undef YANXING_DECLARE

std::vector<std::unique_ptr<Executor>> make_all_executors() {
  std::vector<std::unique_ptr<Executor>> all;
#define YANXING_ENTRY(name) all.push_back(make_##name##_executor());
#include "executor_table.inc"
#undef YANXING_ENTRY
  return all;
}

namespace {

// "builtin:share" for {"builtin":"share"}, else the way itself: "command", "http", "mqtt".
std::string executor_name(const Json &run) {
  if (!run.is_object() || run.empty()) {
    return "";
  }
  const auto &way = run.begin().key();
  return way == "builtin" ? "builtin:" + run.begin().value().get<std::string>() : way;
}

std::filesystem::path journal_of(const Hands &hands) { return hands.state / "undo.jsonl"; }

std::vector<Json> read_journal(const Hands &hands) {
  std::vector<Json> entries;
  const auto text = read_file(journal_of(hands));
  std::size_t at = 0;
  while (text && at < text->size()) {
    auto end = text->find('\n', at);
    end = end == std::string::npos ? text->size() : end;
    if (auto entry = parse_json(std::string_view(*text).substr(at, end - at), "undo.jsonl")) {
      entries.push_back(std::move(*entry));
    }
    at = end + 1;
  }
  return entries;
}

void write_journal(const Hands &hands, std::vector<Json> entries) {
  constexpr std::size_t kMost = 50;
  if (entries.size() > kMost) {
    entries.erase(entries.begin(), entries.end() - kMost);
  }
  std::string text;
  for (const auto &entry : entries) {
    text += dump(entry) + "\n";
  }
  if (const auto written = write_file(journal_of(hands), text, 0600); !written) {
    log_warning("this action cannot be undone later: " + written.error().message());
  }
}

} // namespace

std::string_view status_name(OutcomeStatus status) {
  switch (status) {
  case OutcomeStatus::kDone:
    return "done";
  case OutcomeStatus::kQueued:
    return "queued";
  case OutcomeStatus::kRefused:
    return "refused";
  case OutcomeStatus::kAsked:
    return "asked";
  case OutcomeStatus::kDryRun:
    return "dry_run";
  case OutcomeStatus::kFailed:
    break;
  }
  return "failed";
}

Outcome failed(const Hands &hands, const std::string &detail, const std::string &zh, const std::string &en) {
  return {OutcomeStatus::kFailed, detail, hands.language == Language::kChinese ? zh : en, nullptr};
}

Outcome Executor::undo(const Json & /*data*/, Hands &hands) {
  return failed(hands, std::string(name()) + " cannot be undone", "这一步不能撤销。", "That can't be undone.");
}

Operator::Operator() : executors_(make_all_executors()) {}
Operator::~Operator() = default;

namespace {

Executor *executor_for(const std::vector<std::unique_ptr<Executor>> &executors, const std::string &wanted) {
  const auto found =
      std::find_if(executors.begin(), executors.end(), [&](const auto &e) { return e->name() == wanted; });
  return found == executors.end() ? nullptr : found->get();
}

// The boundary of all executors: whatever goes wrong inside is an outcome, never the end of the program.
template <class Work> Outcome guarded(const Hands &hands, Work &&work) {
  try {
    return work();
  } catch (const std::exception &fatal) {
    return failed(hands, std::string("this went wrong inside: ") + fatal.what(), "出了点问题，没有做成。",
                  "Something went wrong; it was not done.");
  }
}

// An action file's own "undo": {"command":…}, {"http":…} or {"mqtt":…}, filled with the arguments of what was done.
bool is_way(const Json &undo) {
  return undo.is_object() && undo.size() == 1 &&
         (undo.contains("command") || undo.contains("http") || undo.contains("mqtt"));
}

} // namespace

Outcome Operator::perform(const ActionSpec &spec, const Action &action, Hands &hands) {
  const auto wanted = executor_name(spec.run);
  if (wanted == "builtin:undo") {
    return undo_last(hands);
  }
  auto *executor = executor_for(executors_, wanted);
  if (executor == nullptr) {
    return failed(hands,
                  wanted.empty() ? "the action \"" + spec.name + "\" does not say how it runs"
                                 : "there is no way to run " + wanted,
                  "我知道要做什么，但是不会做。", "I know what you want, but not how to do it.");
  }
  auto outcome = guarded(hands, [&] { return executor->execute(spec, action, hands); });
  const bool acted = outcome.status == OutcomeStatus::kDone || outcome.status == OutcomeStatus::kQueued;
  if (acted && outcome.undo.is_null() && is_way(spec.undo)) {
    outcome.undo = {{"run", spec.undo}, {"arguments", action.arguments}};
  }
  if (acted && !outcome.undo.is_null()) {
    auto entries = read_journal(hands);
    entries.push_back({{"executor", wanted}, {"action", to_json(action)}, {"undo", outcome.undo}});
    write_journal(hands, std::move(entries));
  }
  return outcome;
}

Outcome Operator::undo_last(Hands &hands) {
  auto entries = read_journal(hands);
  if (entries.empty()) {
    return failed(hands, "there is nothing to undo", "没有可以撤销的操作。", "There is nothing to undo.");
  }
  const auto last = entries.back();
  entries.pop_back();
  write_journal(hands, std::move(entries)); // before it is tried: what cannot be undone must not block what was before
  const auto wanted = string_or_empty(last, "executor");
  const auto undo = last.value("undo", Json());
  const bool own_way = undo.is_object() && is_way(undo.value("run", Json()));
  auto *executor = executor_for(executors_, own_way ? executor_name(undo["run"]) : wanted);
  if (executor == nullptr) {
    return failed(hands, "what was done by " + wanted + " cannot be undone", "这一步不能撤销。",
                  "That can't be undone.");
  }
  auto outcome = guarded(hands, [&] {
    if (!own_way) {
      return executor->undo(undo, hands);
    }
    ActionSpec spec;
    spec.name = "undo";
    spec.run = undo["run"];
    return executor->execute(spec, {spec.name, undo.value("arguments", Json::object()), ""}, hands);
  });
  outcome.undo = nullptr;
  return outcome;
}

namespace {

// What is spoken of an element is its label, not its id, and not a page of text.
std::string label_of(const Element &element) {
  constexpr std::size_t kMost = 40;
  const auto characters = text::to_code_points(element.name);
  return characters.size() <= kMost ? element.name
                                    : text::to_utf8(std::u32string_view(characters).substr(0, kMost)) + "…";
}

} // namespace

std::string reply_for(const ActionSpec &spec, const Action &action, const Outcome &outcome, const Hands &hands) {
  if (!outcome.reply.empty()) {
    return outcome.reply;
  }
  const bool zh = hands.language == Language::kChinese;
  if (outcome.status == OutcomeStatus::kDryRun) {
    return zh ? "这是演练，没有执行。" : "This was a dry run; nothing was done.";
  }
  const auto &pattern = spec.say.in(hands.language);
  if (outcome.status != OutcomeStatus::kDone && outcome.status != OutcomeStatus::kQueued) {
    return zh ? "没有做成。" : "That didn't work."; // never the words of success
  }
  if (pattern.empty()) {
    return zh ? "好了。" : "Done.";
  }
  auto arguments = action.arguments;
  for (const auto &parameter : spec.parameters) {
    if (parameter.kind == ParameterKind::kElement && hands.screen != nullptr && arguments.contains(parameter.name)) {
      const auto *element = hands.screen->find(string_or_empty(arguments, parameter.name.c_str()));
      if (element != nullptr && !element->name.empty()) {
        arguments[parameter.name] = label_of(*element);
      }
    }
  }
  return fill_template(pattern, arguments);
}

} // namespace yanxing::action
