#include "server/realtime_session.h"

#include "audio/clip.h"
#include "base/log.h"
#include "server/decision.h"
#include "server/errors.h"
#include "server/realtime_config.h"
#include "server/realtime_reply.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

namespace yanxing::server {
namespace {

constexpr std::size_t kMostItems = 200;
constexpr std::size_t kMostSamples = std::size_t{600} * audio::kSpeechRateHz; // of a turn that is committed by hand

std::vector<float> samples_of(const std::string &pcm16) {
  std::vector<float> samples(pcm16.size() / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    std::int16_t value = 0;
    std::memcpy(&value, pcm16.data() + 2 * i, sizeof value);
    samples[i] = static_cast<float>(value) / 32768.0F;
  }
  return samples;
}

} // namespace

struct RealtimeSession::Impl {
  Service &service;
  bool beta;
  std::function<bool(const Json &)> send;
  std::string id = realtime_id("sess_");

  // Of the thread that reads the socket alone.
  audio::Resampler resampler{24000, audio::kSpeechRateHz};
  std::unique_ptr<speech::Endpointer> endpointer;
  std::vector<float> gathered; // where turns are committed by hand
  std::size_t heard_samples = 0;
  std::string speaking_item; // id that the turn under way will have

  // Of both threads.
  std::mutex mutex;
  std::condition_variable changed;
  RealtimeConfig config;
  std::vector<RealtimeItem> conversation;
  std::deque<std::function<void()>> jobs;
  std::stop_source response; // of the response that runs or waits
  bool responding = false;
  bool busy = false;
  bool ending = false;
  std::thread worker; // hears, decides, answers

  Impl(Service &shared, std::string model, bool first_version, std::function<bool(const Json &)> out)
      : service(shared), beta(first_version), send(std::move(out)) {
    config.model = std::move(model);
    worker = std::thread([this] { work(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
      response.request_stop();
      jobs.clear();
      changed.notify_all();
    }
    worker.join();
  }

  bool tell(Json event) {
    event["event_id"] = realtime_id("event_");
    return send(event);
  }
  void complain(const Json &about, const std::string &message, const std::string &code = "invalid_value") {
    tell({{"type", "error"},
          {"error",
           {{"type", "invalid_request_error"},
            {"code", code},
            {"message", message},
            {"param", nullptr},
            {"event_id", about.is_object() && about.contains("event_id") ? about["event_id"] : Json()}}}});
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return ending || !jobs.empty(); });
      if (ending) {
        return;
      }
      auto job = std::move(jobs.front());
      jobs.pop_front();
      busy = true;
      lock.unlock();
      try {
        job();
      } catch (const std::exception &thrown) {
        log_warning(std::string("realtime: ") + thrown.what());
        tell({{"type", "error"}, {"error", {{"type", "server_error"}, {"message", thrown.what()}}}});
      }
      lock.lock();
      busy = false;
      changed.notify_all();
    }
  }
  void enqueue(std::function<void()> job) {
    const std::lock_guard lock(mutex);
    jobs.push_back(std::move(job));
    changed.notify_all();
  }
  RealtimeConfig settings() {
    const std::lock_guard lock(mutex);
    return config;
  }

  // --- sound ---

  Status open_endpointer(const RealtimeConfig &now) {
    if (endpointer || !now.detects_turns) {
      return {};
    }
    if (!service.openers.voice_activity) {
      return Error{"this server cannot tell where speech ends", "Set turn_detection to null and commit by hand"};
    }
    auto activity = service.openers.voice_activity();
    if (!activity) {
      return activity.error();
    }
    speech::EndpointSettings settings;
    settings.start_probability = now.start_probability;
    settings.stop_probability = now.start_probability * 0.7F;
    settings.endpoint_ms = now.silence_ms;
    settings.pause_ms = std::min(settings.pause_ms, now.silence_ms);
    settings.padding_ms = now.padding_ms;
    endpointer = std::make_unique<speech::Endpointer>(std::move(*activity), settings);
    return {};
  }

