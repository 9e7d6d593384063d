// Text in, text out: OpenAI's chat/completions, completions, responses and embeddings, Anthropic's messages, tokens.
#include "server/chat_media.h"
#include "server/errors.h"
#include "server/service.h"

#include <algorithm>
#include <array>

namespace yanxing::server {
namespace {

using Task = LanguageModel::Task;

// What a request may say. Whatever else the engine underneath understands is for its own use.
constexpr std::array kForGenerating{"model",
                                    "stream",
                                    "stream_options",
                                    "max_tokens",
                                    "max_completion_tokens",
                                    "temperature",
                                    "top_p",
                                    "top_k",
                                    "min_p",
                                    "n",
                                    "seed",
                                    "stop",
                                    "logprobs",
                                    "top_logprobs",
                                    "presence_penalty",
                                    "logit_bias",
                                    "frequency_penalty",
                                    "repeat_penalty",
                                    "ignore_eos",
                                    "grammar",
                                    "json_schema",
                                    "cache_prompt"};
constexpr std::array kForChat{"messages",
                              "tools",
                              "tool_choice",
                              "parallel_tool_calls",
                              "response_format",
                              "chat_template_kwargs",
                              "reasoning_effort",
                              "add_generation_prompt",
                              "continue_final_message"};

constexpr std::array kForCompletions{"prompt"};
constexpr std::array kForResponses{"input", "instructions", "max_output_tokens",   "text",
                                   "tools", "tool_choice",  "parallel_tool_calls", "reasoning"};
constexpr std::array kForMessages{"messages", "system", "stop_sequences", "tools", "tool_choice", "thinking"};
constexpr std::array kForEmbeddings{"input", "encoding_format"};

bool is_one_of(const auto &names, const std::string &name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Json only_known(const Json &body, const auto &names) {
  Json kept = Json::object();
  for (const auto &[name, value] : body.items()) {
    if (!value.is_null() && (is_one_of(kForGenerating, name) || is_one_of(names, name))) {
      kept[name] = value;
    }
  }
  return kept;
}

// Token numbers anywhere in a prompt (a list of them, or lists in a list) that the model does not have.
bool has_foreign_token(const Json &prompt, int vocabulary) {
  if (prompt.is_array()) {
    return std::any_of(prompt.begin(), prompt.end(),
                       [&](const Json &part) { return has_foreign_token(part, vocabulary); });
  }
  return prompt.is_number() && (!prompt.is_number_integer() || prompt < 0 || prompt >= vocabulary);
}

// The name of a tool, or of the one that "tool_choice" wants: in "function" in chats, beside "type" in the other APIs.
std::string tool_name(const Json &tool) {
  if (!tool.is_object()) {
    return {};
  }
  const auto inner = tool.find("function");
  return string_or_empty(inner != tool.end() && inner->is_object() ? *inner : tool, "name");
}

// Where "tool_choice" names a tool, it is the only one, and it must be called. Anthropic's "none" takes the tools away.
std::optional<Response> choose_tool(Json &body) {
  const auto choice = body.find("tool_choice");
  if (choice == body.end() || !choice->is_object()) {
    return std::nullopt;
  }
  const auto type = string_or_empty(*choice, "type");
  if (type == "none") {
    body.erase("tools");
    body.erase("tool_choice");
    return std::nullopt;
  }
  const auto name = tool_name(*choice);
  if (name.empty() && (type == "auto" || type == "any")) {
    return std::nullopt;
  }
  Json chosen = Json::array();
  for (const auto &tool : body.contains("tools") && body["tools"].is_array() ? body["tools"] : Json::array()) {
    if (!name.empty() && tool_name(tool) == name) {
      chosen.push_back(tool);
    }
  }
  if (chosen.empty()) {
    return error_response(400, "tool_choice names '" + name + "', which is not among the tools", "", "tool_choice");
  }
  body["tools"] = chosen;
  body["tool_choice"] = type == "tool" ? Json{{"type", "any"}} : Json("required");
  return std::nullopt;
}

// One of the requests for text at a time; too many at once are sent away rather than kept for minutes.
class Ticket {
public:
  explicit Ticket(Service &service) : service_(service), granted_(++service.waiting <= service.settings.max_waiting) {}
  Ticket(const Ticket &) = delete;
  Ticket &operator=(const Ticket &) = delete;
  ~Ticket() { --service_.waiting; }
  [[nodiscard]] bool granted() const { return granted_; }

private:
  Service &service_;
  bool granted_;
};

Response too_many() {
  auto response = error_response(429, "too many requests are waiting; try again soon", "too_many_requests");
  response.headers.emplace_back("Retry-After", "2");
  return response;
}

// A request's way to its model: a place in line, the model, and what the model has to know of the request.
struct Way {
  std::shared_ptr<Ticket> ticket;
  ModelPool::Lease lease;
  std::optional<Response> refused;
};

Way way_to_model(Service &service, ModelPool &pool, const Json &body) {
  Way way;
  way.ticket = std::make_shared<Ticket>(service);
  if (!way.ticket->granted()) {
    way.refused = too_many();
    return way;
  }
  if (body.contains("model") && !body["model"].is_string()) {
    way.refused = error_response(400, "'model' must be a string", "", "model");
    return way;
  }
  auto leased = pool.lease(string_or_empty(body, "model"));
  if (const auto *refused = std::get_if<ModelPool::Refusal>(&leased)) {
    way.refused = error_response(refused->status, refused->error, refused->status == 404 ? "model_not_found" : "");
    return way;
  }
  way.lease = std::get<ModelPool::Lease>(std::move(leased));
  return way;
}

// A grammar must be able to go on: where what it wants is forbidden outright, the core fails, for everyone who is being
// answered. So an answer that has a form may end, and tokens can be made unlikely, but not impossible.
void leave_a_way_out(Json &body) {
  const bool has_form = body.contains("response_format") || body.contains("json_schema") || body.contains("grammar") ||
                        body.contains("tools");
  if (!has_form) {
    return;
  }
  body.erase("ignore_eos");
  constexpr int kUnlikely = -100;
  auto bias = body.find("logit_bias");
  if (bias == body.end() || !(bias->is_object() || bias->is_array())) {
    return;
  }
  for (auto &one : *bias) { // {"token": bias}, or [[token, bias]]
    auto &value = one.is_array() && one.size() == 2 ? one[1] : one;
    if (value == false) {
      value = kUnlikely;
    } else if (value.is_number() && value.get<double>() < kUnlikely) {
      value = kUnlikely;
    }
  }
}

Response ask(const Way &way, Task task, Json body, const Request &request) {
  leave_a_way_out(body);
  for (const char *name : {"prompt", "input", "tokens"}) {
    if (body.contains(name) && has_foreign_token(body[name], way.lease.model->facts().vocabulary)) {
      return error_response(400, std::string("'") + name + "' has numbers that are no tokens of this model", "", name);
    }
  }
  body["lora"] = Json::array();
  if (way.lease.adapter >= 0 && (task == Task::kMessages || task == Task::kCountMessages)) {
    return error_response(400, "adapters answer chats only: ask for this one by /v1/chat/completions", "", "model");
  }
  if (way.lease.adapter >= 0) {
    body["lora"].push_back({{"id", way.lease.adapter}, {"scale", 1.0}});
  }
  auto response = way.lease.model->ask(task, dump(body), request.gone);
  if (response.next) {
    response.next = [ticket = way.ticket, next = std::move(response.next)](std::string &piece) { return next(piece); };
  }
  return response;
}

Response ask(Service &service, ModelPool &pool, Task task, Json body, const Request &request) {
  const auto way = way_to_model(service, pool, body);
  return way.refused ? *way.refused : ask(way, task, std::move(body), request);
}

// Whether the remote tier is asked for: a name that a model here has too is the one here, and nothing leaves the
// machine.
bool goes_far(Service &service, const std::string &model) {
  if (!service.remote || (model != "remote" && model != service.remote->settings().model)) {
    return false;
  }
  const auto here = service.models.list();
  return std::none_of(here.begin(), here.end(), [&](const ModelPool::Listing &one) {
    return one.id == model || std::find(one.aliases.begin(), one.aliases.end(), model) != one.aliases.end();
  });
}

// Says in the answer how the request's pictures and sound were taken.
Response with_path(Response response, const std::string &path) {
  if (path.empty() || response.status >= 400) {
    return response;
  }
  response.headers.emplace_back("X-Yanxing-Path", path);
  if (!response.next) {
    auto json = parse_json(response.body, "answer");
    if (json && json->is_object()) {
      (*json)["yanxing"] = {{"path", path}};
      response.body = dump(*json);
    }
  }
  return response;
}

Response chat(Service &service, const Request &request) {
  auto [json, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  auto body = only_known(json, kForChat);
  if (!body.contains("messages") || !body["messages"].is_array() || body["messages"].empty()) {
    return error_response(400, "'messages' must be a list with at least one message", "", "messages");
  }
  if (auto refused = choose_tool(body)) {
    return *refused;
  }
  if (goes_far(service, string_or_empty(body, "model"))) {
    return service.remote->chat(std::move(body), request.gone);
  }
  const auto way = way_to_model(service, service.models, body);
  if (way.refused) {
    return *way.refused;
  }
  auto prepared = prepare_chat(service, way.lease.model->facts(), way.lease.name, std::move(body));
  if (prepared.answer) {
    return *prepared.answer;
  }
  return with_path(ask(way, Task::kChat, std::move(prepared.body), request), prepared.path);
}

Response completions(Service &service, const Request &request) {
  auto [json, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  auto body = only_known(json, kForCompletions);
  if (!body.contains("prompt")) {
    return error_response(400, "'prompt' is missing", "", "prompt");
  }
  if (!body.contains("max_tokens")) {
    body["max_tokens"] = 16; // as OpenAI has it: a completion has no natural end
  }
  return ask(service, service.models, Task::kCompletion, std::move(body), request);
}

Response responses(Service &service, const Request &request) {
  auto [json, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  if (!string_or_empty(json, "previous_response_id").empty()) {
    return error_response(400, "responses are not stored here; send the whole conversation as 'input'", "",
                          "previous_response_id");
  }
  auto body = only_known(json, kForResponses);
  if (body.contains("text") && body["text"].is_object()) { // the schema of the answer, where chats have it
    const auto format = body["text"].value("format", Json());
    if (format.is_object() && format.contains("schema")) {
      body["response_format"] = {{"type", "json_schema"}, {"json_schema", {{"schema", format["schema"]}}}};
    }
    body.erase("text");
  }
  if (auto refused = choose_tool(body)) {
    return *refused;
  }
  return ask(service, service.models, Task::kResponses, std::move(body), request);
}

Response messages(Service &service, Task task, const Request &request) {
  auto [json, wrong] = parse_body(request.body);
  if (wrong) {
    return in_anthropic_shape(*wrong);
  }
  const auto said = json.find("messages");
  if (said == json.end() || !said->is_array() || said->empty()) {
    return in_anthropic_shape(error_response(400, "messages: a list with at least one message is required"));
  }
  auto body = only_known(json, kForMessages);
  if (auto refused = choose_tool(body)) {
    return in_anthropic_shape(*refused);
  }
  auto response = ask(service, service.models, task, std::move(body), request);
  return response.status >= 400 ? in_anthropic_shape(std::move(response)) : response;
}

Response embeddings(Service &service, const Request &request) {
  auto [json, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  if (!json.contains("input")) {
    return error_response(400, "'input' is missing", "", "input");
  }
  if (json.contains("dimensions") && !json["dimensions"].is_null()) {
    return error_response(400, "vectors have the model's own length; 'dimensions' cannot be chosen", "", "dimensions");
  }
  return ask(service, service.embedders, Task::kEmbeddings, only_known(json, kForEmbeddings), request);
}

// {"prompt"} (or llama.cpp's "content"), or a chat's {"messages"} → {"tokens","count","max_model_len"}.
Response tokenize(Service &service, const Request &request) {
  auto [json, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  auto leased = service.models.lease(string_or_empty(json, "model"));
  if (const auto *refused = std::get_if<ModelPool::Refusal>(&leased)) {
    return error_response(refused->status, refused->error, refused->status == 404 ? "model_not_found" : "");
  }
  const auto &model = std::get<ModelPool::Lease>(leased).model;
  Json text = json.contains("prompt") ? json["prompt"] : json.contains("content") ? json["content"] : Json();
  if (json.contains("messages")) {
    const auto written = model->ask(Task::kTemplate, dump(json), request.gone);
    if (written.status >= 400) {
      return written;
    }
    text = parse_body(written.body).json.value("prompt", Json());
  }
  if (!text.is_string()) {
    return error_response(400, "'prompt' must be a text, or 'messages' a chat", "", "prompt");
  }
  const auto cut =
      model->ask(Task::kTokenize,
                 dump({{"content", text},
                       {"add_special", json.contains("add_special_tokens") && json["add_special_tokens"] == true}}),
                 request.gone);
  auto counted = parse_body(cut.body).json;
  if (cut.status >= 400 || !counted.contains("tokens")) {
    return cut;
  }
  counted["count"] = counted["tokens"].size();
  counted["max_model_len"] = model->facts().context_tokens;
  return json_response(counted);
}

Response detokenize(Service &service, const Request &request) {
  auto [json, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  const auto tokens = json.find("tokens");
  const auto is_number = [](const Json &one) { return one.is_number_integer(); };
  if (tokens == json.end() || !tokens->is_array() || !std::all_of(tokens->begin(), tokens->end(), is_number)) {
    return error_response(400, "'tokens' must be a list of numbers", "", "tokens");
  }
  return ask(service, service.models, Task::kDetokenize,
             {{"tokens", *tokens}, {"model", string_or_empty(json, "model")}}, request);
}

} // namespace

void add_text_routes(HttpServer &http, Service &service) {
  const auto post = [&](const std::string &path, Response (*answer)(Service &, const Request &)) {
    http.handle("POST", path, [&service, answer](const Request &request) { return answer(service, request); });
  };
  post("/v1/chat/completions", chat);
  post("/v1/completions", completions);
  post("/v1/responses", responses);
  post("/v1/embeddings", embeddings);
  post("/tokenize", tokenize);
  post("/v1/tokenize", tokenize);
  post("/detokenize", detokenize);
  post("/v1/detokenize", detokenize);
  http.handle("POST", "/v1/messages",
              [&service](const Request &request) { return messages(service, Task::kMessages, request); });
  http.handle("POST", "/v1/messages/count_tokens",
              [&service](const Request &request) { return messages(service, Task::kCountMessages, request); });
}

} // namespace yanxing::server
