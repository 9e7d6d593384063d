#include "server/chat_media.h"

#include "server/decision.h"
#include "server/errors.h"
#include "server/media.h"

#include <array>
#include <chrono>
#include <memory>
#include <random>

namespace yanxing::server {
namespace {

std::string fresh_id(const char *prefix) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string id = prefix;
  for (int i = 0; i < 24; ++i) {
    id += kLetters[random() % kLetters.size()];
  }
  return id;
}

// "url" of {"image_url": {"url": …}} or of {"image_url": "…"}.
std::string reference_in(const Json &part, const char *name, const char *key) {
  const auto found = part.find(name);
  if (found == part.end()) {
    return {};
  }
  return found->is_string() ? found->get<std::string>() : found->is_object() ? string_or_empty(*found, key) : "";
}

std::string elements_text(const Screen &screen) {
  std::string text = "[A picture of " + std::to_string(screen.width) + "×" + std::to_string(screen.height) +
                     " pixels. What can be read in it:\n";
  for (std::size_t i = 0; i < screen.elements.size() && i < text::kListedElements; ++i) {
    text += text::element_line(screen.elements[i]) + "\n";
  }
  return text + "]";
}

// One walk over a chat's messages that replaces what the model cannot take.
class Walk {
public:
  Walk(Service &service, const LanguageModel::Facts &facts) : service_(service), facts_(facts) {}

  Status over(Json &messages) {
    for (auto &message : messages) {
      said_.clear();
      picture_.reset();
      heard_ = false;
      is_user_ = message.is_object() && string_or_empty(message, "role") == "user";
      if (!message.is_object() || !message.contains("content") || !message["content"].is_array()) {
        continue;
      }
      for (auto &part : message["content"]) {
        if (!part.is_object()) {
          return Error{"a message's content must be a text or a list of parts", ""};
        }
        if (auto taken = take(part); !taken) {
          return taken;
        }
      }
    }
    return {};
  }

  [[nodiscard]] const std::string &path() const { return path_; }

  // Of the last message: the picture, and the command that goes with it; absent where it is no such message.
  std::optional<Question> question() {
    if (!is_user_ || !picture_) {
      return std::nullopt;
    }
    auto command = command_in(said_);
    if (!command && heard_) {
      command = said_;
    }
    if (!command) {
      return std::nullopt;
    }
    Question question;
    question.utterance = *command;
    question.picture = std::move(picture_);
    return question;
  }

  // The last message's picture was not asked about by a command: it becomes text after all.
  Status describe_left(Json &messages) {
    for (auto &message : messages) {
      if (!message.is_object() || !message.contains("content") || !message["content"].is_array()) {
        continue;
      }
      for (auto &part : message["content"]) {
        if (string_or_empty(part, "type") != "image_url") {
          continue;
        }
        auto picture = picture_of(service_.settings, reference_in(part, "image_url", "url"));
        if (!picture) {
          return picture.error();
        }
        auto reader = service_.reader.take();
        if (!reader) {
          return reader.error();
        }
        const auto sight = screen::look_at_picture(std::move(*picture), **reader);
        if (!sight) {
          return sight.error();
        }
        part = {{"type", "text"}, {"text", elements_text(sight->screen)}};
      }
    }
    return {};
  }

private:
  Status take(Json &part) {
    const auto type = string_or_empty(part, "type");
    if (type == "text") {
      said_ += string_or_empty(part, "text");
      return {};
    }
    if (type == "image_url") {
      return take_picture(part);
    }
    if (type == "input_audio") {
      return take_sound(part);
    }
    return Error{"content of type '" + type + "' is not understood", "Use text, image_url or input_audio"};
  }

  Status take_picture(Json &part) {
    const auto reference = reference_in(part, "image_url", "url");
    if (reference.empty()) {
      return Error{"an image_url has no url", ""};
    }
    if (facts_.sees) {
      path_ = "vision";
      auto uri = data_uri_of(service_.settings, reference); // fetched here, where it is known what may be
      if (!uri) {
        return uri.error();
      }
      part = {{"type", "image_url"}, {"image_url", {{"url", std::move(*uri)}}}};
      return {};
    }
    path_ = "elements";
    auto picture = picture_of(service_.settings, reference);
    if (!picture) {
      return picture.error();
    }
    picture_ = std::move(*picture);
    return {};
  }

  Status take_sound(Json &part) {
    const auto reference = reference_in(part, "input_audio", "data");
    const auto bytes = bytes_of(service_.settings, reference, "input_audio");
    if (!bytes) {
      return bytes.error();
    }
    if (facts_.hears) {
      part["input_audio"]["data"] = encode_base64(*bytes);
      path_ = path_.empty() ? "audio" : path_;
      return {};
    }
    const auto clip = clip_of(service_.settings, *bytes, "input_audio");
    if (!clip) {
      return clip.error();
    }
    auto recognizer = service_.recognizer.take();
    if (!recognizer) {
      return recognizer.error();
    }
    const auto transcript = (*recognizer)->transcribe(*clip, {});
    if (!transcript) {
      return transcript.error();
    }
    heard_ = heard_ || said_.empty();
    said_ += transcript->text;
    path_ = path_.empty() ? "transcript" : path_;
    part = {{"type", "text"}, {"text", transcript->text}};
    return {};
  }

