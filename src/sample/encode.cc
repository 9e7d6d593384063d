#include "sample/encode.h"

#include "llm/writer.h"
#include "text/known_words.h"
#include "text/prompt.h"
#include "text/requests.h"

#include <algorithm>
#include <tuple>

namespace yanxing::sample {
namespace {

// Of the values that are acceptable, one to learn.
const Json &first_choice(const Json &value, const Parameter *parameter) {
  const bool any_of =
      value.is_object() && value.size() == 1 && value.begin().key() == "any_of" && value.begin().value().is_array();
  const bool takes_one = parameter != nullptr && parameter->type != "array" && parameter->type != "object";
  const auto &choices = any_of ? value.begin().value() : value;
  if ((!any_of && !(choices.is_array() && takes_one)) || choices.empty()) {
    return value;
  }
  const auto found = std::find_if(choices.begin(), choices.end(), [](const Json &c) {
    return !c.is_null() && !(c.is_string() && c.get<std::string>().empty());
  });
  return found == choices.end() ? choices.front() : *found;
}

// As the decider writes it: arguments in the order of the schema.
Result<Action> as_written(const Action &gold, const action::Registry &registry, const std::string &where) {
  if (gold.name == kNoAction) {
    return Action{gold.name, Json::object(), ""};
  }
  const auto *spec = registry.find(gold.name);
  if (spec == nullptr) {
    return Error{where + ": the action \"" + gold.name + "\" is not among the row's actions", ""};
  }
  Action action{gold.name, Json::object(), ""};
  for (const auto &parameter : spec->parameters) {
    if (const auto found = gold.arguments.find(parameter.name); found != gold.arguments.end()) {
      const auto &value = first_choice(*found, &parameter);
      if (!value.is_null()) {
        action.arguments[parameter.name] = value;
      }
    }
  }
  for (const auto &[name, value] : gold.arguments.items()) {
    if (spec->find(name) == nullptr) {
      return Error{where + ": \"" + gold.name + "\" takes no argument \"" + name + "\"", ""};
    }
  }
  return action;
}

// "Before I forget, turn on the fan" is parted in two: whether the last part has all that the call needs, and what
// stands before it is no more than a few words.
bool last_part_is_all(const std::vector<std::string> &requests, const std::string &words, const Action &action) {
  constexpr std::size_t kFewBytes = 40;
  const auto &last = requests.back();
  const auto says = [](const std::string &text, const Json &value) {
    const auto wanted = value.is_string() ? value.get<std::string>() : value.dump();
    return text.find(wanted) != std::string::npos;
  };
  return words.size() - last.size() <= kFewBytes &&
         std::all_of(action.arguments.begin(), action.arguments.end(),
                     [&](const Json &value) { return says(last, value) || !says(words, value); });
}

// Qwen's system text for tools.
std::string with_tools(std::string system, const Json &tools) {
  if (!tools.is_array() || tools.empty()) {
    return system;
  }
  system += "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with "
            "function signatures within <tools></tools> XML tags:\n<tools>";
  for (const auto &tool : tools) {
    system += "\n" + dump(tool.contains("function") ? tool : Json{{"type", "function"}, {"function", tool}});
  }
  return system + "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
                  "<tool_call></tool_call> XML tags:\n<tool_call>\n{\"name\": <function-name>, \"arguments\": "
                  "<args-json-object>}\n</tool_call>";
}

} // namespace

void Encoder::add(Encoded &to, const std::string &text, bool special) const {
  constexpr std::size_t kLong = 200;
  constexpr std::size_t kMostKept = 64;
  if (text.size() < kLong || special) {
    const auto tokens = tokenizer_.tokenize(text, special);
    to.tokens.insert(to.tokens.end(), tokens.begin(), tokens.end());
    return;
  }
  auto found = kept_.find(text);
  if (found == kept_.end()) {
    if (kept_.size() == kMostKept) {
      kept_.clear();
    }
    found = kept_.emplace(text, tokenizer_.tokenize(text, false)).first;
  }
  to.tokens.insert(to.tokens.end(), found->second.begin(), found->second.end());
}

void Encoder::answer(Encoded &to, const std::string &text) const {
  const auto begin = static_cast<std::int64_t>(to.tokens.size());
  add(to, text, false);
  to.tokens.push_back(tokenizer_.end_of_turn);
  to.supervised.emplace_back(begin, static_cast<std::int64_t>(to.tokens.size()));
}

Result<EncodedSample> Encoder::encode(const Sample &sample) {
  if (sample.decision) {
    auto parts = decision(*sample.decision, *sample.decision->gold, sample.where);
    if (!parts) {
      return parts.error();
    }
    EncodedSample encoded{std::move(*parts), {}, sample.label};
    if (sample.rejected) {
      auto rejected = decision(*sample.decision, *sample.rejected, sample.where + ": \"rejected_action\"");
      if (!rejected) {
        return rejected.error();
      }
      encoded.rejected = std::move(*rejected);
    }
    return encoded;
  }
  const auto &conversation = *sample.conversation;
  const bool holds_media = !conversation.images.empty() || !conversation.audios.empty();
  if (holds_media && media_ == nullptr) {
    return Error{sample.where + ": the messages hold pictures or sounds, and this model only reads",
                 "Give --model the folder of a vision-language model, such as Qwen2.5-VL"};
  }
  auto shown = holds_media ? with_media(conversation) : Result<Conversation>(conversation);
  if (!shown) {
    return Error{sample.where + ": " + shown.error().what, shown.error().hint};
  }
  EncodedSample encoded;
  auto whole = this->conversation(*shown, nullptr);
  if (!whole) {
    return Error{sample.where + ": " + whole.error().what, whole.error().hint};
  }
  encoded.parts.push_back(std::move(*whole));
  if (shown->rejected) {
    auto rejected = this->conversation(*shown, &*shown->rejected);
    if (!rejected) {
      return Error{sample.where + ": " + rejected.error().what, rejected.error().hint};
    }
    encoded.rejected.push_back(std::move(*rejected));
  }
  encoded.label = conversation.label;
  return encoded;
}

// Pictures and sounds that no tag places stand before the first question, as ms-swift puts them; names and boxes are
// written into the texts.
Result<Conversation> Encoder::with_media(Conversation conversation) const {
  const auto tags_of = [&](TextPart::Kind kind) {
    std::size_t count = 0;
    for (const auto &message : conversation.messages) {
      const auto parts = parts_of(message.content);
      count += static_cast<std::size_t>(
          std::count_if(parts.begin(), parts.end(), [kind](const TextPart &part) { return part.kind == kind; }));
    }
    return count;
  };
  const auto first = std::find_if(conversation.messages.begin(), conversation.messages.end(),
                                  [](const Message &message) { return message.role == "user"; });
  for (const auto &[kind, files, tag] : {std::tuple{TextPart::Kind::kSound, &conversation.audios, "<audio>"},
                                         std::tuple{TextPart::Kind::kPicture, &conversation.images, "<image>"}}) {
    for (auto count = tags_of(kind); count < files->size(); ++count) {
      if (first == conversation.messages.end()) {
        return Error{"there is no message of the user that the pictures or sounds could stand in", ""};
      }
      first->content.insert(0, tag);
    }
  }
  std::vector<std::string *> texts;
  for (auto &message : conversation.messages) {
    texts.push_back(&message.content);
  }
  if (auto written = media_->write_objects(conversation.objects, conversation.images, texts); !written) {
    return written.error();
  }
  return conversation;
}

// What is asked: text, with pictures and sounds where their tags are.
Status Encoder::question(Encoded &to, const std::string &text, const Conversation &conversation, MediaUse &used) const {
  if (conversation.images.empty() && conversation.audios.empty()) {
    add(to, text, false);
    return {};
  }
  for (const auto &part : parts_of(text)) {
    if (part.kind == TextPart::Kind::kText) {
      add(to, part.text, false);
      continue;
    }
    const bool picture = part.kind == TextPart::Kind::kPicture;
    const auto &files = picture ? conversation.images : conversation.audios;
    auto &next = picture ? used.images : used.audios;
    if (next == files.size()) {
      return Error{"a message names more pictures or sounds than the row has", ""};
    }
    const auto &file = files[next++];
    auto added = picture ? media_->picture(file, tokenizer_.tokenize, to.tokens, to.media)
                         : media_->sound(file, tokenizer_.tokenize, to.tokens, to.media);
    if (!added) {
      return added;
    }
  }
  return {};
}

// ChatML, as the Qwen family was trained.
Result<Encoded> Encoder::conversation(const Conversation &conversation, const std::string *last_answer) const {
  Encoded encoded;
  MediaUse used;
  const auto &messages = conversation.messages;
  const bool own_system = !messages.empty() && messages.front().role == "system";
  if (!own_system) {
    add(encoded, "<|im_start|>system\n", true);
    add(encoded, with_tools("You are Qwen, created by Alibaba Cloud. You are a helpful assistant.", conversation.tools),
        false);
    add(encoded, "<|im_end|>\n", true);
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto &message = messages[i];
    const bool last = i + 1 == messages.size();
    if (message.role == "tool") { // results of calls are the user's turn
      add(encoded, "<|im_start|>user\n", true);
      add(encoded, "<tool_response>\n" + message.content + "\n</tool_response>", false);
      add(encoded, "<|im_end|>\n", true);
      continue;
    }
    add(encoded, "<|im_start|>" + message.role + "\n", true);
    const auto &content = last && last_answer != nullptr ? *last_answer : message.content;
    if (message.learned) {
      answer(encoded, content);
      add(encoded, "\n", false);
    } else {
      const auto asked = question(encoded, i == 0 && own_system ? with_tools(content, conversation.tools) : content,
                                  conversation, used);
      if (!asked) {
        return asked.error();
      }
      add(encoded, "<|im_end|>\n", true);
    }
  }
  return encoded;
}

Result<const action::Registry *> Encoder::registry_of(const eval::Row &row) {
  if (row.actions.is_null()) {
    return own_ != nullptr ? Result<const action::Registry *>(own_)
                           : Result<const action::Registry *>(Error{"the row names no \"actions\"", "Give --actions"});
  }
  if (row.actions.is_string()) {
    const auto path = row.actions.get<std::string>();
    if (!by_path_.contains(path)) {
      auto registry = action::Registry::load(path);
      if (!registry) {
        return registry.error();
      }
      by_path_[path] = std::move(*registry);
    }
    return &by_path_.at(path);
  }
  if (last_inline_ != row.actions) {
    auto registry = action::Registry::from_json(row.actions, "actions");
    if (!registry) {
      return registry.error();
    }
    last_inline_ = row.actions;
    last_registry_ = std::move(*registry);
  }
  return &last_registry_;
}

Result<Encoded> Encoder::turn(const text::TurnContext &context, const std::string &request,
                              const std::vector<Action> &actions, const eval::Row &row) const {
  Encoded encoded;
  const auto write = [&](const std::vector<text::Piece> &pieces) -> Status {
    for (const auto &piece : pieces) {
      if (piece.picture) {
        if (auto shown = media_->picture(row.screenshot, tokenizer_.tokenize, encoded.tokens, encoded.media); !shown) {
          return shown;
        }
      } else {
        add(encoded, piece.text, piece.special);
      }
    }
    return {};
  };
  for (const auto &pieces :
       {text::instructions_part(), text::functions_part(*context.actions), text::context_part(context)}) {
    if (auto written = write(pieces); !written) {
      return written.error();
    }
  }
  auto utterance = text::utterance_part(request, llm::unlisted_candidates(context, request));
  if (request.empty()) { // the recording stands where the words would
    add(encoded, utterance.front().text, utterance.front().special);
    utterance.erase(utterance.begin());
    if (auto heard = media_->sound(row.audio, tokenizer_.tokenize, encoded.tokens, encoded.media); !heard) {
      return heard.error();
    }
  }
  if (auto written = write(utterance); !written) {
    return written.error();
  }
  answer(encoded, text::answer_text(actions));
  return encoded;
}

Result<std::vector<Encoded>> Encoder::decision(const eval::Row &row, const eval::Gold &gold, const std::string &where) {
  const bool heard = row.transcript.empty() && media_ != nullptr && media_->hears();
  if (row.transcript.empty() && !heard) {
    return Error{where + ": a decision is learned from a \"transcript\"", "Transcribe the audio first"};
  }
  const auto registry = registry_of(row);
  if (!registry) {
    return Error{where + ": " + registry.error().what, registry.error().hint};
  }
  Screen screen;
  if (!row.screen.is_null()) {
    auto seen = screen_from_json(row.screen, where);
    if (!seen) {
      return seen.error();
    }
    screen = std::move(*seen);
  }
  const auto contacts = row.contacts.value_or(std::vector<Contact>{});
  text::TurnContext context{&(*registry)->actions(), &screen, &contacts, row.history};
  context.pictured = !row.screenshot.empty() && media_ != nullptr && media_->sees();
  const auto add_part = [&](std::vector<Encoded> &to, const std::string &request,
                            const std::vector<Action> &calls) -> Status {
    auto part = turn(context, request, calls, row);
    if (!part) {
      return Error{where + ": " + part.error().what, part.error().hint};
    }
    to.push_back(std::move(*part));
    return {};
  };
  std::vector<Action> actions;
  for (const auto &one : gold.actions) {
    auto action = as_written(one, **registry, where);
    if (!action) {
      return action.error();
    }
    actions.push_back(std::move(*action));
  }
  if (heard) {
    std::vector<Encoded> encoded;
    const auto added = add_part(encoded, "", actions);
    return added ? std::move(encoded) : Result<std::vector<Encoded>>(added.error());
  }
  const auto words =
      repairer_ == nullptr
          ? row.transcript
          : repairer_->repair(row.transcript, text::known_words(*context.actions, &screen, &contacts)).text;
  const auto requests = text::split_requests(words, *context.actions);
  std::vector<Encoded> encoded;
  const bool led_in = requests.size() > 1 && actions.size() == 1 && actions[0].name != kNoAction &&
                      last_part_is_all(requests, words, actions[0]);
  if (led_in) {
    actions.insert(actions.begin(), requests.size() - 1, Action{std::string(kNoAction), Json::object(), ""});
  }
  if (requests.size() < 2 || requests.size() != actions.size()) {
    if (auto added = add_part(encoded, words, actions); !added) {
      return added.error();
    }
    return encoded;
  }
  // The decider takes a compound sentence request by request; each sees the ones before it as turns just taken.
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (auto added = add_part(encoded, requests[i], {actions[i]}); !added) {
      return added.error();
    }
    context.history.push_back({requests[i], text::answer_text({actions[i]})});
  }
  return encoded;
}

pack::Item item_of(const Encoded &encoded, std::int64_t sample) {
  return {sample, encoded.tokens, encoded.supervised, 1.0F, encoded.media};
}

} // namespace yanxing::sample