  [[nodiscard]] long heard_ms() const { return static_cast<long>(heard_samples * 1000 / audio::kSpeechRateHz); }

  void append(const Json &event) {
    const auto bytes = decode_base64(string_or_empty(event, "audio"));
    if (!bytes || bytes->size() % 2 != 0) {
      complain(event, "'audio' must be base64 of 16-bit samples");
      return;
    }
    const auto now = settings();
    if (auto opened = open_endpointer(now); !opened) {
      complain(event, opened.error().message());
      return;
    }
    const auto samples = resampler.push(samples_of(*bytes));
    heard_samples += samples.size();
    if (!now.detects_turns) {
      if (gathered.size() + samples.size() > kMostSamples) {
        complain(event, "more than ten minutes were not committed; they are dropped");
        gathered.clear();
        return;
      }
      gathered.insert(gathered.end(), samples.begin(), samples.end());
      return;
    }
    for (const auto what : endpointer->push(samples)) {
      on_voice(what, now);
    }
  }

  void on_voice(speech::Endpointer::Event what, const RealtimeConfig &now) {
    if (what == speech::Endpointer::Event::kStart) {
      speaking_item = realtime_id("item_");
      tell({{"type", "input_audio_buffer.speech_started"},
            {"audio_start_ms", std::max(0L, heard_ms() - now.padding_ms)},
            {"item_id", speaking_item}});
      if (now.is_interruptible) {
        cancel();
      }
      if (now.actions) { // what does not depend on the words is computed while they are spoken
        enqueue([this] { prepare(); });
      }
    } else if (what == speech::Endpointer::Event::kEnd) {
      tell({{"type", "input_audio_buffer.speech_stopped"}, {"audio_end_ms", heard_ms()}, {"item_id", speaking_item}});
      take_turn(endpointer->utterance(), speaking_item, now.answers_turns);
    }
  }

  void commit(const Json &event) {
    const auto now = settings();
    if (now.detects_turns) {
      if (!endpointer || !endpointer->speaking()) {
        complain(event, "there is no speech to commit", "input_audio_buffer_commit_empty");
        return;
      }
      for (const auto what : endpointer->end_now()) {
        on_voice(what, now);
      }
      return;
    }
    if (gathered.size() < audio::kSpeechRateHz / 10) {
      complain(event, "the buffer holds less than 100 ms of sound", "input_audio_buffer_commit_empty");
      return;
    }
    audio::Clip clip;
    clip.samples = std::exchange(gathered, {});
    take_turn(std::move(clip), realtime_id("item_"), false);
  }

  void take_turn(audio::Clip clip, const std::string &item, bool answer) {
    {
      const std::lock_guard lock(mutex);
      tell({{"type", "input_audio_buffer.committed"},
            {"previous_item_id", conversation.empty() ? Json() : Json(conversation.back().id)},
            {"item_id", item}});
    }
    tell({{"type", beta ? "conversation.item.created" : "conversation.item.added"},
          {"item",
           {{"id", item},
            {"object", "realtime.item"},
            {"type", "message"},
            {"status", "completed"},
            {"role", "user"},
            {"content", Json::array({{{"type", "input_audio"}, {"transcript", nullptr}}})}}}});
    enqueue([this, clip = std::move(clip), item, answer] { hear_turn(clip, item, answer); });
  }

  // --- of the worker ---

  void prepare() {
    const auto now = settings();
    auto mind = service.mind.take();
    if (!mind || !now.actions) {
      return;
    }
    const auto &people = now.people ? *now.people : service.settings.contacts;
    (void)(*mind)->prepare({&now.actions->actions(), now.screen ? &*now.screen : nullptr, &people, {}});
  }