  Service &service_;
  const LanguageModel::Facts &facts_;
  std::string path_;
  std::string said_; // in the message that is walked over
  std::optional<Picture> picture_;
  bool heard_ = false; // its words were spoken
  bool is_user_ = false;
};

// The decision as an assistant's message: calls where the request brought tools, else DESIGN's JSON as text.
Json message_of(const assistant::TurnReport &report, bool with_tools) {
  Json message{{"role", "assistant"}};
  Json calls = Json::array();
  for (const auto &action : report.decision.actions) {
    if (action.name != kNoAction) {
      calls.push_back({{"id", fresh_id("call_")},
                       {"type", "function"},
                       {"function", {{"name", action.name}, {"arguments", dump(action.arguments)}}}});
    }
  }
  if (with_tools && !calls.empty()) {
    message["content"] = nullptr;
    message["tool_calls"] = calls;
  } else if (with_tools) {
    message["content"] = report.decision.actions.front().reply;
  } else {
    message["content"] = dump(to_json(report.decision));
  }
  return message;
}

Response decided(Service &service, const Json &body, const std::string &model, Question question) {
  const bool with_tools = body.contains("tools") && body["tools"].is_array() && !body["tools"].empty();
  if (with_tools) {
    auto registry = action::Registry::from_json(body["tools"], "'tools'");
    if (!registry) {
      return error_response(400, registry.error());
    }
    question.actions = std::move(*registry);
  }
  const auto report = decide(service, std::move(question));
  if (!report) {
    return error_response(503, report.error());
  }
  auto note = decision_json(service, *report, false);
  note["path"] = "elements";
  return chat_answer(body, model, message_of(*report, with_tools), note);
}

} // namespace

std::optional<std::string> command_in(const std::string &message) {
  constexpr std::array<std::string_view, 6> kLeads{"用户说：",   "用户说:",    "用户说",
                                                   "User says:", "user says:", "The user says:"};
  constexpr std::array<std::string_view, 10> kAround{" ", "\n", "\t", "\"", "“", "”", "「", "」", "'", "："};
  const auto strip = [&](std::string_view text) {
    for (bool again = true; again;) {
      again = false;
      for (const auto &mark : kAround) {
        if (text.starts_with(mark)) {
          text.remove_prefix(mark.size());
          again = true;
        }
        if (text.ends_with(mark)) {
          text.remove_suffix(mark.size());
          again = true;
        }
      }
    }
    return text;
  };
  const auto whole = strip(message);
  for (const auto &lead : kLeads) {
    if (whole.starts_with(lead)) {
      const auto command = strip(whole.substr(lead.size()));
      return command.empty() ? std::nullopt : std::optional(std::string(command));
    }
  }
  return std::nullopt;
}

Response chat_answer(const Json &body, const std::string &model, const Json &message, const Json &note) {
  const auto created =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const auto finish = message.contains("tool_calls") ? "tool_calls" : "stop";
  const bool stream = body.contains("stream") && body["stream"] == true;
  Json whole{{"id", fresh_id("chatcmpl-")},
             {"object", stream ? "chat.completion.chunk" : "chat.completion"},
             {"created", created},
             {"model", model}};
  if (!stream) {
    whole["choices"] =
        Json::array({{{"index", 0}, {"message", message}, {"logprobs", nullptr}, {"finish_reason", finish}}});
    whole["usage"] = {{"prompt_tokens", 0}, {"completion_tokens", 0}, {"total_tokens", 0}};
    whole["yanxing"] = note;
    return json_response(whole);
  }
  Json delta = message;
  if (delta.contains("tool_calls")) {
    for (std::size_t i = 0; i < delta["tool_calls"].size(); ++i) {
      delta["tool_calls"][i]["index"] = i;
    }
  }
  auto first = whole;
  first["choices"] = Json::array({{{"index", 0}, {"delta", delta}, {"finish_reason", nullptr}}});
  first["yanxing"] = note;
  auto last = whole;
  last["choices"] = Json::array({{{"index", 0}, {"delta", Json::object()}, {"finish_reason", finish}}});
  Response response;
  response.content_type = "text/event-stream";
  response.next = [events = "data: " + dump(first) + "\n\ndata: " + dump(last) +
                            "\n\ndata: [DONE]\n\n"](std::string &piece) {
    piece = events;
    return false;
  };
  return response;
}

PreparedChat prepare_chat(Service &service, const LanguageModel::Facts &facts, const std::string &model, Json body) {
  PreparedChat prepared;
  Walk walk(service, facts);
  if (auto walked = walk.over(body["messages"]); !walked) {
    prepared.answer = error_response(400, walked.error());
    return prepared;
  }
  prepared.path = walk.path();
  if (prepared.path == "elements") {
    if (auto question = walk.question()) {
      prepared.answer = decided(service, body, model, std::move(*question));
      return prepared;
    }
    if (auto described = walk.describe_left(body["messages"]); !described) {
      prepared.answer = error_response(400, described.error());
      return prepared;
    }
  }
  prepared.body = std::move(body);
  return prepared;
}

} // namespace yanxing::server
