// Whisper as the recognizer. A clip is cut by the voice detector into windows; each window is encoded once, with no
// more encoder positions than it needs, and decoded by whisper_decoder.h.
#include "speech/endpoint.h"
#include "speech/recognizer.h"
#include "speech/whisper_decoder.h"
#include "speech/whisper_model.h"
#include "text/normalize.h"

#include <algorithm>
#include <cmath>

namespace yanxing::speech {
namespace {

constexpr int kFramesPerSecond = 50; // encoder positions
constexpr int kContextStep = 256;
constexpr double kLongestWindowSeconds = 26;
constexpr double kLongestGapSeconds = 1.5; // silence that a window may span
constexpr double kShortestClipSeconds = 0.1;

std::size_t samples_in(double seconds) { return static_cast<std::size_t>(seconds * audio::kSpeechRateHz); }

// Encoder positions for a clip: its own length and some silence behind it, without which the decoder does not find
// the end. In steps of 256: whisper.cpp's flash attention pads its keys to that without a mask, so anything between
// would attend to what an earlier, longer window left in the padding (and with plain attention, which has no padding,
// 320 or 384 positions lost words that 256 and 512 kept). On 60 Mandarin commands of 3.4 s, character errors and CPU
// seconds: all 1500 positions 17.8 %, 2.16 s; padding 180 18.6 %, 0.58 s; padding 96 19.0 %, 0.50 s.
int context_for(double seconds, int whole) {
  constexpr int kPadding = 128;
  const int wanted = static_cast<int>(std::ceil(seconds * kFramesPerSecond)) + kPadding;
  return std::min(whole, (wanted + kContextStep - 1) / kContextStep * kContextStep);
}

// Is it worth no further try? A text that was likely and then began again from its first word is whole: only its end
// was missed (on 70 English commands every such text was the one that the whole context gives). Where the first try
// went in circles, the second has to be likely too.
bool is_settled(const DecodedWindow &window, bool first_try) {
  constexpr double kLikely = -0.6;
  return window.mean_log_probability > kLikely ? window.finished || window.whole_again : window.finished && first_try;
}

// Where to cut a span that is too long: the middle of the quietest fifth of a second in the second half of what fits.
std::size_t quietest_place(const std::vector<float> &samples, std::size_t begin, std::size_t longest) {
  const auto width = samples_in(0.2);
  const auto stride = samples_in(0.02);
  std::size_t best = begin + longest;
  double least = 1e30;
  for (auto at = begin + longest / 2; at + width <= begin + longest; at += stride) {
    double energy = 0;
    for (auto i = at; i < at + width; ++i) {
      energy += static_cast<double>(samples[i]) * samples[i];
    }
    if (energy < least) {
      least = energy;
      best = at + width / 2;
    }
  }
  return best;
}

// Speech spans as windows that fit the encoder: neighbours joined, long ones cut at pauses.
std::vector<SpeechSpan> windows_of(const std::vector<SpeechSpan> &spans, const std::vector<float> &samples) {
  const auto longest = samples_in(kLongestWindowSeconds);
  std::vector<SpeechSpan> windows;
  for (auto span : spans) {
    if (!windows.empty() && span.end - windows.back().begin <= longest &&
        span.begin - windows.back().end <= samples_in(kLongestGapSeconds)) {
      windows.back().end = span.end;
      continue;
    }
    while (span.end - span.begin > longest) {
      const auto cut = quietest_place(samples, span.begin, longest);
      windows.push_back({span.begin, cut});
      span.begin = cut;
    }
    windows.push_back(span);
  }
  return windows;
}

// Is it words? After Whisper's reference decoder, which takes a window for silence where <|nospeech|> is likely and the
// text is not; the voice detector has agreed before. A text that went in circles has to be likelier than others.
bool is_speech(const DecodedWindow &window) {
  constexpr double kNoSpeech = 0.6;
  constexpr double kUnlikely = -1.0;
  constexpr double kNonsense = -1.6;
  if (window.mean_log_probability < kNonsense) {
    return false;
  }
  const bool doubtful = window.looping || window.mean_log_probability < kUnlikely;
  return !(doubtful && window.no_speech_probability > kNoSpeech);
}

class Whisper final : public Recognizer {
public:
  Whisper(WhisperContext context, std::unique_ptr<VoiceActivity> vad, int threads)
      : context_(std::move(context)), vad_(std::move(vad)), threads_(std::max(1, threads)),
        decoder_(context_.get(), threads_) {}

