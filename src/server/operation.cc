#include "server/operation.h"

#include "base/files.h"
#include "base/log.h"
#include "base/paths.h"
#include "screen/look.h"
#include "server/decision.h"
#include "server/realtime_reply.h"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <unistd.h>

namespace yanxing::server {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::filesystem::path journal_file() { return state_folder() / "activity.jsonl"; }

Json entry_of(const std::string &what, const std::string &transcript, const Json &decision,
              const action::Outcome &outcome, const std::string &reply) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {{"at_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now).count()},
          {"what", what},
          {"transcript", transcript},
          {"decision", decision},
          {"outcome", {{"status", std::string(action::status_name(outcome.status))}, {"detail", outcome.detail}}},
          {"reply", reply}};
}

} // namespace

Result<std::unique_lock<std::timed_mutex>> Operation::turn() {
  constexpr auto kPatience = std::chrono::seconds(60);
  std::unique_lock lock(mutex_, kPatience);
  if (!lock.owns_lock()) {
    return Error{"another turn is being worked on", "Try again when it has ended"};
  }
  return lock;
}

void Operation::open_desktop() {
  if (opened_ && display_) {
    return; // else tried again: a desktop may have come up since
  }
  opened_ = true;
  if (!service_.settings.hands) {
    why_ = "this server was started with --no-hands";
    return;
  }
  if (auto display = os::open_display(screen::read_picture)) {
    display_ = std::move(*display);
    why_.clear();
  } else {
    why_ = display.error().message();
    return;
  }
  if (auto input = os::open_input()) {
    input_ = std::move(*input);
  }
  if (auto accessibility = os::open_accessibility()) {
    accessibility_ = std::move(*accessibility);
  } else {
    log_debug(accessibility.error().message());
  }
}

Json Operation::state() {
  const auto lock = turn();
  if (!lock) {
    return {{"display", display_ != nullptr}, {"busy", true}};
  }
  open_desktop();
  return {{"display", display_ != nullptr}, {"accessibility", accessibility_ != nullptr}, {"why", why_}};
}

Result<Json> Operation::look() {
  const auto lock = turn();
  if (!lock) {
    return lock.error();
  }
  open_desktop();
  const auto started = Clock::now();
  proposal_.reset();
  look_.reset();
  screen::Sight sight;
  if (display_) {
    auto reader = service_.reader.take();
    auto seen = screen::look_at_desktop(*display_, accessibility_.get(), reader ? &**reader : nullptr);
    if (!seen) {
      return seen.error();
    }
    sight = std::move(*seen);
  }
  look_ = Look{realtime_id("look_"), std::move(sight)};
  return Json{{"look", look_->id},
              {"screen", to_json(look_->sight.screen)},
              {"has_picture", !look_->sight.picture.empty()},
              {"why", why_},
              {"see_ms", ms_since(started)}};
}

Result<std::string> Operation::picture(const std::string &look) {
  Picture picture;
  {
    const auto lock = turn();
    if (!lock) {
      return lock.error();
    }
    if (!look_ || look_->id != look || look_->sight.picture.empty()) {
      return Error{"that look is over", "Look again"};
    }
    picture = look_->sight.picture;
  }
  const auto file = std::filesystem::temp_directory_path() / (realtime_id("yanxing-") + ".png");
  const auto written = screen::write_png(file, picture);
  auto bytes = written ? read_file(file) : Result<std::string>(written.error());
  std::error_code code;
  std::filesystem::remove(file, code);
  return bytes;
}

Status Operation::prepare(const std::string &look) {
  const auto lock = turn();
  if (!lock) {
    return lock.error();
  }
  if (!look_ || look_->id != look) {
    return {}; // nothing is lost: it is computed when it is needed
  }
  auto mind = service_.mind.take();
  if (!mind) {
    return mind.error();
  }
  return (*mind)->prepare({&shelf_.registry()->actions(), &look_->sight.screen, &service_.settings.contacts, history_});
}

Operation::Wait Operation::wait_of(const assistant::TurnReport &report, const action::Registry &registry) const {
  Wait most{"nothing", report.reply};
  for (const auto &action : report.decision.actions) {
    if (action.name == kNoAction) {
      continue;
    }
    if (report.decision.confidence < 1 - service_.acts_above) {
      return {"answer", report.reply}; // too unsure to propose anything: said again, or typed
    }
    const auto judgement =
        action::judge(registry.find(action.name), action, report.screen, service_.settings.contacts, report.language);
    switch (judgement.verdict) {
    case action::Verdict::kRefuse:
      return {"refused", report.reply};
    case action::Verdict::kClarify:
      return {"answer", judgement.question};
    case action::Verdict::kAsk:
      most = {"yes", judgement.question};
      break;
    case action::Verdict::kRun:
      most = most.needs == "yes" ? most : Wait{"run", ""}; // the report's reply says that this was a rehearsal
      break;
    }
  }
  return most;
}

