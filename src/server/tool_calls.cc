#include "server/tool_calls.h"

#include "base/json.h"
#include "server/call_grammar.h"

#include <chat-peg-parser.h>
#include <chat.h>
#include <json-schema-to-grammar.h>

#include <regex>
#include <set>

namespace yanxing::server {
namespace {

// Of one answer: a weak model that must call something may not find an end.
constexpr int kMostCalls = 16;

bool must_call(const common_json &chat) { return json_value(chat, "tool_choice", std::string("auto")) == "required"; }

// The schemas of the arguments, tool by tool; they live as long as the grammar is being built.
std::vector<common_chat_schema_document> schemas_of(const common_json &tools) {
  std::vector<common_chat_schema_document> schemas;
  for (const auto &tool : tools) {
    schemas.push_back(common_chat_schema_from_json(common_chat_tool_parameters(tool.at("function"))));
  }
  return schemas;
}

// Rules of calls as plain JSON. `plain-rest-N`: what follows {"name":"TOOL", of tool N; `plain-calls`: all of it.
void add_plain_calls(const common_grammar_builder &builder, const common_json &tools,
                     const std::vector<common_chat_schema_document> &schemas, bool parallel) {
  std::string calls;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const auto number = std::to_string(i);
    const auto arguments = builder.add_schema("plain-schema-" + number, *schemas[i].root);
    const auto body =
        builder.add_rule("plain-body-" + number, R"(space ("\"arguments\"" | "\"parameters\"") space ":" space )" +
                                                     arguments + R"( space "}")");
    builder.add_rule("plain-rest-" + number, body + " plain-end");
    const auto name = common_json::make(tools.at(i).at("function").at("name").get<std::string>()).dump();
    calls += (i == 0 ? "" : " | ") + gbnf_format_literal(name) + R"( space "," )" + body;
  }
  builder.add_rule("plain-call", R"("{" space "\"name\"" space ":" space ()" + calls + ")");
  const std::string more =
      R"((space ("," | "```" space "```json"?)? space plain-call){0,)" + std::to_string(kMostCalls - 1) + "}";
  builder.add_rule("plain-end", (parallel ? more : std::string()) + R"( space "]"? space "```"? space)");
  builder.add_rule("plain-calls", R"(("```" "json"? space)? ("[" space)? plain-call plain-end)");
}

common_peg_parser plain_call(common_chat_peg_builder &p, const common_json &tools) {
  auto any_tool = p.choice();
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const auto name = tools.at(i).at("function").at("name").get<std::string>();
    // One piece: a call is told of only once its name is known and arguments follow.
    auto opening = p.atomic(p.tool_open(p.literal("{")) + p.space() + p.literal("\"name\"") + p.space() +
                            p.literal(":") + p.space() + p.literal("\"") + p.tool_name(p.literal(name)) +
                            p.literal("\"") + p.space() + p.literal(","));
    any_tool |=
        p.tool(opening + p.space() + p.choice({p.literal("\"arguments\""), p.literal("\"parameters\"")}) + p.space() +
               p.literal(":") + p.space() + p.tool_args(p.json()) + p.space() + p.tool_close(p.literal("}")));
  }
  return any_tool;
}

common_peg_arena plain_calls_parser(const common_json &tools, const std::string &generation_prompt, bool parallel) {
  return build_chat_peg_parser([&](common_chat_peg_builder &p) {
    const auto fence = p.literal("```") + p.optional(p.literal("json"));
    const auto call = plain_call(p, tools);
    auto calls = p.optional(fence + p.space()) + p.optional(p.literal("[") + p.space()) + call;
    if (parallel) {
      calls += p.zero_or_more(p.space() +
                              p.optional(p.choice({p.literal(","), p.literal("```") + p.space() + p.optional(fence)})) +
                              p.space() + call);
    }
    return p.prefix(generation_prompt) + p.space() + calls + p.space() + p.optional(p.literal("]")) + p.space() +
           p.optional(p.literal("```")) + p.space() + p.end();
  });
}

// A parser that tries `first`, then `second`. Parsers cannot be put together once they are built; in the form in which
// the core saves them they are a list of nodes that refer to each other by number.
std::string either(const std::string &first, const std::string &second) {
  auto both = Json::parse(first);
  auto added = Json::parse(second);
  const auto offset = both["parsers"].size();
  for (auto &node : added["parsers"]) {
    if (node.contains("child")) {
      node["child"] = node["child"].get<std::size_t>() + offset;
    }
    if (node.contains("children")) {
      for (auto &child : node["children"]) {
        child = child.get<std::size_t>() + offset;
      }
    }
    both["parsers"].push_back(node);
  }
  for (const auto &[name, id] : added["rules"].items()) {
    both["rules"]["second-" + name] = id.get<std::size_t>() + offset;
  }
  both["parsers"].push_back(
      {{"type", "choice"}, {"children", {both["root"].get<std::size_t>(), added["root"].get<std::size_t>() + offset}}});
  both["root"] = both["parsers"].size() - 1;
  return both.dump();
}

