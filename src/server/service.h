// What the routes share. Each group of routes is one file that adds them to the HTTP server.
#pragma once

#include "action/registry.h"
#include "assistant/mind.h"
#include "assistant/turn.h"
#include "base/config.h"
#include "screen/look.h"
#include "server/counters.h"
#include "server/desk.h"
#include "server/http.h"
#include "server/model_pool.h"
#include "server/remote.h"
#include "server/turn_feed.h"
#include "speech/endpoint.h"
#include "speech/recognizer.h"
#include "speech/synthesizer.h"
#include "text/repair.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::server {

// How the parts of a turn are made, each when it is first needed.
struct Openers {
  Desk<assistant::Mind>::Opener mind;
  Desk<assistant::Mind>::Version mind_version; // the adapter in use: one that was learned meanwhile is taken up
  Desk<speech::Recognizer>::Opener recognizer;
  Desk<text::Repairer>::Opener repairer;
  Desk<screen::TextReader>::Opener reader;
  Desk<speech::Synthesizer>::Opener synthesizer;
  std::function<Result<std::unique_ptr<speech::VoiceActivity>>()> voice_activity;
  ModelPool::Loader model;    // text models
  ModelPool::Loader embedder; // the same file, made for vectors
};

// Told of what is done through the page, where the user allowed it to be kept; called by one turn at a time.
struct TurnKeeper {
  virtual ~TurnKeeper() = default;
  // `proposed`: what had been decided, where the user has changed it before it was done.
  virtual void acted(const assistant::TurnReport &report, const action::Registry &registry,
                     const std::optional<Decision> &proposed) = 0;
  virtual void undone() = 0;
};

struct ServiceSettings {
  action::Registry registry;
  std::vector<Contact> contacts;
  Settings settings;
  std::vector<std::string> allow_url;             // hosts from which pictures may be fetched; "*": any
  std::filesystem::path actions_path;             // of the registry; empty: the actions that come with yanxing
  bool hands = true;                              // the page may look at this desktop and act on it
  std::vector<std::filesystem::path> allow_files; // folders from which pictures, sound and models may be read
  int max_waiting = 256;                          // requests for text at the same time; more get status 429
  double max_audio_s = 1800;
  std::size_t max_image_pixels = 40'000'000;
};

struct Service {
  Service(ServiceSettings wanted, Openers makers)
      : settings(std::move(wanted)), openers(std::move(makers)), models(openers.model), embedders(openers.embedder),
        mind(openers.mind, openers.mind_version), recognizer(openers.recognizer), repairer(openers.repairer),
        reader(openers.reader), synthesizer(openers.synthesizer) {}

  ServiceSettings settings;
  Openers openers;
  ModelPool models;
  ModelPool embedders;
  Desk<assistant::Mind> mind;
  Desk<speech::Recognizer> recognizer;
  Desk<text::Repairer> repairer;
  Desk<screen::TextReader> reader;
  Desk<speech::Synthesizer> synthesizer;
  Counters counters;
  TurnFeed turns;
  std::unique_ptr<TurnKeeper> keeper; // null: turns are not kept
  std::unique_ptr<Remote> remote;     // null: nothing leaves this machine
  std::atomic<int> waiting{0};
  double acts_above = assistant::Rewards{}.act_above(); // the probability from which acting pays
};

void add_text_routes(HttpServer &http, Service &service); // chat, completions, responses, messages, embeddings, tokens
void add_decide_routes(HttpServer &http, Service &service);   // words and screen → action
void add_audio_routes(HttpServer &http, Service &service);    // transcriptions, translations, speech
void add_realtime_routes(HttpServer &http, Service &service); // realtime over WebSocket, events of turns
void add_service_routes(HttpServer &http, Service &service);  // health, metrics, models
void add_page_routes(HttpServer &http, Service &service);     // the page, and what only it needs

} // namespace yanxing::server