  void hear_turn(const audio::Clip &clip, const std::string &item, bool answer) {
    const auto now = settings();
    const Json place{{"item_id", item}, {"content_index", 0}};
    const auto heard = hear(service, clip, now.language, now.actions ? &*now.actions : nullptr,
                            now.screen ? &*now.screen : nullptr, now.people ? &*now.people : nullptr);
    if (!heard) {
      auto failed = place;
      failed["type"] = "conversation.item.input_audio_transcription.failed";
      failed["error"] = {{"type", "transcription_error"}, {"message", heard.error().message()}};
      tell(failed);
      return;
    }
    if (now.transcribes) {
      auto delta = place;
      delta["type"] = "conversation.item.input_audio_transcription.delta";
      delta["delta"] = *heard;
      tell(delta);
      auto done = place;
      done["type"] = "conversation.item.input_audio_transcription.completed";
      done["transcript"] = *heard;
      tell(done);
    }
    service.turns.publish("heard", {{"transcript", *heard}});
    add({item, "message", "user", *heard, "", ""});
    if (answer && !heard->empty()) {
      start_response(Json::object());
    }
  }

  void add(RealtimeItem item) {
    const std::lock_guard lock(mutex);
    conversation.push_back(std::move(item));
    if (conversation.size() > kMostItems) {
      conversation.erase(conversation.begin());
    }
  }

  void start_response(const Json &wishes) {
    auto now = settings();
    if (!wishes.empty()) {
      if (auto set = apply_update(now, wishes); !set) {
        complain(wishes, set.error().message());
        return;
      }
    }
    {
      const std::lock_guard lock(mutex);
      response = std::stop_source();
      responding = true;
      jobs.push_back([this, now, stop = response.get_token()] { respond(now, stop); });
      changed.notify_all();
    }
  }

  void respond(const RealtimeConfig &now, const std::stop_token &stop) {
    std::vector<RealtimeItem> so_far;
    {
      const std::lock_guard lock(mutex);
      so_far = conversation;
    }
    auto reply = make_realtime_reply(service, now, so_far, beta, stop, [this](Json event) { return send(event); });
    const std::lock_guard lock(mutex);
    conversation.insert(conversation.end(), reply.items.begin(), reply.items.end());
    responding = false;
  }

  bool cancel() {
    const std::lock_guard lock(mutex);
    response.request_stop();
    return responding;
  }

  // --- the client's events ---

  void create_item(const Json &event) {
    const auto item = event.contains("item") && event["item"].is_object() ? event["item"] : Json::object();
    const auto type = string_or_empty(item, "type");
    RealtimeItem made{string_or_empty(item, "id"), type, string_or_empty(item, "role"), "", "", ""};
    made.id = made.id.empty() ? realtime_id("item_") : made.id;
    if (type == "message") {
      for (const auto &part :
           item.contains("content") && item["content"].is_array() ? item["content"] : Json::array()) {
        if (!part.is_object() || !take_part(part, made.text)) {
          complain(event, "a part of 'content' is not understood: use input_text or input_image");
          return;
        }
      }
      if (made.role != "user" && made.role != "assistant" && made.role != "system") {
        complain(event, "'role' must be user, assistant or system");
        return;
      }
    } else if (type == "function_call_output") {
      made.call_id = string_or_empty(item, "call_id");
      made.text = string_or_empty(item, "output");
    } else if (type == "function_call") {
      made.role = "assistant";
      made.call_id = string_or_empty(item, "call_id");
      made.name = string_or_empty(item, "name");
      made.text = string_or_empty(item, "arguments");
    } else {
      complain(event, "items of type '" + type + "' are not understood");
      return;
    }
    auto told = item;
    told["id"] = made.id;
    told["object"] = "realtime.item";
    told["status"] = "completed";
    add(std::move(made));
    tell({{"type", beta ? "conversation.item.created" : "conversation.item.added"}, {"item", told}});
    if (!beta) {
      tell({{"type", "conversation.item.done"}, {"item", told}});
    }
  }

