#include "base/log.h"
#include "speech/endpoint.h"
#include "speech/recognizer.h"
#include "speech/whisper_decoder.h"
#include "text/normalize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>

namespace yanxing::speech {
namespace {

constexpr int kFramesPerSecond = 50; // encoder positions
constexpr int kWholeContext = 1500;
constexpr double kLongestWindowSeconds = 28;

struct ContextDeleter {
  void operator()(whisper_context *context) const { whisper_free(context); }
};
using Context = std::unique_ptr<whisper_context, ContextDeleter>;

void forward_log(ggml_log_level level, const char *text, void * /*unused*/) {
  if (level == GGML_LOG_LEVEL_ERROR) {
    log_debug(text);
  }
}

// whisper.cpp trusts the header; a foreign or cut file must not reach it.
Status check_model(const std::string &file) {
  std::error_code code;
  const auto size = std::filesystem::file_size(file, code);
  if (code) {
    return Error{"model file " + file + " cannot be read: " + code.message(), "Run 'yanxing pull' or check the path"};
  }
  std::array<std::int32_t, 12> header{};
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char *>(header.data()), sizeof header);
  constexpr std::int32_t kMagic = 0x67676d6c;
  const auto within = [&](std::size_t i, int low, int high) { return header[i] >= low && header[i] <= high; };
  const bool sane = in && header[0] == kMagic && within(1, 1000, 200000) && within(2, 1, 10000) && within(3, 16, 8192) &&
                    within(4, 1, 256) && within(5, 1, 128) && within(6, 1, 10000) && within(7, 16, 8192) &&
                    within(9, 1, 128) && within(10, 16, 512);
  if (!sane) {
    return Error{file + " is not a ggml Whisper model", "Run 'yanxing pull whisper-base' to fetch it again"};
  }
  // At the least the token embedding and one matrix of each layer in 4 bits.
  const auto least = (static_cast<std::uintmax_t>(header[1]) * static_cast<std::uintmax_t>(header[7])) / 2;
  if (size < least) {
    return Error{file + " is truncated", "Run 'yanxing pull whisper-base' to fetch it again"};
  }
  return {};
}

// Encoder positions for a clip: its own length and some silence behind it, which the decoder needs to end in peace.
int context_for(double seconds) {
  constexpr int kPadding = 96;
  constexpr int kStep = 32;
  const int wanted = static_cast<int>(std::ceil(seconds * kFramesPerSecond)) + kPadding;
  return std::min(kWholeContext, (wanted + kStep - 1) / kStep * kStep);
}

class Whisper final : public Recognizer {
public:
  Whisper(Context context, std::unique_ptr<VoiceActivity> vad, int threads)
      : context_(std::move(context)), vad_(std::move(vad)), threads_(threads), decoder_(context_.get(), threads) {}

  Result<Transcript> transcribe(const audio::Clip &clip, const HearingOptions &options) override {
    const auto sound = audio::resample(clip, audio::kSpeechRateHz);
    EndpointSettings settings;
    const auto spans = windows(find_speech(*vad_, sound, settings));
    Transcript transcript;
    transcript.language = options.language.value_or(Language::kEnglish);
    transcript.no_speech_probability = 1;
    std::optional<Language> language = options.language;
    std::string raw;
    double log_probability = 0;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      auto window = hear({sound.samples.begin() + static_cast<std::ptrdiff_t>(spans[i].begin),
                          sound.samples.begin() + static_cast<std::ptrdiff_t>(spans[i].end)},
                         language, options.n_best);
      if (!window) {
        return window.error();
      }
      if (options.progress) {
        options.progress(static_cast<double>(i + 1) / static_cast<double>(spans.size()));
      }
      if (!is_speech(*window)) {
        continue;
      }
      transcript.language = window->language;
      transcript.no_speech_probability = std::min(transcript.no_speech_probability, window->no_speech_probability);
      log_probability += window->mean_log_probability;
      const auto text = text::normalize_transcript(window->text, window->language);
      const double rate = audio::kSpeechRateHz;
      transcript.segments.push_back({static_cast<double>(spans[i].begin) / rate, static_cast<double>(spans[i].end) / rate, text});
      const bool spaced = window->language == Language::kEnglish;
      transcript.text += (transcript.text.empty() || text.empty() ? "" : spaced ? " " : "，") + text;
      raw += window->text;
      if (spans.size() == 1) {
        for (const auto &other : window->alternatives) {
          transcript.n_best.push_back({text::normalize_transcript(other.text, window->language), other.mean_log_probability});
        }
      }
    }
    if (!transcript.segments.empty()) {
      transcript.n_best.insert(transcript.n_best.begin(),
                               {transcript.text, log_probability / static_cast<double>(transcript.segments.size())});
    }
    return transcript;
  }

private:
  // Speech spans joined into windows that fit the encoder; a long one is cut.
  static std::vector<SpeechSpan> windows(const std::vector<SpeechSpan> &spans) {
    const auto longest = static_cast<std::size_t>(kLongestWindowSeconds * audio::kSpeechRateHz);
    std::vector<SpeechSpan> joined;
    for (auto span : spans) {
      while (span.end - span.begin > longest) {
        joined.push_back({span.begin, span.begin + longest});
        span.begin += longest;
      }
      if (!joined.empty() && span.end - joined.back().begin <= longest) {
        joined.back().end = span.end;
      } else {
        joined.push_back(span);
      }
    }
    return joined;
  }

