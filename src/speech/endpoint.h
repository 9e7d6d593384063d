// Voice activity and the end of an utterance.
#pragma once

#include "audio/clip.h"
#include "base/result.h"

#include <memory>
#include <span>
#include <vector>

namespace yanxing::speech {

// Silero VAD (snakers4/silero-vad, v5+): probability of speech for each window of 512 samples at 16 kHz.
class VoiceActivity {
public:
  static Result<std::unique_ptr<VoiceActivity>> open(const std::string &onnx_model);
  virtual ~VoiceActivity() = default;
  static constexpr int kWindow = 512;
  virtual float probability(std::span<const float, kWindow> window) = 0; // stateful; in order
  virtual void reset() = 0;
};

struct EndpointSettings {
  float start_probability = 0.5F; // speech begins above this …
  float stop_probability = 0.35F; // … and ends below this
  int min_speech_ms = 120;        // shorter bursts are clicks
  int pause_ms = 160;             // `kPause`: worth a speculative transcription
  int endpoint_ms = 500;          // `kEnd`
  int padding_ms = 200;           // kept before the first and after the last speech window
  int max_utterance_ms = 30000;
};

// Feeds on samples as they come and says what has just become true.
class Endpointer {
public:
  Endpointer(std::unique_ptr<VoiceActivity> vad, EndpointSettings settings);
  ~Endpointer();
  enum class Event { kNone, kStart, kPause, kResume, kEnd };
  // 16 kHz mono, any length; the events within are returned in order.
  std::vector<Event> push(std::span<const float> samples);
  // Push-to-talk. Held, everything is one utterance that silence does not end; let go, it has ended.
  std::vector<Event> hold();
  std::vector<Event> let_go();
  // Ends the utterance now, where one is under way: for who knows better than the silence does.
  std::vector<Event> end_now();
  // The utterance so far, padded (valid from kStart until the next kStart). Empty where a held one had no speech.
  [[nodiscard]] audio::Clip utterance() const;
  [[nodiscard]] bool speaking() const;
  // Silence behind the last speech of the utterance so far, or of the one that has ended.
  [[nodiscard]] double silence_ms() const;
  void reset();

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct SpeechSpan {
  std::size_t begin = 0; // samples at 16 kHz
  std::size_t end = 0;
};
// Spans of speech in a whole clip (resampled to 16 kHz by the caller).
std::vector<SpeechSpan> find_speech(VoiceActivity &vad, const audio::Clip &clip, const EndpointSettings &settings);

} // namespace yanxing::speech
