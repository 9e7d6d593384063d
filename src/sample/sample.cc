#include "sample/sample.h"

#include <algorithm>
#include <map>

namespace yanxing::sample {
namespace fs = std::filesystem;
namespace {

struct Malformed {
  std::string what;
};

std::string role_of(const std::string &name) {
  static const std::map<std::string, std::string, std::less<>> kRoles{{"human", "user"},
                                                                      {"gpt", "assistant"},
                                                                      {"bot", "assistant"},
                                                                      {"model", "assistant"},
                                                                      {"observation", "tool"},
                                                                      {"tool_response", "tool"},
                                                                      {"function", "tool"},
                                                                      {"user", "user"},
                                                                      {"assistant", "assistant"},
                                                                      {"system", "system"},
                                                                      {"tool", "tool"},
                                                                      {"tool_call", "assistant"},
                                                                      {"function_call", "assistant"}};
  const auto found = kRoles.find(name);
  if (found == kRoles.end()) {
    throw Malformed{"there is no role \"" + name + "\" (system, user, assistant, tool)"};
  }
  return found->second;
}

// Qwen's way to write a call into an answer.
std::string call_text(const Json &call) {
  const auto &function = call.contains("function") ? call.at("function") : call;
  auto arguments = function.value("arguments", Json::object());
  if (arguments.is_string()) {
    // Brackets inside a text are not counted when the row is read, so that parse_json has to bound their depth.
    if (auto parsed = parse_json(arguments.get_ref<const std::string &>(), "arguments")) {
      arguments = std::move(*parsed);
    }
  }
  return "<tool_call>\n" + dump({{"name", string_or_empty(function, "name")}, {"arguments", arguments}}) +
         "\n</tool_call>";
}

// Nothing where there is no "label".
std::optional<bool> label_of(const Json &json) {
  const auto label = json.find("label");
  if (label == json.end() || label->is_null()) {
    return std::nullopt;
  }
  if (!label->is_boolean() && !label->is_number()) {
    throw Malformed{"\"label\" must be true or false"};
  }
  return label->is_boolean() ? label->get<bool>() : label->get<double>() > 0;
}

class ConversationReader {
public:
  ConversationReader(const Json &json, const fs::path &folder) : json_(json), folder_(folder) {}

  Conversation read() {
    if (json_.contains("messages")) {
      from_list(json_.at("messages"), "role", "content", "messages");
    } else if (json_.contains("conversations")) {
      prefixed_system();
      from_list(json_.at("conversations"), "from", "value", "conversations");
    } else if (json_.contains("instruction")) {
      alpaca();
    } else {
      query_and_response();
    }
    const bool learned =
        std::any_of(out_.messages.begin(), out_.messages.end(), [](const Message &m) { return m.learned; });
    if (!learned) {
      throw Malformed{"no message of the assistant is there to learn from"};
    }
    out_.tools = json_.value("tools", Json());
    if (out_.tools.is_string()) { // ms-swift allows JSON in a text
      auto parsed = parse_json(out_.tools.get_ref<const std::string &>(), "tools");
      out_.tools = parsed ? std::move(*parsed) : Json(false);
    }
    if (!out_.tools.is_null() && !out_.tools.is_array()) {
      throw Malformed{"\"tools\" must be a list of tools"};
    }
    preferences();
    files("images", "image", out_.images);
    files("audios", "audio", out_.audios);
    out_.objects = json_.value("objects", Json());
    if (!out_.objects.is_null() && !out_.objects.is_object()) {
      throw Malformed{"\"objects\" must be {\"ref\":[…],\"bbox\":[…]}"};
    }
    return std::move(out_);
  }

private:
  static std::string text_of(const Json &value, const char *what) {
    if (!value.is_string()) {
      throw Malformed{std::string("\"") + what + "\" must be a text"};
    }
    return value.get<std::string>();
  }
  [[nodiscard]] std::string text(const char *key) const {
    return json_.contains(key) && !json_.at(key).is_null() ? text_of(json_.at(key), key) : "";
  }
  void add(const std::string &role, std::string content, bool learned) {
    out_.messages.push_back({role, std::move(content), learned});
  }
  void prefixed_system() {
    if (auto system = text("system"); !system.empty()) {
      add("system", std::move(system), false);
    }
  }

  // A text, or OpenAI's list of parts.
  std::string content_of(const Json &content) {
    if (content.is_string() || content.is_null()) {
      return content.is_null() ? "" : content.get<std::string>();
    }
    if (!content.is_array()) {
      throw Malformed{"\"content\" must be a text or a list of parts"};
    }
    std::string all;
    for (const auto &part : content) {
      const auto type = string_or_empty(part, "type");
      if (type == "text") {
        all += string_or_empty(part, "text");
      } else if (type == "image" || type == "image_url" || type == "audio") {
        auto value = part.value(type, Json());
        value = value.is_object() ? value.value("url", Json()) : value;
        const bool audio = type == "audio";
        all += audio ? "<audio>" : "<image>";
        if (value.is_string()) {
          (audio ? out_.audios : out_.images).push_back(resolved(value.get<std::string>()));
        }
      } else {
        throw Malformed{"there is no part of type \"" + type + "\" in a message (text, image, audio)"};
      }
    }
    return all;
  }

