#include "server/realtime_reply.h"

#include "audio/clip.h"
#include "server/decision.h"
#include "server/errors.h"
#include "server/voices.h"

#include <chrono>
#include <random>

namespace yanxing::server {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// The last turns as the decider knows them.
std::vector<text::PastTurn> past_turns(const std::vector<RealtimeItem> &conversation) {
  std::vector<text::PastTurn> turns;
  for (std::size_t i = 0; i + 1 < conversation.size(); ++i) {
    if (conversation[i].role != "user" || conversation[i + 1].kind != "function_call") {
      continue;
    }
    const auto arguments = parse_json(conversation[i + 1].text, "arguments");
    const Action action{conversation[i + 1].name, arguments ? *arguments : Json::object(), ""};
    turns.push_back({conversation[i].text, dump(to_json(action))});
  }
  constexpr std::size_t kRemembered = 4;
  if (turns.size() > kRemembered) {
    turns.erase(turns.begin(), turns.end() - kRemembered);
  }
  return turns;
}

Json messages_of(const RealtimeConfig &config, const std::vector<RealtimeItem> &conversation) {
  const std::string manner = "You answer aloud: one or two short sentences, no lists, in the user's language.";
  Json messages = Json::array(
      {{{"role", "system"}, {"content", config.instructions.empty() ? manner : config.instructions + "\n" + manner}}});
  for (const auto &item : conversation) {
    if (item.kind == "message") {
      messages.push_back({{"role", item.role}, {"content", item.text}});
    } else if (item.kind == "function_call") {
      messages.push_back(
          {{"role", "assistant"},
           {"content", nullptr},
           {"tool_calls", Json::array({{{"id", item.call_id},
                                        {"type", "function"},
                                        {"function", {{"name", item.name}, {"arguments", item.text}}}}})}});
    } else {
      messages.push_back({{"role", "tool"}, {"tool_call_id", item.call_id}, {"content", item.text}});
    }
  }
  return messages;
}

bool ends_clause(const std::string &text) {
  for (const char *mark : {"。", "！", "？", "；", "，", ".", "!", "?", ";", ",", "\n"}) {
    if (text.ends_with(mark)) {
      return true;
    }
  }
  return false;
}

class Maker {
public:
  Maker(Service &service, const RealtimeConfig &config, const std::vector<RealtimeItem> &conversation, bool beta,
        const std::stop_token &stop, const std::function<bool(Json)> &send)
      : service_(service), config_(config), conversation_(conversation), beta_(beta), stop_(stop), send_(send) {}

  RealtimeReply run() {
    tell({{"type", "response.created"}, {"response", response("in_progress")}});
    const bool asked = !conversation_.empty() && conversation_.back().role == "user";
    if (!(asked && config_.actions && config_.tool_choice != "none" && decide_call())) {
      if (reply_.status == "completed") {
        answer();
      }
    }
    if (stop_.stop_requested() && reply_.status == "completed") {
      reply_.status = "cancelled";
    }
    tell({{"type", "response.done"}, {"response", response(reply_.status)}});
    return std::move(reply_);
  }

private:
  void tell(Json event) {
    event["event_id"] = realtime_id("event_");
    if (!send_(std::move(event))) {
      gone_ = true;
    }
  }
  [[nodiscard]] bool stopped() const { return gone_ || stop_.stop_requested(); }

  [[nodiscard]] Json response(const std::string &status) const {
    Json json{{"id", id_},         {"object", "realtime.response"},
              {"status", status},  {"status_details", nullptr},
              {"output", output_}, {"usage", nullptr}};
    if (status == "cancelled") {
      json["status_details"] = {{"type", "cancelled"}, {"reason", "turn_detected"}};
    } else if (status == "failed") {
      json["status_details"] = {{"type", "failed"}, {"error", {{"message", failure_}}}};
    }
    return json;
  }

  void fail(const std::string &why) {
    reply_.status = "failed";
    failure_ = why;
    tell({{"type", "error"}, {"error", {{"type", "server_error"}, {"message", why}}}});
  }

