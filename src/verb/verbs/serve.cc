#include "assistant/learned.h"
#include "base/files.h"
#include "base/paths.h"
#include "diary/diary.h"
#include "server/server.h"
#include "verb/diarist.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <iostream>

namespace yanxing::verb {
namespace {

struct Options : DecidingOptions {
  server::ServerOptions server;
  std::vector<std::string> adapters;
  std::string projector;
  std::string embedding_model;
  std::string large_tier;
  server::RemoteSettings remote;
  std::string remote_key_file;
  bool remote_words_only = false;
  bool no_hands = false;
  bool remember = false;
  int context_tokens = 16384;
  int slots = 4;
  int chunk_tokens = 128;
  int cache_mib = 512;
  std::size_t max_body_mib = 64;
};

// "name=path" → an adapter.
Result<std::vector<server::Adapter>> adapters_of(const std::vector<std::string> &texts) {
  std::vector<server::Adapter> adapters;
  for (const auto &text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
      return Error{"'" + text + "' names no adapter", "Write --adapters name=path.gguf"};
    }
    adapters.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return adapters;
}

// Turns of the page, written into the diary as those of `run` and `listen` are.
class PageKeeper : public server::TurnKeeper {
public:
  explicit PageKeeper(std::unique_ptr<Diarist> diarist) : diarist_(std::move(diarist)) {}