  void from_list(const Json &list, const char *role_key, const char *content_key, const char *what) {
    if (!list.is_array() || list.empty()) {
      throw Malformed{std::string("\"") + what + "\" must be a list of messages"};
    }
    for (const auto &item : list) {
      if (!item.is_object() || !item.contains(role_key)) {
        throw Malformed{std::string("each of \"") + what + "\" needs \"" + role_key + "\" and \"" + content_key + "\""};
      }
      const auto role = role_of(string_or_empty(item, role_key));
      auto content = content_of(item.value(content_key, Json()));
      if (item.contains("tool_calls") && item.at("tool_calls").is_array()) {
        for (const auto &call : item.at("tool_calls")) {
          content += (content.empty() ? "" : "\n") + call_text(call);
        }
      }
      const auto loss = item.value("loss", Json(true));
      add(role, std::move(content), role == "assistant" && (!loss.is_boolean() || loss.get<bool>()));
    }
  }

  void alpaca() {
    prefixed_system();
    auto question = text("instruction");
    if (const auto input = text("input"); !input.empty()) {
      question += "\n" + input;
    }
    add("user", std::move(question), false);
    add("assistant", text("output"), json_.contains("output"));
  }

  void query_and_response() {
    if (!json_.contains("query") && !json_.contains("response")) {
      throw Malformed{"expected \"transcript\" and \"action\", or \"messages\", \"conversations\", \"query\" and "
                      "\"response\", or \"instruction\" and \"output\""};
    }
    prefixed_system();
    const auto history = json_.value("history", Json::array());
    for (const auto &pair : history) {
      if (!pair.is_array() || pair.size() != 2) {
        throw Malformed{"\"history\" must be a list of [question, answer]"};
      }
      add("user", text_of(pair[0], "history"), false);
      add("assistant", text_of(pair[1], "history"), true);
    }
    add("user", text("query"), false);
    add("assistant", text("response"), json_.contains("response"));
  }

  void preferences() {
    for (const auto *key : {"rejected_response", "rejected_messages"}) {
      if (!json_.contains(key) || json_.at(key).is_null()) {
        continue;
      }
      const auto &rejected = json_.at(key);
      if (rejected.is_string()) {
        out_.rejected = rejected.get<std::string>();
      } else if (rejected.is_array() && !rejected.empty() && rejected.back().is_object()) {
        out_.rejected = content_of(rejected.back().value("content", Json()));
      } else {
        throw Malformed{std::string("\"") + key + "\" must be a text or a list of messages"};
      }
      if (out_.messages.back().role != "assistant") {
        throw Malformed{"a rejected answer needs an answer of the assistant at the end"};
      }
    }
    out_.label = label_of(json_);
  }

  void files(const char *many, const char *one, std::vector<fs::path> &into) {
    for (const auto *key : {many, one}) {
      if (!json_.contains(key) || json_.at(key).is_null()) {
        continue;
      }
      const auto &names = json_.at(key);
      const auto add_file = [&](const Json &name) {
        const auto &path = name.is_object() && name.contains("path") ? name.at("path") : name;
        into.push_back(resolved(text_of(path, key)));
      };
      if (names.is_array()) {
        std::for_each(names.begin(), names.end(), add_file);
      } else {
        add_file(names);
      }
    }
    const std::string tag = std::string("<") + one + ">";
    std::size_t named = 0;
    for (const auto &message : out_.messages) {
      for (auto at = message.content.find(tag); at != std::string::npos;
           at = message.content.find(tag, at + tag.size())) {
        ++named;
      }
    }
    if (named > into.size()) {
      throw Malformed{"the messages hold " + std::to_string(named) + " " + tag + ", \"" + many + "\" names " +
                      std::to_string(into.size())};
    }
  }

  [[nodiscard]] fs::path resolved(const std::string &name) const {
    const bool remote = name.starts_with("http://") || name.starts_with("https://") || name.starts_with("data:");
    return remote ? fs::path(name) : (folder_ / name).lexically_normal();
  }

  const Json &json_;
  const fs::path &folder_;
  Conversation out_;
};

Result<Sample> decision_from_json(const Json &json, const fs::path &folder, const std::string &where) {
  auto row = eval::row_from_json(json, folder, where);
  if (!row) {
    return row.error();
  }
  if (!row->gold) {
    return Error{where + ": a sample to learn from needs an \"action\"",
                 R"(Write {"action":"none"} where nothing fits)"};
  }
  Sample sample;
  sample.where = where;
  sample.decision = std::move(*row);
  if (json.contains("rejected_action") && !json.at("rejected_action").is_null()) {
    auto rejected = eval::gold_from_json(json.at("rejected_action"), where + ": \"rejected_action\"");
    if (!rejected) {
      return rejected.error();
    }
    sample.rejected = std::move(*rejected);
  }
  sample.label = label_of(json);
  return sample;
}

} // namespace

Result<Sample> sample_from_json(const Json &json, const fs::path &folder, const std::string &where) {
  if (!json.is_object()) {
    return Error{where + ": a row must be an object", ""};
  }
  const bool decides = json.contains("transcript") || (json.contains("action") && !json.contains("messages"));
  try {
    if (decides) {
      return decision_from_json(json, folder, where);
    }
    Sample sample;
    sample.where = where;
    sample.conversation = ConversationReader(json, folder).read();
    return sample;
  } catch (const Malformed &malformed) {
    return Error{where + ": " + malformed.what, ""};
  } catch (const Json::exception &) { // a member of another type than a reader asked for
    return Error{where + ": a part of the row has the wrong type", "See the forms of rows in ms-swift's documentation"};
  }
}

} // namespace yanxing::sample
