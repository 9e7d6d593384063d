// What the server says of itself: health, metrics, the models that are here.
#include "base/log.h"
#include "base/paths.h"
#include "server/errors.h"
#include "server/openapi.h"
#include "server/service.h"

#include <algorithm>
#include <chrono>

namespace yanxing::server {
namespace {

std::int64_t seconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Json described(const ModelPool::Listing &listing, const std::string &makes) {
  Json own{{"makes", makes}, {"aliases", listing.aliases}, {"loaded", listing.loaded}};
  if (!listing.of.empty()) {
    own["adapter_of"] = listing.of;
  }
  if (listing.loaded) {
    own["context_tokens"] = listing.facts.context_tokens;
    own["parameters"] = listing.facts.parameters;
    own["bytes"] = listing.facts.bytes;
    own["sees"] = listing.facts.sees;
    own["hears"] = listing.facts.hears;
  }
  return {{"id", listing.id},
          {"object", "model"},
          {"created", seconds_since_1970()},
          {"owned_by", "yanxing"},
          {"yanxing", own}};
}

Json all_models(const Service &service) {
  Json models = Json::array();
  for (const auto &listing : service.models.list()) {
    models.push_back(described(listing, "text"));
  }
  for (const auto &listing : service.embedders.list()) {
    models.push_back(described(listing, "embeddings"));
  }
  if (service.openers.recognizer) {
    ModelPool::Listing ear{service.settings.settings.asr, "", {"whisper-1"}, false, {}};
    models.push_back(described(ear, "transcripts"));
  }
  if (service.openers.synthesizer) {
    ModelPool::Listing voice{"kokoro", "", {"tts-1"}, false, {}};
    models.push_back(described(voice, "speech"));
  }
  if (service.remote) {
    ModelPool::Listing far{"remote", "", {service.remote->settings().model}, false, {}};
    models.push_back(described(far, "text"));
  }
  return models;
}

Response one_model(const Service &service, const Request &request) {
  const auto wanted = request.query.find("model");
  for (const auto &model : all_models(service)) {
    const auto &aliases = model["yanxing"]["aliases"];
    if (wanted != request.query.end() &&
        (model["id"] == wanted->second || std::find(aliases.begin(), aliases.end(), wanted->second) != aliases.end())) {
      return json_response(model);
    }
  }
  return error_response(404, "there is no model '" + (wanted == request.query.end() ? "" : wanted->second) + "' here",
                        "model_not_found");
}

bool lies_in(const std::filesystem::path &file, const std::filesystem::path &folder) {
  std::error_code error;
  const auto inner = std::filesystem::weakly_canonical(file, error);
  const auto outer = std::filesystem::weakly_canonical(folder, error);
  return !error && std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// A name of the catalog, or a file in a folder that may be read from here.
Result<std::filesystem::path> file_for(const Service &service, const std::string &name) {
  auto file = weights_file(name);
  if (!file) {
    return file;
  }
  auto folders = service.settings.allow_files;
  folders.push_back(models_folder());
  const bool allowed =
      std::any_of(folders.begin(), folders.end(), [&](const auto &folder) { return lies_in(*file, folder); });
  return allowed ? file
                 : Result<std::filesystem::path>(Error{"files of that folder may not be loaded by a request",
                                                       "Start the server with --allow-files FOLDER"});
}

// {"model": name or file, "name"?, "aliases"?: ["light"], "adapters"?: {name: file}, "projector"?: file}: loads the
// model and puts it in the place of one of that name or alias; requests that run are finished by the one they began
// with.
Response load_model(Service &service, const Request &request) {
  auto [json, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  const auto model = string_or_empty(json, "model");
  if (model.empty()) {
    return error_response(400, "'model' is missing: a name from 'yanxing models', or a .gguf file", "", "model");
  }
  ModelEntry entry;
  const auto known = service.models.list();
  const bool is_known = std::any_of(known.begin(), known.end(), [&](const auto &one) {
    return one.id == model || std::find(one.aliases.begin(), one.aliases.end(), model) != one.aliases.end();
  });
  if (is_known && json.size() == 1) {
    const auto loaded = service.models.load(model, false);
    return loaded ? json_response({{"model", model}, {"loaded", true}}) : error_response(503, loaded.error());
  }
  const auto weights = file_for(service, model);
  if (!weights) {
    return error_response(400, weights.error());
  }
  entry.weights = *weights;
  entry.name = string_or_empty(json, "name");
  if (entry.name.empty()) {
    entry.name = model.ends_with(".gguf") ? weights->stem().string() : model;
  }
  if (json.contains("aliases") && json["aliases"].is_array()) {
    for (const auto &alias : json["aliases"]) {
      if (alias.is_string()) {
        entry.aliases.push_back(alias);
      }
    }
  }
  if (const auto projector = string_or_empty(json, "projector"); !projector.empty()) {
    const auto file = file_for(service, projector);
    if (!file) {
      return error_response(400, file.error());
    }
    entry.projector = *file;
  }
  if (json.contains("adapters") && json["adapters"].is_object()) {
    for (const auto &[name, path] : json["adapters"].items()) {
      const auto file = file_for(service, path.is_string() ? path.get<std::string>() : "");
      if (!file) {
        return error_response(400, file.error());
      }
      entry.adapters.push_back({name, *file});
    }
  }
  const auto swapped = service.models.swap(std::move(entry));
  return swapped ? json_response({{"model", model}, {"loaded", true}}) : error_response(503, swapped.error());
}

Response unload_model(Service &service, const Request &request) {
  auto [json, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  const auto model = string_or_empty(json, "model");
  const auto gone = service.models.unload(model);
  return gone ? json_response({{"model", model}, {"loaded", false}}) : error_response(404, gone.error());
}

Response metrics(Service &service, const Request &request) {
  Response response;
  response.content_type = "text/plain; version=0.0.4";
  response.body = service.counters.text();
  std::map<std::string, bool> seen;
  for (const auto &model : service.models.loaded()) {
    const auto told = model->ask(LanguageModel::Task::kMetrics, "", request.gone);
    response.body += labelled_metrics(told.body, model->settings().name, seen);
  }
  return response;
}

} // namespace

void add_service_routes(HttpServer &http, Service &service) {
  const auto health = [](const Request & /*unused*/) { return json_response({{"status", "ok"}}); };
  http.handle("GET", "/health", health, Access::kOpen);
  http.handle("GET", "/v1/health", health, Access::kOpen);
  http.handle("GET", "/metrics", [&service](const Request &request) { return metrics(service, request); });
  http.handle("GET", "/v1/models", [&service](const Request & /*unused*/) {
    return json_response({{"object", "list"}, {"data", all_models(service)}});
  });
  http.handle("GET", "/v1/models/:model", [&service](const Request &request) { return one_model(service, request); });
  http.handle("POST", "/v1/models/load", [&service](const Request &request) { return load_model(service, request); });
  http.handle("POST", "/v1/models/unload",
              [&service](const Request &request) { return unload_model(service, request); });
  http.handle("GET", "/openapi.json",
              [document = openapi_document()](const Request & /*unused*/) { return json_response(document); });
}

} // namespace yanxing::server