  Result<Transcript> transcribe(const audio::Clip &clip, const HearingOptions &options) override {
    Transcript transcript;
    transcript.language = options.language.value_or(Language::kEnglish);
    transcript.no_speech_probability = 1;
    if (clip.sample_rate_hz <= 0) {
      return Error{"the recording has no sample rate", "Record it again"};
    }
    const auto sound = audio::resample(clip, audio::kSpeechRateHz);
    if (sound.seconds() < kShortestClipSeconds) {
      return transcript;
    }
    decoder_.expect(spellings_of(options.phrases));
    const auto spans = windows_of(find_speech(*vad_, sound, EndpointSettings{}), sound.samples);
    double log_probability = 0;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      auto window = hear(sound, spans[i], options);
      if (!window) {
        return window.error();
      }
      if (options.progress) {
        options.progress(static_cast<double>(i + 1) / static_cast<double>(spans.size()));
      }
      transcript.no_speech_probability = std::min(transcript.no_speech_probability, window->no_speech_probability);
      if (is_speech(*window)) {
        log_probability += window->mean_log_probability;
        const auto before = transcript.segments.size();
        add(transcript, *window, spans[i]);
        if (options.on_segment && transcript.segments.size() > before) {
          options.on_segment(transcript.segments.back());
        }
      }
    }
    if (transcript.segments.size() != 1) {
      transcript.n_best.clear(); // alternatives of a part are none of the whole
    }
    if (!transcript.segments.empty()) {
      log_probability /= static_cast<double>(transcript.segments.size());
      transcript.n_best.insert(transcript.n_best.begin(), {transcript.text, log_probability});
    }
    return transcript;
  }

private:
  static void add(Transcript &transcript, const DecodedWindow &window, const SpeechSpan &span) {
    const auto text = text::normalize_transcript(window.text, window.language);
    if (text.empty()) {
      return;
    }
    const double rate = audio::kSpeechRateHz;
    transcript.segments.push_back({static_cast<double>(span.begin) / rate, static_cast<double>(span.end) / rate, text});
    const bool first = transcript.text.empty();
    if (first) {
      transcript.language = window.language;
    }
    transcript.text += (first ? "" : window.language == Language::kChinese ? "，" : " ") + text;
    for (const auto &other : window.alternatives) {
      const auto spelled = text::normalize_transcript(other.text, window.language);
      const bool known = spelled.empty() || spelled == text ||
                         std::any_of(transcript.n_best.begin(), transcript.n_best.end(),
                                     [&](const Hypothesis &hypothesis) { return hypothesis.text == spelled; });
      if (!known) {
        transcript.n_best.push_back({spelled, other.mean_log_probability});
      }
    }
  }

  // Each phrase as Whisper would write it: a blank before Latin letters, numbers in digits too, Mandarin in both
  // scripts (it mostly writes the traditional one).
  static std::vector<std::string> spellings_of(const std::vector<std::string> &phrases) {
    std::vector<std::string> spellings;
    for (const auto &phrase : phrases) {
      const bool chinese = language_of(phrase) == Language::kChinese;
      spellings.push_back(chinese ? phrase : " " + phrase);
      spellings.push_back(chinese ? text::to_traditional(phrase)
                                  : " " + text::normalize_numbers(phrase, Language::kEnglish));
    }
    return spellings;
  }

  Result<DecodedWindow> hear(const audio::Clip &sound, const SpeechSpan &span, const HearingOptions &options) {
    const auto *first = sound.samples.data() + span.begin;
    std::vector<float> samples(first, first + (span.end - span.begin));
    const double seconds = static_cast<double>(samples.size()) / audio::kSpeechRateHz;
    // whisper.cpp needs some frames to work on; silence behind makes no difference to the words.
    samples.resize(std::max(samples.size(), samples_in(0.5)), 0.0F);
    const int whole = whisper_n_audio_ctx(context_.get());
    const int most_tokens = 24 + static_cast<int>(seconds * 16); // fast Mandarin has 7 characters a second
    DecodedWindow window;
    // A short context can send the decoder in circles: once more with the next longer one, then with the whole.
    const int shortest = context_for(seconds, whole);
    for (const int context : {shortest, std::min(shortest + kContextStep, whole), whole}) {
      if (auto encoded = encode(samples, context); !encoded) {
        return encoded.error();
      }
      window = decoder_.decode(options.language, most_tokens, options.n_best, options.translate);
      if (is_settled(window, context == shortest) || context == whole) {
        break;
      }
    }
    if (options.translate) {
      window.language = Language::kEnglish;
    }
    return window;
  }

  // Only whisper_full can set a shorter context; it is stopped when the spectrogram is done and before it encodes.
  Status encode(const std::vector<float> &samples, int context) {
    auto parameters = whisper_full_default_params(WHISPER_SAMPLING_GREEDY);
    parameters.n_threads = threads_;
    parameters.audio_ctx = context;
    parameters.no_timestamps = true;
    parameters.no_context = true;
    parameters.language = "en"; // so that nothing is detected here
    parameters.print_progress = false;
    parameters.encoder_begin_callback = [](whisper_context *, whisper_state *, void *) { return false; };
    if (whisper_full(context_.get(), parameters, samples.data(), static_cast<int>(samples.size())) != 0 ||
        whisper_encode(context_.get(), 0, threads_) != 0) {
      return Error{"the speech model failed on this recording", "Try a shorter recording"};
    }
    return {};
  }

  WhisperContext context_;
  std::unique_ptr<VoiceActivity> vad_;
  int threads_;
  WhisperDecoder decoder_;
};

} // namespace

Result<std::unique_ptr<Recognizer>> make_whisper_recognizer(const std::string &model, const std::string &vad_model,
                                                            int threads) {
  auto context = load_whisper_model(model);
  if (!context) {
    return context.error();
  }
  auto vad = VoiceActivity::open(vad_model);
  if (!vad) {
    return vad.error();
  }
  return std::unique_ptr<Recognizer>(std::make_unique<Whisper>(std::move(*context), std::move(*vad), threads));
}

} // namespace yanxing::speech
