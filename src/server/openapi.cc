#include "server/openapi.h"

#include <string>
#include <vector>

namespace yanxing::server {
namespace {

Json type(const char *name) { return {{"type", name}}; }
Json text() { return type("string"); }
Json object(const Json &properties, const std::vector<std::string> &required = {}) {
  Json schema{{"type", "object"}, {"properties", properties}};
  if (!required.empty()) {
    schema["required"] = required;
  }
  return schema;
}
Json list(const Json &items) { return {{"type", "array"}, {"items", items}}; }
Json one_of(const std::vector<std::string> &values) { return {{"type", "string"}, {"enum", values}}; }
Json range(const char *name, double least, double most) {
  return {{"type", name}, {"minimum", least}, {"maximum", most}};
}

// What every request for text may say beside its own.
Json generating(Json own, const std::vector<std::string> &required) {
  const Json common{{"model", text()},
                    {"stream", type("boolean")},
                    {"max_tokens", range("integer", 0, 1 << 20)},
                    {"temperature", range("number", 0, 2)},
                    {"top_p", range("number", 0, 1)},
                    {"seed", type("integer")},
                    {"stop", {{"anyOf", Json::array({text(), list(text())})}}}};
  own.update(common);
  return object(own, required);
}

Json message() {
  return object({{"role", one_of({"system", "developer", "user", "assistant", "tool"})},
                 {"content", {{"anyOf", Json::array({text(), list(type("object")), type("null")})}}}},
                {"role"});
}

Json tools() { return list(object({{"type", one_of({"function"})}, {"function", type("object")}})); }

struct Route {
  const char *method;
  const char *path;
  const char *summary;
  Json body; // JSON Schema; null: none
  const char *answers = "application/json";
  const char *asks = "application/json";
};

std::vector<Route> routes() {
  const auto chat = generating({{"messages", list(message())},
                                {"tools", tools()},
                                {"tool_choice", {{"anyOf", Json::array({text(), type("object")})}}},
                                {"response_format", object({{"type", one_of({"text", "json_object", "json_schema"})}})},
                                {"n", range("integer", 1, 256)},
                                {"logprobs", type("boolean")},
                                {"top_logprobs", range("integer", 0, 20)}},
                               {"messages"});
  const Json binary{{"type", "string"}, {"contentMediaType", "application/octet-stream"}};
  const auto sound = object({{"file", binary},
                             {"model", text()},
                             {"language", one_of({"auto", "zh", "en"})},
                             {"prompt", text()},
                             {"response_format", one_of({"json", "text", "srt", "verbose_json", "vtt"})},
                             {"stream", type("boolean")}},
                            {"file"});
  const auto *const form = "multipart/form-data";
  return {
      {"get", "/health", "Whether the server is up; needs no key", nullptr},
      {"get", "/metrics", "Counters for Prometheus", nullptr, "text/plain"},
      {"get", "/v1/models", "The models that are here", nullptr},
      {"post", "/v1/models/load", "Load a model; it takes its name and aliases without a gap",
       object({{"model", text()},
               {"name", text()},
               {"aliases", list(text())},
               {"projector", text()},
               {"adapters", {{"type", "object"}, {"additionalProperties", text()}}}},
              {"model"})},
      {"post", "/v1/models/unload", "Take a model out of memory", object({{"model", text()}}, {"model"})},
      {"post", "/v1/chat/completions", "A chat's next message", chat},
      {"post", "/v1/completions", "How a text goes on",
       generating({{"prompt", {{"anyOf", Json::array({text(), list(text()), list(type("integer"))})}}}}, {"prompt"})},
      {"post", "/v1/responses", "OpenAI's responses, not stored",
       generating({{"input", {{"anyOf", Json::array({text(), list(type("object"))})}}}, {"instructions", text()}},
                  {"input"})},
      {"post", "/v1/messages", "Anthropic's messages",
       generating({{"messages", list(message())}, {"system", {{"anyOf", Json::array({text(), list(type("object"))})}}}},
                  {"messages"})},
      {"post", "/v1/messages/count_tokens", "Tokens of Anthropic's messages",
       object({{"messages", list(message())}}, {"messages"})},
      {"post", "/v1/embeddings", "Vectors of texts",
       object({{"model", text()},
               {"input", {{"anyOf", Json::array({text(), list(text())})}}},
               {"encoding_format", one_of({"float", "base64"})}},
              {"input"})},
      {"post", "/v1/tokenize", "A text's tokens", object({{"model", text()}, {"prompt", text()}}, {"prompt"})},
      {"post", "/v1/detokenize", "The text of tokens",
       object({{"model", text()}, {"tokens", list(type("integer"))}}, {"tokens"})},
      {"post", "/v1/decide", "Words and a screen: which action is meant",
       object({{"utterance", text()},
               {"audio", text()},
               {"lang", one_of({"auto", "zh", "en"})},
               {"screen", type("object")},
               {"screenshot", text()},
               {"actions", {{"anyOf", Json::array({type("array"), type("object")})}}},
               {"contacts", list(type("object"))},
               {"history", list(type("object"))},
               {"repair", type("boolean")}})},
      {"post", "/v1/audio/transcriptions", "Speech to text", sound, "application/json", form},
      {"post", "/v1/audio/translations", "Speech to English text", sound, "application/json", form},
      {"post", "/v1/audio/speech", "Text to speech",
       object({{"input", text()},
               {"model", text()},
               {"voice", text()},
               {"speed", range("number", 0.25, 4)},
               {"response_format", one_of({"mp3", "opus", "flac", "ogg", "wav", "pcm"})}},
              {"input"}),
       "application/octet-stream"},
      {"get", "/v1/realtime", "A WebSocket: OpenAI's realtime events", nullptr},
      {"get", "/v1/operate/state", "Which parts of the server's desktop the page can use", nullptr},
      {"post", "/v1/operate/look", "Look at the server's desktop", type("object")},
      {"get", "/v1/operate/picture", "The picture of the last look", nullptr, "image/png"},
      {"post", "/v1/operate/propose", "Words about what was seen: the action, not yet done",
       object({{"utterance", text()}, {"look", text()}}, {"utterance"})},
      {"post", "/v1/operate/act", "Do what was proposed; 'yes' is the user's own",
       object({{"proposal", text()}, {"yes", type("boolean")}, {"action", type("object")}}, {"proposal"})},
      {"post", "/v1/operate/undo", "Take back what was done last", object({{"lang", one_of({"zh", "en"})}})},
      {"get", "/v1/activity", "What was done from the page", nullptr},
      {"get", "/v1/actions", "The actions, as the page shows them", nullptr},
      {"post", "/v1/actions", "Keep an action of one's own", type("object")},
      {"get", "/v1/catalog", "Models that can be fetched", nullptr},
      {"get", "/v1/jobs", "Long work and how far it is", nullptr},
      {"post", "/v1/jobs", "Fetch a model, make samples, fine-tune",
       object({{"kind", one_of({"pull", "make", "sft"})}}, {"kind"})},
      {"get", "/v1/samples", "Files of samples to learn from", nullptr},
      {"get", "/v1/settings", "What can be set from the page", nullptr},
      {"get", "/v1/turns", "Server-sent events of the turns that are taken", nullptr, "text/event-stream"},
  };
}

Json responses(const Route &route) {
  const Json error{{"description", "an error"},
                   {"content", {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}};
  Json good{{"description", "the answer"}, {"content", {{route.answers, {{"schema", Json::object()}}}}}};
  if (std::string_view(route.path).find("completions") != std::string_view::npos) {
    good["content"]["text/event-stream"] = {{"schema", Json::object()}};
  }
  return {{"200", good}, {"default", error}};
}

} // namespace

Json openapi_document() {
  Json paths = Json::object();
  for (const auto &route : routes()) {
    Json operation{{"summary", route.summary}, {"responses", responses(route)}};
    if (!route.body.is_null()) {
      operation["requestBody"] = {{"required", true}, {"content", {{route.asks, {{"schema", route.body}}}}}};
    }
    if (std::string_view(route.path) == "/health") {
      operation["security"] = Json::array();
    }
    paths[route.path][route.method] = operation;
  }
  const auto error =
      object({{"error", object({{"message", text()}, {"type", text()}}, {"message", "type"})}}, {"error"});
  return {
      {"openapi", "3.1.0"},
      {"info", {{"title", "yanxing"}, {"version", "1"}, {"description", "OpenAI's API, and decisions."}}},
      {"paths", paths},
      {"security", Json::array({{{"key", Json::array()}}})},
      {"components",
       {{"schemas", {{"Error", error}}}, {"securitySchemes", {{"key", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

} // namespace yanxing::server
