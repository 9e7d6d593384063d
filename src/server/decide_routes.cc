// /v1/decide: words (or sound) and a screen → the action, its probability, the tier that decided.
#include "server/decision.h"
#include "server/errors.h"
#include "server/media.h"
#include "server/service.h"

namespace yanxing::server {
namespace {

Result<std::vector<text::PastTurn>> history_of(const Json &json) {
  std::vector<text::PastTurn> history;
  for (const auto &turn : json) {
    if (!turn.is_object() || !turn.contains("utterance") || !turn["utterance"].is_string()) {
      return Error{"'history' must be a list of {utterance, decision}", ""};
    }
    const auto &decision = turn.contains("decision") ? turn["decision"] : Json();
    history.push_back({turn["utterance"], decision.is_string() ? decision.get<std::string>() : dump(decision)});
  }
  constexpr std::size_t kMost = 8;
  if (history.size() > kMost) {
    history.erase(history.begin(), history.end() - kMost);
  }
  return history;
}

// What the body says, or what is wrong with it.
Result<Question> question_of(const Service &service, const Json &body) {
  Question question;
  question.utterance = string_or_empty(body, "utterance");
  if (question.utterance.empty()) {
    question.utterance = string_or_empty(body, "text");
  }
  if (const auto sound = string_or_empty(body, "audio"); !sound.empty()) {
    const auto bytes = bytes_of(service.settings, sound, "'audio'");
    if (!bytes) {
      return bytes.error();
    }
    auto clip = clip_of(service.settings, *bytes, "'audio'");
    if (!clip) {
      return clip.error();
    }
    question.sound = std::move(*clip);
  }
  const auto language = string_or_empty(body, "lang");
  if (language == "zh" || language == "en") {
    question.language = language == "zh" ? Language::kChinese : Language::kEnglish;
  }
  if (question.utterance.empty() && !question.sound) {
    return Error{"'utterance' is missing: what was said", "Send the words, or 'audio'"};
  }
  if (body.contains("screen") && body["screen"].is_object()) {
    auto seen = screen_from_json(body["screen"], "'screen'");
    if (!seen) {
      return seen.error();
    }
    question.screen = std::move(*seen);
  } else if (const auto picture = string_or_empty(body, "screenshot"); !picture.empty()) {
    auto decoded = picture_of(service.settings, picture);
    if (!decoded) {
      return decoded.error();
    }
    question.picture = std::move(*decoded);
  }
  for (const char *name : {"actions", "tools"}) {
    if (body.contains(name) && !body[name].is_null()) {
      auto registry = action::Registry::from_json(body[name], std::string("'") + name + "'");
      if (!registry) {
        return registry.error();
      }
      question.actions = std::move(*registry);
    }
  }
  if (body.contains("contacts") && !body["contacts"].is_null()) {
    auto contacts = contacts_from_json(body["contacts"], "'contacts'");
    if (!contacts) {
      return contacts.error();
    }
    question.contacts = std::move(*contacts);
  }
  if (body.contains("history") && body["history"].is_array()) {
    auto history = history_of(body["history"]);
    if (!history) {
      return history.error();
    }
    question.history = std::move(*history);
  }
  question.repair = !(body.contains("repair") && body["repair"] == false);
  return question;
}

Response answer(Service &service, const Request &request) {
  auto [body, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  auto question = question_of(service, body);
  if (!question) {
    return error_response(400, question.error());
  }
  const bool with_screen = question->picture.has_value();
  const auto report = decide(service, std::move(*question));
  if (!report) {
    return error_response(503, report.error());
  }
  service.turns.publish("decided", decision_json(service, *report, false));
  return json_response(decision_json(service, *report, with_screen));
}

} // namespace

void add_decide_routes(HttpServer &http, Service &service) {
  http.handle("POST", "/v1/decide", [&service](const Request &request) { return answer(service, request); });
}

} // namespace yanxing::server