  void acted(const assistant::TurnReport &report, const action::Registry &registry,
             const std::optional<Decision> &proposed) override {
    diarist_->note(report, registry, proposed);
  }
  void undone() override { diarist_->undone(); }

private:
  std::unique_ptr<Diarist> diarist_;
};

// "qwen2.5-0.5b", or "model" of "some/model.gguf".
std::string name_of(const std::string &model) {
  return model.ends_with(".gguf") ? std::filesystem::path(model).stem().string() : model;
}

server::ModelPool::Loader loader_of(const Options &options, const Settings &settings, bool embeddings) {
  return [options, threads = engine_threads(options.threads > 0 ? options.threads : settings.threads),
          embeddings](const server::ModelEntry &entry) {
    server::LanguageModelSettings wanted;
    wanted.name = entry.name;
    wanted.weights = entry.weights;
    wanted.projector = entry.projector;
    wanted.adapters = entry.adapters;
    wanted.slots = options.slots;
    wanted.context_tokens = options.context_tokens;
    wanted.chunk_tokens = options.chunk_tokens;
    wanted.cache_mib = options.cache_mib;
    wanted.threads = threads;
    if (embeddings) { // a text is computed in one go, so the piece is as long as a text may be
      constexpr int kLongest = 512;
      wanted.embeddings = true;
      wanted.slots = 1;
      wanted.context_tokens = kLongest;
      wanted.chunk_tokens = kLongest;
    }
    return server::LanguageModel::load(wanted);
  };
}

server::Openers openers_of(const Options &options, const Settings &settings, const std::string &light,
                           const std::filesystem::path &weights) {
  server::Openers openers;
  openers.mind = [options, settings] { return open_mind(options, settings, true); };
  if (options.adapter.empty()) {
    openers.mind_version = [light, weights] { return assistant::adapter_for(light, weights).string(); };
  }
  openers.recognizer = [options, settings] { return open_recognizer(settings, options.threads); };
  openers.repairer = [] { return open_repairer(); };
  openers.reader = [options] { return Result<std::unique_ptr<screen::TextReader>>(open_text_reader(options.threads)); };
  openers.synthesizer = [options, settings] { return open_synthesizer(settings, "", options.threads); };
  openers.voice_activity = []() -> Result<std::unique_ptr<speech::VoiceActivity>> {
    const auto model = model_file("silero-vad", "silero_vad.onnx");
    if (!model) {
      return model.error();
    }
    return speech::VoiceActivity::open(*model);
  };
  openers.model = loader_of(options, settings, false);
  openers.embedder = loader_of(options, settings, true);
  return openers;
}

// The remote tier, where one was named: that is the permission to send it what is asked.
Status open_remote(const Options &options, server::Service &service) {
  if (options.remote.url.empty()) {
    return {};
  }
  auto settings = options.remote;
  settings.send_screen = !options.remote_words_only;
  if (!options.remote_key_file.empty()) {
    auto key = read_file(options.remote_key_file, 1 << 16);
    if (!key) {
      return key.error();
    }
    settings.key = key->substr(0, key->find_last_not_of(" \r\n") + 1);
  }
  service.remote = std::make_unique<server::Remote>(settings);
  return {};
}

Status serve(Options options) {
  const auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  auto registry = open_registry(options.actions);
  if (!registry) {
    return registry.error();
  }
  auto contacts = open_contacts(options.contacts);
  if (!contacts) {
    return contacts.error();
  }
  const auto adapters = adapters_of(options.adapters);
  if (!adapters) {
    return adapters.error();
  }
  const auto light = options.model.empty() ? configured->light : options.model;
  const auto weights = weights_file(light);
  if (!weights) {
    return weights.error();
  }
  options.large = options.large_tier; // of the mind too
  const auto large = options.large_tier.empty() ? configured->large : options.large_tier;

  server::ServiceSettings wanted;
  wanted.registry = std::move(*registry);
  wanted.contacts = std::move(*contacts);
  wanted.settings = *configured;
  wanted.actions_path = options.actions;
  wanted.hands = !options.no_hands;
  wanted.allow_url = options.server.allow_url;
  wanted.allow_files = {options.server.allow_files.begin(), options.server.allow_files.end()};
  server::Service service(std::move(wanted), openers_of(options, *configured, light, *weights));
  if (options.remember || configured->remember) {
    auto diarist = Diarist::open(diary::Diary::usual_file(), service.settings.contacts);
    if (!diarist) {
      return diarist.error();
    }
    service.keeper = std::make_unique<PageKeeper>(std::move(*diarist));
  }
  service.models.add({name_of(light), {"light"}, *weights, options.projector, *adapters});
  if (large != "none") {
    if (const auto file = weights_file(large)) {
      service.models.add({name_of(large), {"large"}, *file, "", {}});
    } else if (!options.large_tier.empty()) {
      return file.error();
    }
  }
  if (auto opened = open_remote(options, service); !opened) {
    return opened;
  }
  const auto embedding = options.embedding_model.empty() ? light : options.embedding_model;
  const auto embedding_weights = weights_file(embedding);
  if (!embedding_weights) {
    return embedding_weights.error();
  }
  service.embedders.add({name_of(embedding) + "-embedding", {"embedding", "light"}, *embedding_weights, "", {}});

  options.server.http.max_body_bytes = options.max_body_mib << 20U;
  const bool large_at_once = !options.large_tier.empty() && large != "none";
  options.server.load = large_at_once ? std::vector<std::string>{"light", "large"} : std::vector<std::string>{"light"};
  options.server.on_ready = [json = options.json](const server::Ready &ready) {
    if (json) {
      print_json({{"url", ready.url}, {"port", ready.port}, {"models", ready.models}});
    } else {
      std::cout << "listening on " << ready.url << "\n" << std::flush;
    }
  };
  return server::serve(service, options.server);
}

void define(CLI::App &app, Options &options) {
  auto &http = options.server.http;
  const auto *const models = "Models";
  app.add_option("--host", http.host, "address to listen on; anything but loopback should go with --api-key")
      ->capture_default_str();
  app.add_option("--port", http.port, "port to listen on; 0: any that is free")->capture_default_str();
  app.add_option("--api-key", http.api_keys, "a key that requests must show; repeat it for several")->expected(1);
  app.add_option("--api-key-file", options.server.api_key_file, "file with one key a line");
  app.add_option("--allow-origin", http.allowed_origins, "a web page's origin that may call, e.g. https://app.example");
  app.add_option("--tls-cert", http.certificate, "certificate (PEM): serve https");
  app.add_option("--tls-key", http.key, "its key (PEM)");
  app.add_option("--allow-url", options.server.allow_url, "host from which image_url may be fetched; *: any");
  app.add_option("--allow-files", options.server.allow_files, "folder from which requests may name files");
  app.add_option("--max-body", options.max_body_mib, "largest request, MiB")->capture_default_str();
  app.add_option("--max-connections", http.max_connections, "connections at a time")->capture_default_str();
  app.add_option("--timeout", http.request_s, "longest that one request may take, seconds")->capture_default_str();
  app.add_option("--grace", http.grace_s, "seconds that running requests have when the server is told to end")
      ->capture_default_str();

  app.add_option("--model", options.model, "light tier: a name from 'yanxing models', or a .gguf file")->group(models);
  app.add_option(
         "--large", options.large_tier,
         "large tier, loaded at the start: a name or a .gguf file (default: that of the settings, on first use); "
         "none: no such tier")
      ->group(models);
  app.add_option("--adapters", options.adapters, "name=path.gguf: a LoRA adapter of the light tier, asked for by name")
      ->group(models);
  app.add_option("--mmproj", options.projector, "projector (GGUF) of a vision or audio model given by --model")
      ->group(models);
  app.add_option("--embedding-model", options.embedding_model, "model for /v1/embeddings (default: the light one)")
      ->group(models);
  app.add_option("--slots", options.slots, "requests that are worked on at the same time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str()
      ->group(models);
  app.add_option("--context", options.context_tokens, "tokens of all slots together")
      ->check(CLI::Range(256, 4 << 20))
      ->capture_default_str()
      ->group(models);
  app.add_option("--chunk", options.chunk_tokens, "tokens of a long prompt between two tokens of the others")
      ->check(CLI::Range(16, 8192))
      ->capture_default_str()
      ->group(models);
  app.add_option("--cache-ram", options.cache_mib, "MiB for prompts that later ones may begin with")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str()
      ->group(models);
  app.add_option("--threads", options.threads, "threads of each engine (default: the cores, at most 4)")->group(models);

  const auto *const remote = "Remote tier (nothing leaves this machine without --remote)";
  app.add_option("--remote", options.remote.url,
                 "endpoint that speaks OpenAI's API, e.g. https://cluster.example/v1: chat as model 'remote', and "
                 "decisions of which the tiers here are unsure")
      ->group(remote);
  app.add_option("--remote-model", options.remote.model, "the model's name there")->group(remote);
  app.add_option("--remote-key-file", options.remote_key_file, "file with the endpoint's key")->group(remote);
  app.add_option("--remote-budget", options.remote.tokens_an_hour, "tokens an hour; 0: no limit")
      ->capture_default_str()
      ->group(remote);
  app.add_flag("--remote-words-only", options.remote_words_only, "send it the words, but not what is on the screen")
      ->group(remote);

  const auto *const deciding = "Deciding";
  app.add_option("--actions", options.actions, "folder or file of actions (default: those that come with yanxing)")
      ->group(deciding);
  app.add_option("--contacts", options.contacts, "vCard file (default: contacts.vcf in the configuration folder)")
      ->group(deciding);
  app.add_option("--adapter", options.adapter, "LoRA adapter for decisions, or none; empty: yanxing's own")
      ->group(deciding);
  app.add_flag("--no-hands", options.no_hands, "the page may not look at this desktop or act on it")->group(deciding);
  app.add_flag("--remember", options.remember,
               "keep what is done through the page on this machine, for 'corrections' and 'learn' (setting: remember)")
      ->group(deciding);
  add_json_option(app, options.json);
}

} // namespace

Verb make_serve_verb() {
  return {"serve", "OpenAI's API over the models here: chat, speech, decisions, embeddings",
          "  yanxing serve\n"
          "  yanxing serve --port 0 --json                # any free port; prints it\n"
          "  yanxing serve --host 0.0.0.0 --api-key secret --tls-cert cert.pem --tls-key key.pem\n"
          "  yanxing serve --model my.gguf --adapters office=office.gguf --slots 8 --context 32768\n"
          "  curl http://127.0.0.1:8080/v1/chat/completions -d '{\"model\": \"light\",\n"
          "    \"messages\": [{\"role\": \"user\", \"content\": \"你好\"}]}'",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            define(app, *options);
            return [options] { return serve(*options); };
          },
          "deploy"};
}

} // namespace yanxing::verb