  Result<DecodedWindow> hear(const std::vector<float> &samples, std::optional<Language> language, int n_best) {
    const double seconds = static_cast<double>(samples.size()) / audio::kSpeechRateHz;
    const int context = context_for(seconds);
    // Speech has at most about ten tokens a second, Mandarin bytes included.
    const int most_tokens = std::min(220, 24 + static_cast<int>(seconds * 14));
    if (auto encoded = encode(samples, context); !encoded) {
      return encoded.error();
    }
    auto window = decoder_.decode(language, most_tokens, n_best);
    // A cut context is three to five times as fast, and now and then loses the words or sends the decoder into a loop;
    // its own probability tells. Then once more with the whole context, and the likelier reading stands.
    constexpr double kDoubtful = -0.7;
    if (context < kWholeContext && (!window.finished || window.mean_log_probability < kDoubtful)) {
      if (auto encoded = encode(samples, kWholeContext); !encoded) {
        return encoded.error();
      }
      auto again = decoder_.decode(language, most_tokens, n_best);
      if (!window.finished || again.mean_log_probability > window.mean_log_probability) {
        window = std::move(again);
      }
    }
    return window;
  }

  // Only whisper_full can encode with a shorter context; it is stopped after its first token.
  Status encode(const std::vector<float> &samples, int context) {
    auto parameters = whisper_full_default_params(WHISPER_SAMPLING_GREEDY);
    parameters.n_threads = threads_;
    parameters.audio_ctx = context;
    parameters.max_tokens = 1;
    parameters.single_segment = true;
    parameters.no_timestamps = true;
    parameters.no_context = true;
    parameters.language = "en"; // forced, so that nothing is detected here
    parameters.print_progress = false;
    parameters.print_realtime = false;
    parameters.print_timestamps = false;
    parameters.temperature_inc = 0;
    parameters.greedy.best_of = 1;
    // whisper.cpp ignores clips under a second: silence behind makes no difference to the words.
    auto padded = samples;
    padded.resize(std::max<std::size_t>(padded.size(), audio::kSpeechRateHz * 11 / 10), 0.0F);
    if (whisper_full(context_.get(), parameters, padded.data(), static_cast<int>(padded.size())) != 0) {
      return Error{"the speech model failed on this recording", "Try a shorter recording"};
    }
    return {};
  }

  // Whisper's own thresholds (section 2.3 of its reference decoder), after the voice detector has already agreed.
  static bool is_speech(const DecodedWindow &window) {
    constexpr double kNoSpeech = 0.6;
    constexpr double kUnlikely = -1.0;
    constexpr double kNonsense = -1.8;
    return !(window.no_speech_probability > kNoSpeech && window.mean_log_probability < kUnlikely) &&
           window.mean_log_probability > kNonsense;
  }

  Context context_;
  std::unique_ptr<VoiceActivity> vad_;
  int threads_;
  WhisperDecoder decoder_;
};

} // namespace

Result<std::unique_ptr<Recognizer>> make_whisper_recognizer(const std::string &model, const std::string &vad_model,
                                                            int threads) {
  if (auto usable = check_model(model); !usable) {
    return usable.error();
  }
  auto vad = VoiceActivity::open(vad_model);
  if (!vad) {
    return vad.error();
  }
  whisper_log_set(forward_log, nullptr);
  auto parameters = whisper_context_default_params();
  parameters.use_gpu = false;
  Context context(whisper_init_from_file_with_params(model.c_str(), parameters));
  if (!context) {
    return Error{model + " could not be loaded: it is truncated or damaged", "Run 'yanxing pull whisper-base' to fetch it again"};
  }
  return std::unique_ptr<Recognizer>(std::make_unique<Whisper>(std::move(context), std::move(*vad), threads));
}

} // namespace yanxing::speech