  void begin_item(const Json &item) {
    tell({{"type", "response.output_item.added"},
          {"response_id", id_},
          {"output_index", output_.size()},
          {"item", item}});
    tell({{"type", beta_ ? "conversation.item.created" : "conversation.item.added"}, {"item", item}});
  }
  void end_item(const Json &item) {
    tell({{"type", "response.output_item.done"},
          {"response_id", id_},
          {"output_index", output_.size()},
          {"item", item}});
    output_.push_back(item);
  }

  // True where the words are a command, which is then called.
  bool decide_call() {
    const auto started = Clock::now();
    Question question;
    question.utterance = conversation_.back().text;
    question.screen = config_.screen;
    question.actions = config_.actions;
    question.contacts = config_.people;
    question.history = past_turns(conversation_);
    question.repair = false; // done when it was heard
    const auto report = decide(service_, std::move(question));
    if (!report) {
      fail(report.error().message());
      return false;
    }
    reply_.decided_ms = ms_since(started);
    service_.turns.publish("decided", decision_json(service_, *report, false));
    bool called = false;
    for (const auto &action : report->decision.actions) {
      if (action.name != kNoAction && !stopped()) {
        call(action, report->decision.confidence);
        called = true;
      }
    }
    return called;
  }

  void call(const Action &action, double confidence) {
    RealtimeItem item{realtime_id("item_"),   "function_call", "assistant",
                      dump(action.arguments), action.name,     realtime_id("call_")};
    Json json{{"id", item.id},           {"object", "realtime.item"}, {"type", "function_call"},
              {"status", "in_progress"}, {"call_id", item.call_id},   {"name", item.name},
              {"arguments", ""}};
    begin_item(json);
    const Json place{
        {"response_id", id_}, {"item_id", item.id}, {"output_index", output_.size()}, {"call_id", item.call_id}};
    auto delta = place;
    delta["type"] = "response.function_call_arguments.delta";
    delta["delta"] = item.text;
    tell(delta);
    auto done = place;
    done["type"] = "response.function_call_arguments.done";
    done["name"] = item.name;
    done["arguments"] = item.text;
    tell(done);
    json["status"] = "completed";
    json["arguments"] = item.text;
    json["yanxing"] = {{"confidence", confidence}};
    end_item(json);
    reply_.items.push_back(std::move(item));
  }

  void answer() {
    auto leased = service_.models.lease(config_.model);
    if (std::holds_alternative<ModelPool::Refusal>(leased)) { // a client's default model: ours answers
      leased = service_.models.lease("");
    }
    const auto *lease = std::get_if<ModelPool::Lease>(&leased);
    if (lease == nullptr) {
      fail(std::get<ModelPool::Refusal>(leased).error.message());
      return;
    }
    const Json body{{"messages", messages_of(config_, conversation_)},
                    {"stream", true},
                    {"temperature", config_.temperature},
                    {"max_tokens", config_.max_tokens},
                    {"lora", Json::array()}};
    auto words = lease->model->ask(LanguageModel::Task::kChat, dump(body), [this] { return stopped(); });
    if (!words.next) {
      fail(words.body);
      return;
    }
    RealtimeItem item{realtime_id("item_"), "message", "assistant", "", "", ""};
    item_id_ = item.id;
    const auto kind = config_.speaks ? (beta_ ? "audio" : "output_audio") : (beta_ ? "text" : "output_text");
    begin_item({{"id", item.id},
                {"object", "realtime.item"},
                {"type", "message"},
                {"status", "in_progress"},
                {"role", "assistant"},
                {"content", Json::array()}});
    auto part = place();
    part["type"] = "response.content_part.added";
    part["part"] = {{"type", config_.speaks ? "audio" : "text"}, {config_.speaks ? "transcript" : "text", ""}};
    tell(part);
    read_words(words, item.text);
    finish(item, kind);
  }

  [[nodiscard]] Json place() const {
    return {{"type", ""},
            {"response_id", id_},
            {"item_id", item_id_},
            {"output_index", output_.size()},
            {"content_index", 0}};
  }
  [[nodiscard]] std::string named(const char *what) const { // "response.output_audio.delta" or "response.audio.delta"
    return std::string("response.") + (beta_ ? "" : "output_") + what;
  }