// The core's rules with `root` under another name, to be a part of a larger grammar.
std::string with_root_named(const std::string &rules, const std::string &name) {
  static const std::regex root(R"((^|\n)root ::=)");
  return std::regex_replace(rules, root, "$1" + name + " ::=");
}

// As build_grammar() wants it: a grammar has a root.
std::string plain_rules(const common_json &tools, bool parallel) {
  const auto schemas = schemas_of(tools);
  return with_root_named(build_grammar([&](const common_grammar_builder &builder) {
                           add_plain_calls(builder, tools, schemas, parallel);
                           builder.add_rule("root", "plain-calls");
                         }),
                         "plain-root");
}

common_json probe() {
  return common_json::parse(R"({"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{
    "name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}]})");
}

} // namespace

ToolForm::ToolForm(const server_chat_params &chat, bool template_shows_tools) : shows_tools_(template_shows_tools) {
  auto offered = probe();
  std::vector<raw_buffer> files;
  try {
    const auto parameters = oaicompat_chat_params_parse(offered, chat, files);
    const auto triggers = json_value(parameters, "grammar_triggers", common_json::array());
    core_decides_ = parameters.contains("reasoning_budget_end_tags");
    if (parameters.contains("grammar")) {
      const bool is_word =
          triggers.size() == 1 && json_value(triggers.at(0), "type", -1) == COMMON_GRAMMAR_TRIGGER_TYPE_WORD;
      core_decides_ = core_decides_ || !is_word;
      marker_ = is_word ? json_value(triggers.at(0), "value", std::string()) : "";
    }
  } catch (const std::exception &) { // a template that cannot do this: plain JSON then
  }
}

void ToolForm::describe_tools(common_json &chat) const {
  if (shows_tools_) {
    return;
  }
  std::string text = "You may call these tools:\n";
  for (const auto &tool : chat.at("tools")) {
    text += tool.at("function").dump() + "\n";
  }
  text += "To call one, answer with nothing but JSON: {\"name\": TOOL, \"arguments\": {…}}";
  auto messages = common_json::array();
  messages.push_back(common_json::parse(Json{{"role", "system"}, {"content", text}}.dump()));
  for (const auto &message : chat.at("messages")) {
    if (json_value(message, "role", std::string()) == "system" && message.at("content").is_string()) {
      messages[0]["content"] =
          messages[0]["content"].get<std::string>() + "\n\n" + message.at("content").get<std::string>();
    } else {
      messages.push_back(message);
    }
  }
  chat["messages"] = messages;
}

common_json ToolForm::made_of(common_json chat, const server_chat_params &settings,
                              std::vector<raw_buffer> &files) const {
  const auto asked = chat;
  // For "auto" the core's grammar is of calls alone; for "required" any text may come before the call, and a model that
  // does not take to the marker then fills that text until it is cut off.
  if (!core_decides_) {
    chat["tool_choice"] = "auto";
  }
  auto parameters = oaicompat_chat_params_parse(chat, settings, files);
  if (!core_decides_ && parameters.contains("chat_parser") && !asked.contains("response_format")) {
    hold_to_schemas(asked, parameters);
  }
  return parameters;
}

void ToolForm::hold_to_schemas(const common_json &chat, common_json &parameters) const {
  const auto &tools = chat.at("tools");
  const bool parallel = json_value(chat, "parallel_tool_calls", true);
  std::vector<CallOpening> openings;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    openings.push_back({tools.at(i).at("function").at("name").get<std::string>(), "plain-rest-" + std::to_string(i)});
  }
  const auto own = json_value(parameters, "grammar", std::string());
  const std::string own_rule = own.empty() || marker_.empty() ? "" : "own-form";
  const auto root = must_call(chat) ? "root ::= plain-calls" + (own_rule.empty() ? "" : " | " + own_rule) + "\n"
                                    : "root ::= answer\n" + text_or_call_grammar(openings, marker_, own_rule);
  parameters["grammar"] =
      root + plain_rules(tools, parallel) + (own_rule.empty() ? "" : with_root_named(own, own_rule));
  parameters.erase("grammar_type"); // it begins with the answer, not with the template's words before it
  parameters["grammar_lazy"] = false;
  parameters["grammar_triggers"] = common_json::array();
  parameters["chat_parser"] =
      either(plain_calls_parser(tools, parameters.at("generation_prompt").get<std::string>(), parallel).save(),
             parameters.at("chat_parser").get<std::string>());
}

} // namespace yanxing::server
