#include "speech/endpoint.h"

#include <algorithm>

namespace yanxing::speech {
namespace {

std::size_t samples_in(int ms) { return static_cast<std::size_t>(ms) * audio::kSpeechRateHz / 1000; }

} // namespace

struct Endpointer::Impl {
  std::unique_ptr<VoiceActivity> vad;
  EndpointSettings settings;
  std::vector<float> window;   // not yet a full window
  std::vector<float> heard;    // from the padding before speech on
  std::size_t last_speech = 0; // end of the last speech window, in `heard`
  std::size_t speech_samples = 0;
  bool speaking = false;
  bool held = false; // push-to-talk: only letting go ends it
  bool paused = false;
  bool candidate = false; // above the threshold, not yet long enough
  std::vector<float> finished;
  std::size_t finished_silence = 0;

  void process(std::vector<Event> &events) {
    const float p = vad->probability(std::span<const float, VoiceActivity::kWindow>(window));
    heard.insert(heard.end(), window.begin(), window.end());
    const bool speech = p >= (speaking || candidate ? settings.stop_probability : settings.start_probability);
    if (!speaking) {
      wait_for_speech(speech, events);
      return;
    }
    if (speech) {
      last_speech = heard.size();
      if (std::exchange(paused, false)) {
        events.push_back(Event::kResume);
      }
    }
    if (held && last_speech == 0) {
      if (heard.size() >= samples_in(settings.max_utterance_ms)) {
        finish(events);
      }
      return; // nothing said yet that could pause
    }
    const auto silence = heard.size() - last_speech;
    if (!paused && silence >= samples_in(settings.pause_ms) && (held || silence < samples_in(settings.endpoint_ms))) {
      paused = true;
      events.push_back(Event::kPause);
    }
    if ((!held && silence >= samples_in(settings.endpoint_ms)) ||
        heard.size() >= samples_in(settings.max_utterance_ms)) {
      finish(events);
    }
  }

  void wait_for_speech(bool speech, std::vector<Event> &events) {
    if (speech) {
      candidate = true;
      speech_samples += window.size();
      last_speech = heard.size();
      if (speech_samples >= samples_in(settings.min_speech_ms)) {
        speaking = true;
        paused = false;
        finished.clear();
        events.push_back(Event::kStart);
      }
      return;
    }
    candidate = false;
    speech_samples = 0;
    const auto keep = samples_in(settings.padding_ms);
    if (heard.size() > keep) {
      heard.erase(heard.begin(), heard.end() - static_cast<std::ptrdiff_t>(keep));
    }
  }

  void finish(std::vector<Event> &events) {
    finished = spoken();
    finished_silence = heard.size() - std::min(heard.size(), last_speech);
    heard.clear();
    speaking = held = candidate = false;
    speech_samples = last_speech = 0;
    vad->reset();
    events.push_back(Event::kEnd);
  }

  [[nodiscard]] std::vector<float> spoken() const {
    if (last_speech == 0) {
      return {};
    }
    const auto end = std::min(heard.size(), last_speech + samples_in(settings.padding_ms));
    return {heard.begin(), heard.begin() + static_cast<std::ptrdiff_t>(end)};
  }
};

Endpointer::Endpointer(std::unique_ptr<VoiceActivity> vad, EndpointSettings settings)
    : impl_(std::make_unique<Impl>()) {
  impl_->vad = std::move(vad);
  impl_->settings = settings;
}
Endpointer::~Endpointer() = default;

std::vector<Endpointer::Event> Endpointer::push(std::span<const float> samples) {
  std::vector<Event> events;
  for (const float sample : samples) {
    impl_->window.push_back(sample);
    if (impl_->window.size() == VoiceActivity::kWindow) {
      impl_->process(events);
      impl_->window.clear();
    }
  }
  return events;
}

audio::Clip Endpointer::utterance() const {
  return {impl_->speaking ? impl_->spoken() : impl_->finished, audio::kSpeechRateHz};
}

bool Endpointer::speaking() const { return impl_->speaking; }

double Endpointer::silence_ms() const {
  const auto samples = impl_->speaking ? impl_->heard.size() - std::min(impl_->heard.size(), impl_->last_speech)
                                       : impl_->finished_silence;
  return static_cast<double>(samples) * 1000 / audio::kSpeechRateHz;
}

std::vector<Endpointer::Event> Endpointer::hold() {
  reset();
  impl_->speaking = impl_->held = true;
  return {Event::kStart};
}

std::vector<Endpointer::Event> Endpointer::let_go() { return impl_->held ? end_now() : std::vector<Event>{}; }

std::vector<Endpointer::Event> Endpointer::end_now() {
  std::vector<Event> events;
  if (impl_->speaking) {
    impl_->finish(events);
  }
  return events;
}

void Endpointer::reset() {
  impl_->vad->reset();
  impl_->window.clear();
  impl_->heard.clear();
  impl_->finished.clear();
  impl_->speaking = impl_->held = impl_->paused = impl_->candidate = false;
  impl_->speech_samples = impl_->last_speech = 0;
}

std::vector<SpeechSpan> find_speech(VoiceActivity &vad, const audio::Clip &clip, const EndpointSettings &settings) {
  vad.reset();
  std::vector<SpeechSpan> spans;
  const auto padding = samples_in(settings.padding_ms);
  constexpr std::size_t kWindow = VoiceActivity::kWindow;
  std::vector<float> window(kWindow);
  std::optional<SpeechSpan> open;
  std::size_t speech = 0;
  const auto close = [&] {
    if (open && speech >= samples_in(settings.min_speech_ms)) {
      SpeechSpan padded{open->begin > padding ? open->begin - padding : 0,
                        std::min(clip.samples.size(), open->end + padding)};
      if (!spans.empty() && padded.begin <= spans.back().end) {
        spans.back().end = padded.end;
      } else {
        spans.push_back(padded);
      }
    }
    open.reset();
    speech = 0;
  };
  for (std::size_t at = 0; at < clip.samples.size(); at += kWindow) {
    const auto count = std::min(kWindow, clip.samples.size() - at);
    std::copy_n(clip.samples.begin() + static_cast<std::ptrdiff_t>(at), count, window.begin());
    std::fill(window.begin() + static_cast<std::ptrdiff_t>(count), window.end(), 0.0F);
    const float p = vad.probability(std::span<const float, VoiceActivity::kWindow>(window));
    if (p >= (open ? settings.stop_probability : settings.start_probability)) {
      if (!open) {
        open = SpeechSpan{at, at};
      }
      open->end = at + count;
      speech += count;
    } else if (open && at - open->end >= samples_in(settings.endpoint_ms)) {
      close();
    }
  }
  close();
  return spans;
}

} // namespace yanxing::speech