  // Text is added to `text`; a picture becomes the screen that is seen.
  bool take_part(const Json &part, std::string &text) {
    const auto type = string_or_empty(part, "type");
    if (type == "input_text" || type == "text" || type == "output_text") {
      text += string_or_empty(part, "text");
      return true;
    }
    if (type != "input_image") {
      return false;
    }
    auto seen = see(service, string_or_empty(part, "image_url"));
    if (!seen) {
      complain(part, seen.error().message());
      return true;
    }
    const std::lock_guard lock(mutex);
    config.screen = std::move(*seen);
    return true;
  }

  void update(const Json &event) {
    {
      const std::lock_guard lock(mutex);
      const auto before = config;
      if (auto set = apply_update(config, event.contains("session") ? event["session"] : Json()); !set) {
        complain(event, set.error().message());
        return;
      }
      if (config.input_rate_hz != before.input_rate_hz) {
        resampler = audio::Resampler(config.input_rate_hz, audio::kSpeechRateHz);
      }
      if (config.silence_ms != before.silence_ms || config.padding_ms != before.padding_ms ||
          config.start_probability != before.start_probability || config.detects_turns != before.detects_turns) {
        endpointer.reset(); // made anew with the next sound
      }
    }
    tell({{"type", "session.updated"}, {"session", session_json(settings(), id, beta)}});
  }

  void handle(const Json &event) {
    const auto type = string_or_empty(event, "type");
    if (type == "session.update") {
      update(event);
    } else if (type == "input_audio_buffer.append") {
      append(event);
    } else if (type == "input_audio_buffer.commit") {
      commit(event);
    } else if (type == "input_audio_buffer.clear") {
      gathered.clear();
      endpointer.reset();
      tell({{"type", "input_audio_buffer.cleared"}});
    } else if (type == "conversation.item.create") {
      create_item(event);
    } else if (type == "conversation.item.delete") {
      const auto item = string_or_empty(event, "item_id");
      const std::lock_guard lock(mutex);
      std::erase_if(conversation, [&](const auto &one) { return one.id == item; });
      tell({{"type", "conversation.item.deleted"}, {"item_id", item}});
    } else if (type == "conversation.item.truncate") {
      tell({{"type", "conversation.item.truncated"},
            {"item_id", string_or_empty(event, "item_id")},
            {"content_index", 0},
            {"audio_end_ms", event.contains("audio_end_ms") ? event["audio_end_ms"] : Json(0)}});
    } else if (type == "response.create") {
      const auto wishes =
          event.contains("response") && event["response"].is_object() ? event["response"] : Json::object();
      enqueue([this, wishes] { start_response(wishes); }); // behind what is being heard
    } else if (type == "response.cancel") {
      if (!cancel()) {
        complain(event, "no response is under way", "response_cancel_not_active");
      }
    } else if (type == "output_audio_buffer.clear") {
      cancel();
    } else {
      complain(event, "events of type '" + type.substr(0, 100) + "' are not understood", "unknown_event");
    }
  }
};

RealtimeSession::RealtimeSession(Service &service, std::string model, bool beta, std::function<bool(const Json &)> send)
    : impl_(std::make_unique<Impl>(service, std::move(model), beta, std::move(send))) {}
RealtimeSession::~RealtimeSession() = default;

void RealtimeSession::greet() {
  impl_->tell({{"type", "session.created"}, {"session", session_json(impl_->settings(), impl_->id, impl_->beta)}});
}

void RealtimeSession::handle(const std::string &message) {
  auto [event, wrong] = parse_body(message);
  if (wrong) {
    impl_->complain(Json(), "an event must be a JSON object", "invalid_json");
    return;
  }
  impl_->handle(event);
}

void RealtimeSession::wait_until_idle() {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->jobs.empty() && !impl_->busy; });
}

} // namespace yanxing::server