Result<Json> Operation::propose(const Json &body) {
  const auto lock = turn();
  if (!lock) {
    return lock.error();
  }
  const auto registry = shelf_.registry();
  const auto look = string_or_empty(body, "look");
  const bool is_seen = look_ && look_->id == look;
  if (!look.empty() && !is_seen) {
    return Error{"that look is over", "Look again"};
  }
  Question question;
  question.utterance = string_or_empty(body, "utterance");
  question.screen = is_seen ? look_->sight.screen : Screen();
  question.actions = *registry;
  question.history = history_;
  if (question.utterance.empty()) {
    return Error{"'utterance' is missing: what was said", ""};
  }
  proposal_.reset();
  const auto report = decide(service_, std::move(question));
  if (!report) {
    return report.error();
  }
  auto answer = decision_json(service_, *report, false);
  const auto wait = wait_of(*report, *registry);
  answer["needs"] = wait.needs;
  answer["reply"] = wait.says;
  answer["target"] = report->marked;
  answer["heard"] = report->heard;
  if (is_seen) {
    proposal_ =
        Proposal{realtime_id("proposal_"), look_->id, report->decision, report->transcript, report->language, history_};
    answer["proposal"] = proposal_->id;
  }
  service_.turns.publish("decided", decision_json(service_, *report, false));
  return answer;
}

action::Hands Operation::hands() {
  action::Hands hands;
  hands.display = display_.get();
  hands.input = input_.get();
  hands.accessibility = accessibility_.get();
  hands.settings = &service_.settings.settings;
  hands.contacts = &service_.settings.contacts;
  hands.state = state_folder();
  return hands;
}

Result<Json> Operation::act(const Json &body) {
  const auto lock = turn();
  if (!lock) {
    return lock.error();
  }
  if (!service_.settings.hands) {
    return Error{"this server was started with --no-hands", ""};
  }
  if (!proposal_ || !look_ || proposal_->id != string_or_empty(body, "proposal") || proposal_->look != look_->id) {
    return Error{"that proposal is over", "Say it again"};
  }
  auto decision = proposal_->decision;
  std::optional<Decision> proposed;
  if (body.contains("action") && !body["action"].is_null()) {
    auto changed = actions_from_json(body["action"], "'action'");
    if (!changed) {
      return changed.error();
    }
    proposed = std::exchange(decision, {std::move(*changed), 1, "user"}); // the policy judges it as any other
  }
  const bool yes = body.contains("yes") && body["yes"] == true;
  const auto proposal = *std::exchange(proposal_, std::nullopt);
  auto mind = service_.mind.take();
  if (!mind) {
    return mind.error();
  }
  const auto registry = shelf_.registry();
  assistant::Turn::Parts parts;
  parts.mind = &**mind;
  parts.registry = registry.get();
  parts.contacts = service_.settings.contacts;
  parts.hand = &hand_;
  parts.hands = hands();
  parts.confirm = [yes](const std::string & /*unused*/) { return yes ? std::optional(true) : std::nullopt; };
  assistant::Turn turn(std::move(parts));
  if (auto seen = turn.see(look_->sight, 0); !seen) {
    return seen.error();
  }
  turn.read(proposal.transcript);
  turn.report().language = proposal.language;
  turn.report().history = proposal.history;
  turn.report().decision = decision;
  if (auto acted = turn.act(); !acted) {
    return acted.error();
  }
  const auto &report = turn.report();
  const auto entry = entry_of("act", report.transcript, to_json(report.decision), report.outcome, report.reply);
  write_down(entry);
  service_.turns.publish("did", entry);
  if (service_.keeper) {
    service_.keeper->acted(report, *registry, proposed);
  }
  constexpr std::size_t kRemembered = 4;
  history_.push_back({report.transcript, dump(to_json(report.decision))});
  if (history_.size() > kRemembered) {
    history_.erase(history_.begin());
  }
  auto answer = entry;
  answer["act_ms"] = report.timings_ms.at("act");
  answer["policy"] = report.policy;
  return answer;
}

Result<Json> Operation::undo(Language language) {
  const auto lock = turn();
  if (!lock) {
    return lock.error();
  }
  if (!service_.settings.hands) {
    return Error{"this server was started with --no-hands", ""};
  }
  open_desktop();
  auto hands_now = hands();
  hands_now.language = language;
  const auto outcome = hand_.undo_last(hands_now);
  const bool zh = language == Language::kChinese;
  const auto usual = outcome.status == action::OutcomeStatus::kDone ? (zh ? "已经撤销。" : "Undone.")
                                                                    : (zh ? "没有做成。" : "That didn't work.");
  if (service_.keeper && outcome.status == action::OutcomeStatus::kDone) {
    service_.keeper->undone();
  }
  const auto entry = entry_of("undo", "", nullptr, outcome, outcome.reply.empty() ? usual : outcome.reply);
  write_down(entry);
  service_.turns.publish("did", entry);
  return entry;
}

void Operation::write_down(const Json &entry) {
  std::error_code code;
  std::filesystem::create_directories(state_folder(), code);
  const int file = ::open(journal_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const auto line = dump(entry) + "\n";
  if (file < 0 || ::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    log_warning("what was done cannot be written to " + journal_file().string());
  }
  if (file >= 0) {
    ::close(file);
  }
}

Json Operation::journal() {
  constexpr std::size_t kMost = 200;
  Json entries = Json::array();
  const auto text = read_file(journal_file());
  if (!text) {
    return entries;
  }
  std::size_t end = text->size();
  while (end > 0 && entries.size() < kMost) { // from the last line on
    const auto before = text->rfind('\n', end - 1);
    const auto start = before == std::string::npos ? 0 : before + 1;
    if (auto entry = parse_json(std::string_view(*text).substr(start, end - start), "activity.jsonl")) {
      entries.push_back(std::move(*entry));
    }
    end = before == std::string::npos ? 0 : before;
  }
  return entries;
}

Status Operation::forget_journal() {
  std::error_code code;
  std::filesystem::remove(journal_file(), code);
  return code ? Status(Error{"the journal cannot be removed: " + code.message(), ""}) : Status();
}

} // namespace yanxing::server