  // Takes the stream apart: text deltas go out, and clause by clause to the voice.
  void read_words(Response &words, std::string &text) {
    std::string held;
    std::string clause;
    for (bool more = true; more && !stopped();) {
      std::string piece;
      more = words.next(piece);
      held += piece;
      for (auto end = held.find("\n\n"); end != std::string::npos; end = held.find("\n\n")) {
        const auto event = held.substr(0, end);
        held.erase(0, end + 2);
        const auto json = event.starts_with("data: {") ? parse_json(event.substr(6), "event") : Result<Json>(Json());
        const auto delta = json && json->contains("choices") && !(*json)["choices"].empty()
                               ? string_or_empty((*json)["choices"][0]["delta"], "content")
                               : "";
        if (delta.empty() || stopped()) {
          continue;
        }
        text += delta;
        clause += delta;
        auto told = place();
        told["type"] = named(config_.speaks ? "audio_transcript.delta" : "text.delta");
        told["delta"] = delta;
        tell(told);
        if (ends_clause(clause)) {
          speak(clause);
          clause.clear();
        }
      }
    }
    speak(clause);
  }

  void speak(const std::string &clause) {
    if (!config_.speaks || clause.empty() || stopped()) {
      return;
    }
    auto voice = service_.synthesizer.take();
    if (!voice) {
      fail(voice.error().message());
      return;
    }
    if (auto set = (*voice)->set_manner(voice_of(config_.voice, clause), config_.speed); !set) {
      (void)(*voice)->set_manner("", config_.speed); // a name of another voice: the usual one speaks
    }
    const auto said = (*voice)->speak(clause, [&](std::span<const float> samples) {
      constexpr std::size_t kPiece = 4800; // 200 ms at 24 kHz: a cancel is heard soon
      for (std::size_t at = 0; at < samples.size() && !stopped(); at += kPiece) {
        auto told = place();
        told["type"] = named("audio.delta");
        told["delta"] = encode_base64(audio::pcm16_of(samples.subspan(at, std::min(kPiece, samples.size() - at))));
        tell(told);
      }
      if (reply_.first_audio_ms == 0) {
        reply_.first_audio_ms = ms_since(started_);
      }
      return !stopped();
    });
    if (!said) {
      fail(said.error().message());
    }
  }

  void finish(RealtimeItem &item, const std::string &kind) {
    auto told = place();
    if (config_.speaks) {
      told["type"] = named("audio.done");
      tell(told);
      told["type"] = named("audio_transcript.done");
      told["transcript"] = item.text;
    } else {
      told["type"] = named("text.done");
      told["text"] = item.text;
    }
    tell(told);
    const auto *const field = config_.speaks ? "transcript" : "text";
    auto part = place();
    part["type"] = "response.content_part.done";
    part["part"] = {{"type", config_.speaks ? "audio" : "text"}, {field, item.text}};
    tell(part);
    end_item({{"id", item.id},
              {"object", "realtime.item"},
              {"type", "message"},
              {"status", stopped() ? "incomplete" : "completed"},
              {"role", "assistant"},
              {"content", Json::array({{{"type", kind}, {field, item.text}}})}});
    reply_.items.push_back(item);
    service_.turns.publish("said", {{"text", item.text}});
  }

  Service &service_;
  const RealtimeConfig &config_;
  const std::vector<RealtimeItem> &conversation_;
  bool beta_;
  std::stop_token stop_;
  const std::function<bool(Json)> &send_;
  std::string id_ = realtime_id("resp_");
  std::string item_id_;
  Clock::time_point started_ = Clock::now();
  Json output_ = Json::array();
  RealtimeReply reply_;
  std::string failure_;
  bool gone_ = false;
};

} // namespace

std::string realtime_id(const char *prefix) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string id = prefix;
  for (int i = 0; i < 21; ++i) {
    id += kLetters[random() % kLetters.size()];
  }
  return id;
}

RealtimeReply make_realtime_reply(Service &service, const RealtimeConfig &config,
                                  const std::vector<RealtimeItem> &conversation, bool beta, const std::stop_token &stop,
                                  const std::function<bool(Json)> &send) {
  return Maker(service, config, conversation, beta, stop, send).run();
}

} // namespace yanxing::server
